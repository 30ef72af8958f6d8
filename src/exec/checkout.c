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

/* Addresses of this server in .gitmodules become the one that the runner reaches it at. */
static void add_rewrites(GString *out, int *n, const Job *job, const Vars *vars, const char *url)
{
    static const char *const forms[] = { "git@%s:", "ssh://git@%s/", "ssh://git@%s:%s/" };
    g_autofree char *here = base_of(url, vars);
    g_autofree char *there = base_of(job->git.url, vars);
    g_autofree char *key = here ? g_strdup_printf("url.%s.insteadOf", here) : NULL;
    const char *host = vars_get(vars, "CI_SERVER_SHELL_SSH_HOST");
    const char *port = vars_get(vars, "CI_SERVER_SHELL_SSH_PORT");

    if (!host || !*host)
        host = vars_get(vars, "CI_SERVER_HOST");
    if (key && there && !g_str_equal(here, there))
        add_config(out, n, key, there);
    if (!key || !host || !*host || !vars_is_true(vars, "GIT_SUBMODULE_FORCE_HTTPS"))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GString) text = g_string_new(forms[i]);
        g_string_replace(text, "%s", host, 1);
        g_string_replace(text, "%s", port && *port ? port : "22", 1);
        add_config(out, n, key, text->str);
    }
}

static void add_environment(GString *out, const Job *job, const Vars *vars, const char *url)
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
    add_rewrites(out, &n, job, vars, url);
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
    "  if [ -d .git/modules ]; then\n"
    "    find .git/modules \\( -name config -o -name config.worktree -o -name '*.lock' \\) \\\n"
    "      -type f -delete\n"
    "    find .git/modules -depth -type d -name hooks -exec rm -rf {} +\n"
    "  fi\n"
    "fi\n";

/* Appends the words of the variable @key, or @otherwise if there are none. */
static void add_flags(GString *out, const Vars *vars, const char *key, const char *otherwise)
{
    const char *text = vars_get(vars, key);
    g_auto(GStrv) flags = NULL;

    if (text && *text && g_shell_parse_argv(text, NULL, &flags, NULL))
        script_quote_all(out, (const char *const *)flags);
    else
        g_string_append(out, otherwise);
}

static bool cleans(const Vars *vars)
{
    return g_strcmp0(vars_get(vars, "GIT_CLEAN_FLAGS"), "none") != 0;
}

static void add_fetch(GString *out, const Job *job, const Vars *vars)
{
    const char *depth = vars_get(vars, "GIT_DEPTH");
    int64_t n = depth ? g_ascii_strtoll(depth, NULL, 10) : job->git.depth;

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
    add_flags(out, vars, "GIT_FETCH_EXTRA_FLAGS", " --prune --quiet");
    g_string_append(out, " --");
    script_quote_all(out, job->git.refspecs);
    g_string_append_c(out, '\n');
}

static bool wants_submodules(const Vars *vars)
{
    const char *strategy = vars_get(vars, "GIT_SUBMODULE_STRATEGY");

    return g_strcmp0(strategy, "normal") == 0 || g_strcmp0(strategy, "recursive") == 0;
}

/* Appends "-- path..." of GIT_SUBMODULE_PATHS, which may hold ":(exclude)path". */
static void add_submodule_paths(GString *out, const Vars *vars)
{
    if (!vars_get(vars, "GIT_SUBMODULE_PATHS"))
        return;
    g_string_append(out, " --");
    add_flags(out, vars, "GIT_SUBMODULE_PATHS", "");
}

static void add_submodules(GString *out, const Vars *vars)
{
    const char *strategy = vars_get(vars, "GIT_SUBMODULE_STRATEGY");
    const char *recursive = g_strcmp0(strategy, "recursive") == 0 ? " --recursive" : "";
    const char *depth = vars_get(vars, "GIT_SUBMODULE_DEPTH");
    int64_t n = depth ? g_ascii_strtoll(depth, NULL, 10) : 0;

    if (!wants_submodules(vars))
        return;
    g_string_append_printf(out, "echo 'Updating/initializing submodules%s...'\ngit submodule init",
                           *recursive ? " recursively" : "");
    add_submodule_paths(out, vars);
    g_string_append_printf(out, "\ngit submodule --quiet sync%s", recursive);
    add_submodule_paths(out, vars);
    g_string_append_printf(out, "\ngit submodule --quiet update --init --force%s", recursive);
    if (n > 0)
        g_string_append_printf(out, " --depth %" G_GINT64_FORMAT, n);
    add_flags(out, vars, "GIT_SUBMODULE_UPDATE_FLAGS", "");
    add_submodule_paths(out, vars);
    if (cleans(vars)) {
        g_autoptr(GString) clean = g_string_new("git clean -q");
        add_flags(clean, vars, "GIT_CLEAN_FLAGS", " -ffdx");
        g_string_append_printf(out, "\ngit submodule --quiet foreach%s ", recursive);
        script_quote(out, clean->str);
    }
    g_string_append_c(out, '\n');
}

/* What jobs have left in the folders of submodules goes; update brings their content back. */
static const char empty_submodules[] =
    "git ls-files -z --stage | while IFS= read -r -d '' REPLY; do\n"
    "  case $REPLY in\n"
    "  160000*) rm -rf -- \"${REPLY#*$'\\t'}\"; mkdir -p -- \"${REPLY#*$'\\t'}\" ;;\n"
    "  esac\n"
    "done\n";

static void add_tree(GString *out, const Job *job, const Vars *vars)
{
    const char *checkout = vars_get(vars, "GIT_CHECKOUT");

    if (g_strcmp0(checkout, "false") == 0 || g_strcmp0(checkout, "0") == 0) {
        g_string_append(out, "echo 'Skipping Git checkout'\n");
    } else {
        g_autofree char *line = g_strdup_printf("Checking out %.*s as detached HEAD (ref is %s)...",
                                                SHORT_SHA, job->git.sha, job->git.ref);
        g_string_append(out, "echo ");
        script_quote(out, line);
        g_string_append_printf(out, "\ngit checkout -f -q %s --\n", job->git.sha);
        g_string_append_printf(out, "if %s; then\n%sfi\n",
                               wants_submodules(vars) ? "true" : "[ -d .git/modules ]",
                               empty_submodules);
    }
    if (!cleans(vars))
        return;
    g_string_append(out, "git clean");
    add_flags(out, vars, "GIT_CLEAN_FLAGS", " -ffdx");
    g_string_append_c(out, '\n');
}

/* The files behind the pointers stay where they are: said, so that nobody is surprised. */
static const char tell_of_lfs[] =
    "if [ -f .gitattributes ] && mapfile -t REPLY < .gitattributes &&\n"
    "   [[ \"${REPLY[*]}\" == *filter=lfs* ]]; then\n"
    "  echo $'\\e[0;33mWARNING: this runner does not fetch the files that Git LFS keeps: '\\\n"
    "'the work tree has their pointers\\e[0;m'\n"
    "fi\n";

char *checkout_script(const Job *job, const Vars *vars, const char *build_dir, const char *url)
{
    GString *out = g_string_new("set -eo pipefail\ncd ");
    const char *format = job->git.object_format;

    script_quote(out, build_dir);
    g_string_append_c(out, '\n');
    add_environment(out, job, vars, url);
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
    if (!vars_is_true(vars, "GIT_LFS_SKIP_SMUDGE"))
        g_string_append(out, tell_of_lfs);
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
