/* Tests of pathglob.c: the table of the reference, and what may not explode. */
#include "ci/pathglob.h"

#include <string.h>

static bool match(const char *pattern, const char *path)
{
    g_autoptr(Arena) arena = arena_new();
    const PathGlob *glob = path_glob_new(arena, pattern);

    g_assert_nonnull(glob);
    return path_glob_matches(glob, path);
}

static void patterns_match_as_in_gitlab(void)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } rows[] = {
        { "*.md", "README.md", true },
        { "*.md", "docs/a.md", false },
        { "**/*.md", "README.md", true },
        { "**/*.md", "docs/x/a.md", true },
        { "docs/*", "docs/x/a.md", false },
        { "docs/**", "docs/x/a.md", false },
        { "docs/**", "docs/a.md", true },
        { "docs/**/*", "docs/x/a.md", true },
        { "docs/**/*", "docs/a.md", true },
        { "docs/", "docs/a.md", false },
        { "docs", "docs/a.md", false },
        { "a/**/b", "a/b", true },
        { "a/**/b", "a/x/y/b", true },
        { "a**/b", "a/x/b", false },
        { "a**/b", "axy/b", true },
        { "*", ".gitignore", true },
        { "docs/**/*", "docs/.hid/x", true },
        { "*.{rb,py}", "a.py", true },
        { "{a,b}/**/*.c", "b/q/r.c", true },
        { "[!a].txt", "b.txt", true },
        { "[^a].txt", "b.txt", true },
        { "[^a].txt", "a.txt", false },
        { "a?c", "a/c", false },
        { "a?c",
          "a\xc3\xa4"
          "c",
          true },
        { "\\*.md", "*.md", true },
        { "./a", "a", false },
        { "**", "a/b", false },
        { "*.MD", "a.md", false },
        { "[a-c]", "b", true },
        { "[a-]", "-", true },
        { "[\\]]", "]", true },
        { "[]", "]", false },
        { "[a", "a", false },
        { "[a/]b", "/b", false },
        { "{a", "{a", false },
        { "a}", "a}", true },
        { "{a,b{c,d}}e", "bde", true },
        { "\\{a,b}", "{a,b}", true },
        { "**/a/**/b", "x/a/y/a/z/b", true },
        { "a/*/c", "a/b/c", true },
        { "*a*b*", "xxaxxbxx", true },
        { "a", "a/b", false },
        { "a/b", "a", false },
        { "", "a", false },
        { "*a",
          "b\xff"
          "a",
          true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (match(rows[i].pattern, rows[i].path) != rows[i].matches)
            g_error("%s on %s", rows[i].pattern, rows[i].path);
}

static void braces_that_multiply_are_refused(void)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(GString) pattern = g_string_new(NULL);

    for (int i = 0; i < 60; i++)
        g_string_append(pattern, "{a,b,c,d}");
    g_assert_null(path_glob_new(arena, pattern->str));
}

static void stars_do_not_explode(void)
{
    g_autoptr(GString) pattern = g_string_new(NULL);
    g_autofree char *path = g_strnfill(2000, 'a');

    for (int i = 0; i < 500; i++)
        g_string_append(pattern, "*a");
    g_string_append(pattern, "b");
    g_assert_false(match(pattern->str, path));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/pathglob/patterns-match-as-in-gitlab", patterns_match_as_in_gitlab);
    g_test_add_func("/ci/pathglob/braces-that-multiply-are-refused",
                    braces_that_multiply_are_refused);
    g_test_add_func("/ci/pathglob/stars-do-not-explode", stars_do_not_explode);
    return g_test_run();
}
