/* Tests of text.c and clock.c's text forms. */
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

static void integers_are_whole_texts(void)
{
    int64_t n = 0;

    g_assert_true(text_to_int("-42", &n));
    g_assert_cmpint(n, ==, -42);
    static const char *const wrong[] = {
        "", " 1", "1 ", "+1", "1x", "0x10", "99999999999999999999"
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(text_to_int(wrong[i], &n));
}

static void booleans_have_three_spellings_each(void)
{
    bool value = false;

    g_assert_true(text_to_bool("Yes", &value) && value);
    g_assert_true(text_to_bool("OFF", &value) && !value);
    g_assert_false(text_to_bool("yEs", &value));
    g_assert_false(text_to_bool("2", &value));
}

static void percent_decoding_refuses_nul_and_broken_escapes(void)
{
    static const char *const wrong[] = { "%00", "%", "%4", "a%zz", "x%0" };
    g_autofree char *out = NULL;

    g_assert_true(text_percent_decode("g%2Fp+x%41", 10, false, &out));
    g_assert_cmpstr(out, ==, "g/p+xA");
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        char *none = NULL;
        g_assert_false(text_percent_decode(wrong[i], strlen(wrong[i]), false, &none));
    }
}

static void slugs_are_gitlabs(void)
{
    g_autofree char *slug = text_slug("-Feature/ABC_1-");
    g_assert_cmpstr(slug, ==, "feature-abc-1");
}

static void inner_paths_do_not_leave(void)
{
    static const char *const wrong[] = { "", "/a", "a/../b", "..", "a//b", "./a", "a/", "a\\b" };

    g_assert_true(text_is_inner_path("other-pipelines/pipe1-ci.yml"));
    g_assert_true(text_is_inner_path("..a/b..c"));
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(text_is_inner_path(wrong[i]));
}

static void times_read_what_they_write(void)
{
    char buf[TIME_TEXT_SIZE];
    int64_t us = 0;

    g_assert_true(time_from_text("2024-05-01T12:00:00+02:00", &us));
    g_assert_cmpstr(time_to_text(us, buf), ==, "2024-05-01T10:00:00.000Z");
    g_assert_true(time_from_text("2024-05-01", &us));
    g_assert_cmpstr(date_to_text(us, buf), ==, "2024-05-01");
    g_assert_false(time_from_text("2024-13-01", &us));
    g_assert_false(date_from_text("2024-05-01x", &us));
    g_assert_cmpstr(time_to_text(-1, buf), ==, "1969-12-31T23:59:59.999Z");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/text/integers", integers_are_whole_texts);
    g_test_add_func("/base/text/booleans", booleans_have_three_spellings_each);
    g_test_add_func("/base/text/percent", percent_decoding_refuses_nul_and_broken_escapes);
    g_test_add_func("/base/text/slug", slugs_are_gitlabs);
    g_test_add_func("/base/text/inner-path", inner_paths_do_not_leave);
    g_test_add_func("/base/text/times", times_read_what_they_write);
    return g_test_run();
}
