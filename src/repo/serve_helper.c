/* serve_helper.c - repo.h from a shell, for tests/repo: a test's HTTP server calls it as a CGI.
 *
 *     serve-helper create DIR ID BRANCH
 *     serve-helper import DIR ID URL
 *     serve-helper keep DIR ID PIPELINE_ID SHA
 *     serve-helper serve DIR ID [--push] [--advertise] [--gzip] [--protocol TEXT] [--max N]
 *                                [--protect REF]... [--no-force REF]...
 *     serve-helper hook pre-receive
 *
 * The request's body is stdin, git's output goes to stdout.  A failure is "CODE: message" on stderr
 * and exit 1.  `serve` ends with a line "resident_kb N" on stderr: its own peak, not git's.
 */
#include "repo/repo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool write_stdout(void *data, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* Not getrusage(): its figure is that of the process before exec(), where that was larger. */
static void print_peak(void)
{
    g_autofree char *status = NULL;

    if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL))
        return;
    const char *line = strstr(status, "VmHWM:");
    fprintf(stderr, "resident_kb %ld\n", line ? strtol(line + strlen("VmHWM:"), NULL, 10) : 0);
}

static void add_to(const char *const **list, const char *value)
{
    guint n = *list ? g_strv_length((char **)*list) : 0;
    const char **longer = g_renew(const char *, (char **)*list, n + 2);

    longer[n] = value;
    longer[n + 1] = NULL;
    *list = longer;
}

/* false: an unknown option. */
static bool parse_call(char **argv, GitCall *call)
{
    for (; *argv; argv++) {
        if (strcmp(*argv, "--push") == 0)
            call->service = GIT_RECEIVE_PACK;
        else if (strcmp(*argv, "--advertise") == 0)
            call->advertise = true;
        else if (strcmp(*argv, "--gzip") == 0)
            call->gzip = true;
        else if (argv[1] && strcmp(*argv, "--protocol") == 0)
            call->protocol = *++argv;
        else if (argv[1] && strcmp(*argv, "--max") == 0)
            call->max_bytes = g_ascii_strtoll(*++argv, NULL, 10);
        else if (argv[1] && strcmp(*argv, "--protect") == 0)
            add_to(&call->protected_refs, *++argv);
        else if (argv[1] && strcmp(*argv, "--no-force") == 0)
            add_to(&call->no_force_refs, *++argv);
        else
            return false;
    }
    return true;
}

static bool serve(RepoStore *store, int64_t id, char **argv, Error *err)
{
    GitCall call = { .service = GIT_UPLOAD_PACK, .body_fd = STDIN_FILENO };

    if (!parse_call(argv, &call))
        return error_set(err, ERR_USAGE, "unknown option");
    bool ok = repo_serve(store, id, &call, write_stdout, NULL, err);
    print_peak();
    g_free((char **)call.protected_refs);
    g_free((char **)call.no_force_refs);
    return ok;
}

static bool run(const char *program, char **argv, Error *err)
{
    const char *hook = g_getenv("REPO_HOOK_PROGRAM");
    g_autoptr(RepoStore) store = repo_store_new(argv[1], hook ? hook : program, err);
    int64_t id = g_ascii_strtoll(argv[2], NULL, 10);
    guint rest = g_strv_length(argv + 3);

    if (!store)
        return false;
    if (strcmp(argv[0], "create") == 0 && rest == 1)
        return repo_create(store, id, argv[3], err);
    if (strcmp(argv[0], "import") == 0 && rest == 1)
        return repo_import(store, id, argv[3], false, err);
    if (strcmp(argv[0], "keep") == 0 && rest == 2)
        return repo_keep_pipeline_ref(store, id, g_ascii_strtoll(argv[3], NULL, 10), argv[4], err);
    if (strcmp(argv[0], "serve") == 0)
        return serve(store, id, argv + 3, err);
    return error_set(err, ERR_USAGE, "unknown call");
}

int main(int argc, char **argv)
{
    g_auto(Error) err = ERROR_INIT;

    if (argc == 3 && strcmp(argv[1], "hook") == 0 && strcmp(argv[2], "pre-receive") == 0)
        return repo_hook_pre_receive();
    signal(SIGPIPE, SIG_IGN); /* as the server does */
    if (argc < 4) {
        fprintf(stderr, "usage: %s CALL DIR ID ...\n", argv[0]);
        return 2;
    }
    if (run(argv[0], argv + 1, &err))
        return 0;
    fprintf(stderr, "%s: %s\n", error_code_name(err.code), error_text(&err));
    return 1;
}
