/* cmd_runner.c - `penstock runner`: the embedded runner as a process of its own.
 *
 * `serve` starts it for its slots; it may as well run alone, on another machine.
 */
#include "base/log.h"
#include "cli/cli.h"
#include "exec/exec.h"

#include <stdio.h>
#include <string.h>

typedef struct RunnerFlags {
    char *url;
    char *address_file;
    char *token_file;
    char *work_dir;
    char *lock_file;
    char *hidden_dir;
    char *executor;
    char *name;
    int slots;
    gint64 orphan_s;
    gboolean no_network;
    gboolean ignore_image;
} RunnerFlags;

static void set_default(char **text, const char *otherwise)
{
    if (!*text)
        *text = g_strdup(otherwise);
}

/* Puts defaults in place and holds the values against what is possible. */
static bool check(RunnerFlags *flags, Error *err)
{
    static const char *const executors[] = { "sandbox", "podman", "shell", NULL };

    set_default(&flags->work_dir, "./penstock-runner");
    set_default(&flags->executor, "sandbox");
    set_default(&flags->name, "penstock runner");
    if (flags->slots < 1 || flags->slots > 256)
        return error_set(err, ERR_USAGE, "--slots: a whole number from 1 to 256");
    if (!g_strv_contains(executors, flags->executor))
        return error_set(err, ERR_USAGE, "--executor: '%s' is not sandbox, podman or shell",
                         flags->executor);
    if (!flags->url && !flags->address_file)
        return error_set(err, ERR_USAGE, "runner wants --url or --address-file");
    return true;
}

static bool parse(RunnerFlags *flags, char **argv, Error *err)
{
    const GOptionEntry entries[] = {
        { "url", 0, 0, G_OPTION_ARG_STRING, &flags->url, "the server", "URL" },
        { "address-file", 0, 0, G_OPTION_ARG_FILENAME, &flags->address_file,
          "a file that holds the server's address, read again while it is away", "FILE" },
        { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &flags->token_file,
          "holds the runner's token (else PENSTOCK_RUNNER_TOKEN)", "FILE" },
        { "work-dir", 0, 0, G_OPTION_ARG_FILENAME, &flags->work_dir,
          "builds and temporary files [./penstock-runner]", "DIR" },
        { "lock-file", 0, 0, G_OPTION_ARG_FILENAME, &flags->lock_file,
          "held while the runner lives, with its process id", "FILE" },
        { "hidden-dir", 0, 0, G_OPTION_ARG_FILENAME, &flags->hidden_dir,
          "invisible to sandboxed jobs", "DIR" },
        { "slots", 0, 0, G_OPTION_ARG_INT, &flags->slots, "jobs at a time [2]", "N" },
        { "executor", 0, 0, G_OPTION_ARG_STRING, &flags->executor,
          "how jobs are isolated [sandbox]", "sandbox|podman|shell" },
        { "name", 0, 0, G_OPTION_ARG_STRING, &flags->name, "shown in logs [penstock runner]",
          "NAME" },
        { "orphan-s", 0, 0, G_OPTION_ARG_INT64, &flags->orphan_s,
          "ends after so long without a server, 0: never [0]", "SECONDS" },
        { "no-network", 0, 0, G_OPTION_ARG_NONE, &flags->no_network,
          "no network inside the sandbox", NULL },
        { "ignore-image", 0, 0, G_OPTION_ARG_NONE, &flags->ignore_image,
          "run jobs that name an image or services without them", NULL },
        { NULL }
    };
    return cli_parse_options("runner", entries, argv, NULL, 0, err) && check(flags, err);
}

static char *read_token(const RunnerFlags *flags, Error *err)
{
    g_autoptr(GError) failed = NULL;
    char *token = NULL;

    if (flags->token_file) {
        if (!g_file_get_contents(flags->token_file, &token, NULL, &failed))
            error_set(err, ERR_USAGE, "%s", failed->message);
        return token ? g_strchomp(token) : NULL;
    }
    token = g_strdup(g_getenv("PENSTOCK_RUNNER_TOKEN"));
    if (!token || !*token)
        error_set(err, ERR_USAGE, "runner wants --token-file or PENSTOCK_RUNNER_TOKEN");
    /* Jobs inherit no more of the environment than they must, but let it not even be here. */
    g_unsetenv("PENSTOCK_RUNNER_TOKEN");
    return token;
}

static void flags_clear(RunnerFlags *flags)
{
    char **const texts[] = { &flags->url,      &flags->address_file, &flags->token_file,
                             &flags->work_dir, &flags->lock_file,    &flags->hidden_dir,
                             &flags->executor, &flags->name };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
}

static int run(const RunnerFlags *flags)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *token = read_token(flags, &err);
    ExecOptions options = { .url = flags->url,
                            .address_file = flags->address_file,
                            .token = token,
                            .work_dir = flags->work_dir,
                            .lock_file = flags->lock_file,
                            .hidden_dir = flags->hidden_dir,
                            .slots = flags->slots,
                            .sandbox = !g_str_equal(flags->executor, "shell"),
                            .podman = g_str_equal(flags->executor, "podman"),
                            .no_network = flags->no_network,
                            .ignore_image = flags->ignore_image,
                            .orphan_s = flags->orphan_s,
                            .name = flags->name };

    if (!token || !*token)
        return cli_wrong_use(error_text(&err));
    if (!options.sandbox)
        log_line(LOG_WARN, "the shell executor does not isolate jobs from this machine");
    if (exec_run(&options, &err))
        return EXIT_DONE;
    fprintf(stderr, "penstock runner: %s\n", error_text(&err));
    return err.code == ERR_USAGE || err.code == ERR_UNAVAILABLE ? EXIT_WRONG_USE : EXIT_FAILED;
}

int cmd_runner(char **argv)
{
    g_auto(Error) err = ERROR_INIT;
    RunnerFlags flags = { .slots = 2 };

    int status = parse(&flags, argv, &err) ? run(&flags) : cli_wrong_use(error_text(&err));
    flags_clear(&flags);
    return status;
}
