/* Which number of a line is the coverage. */
#include "runner/coverage.h"

#include <string.h>

static void the_last_number_that_matches_counts(void)
{
    static const struct {
        const char *pattern;
        const char *line;
        double coverage; /* -1: none */
    } rows[] = {
        { "\\d+%", "TOTAL 12 3 75%", 75 },
        { "\\d+\\.\\d+", "lines: 87.25 of 100", 87.25 },
        { "Coverage: (\\d+\\.\\d+)", "Coverage: 10.5 Coverage: 20.5", 20.5 },
        { "Coverage: (\\d+)", "nothing here", -1 },
        { "Coverage: (\\w+)", "Coverage: none", -1 },
        { "^TOTAL.+?(\\d+)%$", "TOTAL 100 20 80%\r", 80 },
        { "total: (\\d+)", "\033[32;1mto\033[0mtal: \033[1m64\033[0m", 64 },
        { "\\x1b\\[32m(\\d+)", "\033[32m31", 31 },
        { "(\\d+)?x*", "", -1 },
        { "(a)?(\\d+)", "7", 7 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_autoptr(Regex) regex = regex_new(rows[i].pattern, 0, &err);
        double coverage = -1;
        g_assert_nonnull(regex);
        bool found = coverage_in_line(regex, rows[i].line, strlen(rows[i].line), &coverage);
        g_test_message("%s: %g", rows[i].pattern, coverage);
        g_assert_cmpint(found, ==, rows[i].coverage >= 0);
        g_assert_cmpfloat(coverage, ==, rows[i].coverage);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/runner/coverage/the-last-number-that-matches-counts",
                    the_last_number_that_matches_counts);
    return g_test_run();
}
