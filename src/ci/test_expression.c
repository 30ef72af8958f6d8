/* Tests of expression.c beyond the cases of tests/ci/expressions. */
#include "ci/expression.h"

#include <string.h>

/* P is "my variable", E is empty, all others are undefined. */
static const char *lookup(void *data, const char *name)
{
    return g_str_equal(name, "P") ? "my variable" : g_str_equal(name, "E") ? "" : NULL;
}

static bool holds(const char *text)
{
    g_autoptr(Arena) arena = arena_new();
    ExpressionCache *cache = expression_cache_new(arena);
    const Expression *expression = expression_parse(cache, text);

    g_test_message("%s", text);
    g_assert_nonnull(expression);
    return expression_holds(cache, expression, lookup, NULL);
}

static void the_documented_examples_hold(void)
{
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        { "$P", true },
        { "$E", false },
        { "$U", false },
        { "$U == null", true },
        { "$E == null", false },
        { "$E == \"\"", true },
        { "$U == \"\"", false },
        { "$P =~ /var.*e$/", true },
        { "$P =~ /^var/", false },
        { "$U =~ /x.*/", false },
        { "$U !~ /x.*/", true },
        { "$P =~ /VAR.*/i", true },
        { "$P =~ \"my variable and more\"", true },
        { "\"23\" =~ \"1234\"", true },
        { "\"23\" =~ /1234/", false },
        { "(\"string\" || \"test\") == \"string\"", true },
        { "\"string\" == (\"test\" || \"string\")", false },
        { "\"string\" == \"test\" || \"string\"", true },
        { "!\"false\"", false },
        { "!\"0\"", false },
        { "!\"\"", true },
        { "!!$P", true },
        { "$P == \"my variable\" && $U == null || $E", true },
        { "/ab/", false },
        { "true", true },
        { "false", false },
        { "$P == true", false },
        { "!$U == true", true },
        { "($P == \"my variable\") == true", true },
        { "($P && false) == false", true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(holds(rows[i].text), ==, rows[i].holds);
}

static void the_same_text_is_parsed_once(void)
{
    g_autoptr(Arena) arena = arena_new();
    ExpressionCache *cache = expression_cache_new(arena);

    g_assert_true(expression_parse(cache, "$A == \"x\"") == expression_parse(cache, "$A == \"x\""));
    g_assert_null(expression_parse(cache, "$A =="));
    g_assert_null(expression_parse(cache, "$A =="));
}

static void the_work_of_all_patterns_is_bounded(void)
{
    g_autoptr(Arena) arena = arena_new();
    ExpressionCache *cache = expression_cache_new(arena);
    int refused = 0;

    for (int i = 0; i < 1000; i++) {
        g_autofree char *text = g_strdup_printf("$A =~ /(a%d){500}b/", i);
        refused += expression_parse(cache, text) == NULL;
    }
    g_assert_cmpint(refused, >, 0);
    g_assert_cmpint(refused, <, 1000);
    g_assert_true(expression_cache_is_spent(cache));
}

static void deep_nesting_is_bounded_by_tokens(void)
{
    g_autoptr(Arena) arena = arena_new();
    ExpressionCache *cache = expression_cache_new(arena);
    g_autofree char *open = g_strnfill(100000, '(');
    g_autofree char *not_it = g_strnfill(100000, '!');

    g_assert_null(expression_parse(cache, open));
    g_assert_null(expression_parse(cache, not_it));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/expression/the-documented-examples-hold", the_documented_examples_hold);
    g_test_add_func("/ci/expression/the-same-text-is-parsed-once", the_same_text_is_parsed_once);
    g_test_add_func("/ci/expression/the-work-of-all-patterns-is-bounded",
                    the_work_of_all_patterns_is_bounded);
    g_test_add_func("/ci/expression/deep-nesting-is-bounded-by-tokens",
                    deep_nesting_is_bounded_by_tokens);
    return g_test_run();
}
