/* jobenv.c - section 7.2 of the protocol, and the folders of section 7.1. */
#include "exec/jobenv.h"

#include "base/version.h"
#include "exec/checkout.h"
#include "exec/files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/utsname.h>

enum { SHORT_TOKEN = 9 };

char *jobenv_short_token(const char *token)
{
    static const char *const prefixes[] = { "glrtr-", "glrt-", "glcbt-", NULL };

    for (size_t i = 0; prefixes[i]; i++) {
        if (g_str_has_prefix(token, prefixes[i])) {
            token += strlen(prefixes[i]);
            break;
        }
    }
    if (token[0] == 't' && token[1] >= '1' && token[1] <= '3' && token[2] == '_')
        token += 3;
    g_autofree char *text = g_strndup(token, SHORT_TOKEN);
    return g_strdup(
        g_strcanon(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", '_'));
}

/* Folders ------------------------------------------------------------------------------------- */

bool jobenv_make_dirs(JobRun *run, Error *err)
{
    const JobContext *context = run->context;
    g_autofree char *token = jobenv_short_token(context->options->token);

    run->base_dir = g_strdup_printf("%s/builds/%s/%d", context->work_dir, token, context->slot);
    run->build_dir = g_strdup_printf("%s/%s", run->base_dir, run->job->git.path);
    run->tmp_dir = g_strconcat(run->build_dir, ".tmp", NULL);
    run->private_dir = g_build_filename(run->tmp_dir, "private", NULL);
    run->script_dir = g_build_filename(run->tmp_dir, "job", NULL);
    g_autofree char *home = g_build_filename(run->script_dir, "home", NULL);
    g_autofree char *files = g_build_filename(run->script_dir, "files", NULL);
    run->note =
        g_strdup_printf("%s/jobs/%" G_GINT64_FORMAT ".dir", context->work_dir, run->job->id);
    return files_remove_tree(run->tmp_dir, err) && files_make_dir(run->build_dir, err) &&
           files_write(run->note, run->tmp_dir, err) && files_make_dir(run->private_dir, err) &&
           files_make_dir(home, err) && files_make_dir(files, err);
}

void jobenv_remove_dirs(JobRun *run)
{
    /* If it fails, the next job here, or the next start by the note, tries again, and tells. */
    if (run->tmp_dir && files_remove_tree(run->tmp_dir, NULL))
        g_unlink(run->note);
}

/* Variables ----------------------------------------------------------------------------------- */

static void put_int(Vars *vars, const char *key, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    vars_put(vars, key, text);
}

static void put_first(JobRun *run)
{
    const JobContext *context = run->context;
    g_autofree char *token = jobenv_short_token(context->options->token);
    g_autofree char *environment = g_build_filename(run->script_dir, "gitlab_env", NULL);
    Vars *vars = run->vars;

    vars_put(vars, "CI_RUNNER_SHORT_TOKEN", token);
    vars_put(vars, "CI_BUILDS_DIR", run->base_dir);
    vars_put(vars, "CI_PROJECT_DIR", run->build_dir);
    put_int(vars, "CI_CONCURRENT_ID", context->slot);
    put_int(vars, "CI_CONCURRENT_PROJECT_ID", context->slot);
    vars_put(vars, "CI_SERVER", "yes");
    vars_put(vars, "CI_JOB_STATUS", "running");
    put_int(vars, "CI_JOB_TIMEOUT", run->job->timeout_s);
    vars_put(vars, "GITLAB_ENV", environment);
    if (run->job->image.name)
        vars_put(vars, "CI_JOB_IMAGE", run->job->image.name);
}

/* The names that the Go world gives to what uname() says; others stay. */
static const char *machine_name(const char *machine)
{
    static const char *const names[][2] = {
        { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" }
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(machine, names[i][0]))
            return names[i][1];
    return machine;
}

static void put_last(JobRun *run)
{
    bool sandbox = run->context->options->sandbox;
    struct utsname system = { 0 };

    uname(&system);
    g_autofree char *arch = g_strconcat("linux/", machine_name(system.machine), NULL);

    vars_put(run->vars, sandbox ? "CI_DISPOSABLE_ENVIRONMENT" : "CI_SHARED_ENVIRONMENT", "true");
    vars_put(run->vars, "CI_RUNNER_VERSION", PENSTOCK_API_VERSION);
    vars_put(run->vars, "CI_RUNNER_REVISION", PENSTOCK_REVISION);
    vars_put(run->vars, "CI_RUNNER_EXECUTABLE_ARCH", arch);
    vars_put(run->vars, "RUNNER_TEMP_PROJECT_DIR", run->script_dir);
}

/* The words and the parameters that hold a secret wherever they come from. */
static void mask_known_forms(JobRun *run)
{
    static const char *const prefixes[] = { "gloas-",           "gldt-",   "glrt-",   "glcbt-",
                                            "glrtr-",           "glptt-",  "glft-",   "glimt-",
                                            "glagent-",         "glsoat-", "glffct-", "gltok-",
                                            "_gitlab_session=", NULL };
    static const char *const parameters[] = {
        "private_token",    "authenticity_token",   "rss_token", "x-amz-signature",
        "x-amz-credential", "x-amz-security-token", NULL
    };
    const char *all = vars_get(run->vars, "FF_MASK_ALL_DEFAULT_TOKENS");
    bool few = all && !vars_is_true(run->vars, "FF_MASK_ALL_DEFAULT_TOKENS");

    trace_mask_prefix(run->trace, "glpat-");
    for (size_t i = 0; prefixes[i] && !few; i++)
        trace_mask_prefix(run->trace, prefixes[i]);
    for (size_t i = 0; run->job->token_prefixes[i]; i++)
        trace_mask_prefix(run->trace, run->job->token_prefixes[i]);
    for (size_t i = 0; parameters[i]; i++)
        trace_mask_parameter(run->trace, parameters[i]);
}

static void mask_secrets(JobRun *run)
{
    g_autofree char *login = g_strconcat("gitlab-ci-token:", run->job->token, NULL);
    g_autofree char *encoded = g_base64_encode((const guchar *)login, strlen(login));

    trace_mask(run->trace, encoded);
    for (size_t i = 0; i < vars_count(run->vars); i++) {
        const Var *var = vars_at(run->vars, i);
        if (var->masked)
            trace_mask(run->trace, var->file ? var->file : var->value);
    }
    mask_known_forms(run);
}

static bool write_file_variables(JobRun *run, Error *err)
{
    for (size_t i = 0; i < vars_count(run->vars); i++) {
        const Var *var = vars_at(run->vars, i);
        if (var->file && !files_write(var->value, var->file, err))
            return false;
    }
    return true;
}

bool jobenv_make_vars(JobRun *run, Error *err)
{
    const Job *job = run->job;
    g_autofree char *server = coordinator_url(run->context->server);

    run->vars = vars_new();
    put_first(run);
    for (size_t i = 0; i < job->n_variables; i++) {
        const JobVariable *from = &job->variables[i];
        g_autofree char *path =
            from->file ? g_build_filename(run->script_dir, "files", from->key, NULL) : NULL;
        vars_take(run->vars, (Var){ .key = g_strdup(from->key),
                                    .value = g_strdup(path ? path : from->value),
                                    .file = path ? g_strdup(from->value) : NULL,
                                    .raw = from->raw,
                                    .masked = from->masked });
    }
    put_last(run);
    vars_resolve(run->vars);
    g_autofree char *url = checkout_url(job, run->vars, server);
    checkout_add_credentials(run->vars, job, url);
    mask_secrets(run);
    return write_file_variables(run, err);
}

/* Environment --------------------------------------------------------------------------------- */

/* What a sandboxed job gets of the runner's environment. */
static bool passes_sandbox(const char *entry)
{
    static const char *const names[] = {
        "PATH=",        "LANG=",        "LC_",       "TZ=",       "http_proxy=", "HTTP_PROXY=",
        "https_proxy=", "HTTPS_PROXY=", "no_proxy=", "NO_PROXY=", NULL
    };

    for (size_t i = 0; names[i]; i++)
        if (g_str_has_prefix(entry, names[i]))
            return true;
    return false;
}

char **jobenv_environment(const JobRun *run)
{
    bool sandbox = run->context->options->sandbox;
    g_auto(GStrv) own = g_get_environ();
    GPtrArray *out = g_ptr_array_new();

    for (char **entry = own; *entry; entry++) {
        if (g_str_has_prefix(*entry, "PENSTOCK_") || (sandbox && !passes_sandbox(*entry)))
            continue;
        g_ptr_array_add(out, g_strdup(*entry));
    }
    g_ptr_array_add(out, NULL);
    char **env = (char **)g_ptr_array_free(out, FALSE);
    if (!g_environ_getenv(env, "PATH"))
        env = g_environ_setenv(env, "PATH", "/usr/local/bin:/usr/bin:/bin", TRUE);
    if (!sandbox)
        return env;
    g_autofree char *home = g_build_filename(run->script_dir, "home", NULL);
    env = g_environ_setenv(env, "HOME", home, TRUE);
    return g_environ_setenv(env, "USER", g_get_user_name(), TRUE);
}
