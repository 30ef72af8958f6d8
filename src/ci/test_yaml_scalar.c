/* Tests of yaml_scalar.c. */
#include "ci/yaml_scalar.h"

#include <string.h>

typedef struct Row {
    const char *text;
    NodeKind kind;
    const char *value;
} Row;

static void check_rows(const Row *rows, size_t n)
{
    g_autoptr(Arena) arena = arena_new();

    for (size_t i = 0; i < n; i++) {
        Node *node = node_new(arena, NODE_STRING);
        g_assert_null(yaml_type_plain(arena, rows[i].text, node));
        g_test_message("%s", rows[i].text);
        g_assert_cmpstr(node->text, ==, rows[i].value);
        g_assert_cmpint(node->kind, ==, rows[i].kind);
    }
}

static void words_are_typed_in_any_case(void)
{
    static const Row rows[] = {
        { "", NODE_NULL, "" },         { "~", NODE_NULL, "" },        { "NuLL", NODE_NULL, "" },
        { "tRuE", NODE_BOOL, "true" }, { "ON", NODE_BOOL, "true" },   { "yes", NODE_BOOL, "true" },
        { "No", NODE_BOOL, "false" },  { "off", NODE_BOOL, "false" }, { "y", NODE_STRING, "y" },
        { "N", NODE_STRING, "N" },     { "nil", NODE_STRING, "nil" }, { "nan", NODE_STRING, "nan" },
        { "=", NODE_STRING, "=" },     { "<<", NODE_STRING, "<<" },   { "inf", NODE_STRING, "inf" },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void integers_have_four_bases(void)
{
    static const Row rows[] = {
        { "0", NODE_INT, "0" },
        { "-010", NODE_INT, "-8" },
        { "0777", NODE_INT, "511" },
        { "00", NODE_INT, "0" },
        { "007", NODE_INT, "7" },
        { "0888", NODE_STRING, "0888" },
        { "09", NODE_STRING, "09" },
        { "0o10", NODE_STRING, "0o10" },
        { "0XFF", NODE_STRING, "0XFF" },
        { "0xFF_FF", NODE_INT, "65535" },
        { "0xg", NODE_STRING, "0xg" },
        { "0x", NODE_STRING, "0x" },
        { "0b101", NODE_INT, "5" },
        { "0b2", NODE_STRING, "0b2" },
        { "0b", NODE_STRING, "0b" },
        { "+12", NODE_INT, "12" },
        { "-0", NODE_INT, "0" },
        { "1,2,3", NODE_INT, "123" },
        { "1_", NODE_STRING, "1_" },
        { "_1", NODE_STRING, "_1" },
        { "1__0", NODE_STRING, "1__0" },
        { "1,", NODE_STRING, "1," },
        { "0xFFFFFFFFFFFFFFFFFF", NODE_INT, "4722366482869645213695" },
        { "-123456789012345678901234567890", NODE_INT, "-123456789012345678901234567890" },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void groups_of_sixty_begin_with_hours(void)
{
    static const Row rows[] = {
        { "1:30", NODE_INT, "5400" },          { "1:30:15", NODE_INT, "5415" },
        { "00:30", NODE_INT, "1800" },         { "-1:30", NODE_INT, "-1800" },
        { "1_0:30", NODE_INT, "37800" },       { "1:60", NODE_STRING, "1:60" },
        { "1:2:3:4", NODE_STRING, "1:2:3:4" }, { "12:30:45:00", NODE_STRING, "12:30:45:00" },
        { "1:30.5", NODE_FLOAT, "5430.0" },    { "a:30", NODE_STRING, "a:30" },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void floats_print_the_shortest_digits(void)
{
    static const Row rows[] = {
        { "1.", NODE_FLOAT, "1.0" },
        { ".5", NODE_FLOAT, "0.5" },
        { "+.5", NODE_FLOAT, "0.5" },
        { "-1.50", NODE_FLOAT, "-1.5" },
        { "3.10", NODE_FLOAT, "3.1" },
        { "08.5", NODE_FLOAT, "8.5" },
        { "1,000.5", NODE_FLOAT, "1000.5" },
        { "1.5e+3", NODE_FLOAT, "1500.0" },
        { "1.0e+15", NODE_FLOAT, "1.0e+15" },
        { "0.0001", NODE_FLOAT, "0.0001" },
        { "0.00001", NODE_FLOAT, "1.0e-05" },
        { "0.1", NODE_FLOAT, "0.1" },
        { "123456.789", NODE_FLOAT, "123456.789" },
        { "-.INF", NODE_FLOAT, "-Infinity" },
        { ".nan", NODE_FLOAT, "NaN" },
        { "1.2345e+20", NODE_FLOAT, "1.2345e+20" },
        { ".", NODE_STRING, "." },
        { "1e3", NODE_STRING, "1e3" },
        { "1.5e3", NODE_STRING, "1.5e3" },
        { "1.2.3", NODE_STRING, "1.2.3" },
        { "v1.0", NODE_STRING, "v1.0" },
        { "10%", NODE_STRING, "10%" },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void a_colon_in_front_makes_a_symbol(void)
{
    static const Row rows[] = {
        { ":8080", NODE_SYMBOL, "8080" },
        { ":a b", NODE_SYMBOL, "a b" },
        { ":\"q\"", NODE_SYMBOL, "q" },
        { ":", NODE_STRING, ":" },
    };

    check_rows(rows, G_N_ELEMENTS(rows));
}

static void dates_and_times_are_not_loaded(void)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        { "2024-01-01", YAML_NO_DATE },
        { "2024-02-31", YAML_NO_DATE },
        { "2024-1-1", YAML_NO_DATE },
        { "2024-01-01T10:00:00Z", YAML_NO_TIME },
        { "2024-01-01 10:00:00.5 +01:00", YAML_NO_TIME },
        { "2024-13-01", NULL },
        { "2024-01-32", NULL },
        { "2024-01-01T", NULL },
        { "2024-01-01-x", NULL },
    };
    g_autoptr(Arena) arena = arena_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Node *node = node_new(arena, NODE_STRING);
        g_assert_cmpstr(yaml_type_plain(arena, rows[i].text, node), ==, rows[i].error);
        g_assert_cmpint(node->kind, ==, NODE_STRING);
    }
}

static void a_number_that_needs_long_arithmetic_is_too_big(void)
{
    g_autoptr(Arena) arena = arena_new();
    Node *node = node_new(arena, NODE_STRING);
    g_autofree char *digits = g_strnfill(5000, 'f');
    g_autofree char *text = g_strconcat("0x", digits, NULL);

    g_assert_cmpstr(yaml_type_plain(arena, text, node), ==, YAML_TOO_BIG);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/yaml-scalar/words-are-typed-in-any-case", words_are_typed_in_any_case);
    g_test_add_func("/ci/yaml-scalar/integers-have-four-bases", integers_have_four_bases);
    g_test_add_func("/ci/yaml-scalar/groups-of-sixty-begin-with-hours",
                    groups_of_sixty_begin_with_hours);
    g_test_add_func("/ci/yaml-scalar/floats-print-the-shortest-digits",
                    floats_print_the_shortest_digits);
    g_test_add_func("/ci/yaml-scalar/a-colon-in-front-makes-a-symbol",
                    a_colon_in_front_makes_a_symbol);
    g_test_add_func("/ci/yaml-scalar/dates-and-times-are-not-loaded",
                    dates_and_times_are_not_loaded);
    g_test_add_func("/ci/yaml-scalar/a-number-that-needs-long-arithmetic-is-too-big",
                    a_number_that_needs_long_arithmetic_is_too_big);
    return g_test_run();
}
