/* test_place.c - the line of a message and its caret. */
#include "ci/place.h"

#include <string.h>

static void check(const char *text, int line, int column, const char *expected)
{
    g_autoptr(Arena) arena = arena_new();

    g_assert_cmpstr(place_excerpt(arena, text, strlen(text), line, column), ==, expected);
}

static void caret_stands_below_the_column(void)
{
    check("one\ntwo: x\nthree\n", 2, 6, "two: x\n     ^");
}

static void tabs_wide_and_combining_characters_keep_the_caret_below(void)
{
    check("\ta: b", 1, 5, "\ta: b\n\t   ^");
    check("日本: b", 1, 5, "日本: b\n      ^");
    check("e\xcc\x81: b", 1, 5, "e\xcc\x81: b\n   ^");
}

static void last_line_needs_no_end(void)
{
    check("a\nb", 2, 1, "b\n^");
    check("a\r\nb", 1, 1, "a\n^");
}

static void absent_line_has_no_excerpt(void)
{
    check("a\nb", 3, 1, NULL);
    check("a", 0, 1, NULL);
}

static void column_past_the_end_is_the_end(void)
{
    check("ab", 1, 99, "ab\n  ^");
}

static void bytes_that_are_no_text_are_replaced(void)
{
    check("a\xff"
          "b",
          1, 3,
          "a\xef\xbf\xbd"
          "b\n  ^");
    check("a\x1b[1m", 1, 1, "a\xef\xbf\xbd[1m\n^");
}

static void long_line_is_cut_around_the_column(void)
{
    g_autofree char *text = g_strnfill(100000, 'x');
    g_autoptr(Arena) arena = arena_new();
    const char *shown = place_excerpt(arena, text, strlen(text), 1, 5000);

    g_assert_cmpuint(strlen(shown), <, 3 * PLACE_WIDTH);
    g_assert_true(g_str_has_prefix(shown, "...x"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(f) g_test_add_func("/ci/place/" #f, f)
    CASE(caret_stands_below_the_column);
    CASE(tabs_wide_and_combining_characters_keep_the_caret_below);
    CASE(last_line_needs_no_end);
    CASE(absent_line_has_no_excerpt);
    CASE(column_past_the_end_is_the_end);
    CASE(bytes_that_are_no_text_are_replaced);
    CASE(long_line_is_cut_around_the_column);
#undef CASE
    return g_test_run();
}
