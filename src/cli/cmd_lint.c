/* cmd_lint.c - `penstock lint FILE`: compiles a file as the server would, without one.
 *
 * Local includes are read below the work tree that holds the file.  What only a server has (other
 * projects) cannot be reached; the compiler warns of it and goes on without it.
 */
#include "base/settings.h"
#include "base/text.h"
#include "ci/ci.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* The nearest folder above @file that holds a .git, else the file's own.  Owned. */
static char *work_tree_of(const char *file)
{
    g_autofree char *absolute = g_canonicalize_filename(file, NULL);
    g_autofree char *own = g_path_get_dirname(absolute);
    g_autofree char *dir = g_strdup(own);

    while (!g_str_equal(dir, "/")) {
        g_autofree char *git = g_build_filename(dir, ".git", NULL);
        if (g_file_test(git, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&dir);
        char *up = g_path_get_dirname(dir);
        g_free(dir);
        dir = up;
    }
    return g_steal_pointer(&own);
}

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    const char *root = data;
    g_autofree char *text = NULL;
    gsize n = 0;

    if (what->project || what->kind != CI_FILE_REPOSITORY)
        return CI_FETCH_UNREACHABLE;
    if (!text_is_inner_path(what->path))
        return CI_FETCH_NO_FILE;
    g_autofree char *path = g_build_filename(root, what->path, NULL);
    if (!g_file_get_contents(path, &text, &n, NULL))
        return CI_FETCH_NO_FILE;
    file->bytes = arena_strndup(arena, text, n);
    file->size = n;
    return CI_FETCH_OK;
}

static void print_message(const char *kind, const CiMessage *message, const char *file)
{
    fprintf(stderr, "%s", message->file ? message->file : file);
    if (message->line > 0)
        fprintf(stderr, ":%d:%d", message->line, MAX(message->column, 1));
    fprintf(stderr, ": %s: %s\n", kind, message->text);
}

static int lint(const Settings *settings, const char *file)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(GError) failed = NULL;
    g_autofree char *bytes = NULL;
    g_autofree char *root = work_tree_of(file);
    gsize size = 0;
    CiMessages messages = { 0 };

    if (!g_file_get_contents(file, &bytes, &size, &failed))
        return cli_wrong_use(failed->message);
    CiInput input = { .path = file,
                      .bytes = bytes,
                      .size = size,
                      .fetch = fetch,
                      .fetch_data = root,
                      .limits = { .yaml_bytes = (size_t)settings->max_yaml_bytes,
                                  .yaml_depth = (int)settings->max_yaml_depth,
                                  .yaml_nodes = (size_t)settings->max_yaml_nodes,
                                  .includes = (int)settings->max_includes,
                                  .jobs = (int)settings->max_jobs,
                                  .needs = (int)settings->max_needs } };
    CiConfig *config = ci_compile(&input, arena, &messages);
    if (!config) {
        for (size_t i = 0; i < messages.n; i++)
            print_message("error", &messages.items[i], file);
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < config->warnings.n; i++)
        print_message("warning", &config->warnings.items[i], file);
    printf("%s: valid, %zu job%s\n", file, config->n_jobs, config->n_jobs == 1 ? "" : "s");
    return EXIT_DONE;
}

int cmd_lint(char **argv)
{
    g_auto(Settings) settings = { 0 };
    g_auto(GStrv) files = NULL;
    g_auto(Error) err = ERROR_INIT;

    if (!settings_load(&settings, argv, &files, &err))
        return cli_wrong_use(error_text(&err));
    if (!files[0] || files[1])
        return cli_wrong_use("lint wants one file");
    return lint(&settings, files[0]);
}
