/* import.c - fetching another server's repository into ours, and keeping ours packed.
 *
 * git gets the URL without its credentials; those stand in the child's environment, where a
 * credential helper finds them when the URL's own host (and no other, after a redirect) asks.
 */
#include "repo/child.h"
#include "repo/store.h"

#include <string.h>
#include <unistd.h>

enum { IMPORT_LIMIT_S = 10 * 60, ASK_LIMIT_S = 60, TIDY_LIMIT_S = 30 * 60, MAX_URL = 2048 };

typedef struct Remote {
    char *url;    /* without credentials */
    char *origin; /* scheme://host:port, NULL for a file */
    char *user, *password;
} Remote;

static void remote_clear(Remote *remote)
{
    g_free(remote->url);
    g_free(remote->origin);
    g_free(remote->user);
    g_free(remote->password);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Remote, remote_clear)

/* --- the URL --------------------------------------------------------------------------------- */

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    return true;
}

/* Percent-decodes; NULL stays NULL.  A line feed would end the helper's line. */
static bool decode_part(const char *part, char **out, Error *err)
{
    *out = part ? g_uri_unescape_string(part, NULL) : NULL;
    if ((part && !*out) || (*out && strpbrk(*out, "\r\n")))
        return error_set(err, ERR_INVALID, "import URL has unusable credentials");
    return true;
}

static bool parse_remote(const char *url, bool allow_file, Remote *remote, Error *err)
{
    const GUriFlags flags = G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED;
    g_autoptr(GUri) uri = NULL;

    if (strlen(url) > MAX_URL || !is_clean(url) || !(uri = g_uri_parse(url, flags, NULL)))
        return error_set(err, ERR_INVALID, "import URL is not a URL");
    const char *scheme = g_uri_get_scheme(uri), *host = g_uri_get_host(uri);
    bool is_file = strcmp(scheme, "file") == 0;
    bool is_http = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    if (!is_http && !(is_file && allow_file))
        return error_set(err, ERR_INVALID, "import URL must begin with %s",
                         allow_file ? "http://, https:// or file://" : "http:// or https://");
    if (is_http && (!host || !*host))
        return error_set(err, ERR_INVALID, "import URL names no host");
    if (g_uri_get_query(uri) || g_uri_get_fragment(uri))
        return error_set(err, ERR_INVALID, "import URL must not have a query or a fragment");
    if (!decode_part(g_uri_get_user(uri), &remote->user, err) ||
        !decode_part(g_uri_get_password(uri), &remote->password, err))
        return false;
    remote->url = g_uri_join(G_URI_FLAGS_ENCODED, scheme, NULL, host, g_uri_get_port(uri),
                             g_uri_get_path(uri), NULL, NULL);
    if (is_http)
        remote->origin = g_uri_join(G_URI_FLAGS_ENCODED, scheme, NULL, host, g_uri_get_port(uri),
                                    "", NULL, NULL);
    return true;
}

static void add_import_env(GitEnv *env, const Remote *remote, bool allow_file)
{
    git_env_set(env, "GIT_ALLOW_PROTOCOL", allow_file ? "http:https:file" : "http:https");
    git_env_config(env, "http.lowSpeedLimit", "1000");
    git_env_config(env, "http.lowSpeedTime", "60");
    git_env_config(env, "fetch.fsckObjects", "true");
    git_env_config(env, "fetch.fsck.badTimezone", "ignore");
    git_env_config(env, "fetch.fsck.missingSpaceBeforeDate", "ignore");
    git_env_config(env, "fetch.fsck.zeroPaddedFilemode", "ignore");
    git_env_config(env, "gc.auto", "0");
    if (!remote->origin || !remote->user)
        return;
    g_autofree char *key = g_strdup_printf("credential.%s.helper", remote->origin);
    git_env_set(env, "PENSTOCK_IMPORT_USER", remote->user);
    git_env_set(env, "PENSTOCK_IMPORT_PASSWORD", remote->password ? remote->password : "");
    git_env_config(env, key,
                   "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
                   "\"$PENSTOCK_IMPORT_USER\" \"$PENSTOCK_IMPORT_PASSWORD\"; }; f");
}

/* --- running git ----------------------------------------------------------------------------- */

/* The last line that git wrote, without its label: the one that says why. */
static const char *last_line(char *text)
{
    char *newline = strrchr(text, '\n');
    const char *line = newline ? newline + 1 : text;

    return g_str_has_prefix(line, "fatal: ") ? line + strlen("fatal: ") : line;
}

/* @lock: kept by git for as long as it runs, should this process die before. */
static bool run_git(const GitEnv *env, const char *const *argv, int64_t limit_s, int lock,
                    GString *output, Error *err)
{
    GitRun run = { .argv = argv,
                   .env = env,
                   .body_fd = -1,
                   .keep_fd = lock,
                   .timeout_s = limit_s,
                   .sink = git_sink_to_string,
                   .data = output };
    g_auto(GitEnd) end = { 0 };

    if (!git_run(&run, &end, err))
        return false;
    if (end.exit_code == 0)
        return true;
    return error_set(err, ERR_UNPROCESSABLE, "%s", last_line(end.stderr_text));
}

/* Which branch HEAD is there: "ref: refs/heads/main\tHEAD".  NULL: it does not say. */
static char *parse_head(const char *answer)
{
    g_auto(GStrv) lines = g_strsplit(answer, "\n", -1);

    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, "ref: refs/heads/") && g_str_has_suffix(*line, "\tHEAD")) {
            const char *name = *line + strlen("ref: refs/heads/");
            return g_strndup(name, strlen(name) - strlen("\tHEAD"));
        }
    return NULL;
}

static bool fetch(const GitEnv *env, const Remote *remote, const char *path, int lock, char **head,
                  Error *err)
{
    g_autofree char *git_dir = g_strconcat("--git-dir=", path, NULL);
    const char *const ask[] = { "git", git_dir,     "ls-remote", "--symref",
                                "--",  remote->url, "HEAD",      NULL };
    const char *const get[] = { "git",
                                git_dir,
                                "fetch",
                                "--quiet",
                                "--no-write-fetch-head",
                                "--no-auto-maintenance",
                                "--no-recurse-submodules",
                                "--",
                                remote->url,
                                "+refs/heads/*:refs/heads/*",
                                "+refs/tags/*:refs/tags/*",
                                NULL };
    g_autoptr(GString) answer = g_string_new(NULL);
    g_autoptr(GString) nothing = g_string_new(NULL);

    if (!run_git(env, ask, ASK_LIMIT_S, lock, answer, err) ||
        !run_git(env, get, IMPORT_LIMIT_S, lock, nothing, err))
        return false;
    *head = parse_head(answer->str);
    return true;
}

bool repo_import(RepoStore *store, int64_t project_id, const char *url, bool allow_file, Error *err)
{
    g_auto(Remote) remote = { 0 };
    g_auto(GitEnv) env = { 0 };
    g_autofree char *path = repo_path(store, project_id);
    g_autofree char *head = NULL;
    int lock = -1;

    if (!parse_remote(url, allow_file, &remote, err) ||
        !store_lock_pushes(store, project_id, &lock, err))
        return false;
    git_env_init(&env, store);
    add_import_env(&env, &remote, allow_file);
    int64_t since_s = store_file_time_s(lock) - 2; /* file times lag behind by a tick */
    bool ok = fetch(&env, &remote, path, lock, &head, err) &&
              (!head || repo_set_default_branch(store, project_id, head, err)) &&
              repo_sync_dirs(path, since_s, err);
    close(lock);
    return ok || error_prefix(err, "import from %s", remote.url);
}

bool repo_tidy(RepoStore *store, int64_t project_id, Error *err)
{
    g_auto(GitEnv) env = { 0 };
    g_autofree char *path = repo_path(store, project_id);
    g_autofree char *git_dir = g_strconcat("--git-dir=", path, NULL);
    const char *const argv[] = { "git", git_dir, "gc", "--auto", "--quiet", NULL };
    g_autoptr(GString) nothing = g_string_new(NULL);
    int lock = -1;

    if (!store_lock_pushes(store, project_id, &lock, err))
        return false;
    git_env_init(&env, store);
    bool ok = run_git(&env, argv, TIDY_LIMIT_S, lock, nothing, err);
    close(lock);
    store_forget_handles(store, project_id); /* they may hold packs open that are gone */
    return ok;
}
