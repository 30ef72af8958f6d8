/* Tests of expand.c. */
#include "ci/ci.h"

#include <string.h>

static const CiVariable items[] = {
    { .key = "A", .value = "old" },
    { .key = "A", .value = "a" },
    { .key = "EMPTY", .value = "" },
    { .key = "NESTED", .value = "$A" },
};
static const CiVariables variables = { items, G_N_ELEMENTS(items) };

static void references_become_values(void)
{
    static const char *const rows[][2] = {
        { "$A", "a" },
        { "${A}", "a" },
        { "%A%", "a" },
        { "x$A-B", "xa-B" },
        { "$AB", "" },
        { "[$EMPTY]", "[]" },
        { "[$NOPE]", "[]" },
        { "$$A", "$a" },
        { "%%A%%", "%a%" },
        { "\\$A", "\\a" },
        { "100%", "100%" },
        { "${}", "${}" },
        { "${A:-x}", "${A:-x}" },
        { "$1", "$1" },
        { "$", "$" },
        { "${A", "${A" },
        { "%A", "%A" },
        { "$NESTED", "$A" },
        { "$A$A", "aa" },
        { "", "" },
    };
    g_autoptr(Arena) arena = arena_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(ci_expand(arena, rows[i][0], variables), ==, rows[i][1]);
}

static void a_long_text_is_expanded_as_a_short_one(void)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *filler = g_strnfill(1000, '-');
    g_autofree char *text = g_strconcat(filler, "$A$NOPE", NULL);
    g_autofree char *expected = g_strconcat(filler, "a", NULL);

    g_assert_cmpstr(ci_expand(arena, text, variables), ==, expected);
}

static void what_would_grow_past_the_limit_is_refused(void)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *value = g_strnfill(10000, 'x');
    CiVariable big = { .key = "B", .value = value };
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < 200; i++)
        g_string_append(text, "$B");
    g_assert_null(ci_expand(arena, text->str, (CiVariables){ &big, 1 }));
}

static const char *value_of(CiVariables all, const char *key)
{
    for (size_t i = 0; i < all.n; i++) {
        if (g_str_equal(all.items[i].key, key))
            return all.items[i].value;
    }
    return NULL;
}

static void values_are_resolved_among_each_other(void)
{
    static const CiVariable given[] = {
        { .key = "TOP", .value = "${MID}!" },
        { .key = "MID", .value = "<$LOW>" },
        { .key = "LOW", .value = "low" },
        { .key = "UNKNOWN", .value = "$NOPE" },
        { .key = "ESCAPED", .value = "$$LOW" },
        { .key = "SELF", .value = "$SELF:/x" },
        { .key = "RAW", .value = "$LOW", .raw = true },
        { .key = "OF_RAW", .value = "$RAW" },
        { .key = "LOW", .value = "later" },
    };
    static const char *const expected[][2] = {
        { "TOP", "<later>!" },  { "MID", "<later>" },   { "LOW", "later" }, { "UNKNOWN", "$NOPE" },
        { "ESCAPED", "$$LOW" }, { "SELF", "$SELF:/x" }, { "RAW", "$LOW" },  { "OF_RAW", "$LOW" },
    };
    g_autoptr(Arena) arena = arena_new();
    CiStrings cycle;
    CiVariables all = ci_expand_values(arena, (CiVariables){ given, G_N_ELEMENTS(given) }, &cycle);

    g_assert_null(cycle);
    g_assert_cmpuint(all.n, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpstr(value_of(all, expected[i][0]), ==, expected[i][1]);
}

static void a_cycle_is_named_and_leaves_all_values(void)
{
    static const CiVariable given[] = {
        { .key = "X", .value = "$LOW" }, { .key = "LOW", .value = "low" },
        { .key = "A", .value = "$B" },   { .key = "B", .value = "$C" },
        { .key = "C", .value = "$A" },
    };
    g_autoptr(Arena) arena = arena_new();
    CiStrings cycle;
    CiVariables all = ci_expand_values(arena, (CiVariables){ given, G_N_ELEMENTS(given) }, &cycle);

    g_assert_nonnull(cycle);
    g_autofree char *names = g_strjoinv(" ", (char **)cycle);
    g_assert_cmpstr(names, ==, "A B C");
    g_assert_cmpstr(value_of(all, "X"), ==, "$LOW");
}

static void doubling_values_end_quickly(void)
{
    g_autoptr(Arena) arena = arena_new();
    CiVariable given[60];
    CiStrings cycle;

    given[0] = (CiVariable){ .key = "V0", .value = "0123456789" };
    for (int i = 1; i < 60; i++)
        given[i] = (CiVariable){ .key = arena_printf(arena, "V%d", i),
                                 .value = arena_printf(arena, "$V%d$V%d", i - 1, i - 1) };
    CiVariables all = ci_expand_values(arena, (CiVariables){ given, G_N_ELEMENTS(given) }, &cycle);
    g_assert_null(cycle);
    for (size_t i = 0; i < all.n; i++)
        g_assert_cmpuint(strlen(all.items[i].value), <=, CI_EXPANDED_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/expand/references-become-values", references_become_values);
    g_test_add_func("/ci/expand/a-long-text-is-expanded-as-a-short-one",
                    a_long_text_is_expanded_as_a_short_one);
    g_test_add_func("/ci/expand/what-would-grow-past-the-limit-is-refused",
                    what_would_grow_past_the_limit_is_refused);
    g_test_add_func("/ci/expand/values-are-resolved-among-each-other",
                    values_are_resolved_among_each_other);
    g_test_add_func("/ci/expand/a-cycle-is-named-and-leaves-all-values",
                    a_cycle_is_named_and_leaves_all_values);
    g_test_add_func("/ci/expand/doubling-values-end-quickly", doubling_values_end_quickly);
    return g_test_run();
}
