/* phases.c - each phase either lets the next one follow or fills in the Ending, which decides what
 * still runs and what is reported. */
#include "exec/phases.h"

#include "exec/artifacts.h"
#include "exec/cache.h"
#include "exec/checkout.h"
#include "exec/files.h"
#include "exec/jobenv.h"
#include "exec/podman.h"
#include "exec/sandbox.h"
#include "exec/script.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    GRACE_S = 8, /* between SIGTERM and SIGKILL: a stopping runner has 10 */
    AFTER_SCRIPT_S = 300,
    MAX_ATTEMPTS = 10,
    OWN_ATTEMPTS = 3, /* where the job does not say */
    AWAIT_FIRST_US = 50 * 1000,
    AWAIT_LAST_US = 1000 * 1000
};

static const struct {
    const char *reason;
    const char *status; /* CI_JOB_STATUS for after_script */
    bool goes_on;       /* after_script, cache and artifacts follow */
} end_kinds[N_END_KINDS] = {
    [END_SUCCESS] = { NULL, "success", true },
    [END_FAILED] = { "script_failure", "failed", true },
    [END_SYSTEM] = { "runner_system_failure", "failed", true },
    [END_IMAGE] = { "image_pull_failure", "failed", false },
    [END_TIMEOUT] = { "job_execution_timeout", "timedout", false },
    [END_SCRIPT_TIMEOUT] = { "job_execution_timeout", "timedout", true },
    [END_CANCELED] = { "job_canceled", "canceled", true },
    [END_STOPPED] = { "runner_system_failure", "failed", false },
};

const char *end_reason(EndKind kind)
{
    return end_kinds[kind].reason;
}

void end_with(Ending *ending, EndKind kind, const char *format, ...)
{
    va_list args;

    if (ending->kind != END_SUCCESS)
        return;
    va_start(args, format);
    ending->kind = kind;
    ending->message = g_strdup_vprintf(format, args);
    va_end(args);
}

/* Scripts -------------------------------------------------------------------------------------- */

static void into_trace(void *data, const char *bytes, size_t n)
{
    JobRun *run = data;

    trace_write(run->trace, bytes, n);
}

static char **script_argv(JobRun *run, const char *path, const ScriptOptions *script, Error *err)
{
    const ExecOptions *options = run->context->options;
    const char *const command[] = { "/bin/bash", script->plain ? "--norc" : "--login", path, NULL };
    const char *const writable[] = { run->build_dir, run->script_dir, NULL };
    SandboxSpec spec = { .writable = writable,
                         .hidden_dir = run->context->hidden_dir,
                         .cwd = run->build_dir,
                         .network = script->network || !options->no_network };

    return options->sandbox ? sandbox_argv(&spec, command, err) : g_strdupv((char **)command);
}

bool job_script(JobRun *run, const char *name, const char *text, const ScriptOptions *options,
                ProcessResult *result, Error *err)
{
    const JobContext *context = run->context;
    Containers *containers = options->plain ? NULL : run->containers;
    ProcessTerm uncontained = context->options->sandbox ? PROCESS_TERM_INSIDE : PROCESS_TERM_TREE;
    g_autofree char *path = containers ? g_strdup(containers_script(containers))
                                       : g_strdup_printf("%s/%s.sh", run->script_dir, name);
    g_auto(GStrv) argv =
        containers ? containers_argv(containers, err) : script_argv(run, path, options, err);
    g_auto(GStrv) env = containers ? podman_environment() : jobenv_environment(run);

    if (!argv || !files_write(path, text, err))
        return false;
    ProcessSpec spec = { .job_id = run->job->id,
                         .argv = (const char *const *)argv,
                         .env = (const char *const *)env,
                         .cwd = run->build_dir,
                         .term = containers ? PROCESS_TERM_LEADER : uncontained,
                         .control = context->control,
                         .stop_at = options->stop_at,
                         .deadline_us = options->deadline_us,
                         .grace_s = GRACE_S,
                         .output = options->output ? options->output : into_trace,
                         .data = options->output ? options->data : run };
    bool ok = spawner_run(context->spawner, &spec, result, err);
    g_unlink(path);
    trace_flush(run->trace);
    if (containers && ok && result->exit_code == 128 + SIGKILL)
        containers_spoil(containers);
    return ok;
}

/* What stopping means where nothing else was going on. */
static bool is_stopped(JobRun *run, StopLevel at, Ending *ending)
{
    StopLevel level = control_level(run->context->control);

    if (level < at || level == STOP_NONE)
        return false;
    if (level == STOP_CANCEL)
        end_with(ending, END_CANCELED, "canceled");
    else if (level == STOP_SHUTDOWN)
        end_with(ending, END_STOPPED, "the runner was told to stop");
    else
        end_with(ending, END_STOPPED, "aborted");
    return true;
}

/* Runs a script and turns its result into @ending.  @kind: what a non-zero exit is. */
static bool run_script(JobRun *run, const char *name, const char *text,
                       const ScriptOptions *options, EndKind kind, Ending *ending)
{
    ProcessResult result = { 0 };
    g_auto(Error) err = ERROR_INIT;

    if (is_stopped(run, options->stop_at, ending))
        return false;
    if (!job_script(run, name, text, options, &result, &err)) {
        end_with(ending, END_SYSTEM, "%s", error_text(&err));
        return false;
    }
    switch (result.end) {
    case PROCESS_EXITED:
        if (result.exit_code == 0)
            return true;
        ending->exit_code = result.exit_code;
        end_with(ending, kind, "exit code %d", result.exit_code);
        return false;
    case PROCESS_TIMED_OUT:
        if (options->deadline_us >= run->deadline_us)
            end_with(ending, END_TIMEOUT, "execution took longer than %" G_GINT64_FORMAT " seconds",
                     run->job->timeout_s);
        else
            end_with(ending, END_SCRIPT_TIMEOUT, "the script took longer than its own limit");
        return false;
    case PROCESS_STOPPED:
        is_stopped(run, options->stop_at, ending);
        return false;
    }
    return false;
}

/* Phases --------------------------------------------------------------------------------------- */

static void begin_section(JobRun *run, const char *name, const char *title)
{
    if (run->job->trace_sections)
        trace_printf(run->trace, "section_start:%" G_GINT64_FORMAT ":%s\r\033[0K",
                     (int64_t)time(NULL), name);
    trace_printf(run->trace, "\033[0K\033[36;1m%s\033[0;m\033[0;m\n", title);
}

static void end_section(JobRun *run, const char *name)
{
    if (run->job->trace_sections)
        trace_printf(run->trace, "section_end:%" G_GINT64_FORMAT ":%s\r\033[0K",
                     (int64_t)time(NULL), name);
}

static bool make_containers(JobRun *run, Ending *ending)
{
    g_auto(Error) err = ERROR_INIT;
    bool failed = false, pull = false;

    run->containers = containers_new(run, &failed, &pull, &err);
    trace_flush(run->trace);
    if (failed && !is_stopped(run, STOP_CANCEL, ending))
        end_with(ending, pull ? END_IMAGE : END_SYSTEM, "%s", error_text(&err));
    return !failed;
}

static bool image_is_accepted(JobRun *run, Ending *ending)
{
    const Job *job = run->job;
    const char *what = job->image.name ? job->image.name : "";

    if (!job->image.name && job->n_services == 0)
        return true;
    if (run->context->options->podman && job->image.name)
        return make_containers(run, ending);
    if (run->context->options->ignore_image) {
        trace_printf(run->trace, "This executor has no images: going on without %s\n",
                     job->image.name ? what : "the services");
        return true;
    }
    if (job->image.name)
        end_with(ending, END_STOPPED,
                 "This job names the image '%s'; this executor has no images. Set ignore-image to "
                 "run such jobs without them, or use a gitlab-runner with the docker executor",
                 what);
    else
        end_with(ending, END_STOPPED,
                 "This job names services but no image; without one this executor has none. Set "
                 "ignore-image to run such "
                 "jobs without them, or use a gitlab-runner with the docker executor");
    return false;
}

static bool prepare(JobRun *run, Ending *ending)
{
    const ExecOptions *options = run->context->options;
    char host[256] = "";

    g_autofree char *title =
        g_strdup_printf("Preparing the \"%s\" executor", exec_executor_name(options));
    begin_section(run, "prepare_executor", title);
    bool ok = image_is_accepted(run, ending);
    if (ok) {
        gethostname(host, sizeof host - 1);
        trace_printf(run->trace, "Running on %s...\n", host);
    }
    end_section(run, "prepare_executor");
    return ok;
}

static bool run_hook(JobRun *run, const char *name, const char *const *lines, Ending *ending)
{
    ScriptOptions options = { .stop_at = STOP_CANCEL, .deadline_us = run->deadline_us };

    if (!lines || !lines[0])
        return true;
    g_autoptr(GString) text = script_begin(run->vars, run->build_dir, !run->containers);
    script_add_lines(text, lines);
    return run_script(run, name, text->str, &options, END_FAILED, ending);
}

static int attempts(const JobRun *run, const char *key)
{
    const char *text = vars_get(run->vars, key);

    return text ? (int)CLAMP(g_ascii_strtoll(text, NULL, 10), 1, MAX_ATTEMPTS) : OWN_ATTEMPTS;
}

/* Waits until the server answers again, or the job is to stop: git has no patience of its own for a
 * server that is being restarted. */
static void await_server(JobRun *run)
{
    JobUpdate update = { .id = run->job->id, .token = run->job->token, .state = "running" };

    for (int64_t pause = AWAIT_FIRST_US; control_level(run->context->control) == STOP_NONE;
         pause = MIN(pause * 2, AWAIT_LAST_US)) {
        g_auto(ClientReply) reply = { 0 };
        if (client_update_job(run->client, &update, &reply, NULL) && reply.status < 500)
            return;
        g_usleep((gulong)pause);
    }
}

static bool empty_build_dir(JobRun *run, Ending *ending)
{
    g_auto(Error) err = ERROR_INIT;

    if (files_remove_tree(run->build_dir, &err) && files_make_dir(run->build_dir, &err))
        return true;
    end_with(ending, END_SYSTEM, "%s", error_text(&err));
    return false;
}

/* One try after the other; a failed one is followed by an empty folder. */
static bool run_checkout(JobRun *run, Ending *ending)
{
    ScriptOptions options = {
        .stop_at = STOP_CANCEL, .deadline_us = run->deadline_us, .network = true, .plain = true
    };
    g_autofree char *server = coordinator_url(run->context->server);
    g_autofree char *url = checkout_url(run->job, run->vars, server);
    g_autofree char *text = checkout_script(run->job, run->vars, run->build_dir, url);

    for (int left = attempts(run, "GET_SOURCES_ATTEMPTS"); left > 1; left--) {
        Ending first = { 0 };
        bool ok = run_script(run, "get_sources", text, &options, END_SYSTEM, &first);
        bool again = first.kind == END_SYSTEM;
        if (!ok && !again)
            end_with(ending, first.kind, "%s", first.message);
        g_free(first.message);
        if (ok || !again)
            return ok;
        await_server(run);
        if (!empty_build_dir(run, ending))
            return false;
    }
    return run_script(run, "get_sources", text, &options, END_SYSTEM, ending);
}

static bool get_sources_by(JobRun *run, int strategy, Ending *ending)
{
    if (vars_get(run->vars, "GIT_CLONE_PATH")) {
        end_with(ending, END_SYSTEM,
                 "GIT_CLONE_PATH is set, but this runner chooses the build folder itself");
        return false;
    }
    if (strategy < 0) {
        end_with(ending, END_SYSTEM, "GIT_STRATEGY '%s' is unknown",
                 vars_get(run->vars, "GIT_STRATEGY"));
        return false;
    }
    switch ((CheckoutStrategy)strategy) {
    case CHECKOUT_NONE:
        trace_printf(run->trace, "Skipping Git repository setup\n");
        return true;
    case CHECKOUT_EMPTY:
        trace_printf(run->trace, "Skipping Git repository setup and creating an empty folder\n");
        return empty_build_dir(run, ending);
    case CHECKOUT_CLONE:
        if (!empty_build_dir(run, ending))
            return false;
        break;
    case CHECKOUT_FETCH:
    case N_CHECKOUT_STRATEGIES:
        break;
    }
    return run_hook(run, "pre_get_sources", run->job->pre_sources, ending) &&
           run_checkout(run, ending) &&
           run_hook(run, "post_get_sources", run->job->post_sources, ending);
}

static bool get_sources(JobRun *run, Ending *ending)
{
    begin_section(run, "get_sources", "Getting source from Git repository");
    bool ok = get_sources_by(run, checkout_strategy(run->job, run->vars), ending);
    end_section(run, "get_sources");
    return ok;
}

static bool fetch_inputs(JobRun *run, Ending *ending)
{
    g_auto(Error) err = ERROR_INIT;

    if (run->job->n_caches > 0) {
        begin_section(run, "restore_cache", "Restoring cache");
        cache_restore(run);
        end_section(run, "restore_cache");
    }
    if (run->job->n_dependencies > 0 && !is_stopped(run, STOP_CANCEL, ending)) {
        begin_section(run, "download_artifacts", "Downloading artifacts");
        bool ok = false;
        for (int left = attempts(run, "ARTIFACT_DOWNLOAD_ATTEMPTS"); !ok && left > 0; left--) {
            error_clear(&err);
            ok = artifacts_download(run, &err);
        }
        end_section(run, "download_artifacts");
        if (!ok && !is_stopped(run, STOP_CANCEL, ending))
            end_with(ending, END_SYSTEM, "%s", error_text(&err));
    }
    return ending->kind == END_SUCCESS;
}

/* Now + the limit that the variable @key sets, at most the job's own end. */
static int64_t step_deadline(const JobRun *run, const char *key, int64_t otherwise_s)
{
    int64_t limit_s = script_duration_s(vars_get(run->vars, key));

    if (limit_s == 0)
        limit_s = otherwise_s;
    if (limit_s == 0)
        return run->deadline_us;
    return MIN(run->deadline_us, g_get_monotonic_time() + limit_s * G_USEC_PER_SEC);
}

static bool is_after_script(const JobStep *step)
{
    return g_str_equal(step->name, "after_script");
}

static void run_step(JobRun *run, const JobStep *step, Ending *ending)
{
    g_autofree char *section = g_strconcat("step_", step->name, NULL);
    g_autofree char *title = g_strdup_printf("Executing \"%s\" stage of the job script", section);
    g_autoptr(GString) text = script_begin(run->vars, run->build_dir, !run->containers);
    ScriptOptions options = { .stop_at = STOP_CANCEL,
                              .deadline_us = step_deadline(run, "RUNNER_SCRIPT_TIMEOUT", 0) };

    g_strcanon(section, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", '-');
    script_add_lines(text, step->script);
    begin_section(run, section, title);
    run_script(run, section, text->str, &options, END_FAILED, ending);
    end_section(run, section);
}

/* Its own end changes nothing, unless AFTER_SCRIPT_IGNORE_ERRORS is false. */
static void run_after_script(JobRun *run, const JobStep *step, Ending *ending)
{
    ScriptOptions options = {
        .stop_at = STOP_SHUTDOWN,
        .deadline_us = step_deadline(run, "RUNNER_AFTER_SCRIPT_TIMEOUT", AFTER_SCRIPT_S),
    };
    const char *ignore = vars_get(run->vars, "AFTER_SCRIPT_IGNORE_ERRORS");
    Ending own = { 0 };

    vars_put(run->vars, "CI_JOB_STATUS", end_kinds[ending->kind].status);
    g_autoptr(GString) text = script_begin(run->vars, run->build_dir, !run->containers);
    script_add_lines(text, step->script);
    begin_section(run, "after_script", "Running after_script");
    if (!run_script(run, "after_script", text->str, &options, END_FAILED, &own)) {
        bool counts = !end_kinds[own.kind].goes_on || g_strcmp0(ignore, "false") == 0;
        trace_printf(run->trace, "\033[0;33mWARNING: after_script failed%s: %s\033[0;m\n",
                     counts ? "" : ", but the job goes on", own.message);
        if (counts && ending->kind == END_SUCCESS)
            ending->exit_code = own.exit_code;
        if (counts)
            end_with(ending, own.kind, "%s", own.message);
    }
    end_section(run, "after_script");
    g_free(own.message);
}

static void run_steps(JobRun *run, Ending *ending)
{
    const Job *job = run->job;

    run->script_began = true;
    for (size_t i = 0; i < job->n_steps && ending->kind == END_SUCCESS; i++)
        if (!is_after_script(&job->steps[i]))
            run_step(run, &job->steps[i], ending);
    if (ending->kind == END_CANCELED)
        trace_printf(run->trace, "\033[0;33mWARNING: script canceled externally\033[0;m\n");
    for (size_t i = 0; i < job->n_steps && end_kinds[ending->kind].goes_on; i++)
        if (is_after_script(&job->steps[i]))
            run_after_script(run, &job->steps[i], ending);
}

static void hand_over(JobRun *run, Ending *ending)
{
    bool success = ending->kind == END_SUCCESS;
    g_auto(Error) err = ERROR_INIT;

    if (!end_kinds[ending->kind].goes_on || (ending->kind == END_CANCELED && !run->script_began))
        return;
    if (run->job->n_caches > 0) {
        begin_section(run, success ? "archive_cache" : "archive_cache_on_failure", "Saving cache");
        cache_store(run, success);
        end_section(run, success ? "archive_cache" : "archive_cache_on_failure");
    }
    if (!artifacts_wanted(run->job, success))
        return;
    const char *section = success ? "upload_artifacts_on_success" : "upload_artifacts_on_failure";
    begin_section(run, section,
                  success ? "Uploading artifacts for successful job"
                          : "Uploading artifacts for failed job");
    if (!artifacts_upload(run, success, &err))
        end_with(ending, END_SYSTEM, "%s", error_text(&err));
    end_section(run, section);
}

static bool transfer_is_over(void *data)
{
    const JobRun *run = data;

    return control_level(run->context->control) >= STOP_SHUTDOWN ||
           g_get_monotonic_time() >= run->deadline_us;
}

void phases_run(JobRun *run, Ending *ending)
{
    g_auto(Error) err = ERROR_INIT;

    run->deadline_us = g_get_monotonic_time() + run->job->timeout_s * G_USEC_PER_SEC;
    if (!jobenv_make_dirs(run, &err) || !jobenv_make_vars(run, &err)) {
        end_with(ending, END_SYSTEM, "%s", error_text(&err));
        return;
    }
    run->client = client_new(run->context->server, transfer_is_over, run);
    if (prepare(run, ending) && get_sources(run, ending) && fetch_inputs(run, ending))
        run_steps(run, ending);
    hand_over(run, ending);
    containers_free(run->containers);
    client_free(run->client);
}
