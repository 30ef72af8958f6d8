/* test_merged_yaml.c - which style each value is written in. */
#include "ci/ci.h"

#include <string.h>

/* What the compiler makes of `job: {script: x}` under @given, without that job. */
static char *merged(const char *given)
{
    static const char job[] = "job:\n  script: x\n";
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *text = g_strconcat(given, job, NULL);
    CiFindings findings = { 0 };
    CiInput input = { .path = "x.yml", .bytes = text, .size = strlen(text), .findings = &findings };
    CiMessages messages;

    (void)ci_compile(&input, arena, &messages); /* wrong ones are shown as well */
    g_assert_true(findings.loaded);
    const char *out = ci_merged_yaml(arena, findings.merged);
    g_assert_true(g_str_has_suffix(out, job));
    return g_strndup(out, strlen(out) - strlen(job));
}

static void check_value(const char *given, const char *expected)
{
    g_autofree char *text = g_strdup_printf("x: %s\n", given);
    g_autofree char *wanted = g_strdup_printf("---\nx:%s\n", expected);
    g_autofree char *found = merged(text);

    g_assert_cmpstr(found, ==, wanted);
}

static void every_text_has_its_style(void)
{
    static const char *const rows[][2] = {
        { "simple", " simple" },
        { "''", " ''" },
        { "'yes'", " 'yes'" },
        { "'null'", " 'null'" },
        { "'010'", " '010'" },
        { "'1:30'", " '1:30'" },
        { "'2024-01-01'", " '2024-01-01'" },
        { "'1_000'", " '1_000'" },
        { "'0x1F'", " '0x1F'" },
        { "'1.'", " '1.'" },
        { "y", " \"y\"" },
        { "'N'", " \"N\"" },
        { "'a: b'", " 'a: b'" },
        { "'a:'", " 'a:'" },
        { "'a #b'", " 'a #b'" },
        { "'a '", " 'a '" },
        { "'.x'", " \".x\"" },
        { "$X", " \"$X\"" },
        { "'- a'", " \"- a\"" },
        { "' a'", " \" a\"" },
        { "\"a\\tb\"", " \"a\\tb\"" },
        { "\"a\\nb\"", " |-\n  a\n  b" },
        { "\"a\\nb\\n\"", " |\n  a\n  b" },
        { "\"\\n\"", " \"\\n\"" },
        { "1e3", " 1e3" },
        { "0o10", " 0o10" },
        { "0.1.2", " 0.1.2" },
        { "'<<'", " !!str '<<'" },
        { "é日本", " é日本" },
        { "it's", " it's" },
        { "say \"hi\"", " say \"hi\"" },
        { "\"'a'\"", " \"'a'\"" },
        { "'\"a\"'", " '\"a\"'" },
        { "':a'", " \":a\"" },
        { "'~a'", " \"~a\"" },
        { "'=a'", " \"=a\"" },
        { "'!a'", " \"!a\"" },
        { "'@a'", " \"@a\"" },
        { "'%a'", " \"%a\"" },
        { "'&a'", " \"&a\"" },
        { "'*a'", " \"*a\"" },
        { "'[a'", " \"[a\"" },
        { "'{a'", " \"{a\"" },
        { "'? a'", " \"? a\"" },
        { "'> a'", " \"> a\"" },
        { "'| a'", " \"| a\"" },
        { "'# a'", " \"# a\"" },
        { "\"a\\eb\"", " \"a\\eb\"" },
        { "\"a\\rb\"", " \"a\\rb\"" },
        { "1.5e3", " 1.5e3" },
        { "1e+3", " 1e+3" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_value(rows[i][0], rows[i][1]);
}

static void kept_blank_lines_end_the_document_with_a_mark(void)
{
    static const char text[] = "job:\n  script: x\nx: \"a\\n\\n\"\n";
    g_autoptr(Arena) arena = arena_new();
    CiFindings findings = { 0 };
    CiInput input = { .path = "x.yml", .bytes = text, .size = strlen(text), .findings = &findings };

    (void)ci_compile(&input, arena, NULL);
    g_assert_cmpstr(ci_merged_yaml(arena, findings.merged), ==,
                    "---\njob:\n  script: x\nx: |+\n  a\n\n...\n");
}

static void typed_values_are_plain(void)
{
    static const char *const rows[][2] = {
        { "~", "" },     { "yes", " true" }, { "010", " 8" }, { "1.50", " 1.5" },
        { ":a", " :a" }, { "[]", " []" },    { "{}", " {}" }, { ".inf", " .inf" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_value(rows[i][0], rows[i][1]);
}

static void lists_stand_at_their_key(void)
{
    check_value("[a, [b, c]]", "\n- a\n- - b\n  - c");
}

static void long_text_is_folded_at_spaces(void)
{
    g_autofree char *word = g_strnfill(60, 'a');
    g_autofree char *text = g_strdup_printf("x: %s %s %s\n", word, word, word);
    g_autofree char *wanted = g_strdup_printf("---\nx: %s %s\n  %s\n", word, word, word);
    g_autofree char *found = merged(text);

    g_assert_cmpstr(found, ==, wanted);
}

static void long_text_in_quotes_is_folded_as_well(void)
{
    g_autofree char *word = g_strnfill(60, 'a');
    g_autofree char *text =
        g_strdup_printf("x: '%s: %s %s'\nz: '.%s %s %s'\n", word, word, word, word, word, word);
    g_autofree char *wanted = g_strdup_printf("---\nx: '%s: %s\n  %s'\nz: \".%s %s\n  %s\"\n", word,
                                              word, word, word, word, word);
    g_autofree char *found = merged(text);

    g_assert_cmpstr(found, ==, wanted);
}

static void a_long_word_is_not_broken(void)
{
    g_autofree char *word = g_strnfill(200, 'a');
    g_autofree char *text = g_strdup_printf("x: %s\n", word);
    g_autofree char *wanted = g_strdup_printf("---\nx: %s\n", word);
    g_autofree char *found = merged(text);

    g_assert_cmpstr(found, ==, wanted);
}

static void keys_are_texts(void)
{
    g_autofree char *found =
        merged("x:\n  on: 1\n  010: 2\n  ~: 3\n  1.50: 4\n  n: 5\n  :s: 6\n  '07': 7\n");

    g_assert_cmpstr(found, ==,
                    "---\nx:\n  'true': 1\n  '8': 2\n  '': 3\n  '1.5': 4\n  \"n\": 5\n  s: 6\n"
                    "  '07': 7\n");
}

static void what_is_made_later_is_not_shown(void)
{
    g_autofree char *found =
        merged("default: {tags: [t]}\n.b: {script: b}\n"
               "a: {extends: .b, parallel: 2, before_script: !reference [.b, script]}\n");

    g_assert_cmpstr(
        found, ==,
        "---\ndefault:\n  tags:\n  - t\n\".b\":\n  script: b\na:\n  script: b\n  extends: \".b\"\n"
        "  parallel: 2\n  before_script: b\n");
}

static void aliases_are_written_out(void)
{
    g_autofree char *found = merged("x: &a [b]\ny: *a\n");

    g_assert_cmpstr(found, ==, "---\nx:\n- b\n\"y\":\n- b\n");
}

static void stages_have_their_edges(void)
{
    g_autofree char *found = merged("stages: [.post, test, .pre]\n");
    g_autofree char *none = merged("stages: []\n");

    g_assert_cmpstr(found, ==, "---\nstages:\n- \".pre\"\n- test\n- \".post\"\n");
    g_assert_cmpstr(none, ==, "---\nstages: []\n");
}

static void what_would_be_too_long_is_left_out(void)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(GString) text = g_string_new("job: {script: x}\n.a0: &a0 [");
    CiFindings findings = { 0 };

    for (int i = 0; i < 9999; i++)
        g_string_append(text, "1,");
    g_string_append(text, "1]\n.b: &b ['");
    for (int i = 0; i < 100000; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "']\n");
    for (int i = 0; i < 100; i++)
        g_string_append_printf(text, ".c%d: *b\n", i);
    CiInput input = {
        .path = "x.yml", .bytes = text->str, .size = text->len, .findings = &findings
    };
    (void)ci_compile(&input, arena, NULL);
    g_assert_true(findings.loaded);
    g_assert_null(ci_merged_yaml(arena, findings.merged));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(f) g_test_add_func("/ci/merged-yaml/" #f, f)
    CASE(every_text_has_its_style);
    CASE(kept_blank_lines_end_the_document_with_a_mark);
    CASE(typed_values_are_plain);
    CASE(lists_stand_at_their_key);
    CASE(long_text_is_folded_at_spaces);
    CASE(long_text_in_quotes_is_folded_as_well);
    CASE(a_long_word_is_not_broken);
    CASE(keys_are_texts);
    CASE(what_is_made_later_is_not_shown);
    CASE(aliases_are_written_out);
    CASE(stages_have_their_edges);
    CASE(what_would_be_too_long_is_left_out);
#undef CASE
    return g_test_run();
}
