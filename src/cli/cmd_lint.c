/* cmd_lint.c - `penstock lint FILE`: compiles a file as the server would, without one.
 *
 * Local includes are read below the work tree that holds the file.  What only a server has (other
 * projects) cannot be reached; the compiler warns of it and goes on without it.
 */
#include "base/settings.h"
#include "base/text.h"
#include "ci/ci.h"
#include "ci/place.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "pipeline/config.h"

#include <stdio.h>
#include <string.h>

/* One file under the lamp. */
typedef struct Lint {
    Arena *arena;
    const char *file; /* as it was named */
    const char *bytes;
    size_t size;
    char *root; /* of its work tree */
} Lint;

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
    const Lint *lint = data;
    g_autofree char *text = NULL;
    gsize n = 0;

    if (what->project || what->kind != CI_FILE_REPOSITORY)
        return CI_FETCH_UNREACHABLE;
    if (!text_is_inner_path(what->path))
        return CI_FETCH_NO_FILE;
    g_autofree char *path = g_build_filename(lint->root, what->path, NULL);
    if (!g_file_get_contents(path, &text, &n, NULL))
        return CI_FETCH_NO_FILE;
    file->bytes = arena_strndup(arena, text, n);
    file->size = n;
    return CI_FETCH_OK;
}

/* The line with a caret under it; nothing for a file that is not here. */
static void print_excerpt(const Lint *lint, const CiMessage *message)
{
    const char *bytes = lint->bytes;
    g_autofree char *text = NULL;
    size_t size = lint->size;

    if (message->file && !g_str_equal(message->file, lint->file)) {
        gsize n = 0;
        g_autofree char *path = g_build_filename(lint->root, message->file, NULL);
        if (!text_is_inner_path(message->file) || !g_file_get_contents(path, &text, &n, NULL))
            return;
        bytes = text;
        size = n;
    }
    const char *excerpt =
        place_excerpt(lint->arena, bytes, size, MAX(message->line, 1), message->column);
    if (excerpt)
        fprintf(stderr, "%s\n", excerpt);
}

/* What has no place is about the file as a whole: its beginning. */
static void print_message(const Lint *lint, const char *kind, const CiMessage *message)
{
    fprintf(stderr, "%s:%d:%d: %s: %s\n", message->file ? message->file : lint->file,
            MAX(message->line, 1), MAX(message->column, 1), kind, message->text);
    print_excerpt(lint, message);
}

static void print_messages(const Lint *lint, const char *kind, const CiMessages *messages)
{
    for (size_t i = 0; i < messages->n; i++)
        print_message(lint, kind, &messages->items[i]);
}

/* Offline there is no run: the plan knows the variables that were given, and a push to @branch. */
static void explain(const LintOptions *options, CiConfig *config, const CiInput *input)
{
    CiRun run = { .variables = input->variables,
                  .limits = input->limits,
                  .ref = options->branch,
                  .source = SOURCE_PUSH,
                  .explain = true };

    explain_print(ci_plan_run(config, &run));
}

static int lint(const Settings *settings, const LintOptions *options, const char *file)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(GError) failed = NULL;
    g_autofree char *bytes = NULL;
    g_autofree char *root = work_tree_of(file);
    gsize size = 0;
    CiMessages messages = { 0 };
    CiFindings findings = { 0 };

    if (!g_file_get_contents(file, &bytes, &size, &failed))
        return cli_wrong_use(failed->message);
    Lint self = { arena, file, bytes, size, root };
    CiInput input = { .path = file,
                      .bytes = bytes,
                      .size = size,
                      .variables = explain_variables(arena, options),
                      .fetch = fetch,
                      .fetch_data = &self,
                      .limits = config_limits(settings),
                      .findings = &findings };
    CiConfig *config = ci_compile(&input, arena, &messages);
    print_messages(&self, "warning", &findings.warnings);
    if (!config) {
        print_messages(&self, "error", &messages);
        return EXIT_FAILED;
    }
    if (options->explain)
        explain(options, config, &input);
    else
        printf("%s: valid, %zu job%s\n", file, config->n_jobs, config->n_jobs == 1 ? "" : "s");
    return EXIT_DONE;
}

int cmd_lint(char **argv)
{
    g_auto(Settings) settings = { 0 };
    g_auto(GStrv) files = NULL;
    g_auto(Error) err = ERROR_INIT;
    g_auto(LintOptions) options = { 0 };
    g_autoptr(GPtrArray) rest = g_ptr_array_new();

    if (!explain_take_options(argv, &options, rest, &err) ||
        !settings_load(&settings, (char **)rest->pdata, &files, &err))
        return cli_wrong_use(error_text(&err));
    if (!files[0] || files[1])
        return cli_wrong_use("lint wants one file");
    return lint(&settings, &options, files[0]);
}
