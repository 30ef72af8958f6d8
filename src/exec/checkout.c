/* checkout.c - git by configuration in the environment (GIT_CONFIG_KEY_0, ...).
 *
 * Nothing secret is on a command line or in .git/config, and the repository's configuration and
 * hooks, which an earlier job may have written, are dropped first.
 */
#include "exec/checkout.h"

#include "base/names.h"
#include "exec/script.h"

#include <string.h>

enum { SHORT_SHA = 8 };

static const char *const strategy_words[] = { "fetch", "clone", "none", "empty" };
static const NameTable strategy_names = NAME_TABLE(strategy_words);

int checkout_strategy(const Job *job, const Vars *vars)
{
    const char *named = vars_get(vars, "GIT_STRATEGY");

    if (named && *named)
        return name_value(&strategy_names, named);
    return job->allow_git_fetch ? CHECKOUT_FETCH : CHECKOUT_CLONE;
}

/* "http://host:port/" of a URL. */
static char *origin_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *slash = host ? strchr(host + 3, '/') : NULL;

    return slash ? g_strndup(url, (gsize)(slash + 1 - url)) : g_strconcat(url, "/", NULL);
}

/* What stands before "<project path>.git" in @url; NULL: it does not end so. */
static char *base_of(const char *url, const Vars *vars)
{
    const char *path = vars_get(vars, "CI_PROJECT_PATH");
    g_autofree char *tail = path && *path ? g_strdup_printf("%s.git", path) : NULL;

    if (!tail || !g_str_has_suffix(url, tail))
        return NULL;
    g_autofree char *base = g_strndup(url, strlen(url) - strlen(tail));
    return g_str_has_suffix(base, "/") ? g_steal_pointer(&base) : NULL;
}

char *checkout_url(const Job *job, const Vars *vars, const char *server_url)
{
    g_autofree char *base = base_of(job->git.url, vars);

    if (!base)
        return g_strdup(job->git.url);
    return g_strdup_printf("%s/%s.git", server_url, vars_get(vars, "CI_PROJECT_PATH"));
}

static void add_config(GString *out, int *n, const char *key, const char *value)
{
    g_string_append_printf(out, "export GIT_CONFIG_KEY_%d=", *n);
    script_quote(out, key);
    g_string_append_printf(out, " GIT_CONFIG_VALUE_%d=", *n);
    script_quote(out, value);
    g_string_append_c(out, '\n');
    (*n)++;
}

static void add_environment(GString *out, const Job *job, const char *url)
{
    static const struct {
        const char *key, *value;
    } fixed[] = {
        { "core.hooksPath", "/dev/null" },  { "core.fsmonitor", "false" },
        { "protocol.file.allow", "never" }, { "protocol.ext.allow", "never" },
        { "advice.detachedHead", "false" }, { "gc.auto", "0" },
        { "maintenance.auto", "false" },    { "safe.directory", "*" },
        { "submodule.recurse", "false" },   { "fetch.recurseSubmodules", "false" },
        { "init.defaultBranch", "none" },   { "credential.helper", "" },
    };
    g_autofree char *login = g_strconcat("gitlab-ci-token:", job->token, NULL);
    g_autofree char *encoded = g_base64_encode((const guchar *)login, strlen(login));
    g_autofree char *header = g_strconcat("Authorization: Basic ", encoded, NULL);
    g_autofree char *origin = origin_of(url);
    g_autofree char *header_key = g_strdup_printf("http.%s.extraHeader", origin);
    int n = 0;

    g_string_append(out, "export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=/bin/false "
                         "GIT_LFS_SKIP_SMUDGE=1 GCM_INTERACTIVE=Never\n");
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        add_config(out, &n, fixed[i].key, fixed[i].value);
    add_config(out, &n, header_key, header);
    if (strstr(origin, "://127.") || strstr(origin, "://localhost")) {
        g_autofree char *proxy_key = g_strdup_printf("http.%s.proxy", origin);
        add_config(out, &n, proxy_key, "");
    }
    g_string_append_printf(out, "export GIT_CONFIG_COUNT=%d\n", n);
}

/* A folder that an earlier job left: only its objects and refs are taken over. */
static const char clean_up[] =
    "if [ -L .git ] || { [ -e .git ] && [ ! -d .git ]; }; then rm -rf .git; fi\n"
    "if [ -d .git ]; then\n"
    "  rm -rf .git/config .git/config.worktree .git/hooks .git/commondir .git/info \\\n"
    "    .git/objects/info/alternates .git/objects/info/http-alternates\n"
    "  rm -f .git/index.lock .git/shallow.lock .git/HEAD.lock .git/config.lock "
    ".git/packed-refs.lock\n"
    "fi\n";

static void add_fetch(GString *out, const Job *job, const Vars *vars)
{
    const char *depth = vars_get(vars, "GIT_DEPTH");
    int64_t n = depth ? g_ascii_strtoll(depth, NULL, 10) : job->git.depth;
    const char *extra = vars_get(vars, "GIT_FETCH_EXTRA_FLAGS");
    g_auto(GStrv) flags = NULL;

    if (n > 0) {
        g_string_append_printf(
            out, "echo 'Fetching changes with git depth set to %" G_GINT64_FORMAT "...'\nfull=\n",
            n);
    } else {
        g_string_append(out, "echo 'Fetching changes...'\nfull=\n"
                             "if [ -f .git/shallow ]; then full=--unshallow; fi\n");
    }
    g_string_append(out, "git fetch origin --no-recurse-submodules");
    if (n > 0)
        g_string_append_printf(out, " --depth %" G_GINT64_FORMAT, n);
    g_string_append(out, " $full");
    if (extra && g_shell_parse_argv(extra, NULL, &flags, NULL))
        script_quote_all(out, (const char *const *)flags);
    else
        g_string_append(out, " --prune --quiet");
    g_string_append(out, " --");
    script_quote_all(out, job->git.refspecs);
    g_string_append_c(out, '\n');
}

static void add_submodules(GString *out, const Vars *vars)
{
    const char *strategy = vars_get(vars, "GIT_SUBMODULE_STRATEGY");
    bool recursive = g_strcmp0(strategy, "recursive") == 0;
    const char *depth = vars_get(vars, "GIT_SUBMODULE_DEPTH");
    int64_t n = depth ? g_ascii_strtoll(depth, NULL, 10) : 0;

    if (!recursive && g_strcmp0(strategy, "normal") != 0)
        return;
    g_string_append_printf(
        out,
        "echo 'Updating submodules...'\ngit submodule init\n"
        "git submodule --quiet sync%s\ngit submodule --quiet update --init --force%s",
        recursive ? " --recursive" : "", recursive ? " --recursive" : "");
    if (n > 0)
        g_string_append_printf(out, " --depth %" G_GINT64_FORMAT, n);
    g_string_append_c(out, '\n');
}

static void add_tree(GString *out, const Job *job, const Vars *vars)
{
    const char *checkout = vars_get(vars, "GIT_CHECKOUT");
    const char *clean = vars_get(vars, "GIT_CLEAN_FLAGS");
    g_auto(GStrv) flags = NULL;

    if (g_strcmp0(checkout, "false") == 0 || g_strcmp0(checkout, "0") == 0) {
        g_string_append(out, "echo 'Skipping Git checkout'\n");
    } else {
        g_autofree char *line = g_strdup_printf("Checking out %.*s as detached HEAD (ref is %s)...",
                                                SHORT_SHA, job->git.sha, job->git.ref);
        g_string_append(out, "echo ");
        script_quote(out, line);
        g_string_append_printf(out, "\ngit checkout -f -q %s --\n", job->git.sha);
    }
    if (g_strcmp0(clean, "none") == 0)
        return;
    g_string_append(out, "git clean");
    if (clean && *clean && g_shell_parse_argv(clean, NULL, &flags, NULL))
        script_quote_all(out, (const char *const *)flags);
    else
        g_string_append(out, " -ffdx");
    g_string_append_c(out, '\n');
}

char *checkout_script(const Job *job, const Vars *vars, const char *build_dir, const char *url)
{
    GString *out = g_string_new("set -eo pipefail\ncd ");
    const char *format = job->git.object_format;

    script_quote(out, build_dir);
    g_string_append_c(out, '\n');
    add_environment(out, job, url);
    g_string_append(out, clean_up);
    g_string_append(out, "git init -q --template=");
    if (format && !g_str_equal(format, "sha1"))
        g_string_append_printf(out, " --object-format %s", format);
    g_string_append(out, " .\ngit remote add origin ");
    script_quote(out, url);
    g_string_append_c(out, '\n');
    add_fetch(out, job, vars);
    add_tree(out, job, vars);
    add_submodules(out, vars);
    return g_string_free(out, FALSE);
}

void checkout_add_credentials(Vars *vars, const Job *job, const char *url)
{
    g_autofree char *origin = origin_of(url);
    g_autofree char *helper_key = g_strdup_printf("credential.%s.helper", origin);
    g_autofree char *here = base_of(url, vars);
    g_autofree char *there = base_of(job->git.url, vars);
    bool elsewhere = here && there && !g_str_equal(here, there);

    if (vars_get(vars, "GIT_CONFIG_COUNT"))
        return;
    vars_put(vars, "GIT_CONFIG_COUNT", elsewhere ? "2" : "1");
    vars_put(vars, "GIT_CONFIG_KEY_0", helper_key);
    vars_put(vars, "GIT_CONFIG_VALUE_0",
             "!f() { echo username=gitlab-ci-token; echo \"password=$CI_JOB_TOKEN\"; }; f");
    if (!elsewhere)
        return;
    g_autofree char *there_key = g_strdup_printf("url.%s.insteadOf", here);
    vars_put(vars, "GIT_CONFIG_KEY_1", there_key);
    vars_put(vars, "GIT_CONFIG_VALUE_1", there);
}
