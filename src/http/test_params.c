/* Tests of params.c and body_json.c. */
#include "http/params.h"

#include <string.h>

/* The tree of a form as compact JSON with sorted keys, or the error's message. */
static char *form(const char *text)
{
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(json_t) tree = json_object();
    int n = 0;

    if (!params_read_form(tree, text, strlen(text), &n, &err))
        return g_strdup(err.message);
    return json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);
}

static void forms_become_trees(void)
{
    static const char *const cases[][2] = {
        { "ref=main&x=1+2%2B", "{\"ref\":\"main\",\"x\":\"1 2+\"}" },
        { "a=1&a=2", "{\"a\":\"2\"}" },
        { "a&b=&=c&&", "{\"a\":null,\"b\":\"\"}" },
        { "s[]=a&s[]=b", "{\"s\":[\"a\",\"b\"]}" },
        { "s%5B%5D=a&s%5b%5d=b", "{\"s\":[\"a\",\"b\"]}" },
        { "v[K]=1&v[L]=2", "{\"v\":{\"K\":\"1\",\"L\":\"2\"}}" },
        { "v[][key]=A&v[][value]=1&v[][key]=B&v[][value]=2",
          "{\"v\":[{\"key\":\"A\",\"value\":\"1\"},{\"key\":\"B\",\"value\":\"2\"}]}" },
        { "v[][t][]=a&v[][t][]=b", "{\"v\":[{\"t\":[\"a\",\"b\"]}]}" },
        { "v[][a][b]=1&v[][a][c]=2", "{\"v\":[{\"a\":{\"b\":\"1\",\"c\":\"2\"}}]}" },
        { "s[0]=a&s[1]=b", "{\"s\":{\"0\":\"a\",\"1\":\"b\"}}" },
        { "a[b=1&[c]=2&a]=3&d[e]f=4",
          "{\"[c]\":\"2\",\"a[b\":\"1\",\"a]\":\"3\",\"d[e]f\":\"4\"}" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = form(cases[i][0]);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
}

static void contradicting_shapes_are_refused(void)
{
    static const char *const cases[] = { "a=1&a[b]=2", "a[]=1&a[b]=2", "a[b]=1&a[]=2", "a[][]=1",
                                         "a[b]=1&a[b][c]=2" };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = form(cases[i]);
        g_assert_cmpstr(got, ==, "a is invalid");
    }
}

static void bad_text_is_refused(void)
{
    static const char *const cases[] = { "a=%00", "a=%", "a=%ff", "%ff=1", "a=%zz" };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = form(cases[i]);
        g_assert_cmpstr(got, ==, "a parameter is not valid text");
    }
}

static void depth_and_count_are_bounded(void)
{
    g_autoptr(GString) deep = g_string_new("a");
    g_autoptr(GString) many = g_string_new(NULL);

    for (int i = 0; i < PARAMS_MAX_DEPTH; i++)
        g_string_append(deep, "[b]");
    g_autofree char *too_deep = form(deep->str);
    g_assert_cmpstr(too_deep, ==, "parameters are nested deeper than 32");
    for (int i = 0; i <= PARAMS_MAX_COUNT; i++)
        g_string_append(many, "a[]=1&");
    g_autofree char *too_many = form(many->str);
    g_assert_cmpstr(too_many, ==, "more than 4096 parameters");
}

static void json_must_be_a_whole_object(void)
{
    static const char *const wrong[] = {
        "", "{", "[1]", "1", "{} x", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}"
    };
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(json_t) tree = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(params_read_json(tree, wrong[i], strlen(wrong[i]), &err));
        g_assert_cmpint(err.code, ==, ERR_PARAM);
        g_assert_true(g_str_has_prefix(err.message, "\nProblem:\n  message body does not match"));
        g_assert_true(g_str_has_suffix(err.message, "request's 'body' "));
    }
    g_assert_true(params_read_json(tree, "{\"a\":1}", 7, &err));
    g_assert_cmpint(json_get_int(tree, "a", 0), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/params/forms-become-trees", forms_become_trees);
    g_test_add_func("/http/params/contradicting-shapes", contradicting_shapes_are_refused);
    g_test_add_func("/http/params/bad-text", bad_text_is_refused);
    g_test_add_func("/http/params/bounds", depth_and_count_are_bounded);
    g_test_add_func("/http/params/json", json_must_be_a_whole_object);
    return g_test_run();
}
