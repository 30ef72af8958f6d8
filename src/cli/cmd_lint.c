/* cmd_lint.c - `penstock lint FILE`: compiles a file as the server would, without one.
 *
 * Local includes, wildcards and `exists` see the work tree that holds the file, as a commit of all in
 * it would be.  What only a server has (other projects, variables) cannot be reached; the compiler
 * warns of what hangs on it and goes on without it.
 */
#include "base/settings.h"
#include "ci/ci.h"
#include "ci/place.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/work_tree.h"
#include "pipeline/config.h"
#include "pipeline/template_file.h"

#include <stdio.h>
#include <string.h>

/* One file under the lamp. */
typedef struct Lint {
    Arena *arena;
    const Settings *settings;
    const char *file; /* as it was named */
    const char *bytes;
    size_t size;
    WorkTree tree;
} Lint;

static void lint_clear(Lint *lint)
{
    work_tree_clear(&lint->tree);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lint, lint_clear)

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    const Lint *lint = data;

    if (what->project)
        return CI_FETCH_UNREACHABLE;
    switch (what->kind) {
    case CI_FILE_REMOTE:
    case CI_FILE_COMPONENT:
    case CI_FILE_ARTIFACT:
        return CI_FETCH_UNREACHABLE;
    case CI_FILE_TEMPLATE: /* a server may have more of them */
        return template_fetch(lint->settings, what->path, arena, file) == CI_FETCH_OK
                   ? CI_FETCH_OK
                   : CI_FETCH_UNREACHABLE;
    case CI_FILE_REPOSITORY:
        break;
    }
    return work_tree_read(&lint->tree, what->path, (size_t)lint->settings->max_yaml_bytes, arena,
                          &file->bytes, &file->size)
               ? CI_FETCH_OK
               : CI_FETCH_NO_FILE;
}

static CiFetchResult tree(void *data, const char *project, const char *ref, Arena *arena,
                          CiStrings *paths)
{
    Lint *lint = data;

    if (project)
        return CI_FETCH_UNREACHABLE;
    *paths = work_tree_files(&lint->tree, lint->arena);
    return *paths ? CI_FETCH_OK : CI_FETCH_UNREACHABLE;
}

/* The line with a caret under it; nothing for a file that is not here. */
static void print_excerpt(const Lint *lint, const CiMessage *message)
{
    const char *bytes = lint->bytes;
    size_t size = lint->size;

    if (message->file && !g_str_equal(message->file, lint->file) &&
        !work_tree_read(&lint->tree, message->file, (size_t)lint->settings->max_yaml_bytes,
                        lint->arena, &bytes, &size))
        return;
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
                  .tree = input->tree,
                  .data = input->fetch_data,
                  .explain = true };

    explain_print(ci_plan_run(config, &run));
}

static int run(Lint *self, const LintOptions *options)
{
    CiMessages messages = { 0 };
    CiFindings findings = { 0 };
    CiInput input = { .path = self->file,
                      .own_path = self->tree.file_path,
                      .offline = true,
                      .bytes = self->bytes,
                      .size = self->size,
                      .variables = explain_variables(self->arena, options),
                      .fetch = fetch,
                      .tree = tree,
                      .fetch_data = self,
                      .limits = config_limits(self->settings),
                      .findings = &findings };
    CiConfig *config = ci_compile(&input, self->arena, &messages);

    print_messages(self, "warning", &findings.warnings);
    if (!config) {
        print_messages(self, "error", &messages);
        return EXIT_FAILED;
    }
    if (options->explain)
        explain(options, config, &input);
    else
        printf("%s: valid, %zu job%s\n", self->file, config->n_jobs,
               config->n_jobs == 1 ? "" : "s");
    return EXIT_DONE;
}

static int lint(const Settings *settings, const LintOptions *options, const char *file)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Lint) self = { .arena = arena, .settings = settings, .file = file };
    g_auto(Error) err = ERROR_INIT;

    if (!work_tree_read_any(file, (size_t)settings->max_yaml_bytes, arena, &self.bytes, &self.size,
                            &err))
        return cli_wrong_use(error_text(&err));
    work_tree_init(&self.tree, file);
    return run(&self, options);
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
