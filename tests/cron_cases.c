/* cron_cases.c - checks rows of cron expressions and the times they must give.
 *
 * cron-cases FILE.tsv...: a header line, then cron, zone, from and the next three times (UTC),
 * separated by tabs; "invalid" for the first of them where the expression or zone must be refused.
 * Each time is the next strictly after the one before it.  Prints a line a failure and a sum; exits
 * 1 on a failure or on no case at all.
 */
#include "base/clock.h"
#include "schedule/cron.h"

#include <stdio.h>
#include <string.h>

enum { N_TIMES = 3, N_COLUMNS = 3 + N_TIMES };

typedef struct Sum {
    int passed;
    int failed;
} Sum;

/* "2024-05-01T10:00:00Z", the rows' form of a time, or "none". */
static const char *next_text(const Cron *cron, int64_t *at, char buf[TIME_TEXT_SIZE])
{
    if (!cron_next(cron, *at, at))
        return "none";
    time_to_text(*at, buf);
    strcpy(buf + strlen("2024-05-01T10:00:00"), "Z");
    return buf;
}

/* Whether the row holds; if not, @why says what came instead. */
static bool check_row(char *const *row, GString *why)
{
    char buf[TIME_TEXT_SIZE];
    bool refused = strcmp(row[3], "invalid") == 0;
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(Cron) cron = cron_parse(row[0], row[1], &err);
    int64_t at;

    if (refused != (cron == NULL)) {
        g_string_append(why, cron ? "accepted" : error_text(&err));
        return false;
    }
    if (!cron)
        return true;
    if (!time_from_text(row[2], &at)) {
        g_string_printf(why, "the row's start is not a time");
        return false;
    }
    for (int i = 0; i < N_TIMES; i++) {
        const char *text = next_text(cron, &at, buf);
        if (strcmp(text, row[3 + i]) != 0) {
            g_string_printf(why, "next%d is %s, not %s", i + 1, text, row[3 + i]);
            return false;
        }
    }
    return true;
}

static void check_line(const char *file, int number, const char *line, Sum *sum)
{
    g_auto(GStrv) row = g_strsplit(line, "\t", -1);
    g_autoptr(GString) why = g_string_new(NULL);
    bool good = false;

    if (g_strv_length(row) != N_COLUMNS)
        g_string_printf(why, "a row has %d columns", N_COLUMNS);
    else
        good = check_row(row, why);
    if (good) {
        sum->passed++;
        return;
    }
    sum->failed++;
    printf("%s:%d: %s: %s\n", file, number, line, why->str);
}

static void check_file(const char *file, Sum *sum)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(file, &text, NULL, &error)) {
        printf("%s\n", error->message);
        sum->failed++;
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (int i = 1; lines[0] && lines[i]; i++)
        if (lines[i][0] != '\0')
            check_line(file, i + 1, lines[i], sum);
}

int main(int argc, char **argv)
{
    Sum sum = { 0 };

    for (int i = 1; i < argc; i++)
        check_file(argv[i], &sum);
    printf("%d passed, %d failed\n", sum.passed, sum.failed);
    return sum.failed > 0 || sum.passed == 0 ? 1 : 0;
}
