/* Tests of duration.c. */
#include "ci/ci.h"

static void spellings_of_the_same_length_agree(void)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        { "42", 42 },
        { "30 seconds", 30 },
        { "3 mins 4 sec", 184 },
        { "2 hrs 20 min", 8400 },
        { "2h20min", 8400 },
        { "1h 30m", 5400 },
        { "1m 3s", 63 },
        { "1 mo", 2592000 },
        { "6 mos 1 day", 15638400 },
        { "47 yrs 6 mos and 4d", 1499104800 },
        { "3 weeks and 2 days", 1987200 },
        { "1 week", 604800 },
        { "1.5 hours", 5400 },
        { "one hour", 3600 },
        { "twenty five minutes", 1500 },
        { "twenty-five minutes", 1500 },
        { "day", 86400 },
        { "1 hour, 2 minutes", 3720 },
        { "1:30", 90 },
        { "1:30:15", 5415 },
        { "1:00:00:00", 86400 },
        { "1 minute 5", 65 },
        { "  2 DAYS ", 172800 },
        { "never", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t seconds = -1;
        g_assert_true(ci_parse_duration(rows[i].text, &seconds));
        g_assert_cmpint(seconds, ==, rows[i].seconds);
    }
}

static void what_is_no_duration_is_refused(void)
{
    static const char *const rows[] = { "",    "0", "soon",          "2 fortnights", "-1 day",
                                        "1:x", ":", "1:2:3:4:5:6:7", "minutes ago",  "0.2 s",
                                        "and" };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t seconds = -1;
        g_assert_false(ci_parse_duration(rows[i], &seconds));
        g_assert_cmpint(seconds, ==, -1);
    }
}

static void huge_lengths_do_not_overflow(void)
{
    int64_t seconds;

    g_assert_true(ci_parse_duration("99999999999999999999999999 years", &seconds));
    g_assert_cmpint(seconds, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/duration/spellings-of-the-same-length-agree",
                    spellings_of_the_same_length_agree);
    g_test_add_func("/ci/duration/what-is-no-duration-is-refused", what_is_no_duration_is_refused);
    g_test_add_func("/ci/duration/huge-lengths-do-not-overflow", huge_lengths_do_not_overflow);
    return g_test_run();
}
