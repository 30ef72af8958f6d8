/* serve.c - git's smart HTTP: one upload-pack or receive-pack for each request.
 *
 * http/ has checked who asks and unpacked the URL; here the request becomes git's arguments,
 * environment and stdin, and git's stdout goes to the sink.  A push holds the project's lock.  The
 * child inherits it, so that a git that outlives this process still keeps other pushes off.
 */
#include "repo/child.h"
#include "repo/hook.h"
#include "repo/store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PROTOCOL = 200 };

/* --- the environment ------------------------------------------------------------------------- */

typedef struct Setting {
    const char *key, *value;
} Setting;

static const Setting upload_settings[] = {
    /* Runners fetch by SHA and by refs/pipelines/<id>; clients may leave large files out. */
    { "uploadpack.allowAnySHA1InWant", "true" },
    { "uploadpack.allowFilter", "true" },
    { "uploadpack.hideRefs", "refs/keep-around" },
    { NULL, NULL },
};

static const Setting receive_settings[] = {
    { "receive.hideRefs", "refs/pipelines" },
    { "receive.hideRefs", "refs/keep-around" },
    { "receive.fsckObjects", "true" },
    /* Harmless faults that old histories have, and that no push can mend. */
    { "receive.fsck.badTimezone", "ignore" },
    { "receive.fsck.missingSpaceBeforeDate", "ignore" },
    { "receive.fsck.zeroPaddedFilemode", "ignore" },
    { "receive.autogc", "false" },             /* repo_tidy() does it */
    { "receive.denyDeleteCurrent", "ignore" }, /* the hook answers, with the text clients know */
    { "gc.auto", "0" },
    { NULL, NULL },
};

static void add_settings(GitEnv *env, const Setting *settings)
{
    for (; settings->key; settings++)
        git_env_config(env, settings->key, settings->value);
}

/* A Git-Protocol header is a list of key=value; what else comes is not handed on. */
static const char *clean_protocol(const char *protocol)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789=:._-";

    if (!protocol || strlen(protocol) > MAX_PROTOCOL ||
        strspn(protocol, alphabet) != strlen(protocol))
        return NULL;
    return protocol;
}

static bool asks_for_version_2(const char *protocol)
{
    g_auto(GStrv) parts = g_strsplit(protocol ? protocol : "", ":", -1);

    return g_strv_contains((const char *const *)parts, "version=2");
}

static void add_receive_env(GitEnv *env, const RepoStore *store, const GitCall *call,
                            const char *default_ref)
{
    g_autofree char *max = g_strdup_printf("%" G_GINT64_FORMAT, call->max_bytes);

    add_settings(env, receive_settings);
    git_env_config(env, "receive.maxInputSize", max); /* 0: no limit */
    git_env_set(env, "PENSTOCK_HOOK_PROGRAM", store_hook_program(store));
    hook_rules_to_env(env, call, default_ref);
}

/* --- the result ------------------------------------------------------------------------------ */

/* What git says on its stderr of a request that makes no sense. */
static const char *const complaints_of_request[] = {
    "protocol error",  "bad line length",      "hung up",
    "unexpected line", "unknown capability",   "invalid command",
    "not our ref",     "no command requested", "expected flush",
};

static bool is_about_request(const char *complaint)
{
    for (size_t i = 0; i < G_N_ELEMENTS(complaints_of_request); i++)
        if (strstr(complaint, complaints_of_request[i]))
            return true;
    return false;
}

/* Where git has answered, it has told the client what was wrong, as the protocol wants it.  That
 * includes a shallow fetch by protocol 0, which is asked for in several requests: each ends where
 * git would like to read on, and git complains of that. */
static bool check_end(const GitEnd *end, Error *err)
{
    if (end->exit_code == 0)
        return true;
    if (is_about_request(end->stderr_text))
        return end->wrote || error_set(err, ERR_BAD_REQUEST, "git does not understand the request");
    return error_set(err, ERR_IO, "git ended with %d: %s", end->exit_code, end->stderr_text);
}

/* --- running --------------------------------------------------------------------------------- */

static bool run_service(const GitCall *call, const GitEnv *env, const char *path, int lock,
                        GitSink sink, void *data, Error *err)
{
    const char *argv[] = { "git",
                           call->service == GIT_UPLOAD_PACK ? "upload-pack" : "receive-pack",
                           "--stateless-rpc",
                           call->advertise ? "--http-backend-info-refs" : path,
                           call->advertise ? path : NULL,
                           NULL };
    GitRun run = { .argv = argv,
                   .env = env,
                   .body_fd = call->advertise ? -1 : call->body_fd,
                   .gzip = !call->advertise && call->gzip && call->body_fd >= 0,
                   .max_unpacked = call->max_bytes,
                   .keep_fd = lock,
                   .sink = sink,
                   .data = data };
    g_auto(GitEnd) end = { 0 };

    return git_run(&run, &end, err) && check_end(&end, err);
}

/* Protocol 2 has no announcement of the service. */
static bool announce(const GitCall *call, const char *protocol, GitSink sink, void *data,
                     Error *err)
{
    static const char upload[] = "001e# service=git-upload-pack\n0000";
    static const char receive[] = "001f# service=git-receive-pack\n0000";
    bool is_upload = call->service == GIT_UPLOAD_PACK;

    if (!call->advertise || (is_upload && asks_for_version_2(protocol)))
        return true;
    const char *line = is_upload ? upload : receive;
    return sink(data, line, strlen(line)) ||
           error_set(err, ERR_IO, "the receiver of git's output went away");
}

/* git runs no hook that it does not find, and takes the push: so it is looked for first. */
static bool check_hook(const RepoStore *store, Error *err)
{
    g_autofree char *hook = g_build_filename(store_hooks_dir(store), "pre-receive", NULL);

    if (access(hook, X_OK) != 0)
        return error_errno(err, errno, "cannot run %s", hook);
    if (access(store_hook_program(store), X_OK) != 0)
        return error_errno(err, errno, "cannot run %s", store_hook_program(store));
    return true;
}

static bool push(RepoStore *store, int64_t project_id, const GitCall *call, const GitEnv *env,
                 const char *path, GitSink sink, void *data, Error *err)
{
    g_auto(Error) sync_error = ERROR_INIT;
    int lock = -1;

    if (!check_hook(store, err) || !store_lock_pushes(store, project_id, &lock, err))
        return false;
    int64_t since_s = store_file_time_s(lock) - 2; /* file times lag behind by a tick */
    bool ok = run_service(call, env, path, lock, sink, data, err);
    bool synced = (ok || store_clear_dead_locks(store, project_id, &sync_error)) &&
                  repo_sync_dirs(path, since_s, &sync_error);
    close(lock);
    return synced ? ok : error_move(err, &sync_error);
}

bool repo_settle_push(RepoStore *store, int64_t project_id, Error *err)
{
    g_autofree char *path = repo_path(store, project_id);
    int lock = -1;

    if (!store_lock_pushes(store, project_id, &lock, err))
        return false;
    bool synced = store_clear_dead_locks(store, project_id, err) && repo_sync_dirs(path, 0, err);
    close(lock);
    return synced;
}

static bool full_default_ref(RepoStore *store, int64_t project_id, Arena *arena, const char **ref,
                             Error *err)
{
    const char *name = NULL;

    if (!repo_default_branch(store, project_id, arena, &name, err))
        return false;
    *ref = arena_printf(arena, "refs/heads/%s", name);
    return true;
}

bool repo_serve(RepoStore *store, int64_t project_id, const GitCall *call, GitSink sink, void *data,
                Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *path = repo_path(store, project_id);
    const char *protocol = clean_protocol(call->protocol);
    const char *default_ref = NULL;
    g_auto(GitEnv) env = { 0 };

    if (!full_default_ref(store, project_id, arena, &default_ref, err))
        return false;
    git_env_init(&env, store);
    if (protocol)
        git_env_set(&env, "GIT_PROTOCOL", protocol);
    if (call->service == GIT_UPLOAD_PACK)
        add_settings(&env, upload_settings);
    else
        add_receive_env(&env, store, call, default_ref);
    if (!announce(call, protocol, sink, data, err))
        return false;
    if (call->service == GIT_RECEIVE_PACK && !call->advertise)
        return push(store, project_id, call, &env, path, sink, data, err);
    return run_service(call, &env, path, -1, sink, data, err);
}
