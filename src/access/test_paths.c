/* Tests of paths.c. */
#include "access/paths.h"

#include <glib.h>

static bool is_fine(PathKind kind, const char *path)
{
    g_autoptr(Arena) arena = arena_new();

    return path_fault(arena, kind, path) == NULL;
}

static void plain_paths_are_fine(void)
{
    static const char *const paths[] = { "a", "data-teams", "A_b.c", "0x", "_x", "git", "x.gitx" };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        for (int kind = 0; kind < N_PATH_KINDS; kind++)
            g_assert_true(is_fine((PathKind)kind, paths[i]));
}

static void odd_paths_are_refused(void)
{
    static const char *const paths[] = { "",          "..",    ".",       "../x",   "a/b",
                                         ".git",      "x.git", "X.GIT",   "x.atom", "white space",
                                         "new\nline", "-dash", "\303\251" };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        for (int kind = 0; kind < N_PATH_KINDS; kind++)
            g_assert_false(is_fine((PathKind)kind, paths[i]));
}

static void paths_have_a_greatest_length(void)
{
    g_autofree char *most = g_strnfill(255, 'a');
    g_autofree char *more = g_strnfill(256, 'a');

    g_assert_true(is_fine(PATH_PROJECT, most));
    g_assert_false(is_fine(PATH_PROJECT, more));
}

static void own_pages_are_not_shadowed(void)
{
    g_assert_false(is_fine(PATH_TOP, "api"));
    g_assert_false(is_fine(PATH_TOP, "API"));
    g_assert_true(is_fine(PATH_GROUP, "api"));
    g_assert_false(is_fine(PATH_PROJECT, "tree"));
    g_assert_false(is_fine(PATH_GROUP, "tree"));
}

static void only_project_paths_end_in_a_dot(void)
{
    g_assert_true(is_fine(PATH_PROJECT, "x."));
    g_assert_false(is_fine(PATH_GROUP, "x."));
}

static void names_are_freer_than_paths(void)
{
    g_assert_null(name_fault(PATH_PROJECT, "Hello World"));
    g_assert_null(name_fault(PATH_PROJECT, "C++ \303\240 la carte"));
    g_assert_null(name_fault(PATH_PROJECT, "\360\237\232\200 rocket"));
    g_assert_null(name_fault(PATH_GROUP, "Team (north)"));
    g_assert_nonnull(name_fault(PATH_PROJECT, "Team (north)"));
    g_assert_nonnull(name_fault(PATH_PROJECT, "<b>"));
    g_assert_nonnull(name_fault(PATH_PROJECT, " x"));
    g_assert_nonnull(name_fault(PATH_PROJECT, "new\nline"));
    g_assert_nonnull(name_fault(PATH_GROUP, ""));
}

static void names_become_paths(void)
{
    g_autoptr(Arena) arena = arena_new();

    g_assert_cmpstr(path_from_name(arena, "Hello World"), ==, "hello-world");
    g_assert_cmpstr(path_from_name(arena, "  a.b   c! "), ==, "a-b-c");
    g_assert_cmpstr(path_from_name(arena, "-x-"), ==, "x");
    g_assert_cmpstr(path_from_name(arena, "!!"), ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/access/paths/plain-paths-are-fine", plain_paths_are_fine);
    g_test_add_func("/access/paths/odd-paths-are-refused", odd_paths_are_refused);
    g_test_add_func("/access/paths/paths-have-a-greatest-length", paths_have_a_greatest_length);
    g_test_add_func("/access/paths/own-pages-are-not-shadowed", own_pages_are_not_shadowed);
    g_test_add_func("/access/paths/only-project-paths-end-in-a-dot",
                    only_project_paths_end_in_a_dot);
    g_test_add_func("/access/paths/names-are-freer-than-paths", names_are_freer_than_paths);
    g_test_add_func("/access/paths/names-become-paths", names_become_paths);
    return g_test_run();
}
