/* Tests of regex.cc. */
#include "base/regex.h"

#include <string.h>

static bool matches(const char *pattern, unsigned flags, const char *subject)
{
    g_autoptr(Regex) regex = regex_new(pattern, flags, NULL);

    g_assert_nonnull(regex);
    return regex_matches(regex, subject, strlen(subject));
}

static void flags_are_honoured(void)
{
    g_assert_true(matches("^main$", 0, "main"));
    g_assert_false(matches("^main$", 0, "x\nmain"));
    g_assert_true(matches("^main$", REGEX_MULTI_LINE, "x\nmain"));
    g_assert_true(matches("MAIN", REGEX_IGNORE_CASE, "main"));
    g_assert_false(matches("a.b", 0, "a\nb"));
    g_assert_true(matches("a.b", REGEX_DOT_NEWLINE, "a\nb"));
}

static void bad_patterns_are_refused_with_a_reason(void)
{
    static const char *const bad[] = { "(", "a(?=b)", "\\1", "[z-a]", "(a{1000}){1000}" };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_assert_null(regex_new(bad[i], 0, &err));
        g_assert_cmpint(err.code, ==, ERR_INVALID);
    }
}

static void groups_are_found_from_an_offset(void)
{
    g_autoptr(Regex) regex = regex_new("(\\d+)%|(x)", 0, NULL);
    const char *subject = "10% then 98%";
    ptrdiff_t start, end;

    g_assert_cmpint(regex_groups(regex), ==, 2);
    g_assert_true(regex_find(regex, subject, strlen(subject), 4, 1, &start, &end));
    g_assert_cmpint(start, ==, 9);
    g_assert_cmpint(end, ==, 11);
    g_assert_true(regex_find(regex, subject, strlen(subject), 0, 2, &start, &end));
    g_assert_cmpint(start, ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/regex/flags", flags_are_honoured);
    g_test_add_func("/base/regex/refusals", bad_patterns_are_refused_with_a_reason);
    g_test_add_func("/base/regex/groups", groups_are_found_from_an_offset);
    return g_test_run();
}
