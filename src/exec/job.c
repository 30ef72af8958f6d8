/* job.c - from payload to final state: confirm, keep a log, let the phases run, report. */
#include "exec/job.h"

#include "base/log.h"
#include "base/version.h"
#include "exec/jobenv.h"
#include "exec/phases.h"

#include <glib/gstdio.h>

enum { CONFIRM_FIRST_US = 50 * 1000, CONFIRM_LAST_US = 1000 * 1000 };

static void run_clear(JobRun *run)
{
    vars_free(run->vars);
    g_free(run->base_dir);
    g_free(run->build_dir);
    g_free(run->tmp_dir);
    g_free(run->private_dir);
    g_free(run->script_dir);
    g_free(run->note);
}

static void tell_ending(Trace *trace, const Ending *ending)
{
    if (ending->kind == END_SUCCESS)
        trace_printf(trace, "\033[32;1mJob succeeded\033[0;m\n");
    else
        trace_printf(trace, "\033[31;1mERROR: Job failed: %s\033[0;m\n", ending->message);
}

static Outcome outcome_of(const Job *job, const Ending *ending)
{
    Outcome outcome = { .success = ending->kind == END_SUCCESS,
                        .failure_reason = end_reason(ending->kind) };

    if (ending->kind == END_FAILED)
        outcome.exit_code = ending->exit_code;
    if (ending->kind == END_IMAGE && (!job || !job_knows_reason(job, "image_pull_failure")))
        outcome.failure_reason = "runner_system_failure";
    if (ending->kind == END_CANCELED && (!job || !job_knows_reason(job, "job_canceled")))
        outcome.failure_reason = "unknown_failure";
    return outcome;
}

/* @job: NULL if @why says that it cannot be run. */
static void run_payload(const JobContext *context, const Job *job, const Error *why, Trace *trace)
{
    JobRun run = { .context = context, .job = job, .trace = trace };
    Ending ending = { 0 };

    trace_printf(trace,
                 "\033[0KRunning with penstock-runner " PENSTOCK_API_VERSION "\033[0;m\n"
                 "\033[0K  on %s\033[0;m\n",
                 context->options->name ? context->options->name : "penstock");
    if (job)
        phases_run(&run, &ending);
    else
        end_with(&ending, END_SYSTEM, "%s", error_text(why));
    tell_ending(trace, &ending);
    if (job)
        jobenv_remove_dirs(&run);
    Outcome outcome = outcome_of(job, &ending);
    trace_finish(trace, &outcome);
    g_free(ending.message);
    run_clear(&run);
}

/* What the coordinator says to our taking the job. */
typedef enum Confirmed { CONFIRMED_RUN, CONFIRMED_DROP, CONFIRMED_CANCEL } Confirmed;

/* Repeated until there is an answer: a job that was taken back meanwhile must not run. */
static Confirmed confirm(const JobContext *context, int64_t id, const char *token)
{
    JobUpdate update = { .id = id, .token = token, .state = "running" };

    for (int64_t pause = CONFIRM_FIRST_US; control_level(context->control) == STOP_NONE;
         pause = MIN(pause * 2, CONFIRM_LAST_US)) {
        g_auto(ClientReply) reply = { 0 };
        bool answered = client_update_job(context->client, &update, &reply, NULL);
        if (answered && g_strcmp0(reply.job_status, "canceling") == 0)
            return CONFIRMED_CANCEL;
        if (answered && reply.status == 200 && !client_reply_aborts(&reply))
            return CONFIRMED_RUN;
        if (answered && reply.status < 500 && reply.status != 429)
            return CONFIRMED_DROP;
        g_usleep((gulong)pause);
    }
    return CONFIRMED_DROP;
}

/* For a job of which nothing runs and that has no log. */
static void report_failed(const JobContext *context, int64_t id, const char *token,
                          const char *reason)
{
    JobUpdate update = { .id = id, .token = token, .state = "failed", .failure_reason = reason };
    g_auto(ClientReply) reply = { 0 };
    g_auto(Error) err = ERROR_INIT;

    if (!client_update_job(context->client, &update, &reply, &err))
        log_error(&err, "job %" G_GINT64_FORMAT ": its failure could not be reported", id);
}

/* A switch that is needed before the variables are put together. */
static bool has_switch(const Job *job, const char *key)
{
    bool on = false;

    for (size_t i = 0; job && i < job->n_variables; i++) {
        const JobVariable *variable = &job->variables[i];
        if (g_str_equal(variable->key, key))
            on = g_ascii_strcasecmp(variable->value, "true") == 0 ||
                 g_str_equal(variable->value, "1");
    }
    return on;
}

/* The server shows such a log to fewer people. */
static bool is_debug(const Job *job)
{
    return has_switch(job, "CI_DEBUG_TRACE") || has_switch(job, "CI_DEBUG_SERVICES");
}

static void run_confirmed(const JobContext *context, int64_t id, const char *token, const Job *job,
                          const Error *why)
{
    g_autofree char *spool =
        g_strdup_printf("%s/jobs/%" G_GINT64_FORMAT ".log", context->work_dir, id);
    TraceSpec spec = { .job_id = id,
                       .token = token,
                       .spool = spool,
                       .debug = is_debug(job),
                       .timestamps = has_switch(job, "FF_TIMESTAMPS"),
                       .control = context->control };
    g_auto(Error) err = ERROR_INIT;

    g_unlink(spool);
    g_autoptr(Trace) trace = trace_new(context->server, &spec, &err);
    if (!trace) {
        log_error(&err, "job %" G_GINT64_FORMAT ": no log can be kept", id);
        report_failed(context, id, token, "runner_system_failure");
        return;
    }
    trace_mask(trace, token);
    run_payload(context, job, why, trace);
    g_unlink(spool);
}

void job_run(const JobContext *context, const char *json, size_t n)
{
    g_autofree char *token = NULL;
    g_auto(Error) err = ERROR_INIT;
    int64_t id = 0;

    if (!job_peek(json, n, &id, &token)) {
        log_line(LOG_ERROR, "the server handed out a job without id and token");
        return;
    }
    switch (confirm(context, id, token)) {
    case CONFIRMED_DROP:
        return;
    case CONFIRMED_CANCEL:
        report_failed(context, id, token, "job_canceled");
        return;
    case CONFIRMED_RUN:
        break;
    }
    g_autoptr(Job) job = job_parse(json, n, &err);
    run_confirmed(context, id, token, job, &err);
}
