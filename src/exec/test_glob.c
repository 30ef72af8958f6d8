/* Tests of glob.c. */
#include "exec/glob.h"

#include <string.h>

typedef struct Row {
    const char *pattern;
    const char *path;
    bool matches;
} Row;

static const Row rows[] = {
    { "a/b.txt", "a/b.txt", true },
    { "a/b.txt", "a/b_txt", false },
    { "*.txt", "a.txt", true },
    { "*.txt", "a/b.txt", false },
    { "a*c*e", "abcde", true },
    { "a*c*e", "abcd", false },
    { "?", "a", true },
    { "?", "", false },
    { "**/*.xml", "r.xml", true },
    { "**/*.xml", "a/b/r.xml", true },
    { "**/*.xml", "a/b/r.xmlx", false },
    { "a/**", "a/b/c", true },
    { "a/**", "b/c", false },
    { "a/**/z", "a/z", true },
    { "a/**/z", "a/b/c/z", true },
    { "a/**/b/**/c", "a/b/x/b/c", true },
    { "a**b", "axxb", true },
    { "a**b", "ax/b", false },
    { "[a-c]x", "bx", true },
    { "[!a-c]x", "bx", false },
    { "[^a-c]x", "dx", true },
    { "[]]", "]", true },
    { "{a,b}.txt", "b.txt", true },
    { "{a,b/{c,d}}.txt", "b/d.txt", true },
    { "{a,b/{c,d}}.txt", "b/e.txt", false },
    { "a{,b}", "a", true },
    { "\\*", "*", true },
    { "\\*", "x", false },
    { "\\{a,b\\}", "{a,b}", true },
};

static void patterns_match_what_they_say(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Glob) glob = glob_new(rows[i].pattern);
        g_assert_nonnull(glob);
        if (glob_matches(glob, rows[i].path) != rows[i].matches)
            g_error("%s on %s", rows[i].pattern, rows[i].path);
    }
}

static void malformed_patterns_are_refused(void)
{
    static const char *const wrong[] = { "[a", "{a,b", "a[", "{a,{b}" };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(glob_new(wrong[i]));
}

static void too_many_alternatives_are_refused(void)
{
    g_autoptr(GString) pattern = g_string_new(NULL);

    for (int i = 0; i < 40; i++)
        g_string_append(pattern, "{a,b}");
    g_assert_null(glob_new(pattern->str));
}

static void hard_patterns_take_no_time(void)
{
    g_autoptr(GString) pattern = g_string_new(NULL), path = g_string_new(NULL);

    for (int i = 0; i < 30; i++)
        g_string_append(pattern, "**/*a*a*a/");
    for (int i = 0; i < 200; i++)
        g_string_append(path, "aaaaaaaaaaaaaaaaaaaa/");
    g_string_append(path, "b");
    g_autoptr(Glob) glob = glob_new(pattern->str);
    g_assert_false(glob_matches(glob, path->str));
}

static void folders_that_lead_nowhere_are_known(void)
{
    static const Row below[] = {
        { "out/*.txt", "out", true },
        { "out/*.txt", "src", false },
        { "out/*.txt", "out/a", false },
        { "**/x", "a/b", true },
        { "a/**/x", "a/b", true },
        { "a/*/x", "a/b", true },
        { "a", "a", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(below); i++) {
        g_autoptr(Glob) glob = glob_new(below[i].pattern);
        if (glob_may_match_below(glob, below[i].path) != below[i].matches)
            g_error("%s below %s", below[i].pattern, below[i].path);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/glob/patterns-match-what-they-say", patterns_match_what_they_say);
    g_test_add_func("/exec/glob/malformed-patterns-are-refused", malformed_patterns_are_refused);
    g_test_add_func("/exec/glob/too-many-alternatives-are-refused",
                    too_many_alternatives_are_refused);
    g_test_add_func("/exec/glob/hard-patterns-take-no-time", hard_patterns_take_no_time);
    g_test_add_func("/exec/glob/folders-that-lead-nowhere-are-known",
                    folders_that_lead_nowhere_are_known);
    return g_test_run();
}
