/* runner_jobs.c - what runners say of a job they have, and the files they bring and fetch.
 *
 * The job token is the credential: it is good for the one attempt, for as long as a runner holds
 * it.  All of these are served while the server stops: jobs that run are not to fail of it.
 */
#include "access/subject.h"
#include "api/caller.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/text.h"
#include "runner/artifacts.h"
#include "runner/coverage.h"
#include "runner/report.h"
#include "runner/trace.h"
#include "store/runners.h"

#include <string.h>

/* Seconds between a job's calls: what a log view is behind, and what a cancellation waits. */
enum { UPDATE_INTERVAL_S = 3, EMBEDDED_UPDATE_INTERVAL_S = 1 };

static const Param update_params[] = {
    { "id", PARAM_INT },
    { "token", PARAM_STR },
    { "state", PARAM_STR },
    { "failure_reason", PARAM_STR },
    { "exit_code", PARAM_INT },
    { "output", PARAM_HASH },
    { 0 },
};

static const Param trace_params[] = {
    { "id", PARAM_INT },
    { "token", PARAM_STR },
    { "debug_trace", PARAM_BOOL },
    { 0 },
};

static const Param upload_params[] = {
    { "id", PARAM_INT },
    { "token", PARAM_STR },
    { "file", PARAM_FILE, .required = true },
    { "artifact_type", PARAM_STR, .otherwise = "archive" },
    { "artifact_format", PARAM_STR },
    { "expire_in", PARAM_STR },
    { 0 },
};

static const Param job_params[] = {
    { "id", PARAM_INT },
    { "token", PARAM_STR },
    { 0 },
};

/* --- what all of them do --------------------------------------------------------------------- */

static const char *job_token(Req *rq)
{
    const char *token = req_header(rq, "JOB-TOKEN");

    return token && *token ? token : req_str(rq, "token");
}

/* The job that the path names, by its own token. */
static bool own_job(Req *rq, Job *job, Error *err)
{
    caller_release_db(rq);
    g_autoptr(Db) db = database_reader(site_of(rq)->database);
    return report_authenticate(db, rq->arena, job_token(rq), req_int(rq, "id"), job, err);
}

static void say_status(Req *rq, Status status)
{
    req_reply_header(rq, "Job-Status", name_of(&status_names, (int)status));
}

/* The status of now, for an answer that refuses: it may be what the runner is to learn. */
static void say_current_status(Req *rq, const Job *job)
{
    g_autoptr(Db) db = database_reader(site_of(rq)->database);
    Job now;

    if (job_get(db, rq->arena, job->id, &now, NULL))
        say_status(rq, now.status);
}

static bool say_interval(Req *rq, const Job *job, Error *err)
{
    g_autoptr(Db) db = database_reader(site_of(rq)->database);
    g_auto(Error) failed = ERROR_INIT;
    Runner runner = { 0 };

    if (!runner_get(db, rq->arena, job->runner_id, &runner, &failed) &&
        failed.code != ERR_NO_RECORD) /* gone: its jobs may still end */
        return error_move(err, &failed);
    int seconds = runner.embedded ? EMBEDDED_UPDATE_INTERVAL_S : UPDATE_INTERVAL_S;
    req_reply_header(rq, "X-GitLab-Trace-Update-Interval", arena_printf(rq->arena, "%d", seconds));
    return true;
}

/* --- state ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ReportState state;
} states[] = {
    { "running", REPORT_RUNNING },
    { "pending", REPORT_PENDING },
    { "success", REPORT_SUCCESS },
    { "failed", REPORT_FAILED },
};

static bool read_state(Req *rq, Report *report, Error *err)
{
    const char *name = req_str(rq, "state");

    for (size_t i = 0; name && i < G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].name, name) == 0) {
            report->state = states[i].state;
            return true;
        }
    return error_set(err, ERR_BAD_REQUEST, "Unknown job state");
}

/* Runners newer than this program have reasons of their own. */
static FailureReason read_failure(Req *rq)
{
    int reason = name_value(&failure_reason_names, req_str(rq, "failure_reason"));

    return reason > FAILURE_NONE ? (FailureReason)reason : FAILURE_UNKNOWN;
}

/* What the runner wrote and what came here should be the same; the job does not fail of it. */
static void compare_output(Req *rq, const Job *job)
{
    int64_t size = json_get_int(req_json(rq, "output"), "bytesize", job->trace_size);

    if (size != job->trace_size)
        log_line(LOG_WARN,
                 "job %" G_GINT64_FORMAT ": its runner wrote %" G_GINT64_FORMAT
                 " bytes of log, %" G_GINT64_FORMAT " are here",
                 job->id, size, job->trace_size);
}

/* A runner sends all of the log before it says how the job ended. */
static void end_of_log(Req *rq, const Job *job, Report *report)
{
    compare_output(rq, job);
    if (job_is_held(job))
        report->coverage = coverage_of_job(site_of(rq), api_of(rq)->traces, job);
}

static bool update(Req *rq, Error *err)
{
    Report report = { .coverage = -1,
                      .failure = read_failure(rq),
                      .has_exit_code = req_has(rq, "exit_code"),
                      .exit_code = (int)req_int(rq, "exit_code") };
    Status status;
    Job job;

    if (!own_job(rq, &job, err) || !read_state(rq, &report, err))
        return false;
    if (report.state == REPORT_SUCCESS || report.state == REPORT_FAILED)
        end_of_log(rq, &job, &report);
    bool ok = report_apply(site_of(rq), &job, &report, &status, err);
    say_status(rq, status);
    return ok && say_interval(rq, &job, err) && reply_bytes(rq, 200, "application/json", "200", 3);
}

/* --- log ------------------------------------------------------------------------------------- */

/* "<start>-<end>"; the end is not relied on: the body says how much there is. */
static bool read_start(Req *rq, int64_t *start, Error *err)
{
    const char *range = req_header(rq, "Content-Range");

    if (!range)
        return error_set(err, ERR_BAD_REQUEST, "Missing header Content-Range");
    g_autofree char *first = g_strndup(range, strcspn(range, "-"));
    if (!g_ascii_isdigit(*first) || !text_to_int(first, start) || range[strlen(first)] != '-')
        return error_set(err, ERR_BAD_REQUEST, "Content-Range is not <start>-<end>");
    return true;
}

static bool patch_trace(Req *rq, Error *err)
{
    TracePatch patch = { .bytes = rq->body,
                         .n = rq->body_size,
                         .debug = req_bool(rq, "debug_trace") };
    g_auto(Error) failed = ERROR_INIT;
    int64_t size;
    Job job;

    if (!own_job(rq, &job, err) || !read_start(rq, &patch.start, err))
        return false;
    bool ok = trace_append(site_of(rq), api_of(rq)->traces, &job, &patch, &size, &failed);
    if (ok || failed.code == ERR_RANGE)
        req_reply_header(rq, "Range", arena_printf(rq->arena, "0-%" G_GINT64_FORMAT, size));
    if (!ok) {
        say_current_status(rq, &job);
        /* The job has failed of it: to the runner that is a job it has no more. */
        return failed.code == ERR_TOO_LARGE ? error_set(err, ERR_FORBIDDEN, "%s", failed.message)
                                            : error_move(err, &failed);
    }
    say_status(rq, job.status);
    return say_interval(rq, &job, err) && reply_empty(rq, 202);
}

/* --- files ----------------------------------------------------------------------------------- */

static bool authorize_upload(Req *rq, Error *err)
{
    Job job;

    if (!own_job(rq, &job, err))
        return false;
    if (!job_is_held(&job))
        return error_set(err, ERR_FORBIDDEN, NULL);
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_int(w, "MaximumSize", site_of(rq)->settings->max_artifact_bytes);
    jw_end_object(w);
    return reply_json(rq);
}

/* Runners try again on 503, and only on that. */
static bool refuse_upload(const Job *job, Error *failed, Error *err)
{
    if (failed->code != ERR_IO)
        return error_move(err, failed);
    log_error(failed, "cannot keep a file of job %" G_GINT64_FORMAT, job->id);
    return error_set(err, ERR_UNAVAILABLE, NULL);
}

static bool upload(Req *rq, Error *err)
{
    const ReqFile *file = req_file(rq, "file");
    ArtifactUpload sent = { .type = req_str(rq, "artifact_type"),
                            .format = req_str(rq, "artifact_format"),
                            .filename = file->filename,
                            .expire_in = req_str(rq, "expire_in"),
                            .fd = file->fd,
                            .size = file->size };
    g_auto(Error) failed = ERROR_INIT;
    Artifact artifact;
    Job job;

    if (!own_job(rq, &job, err))
        return false;
    if (!artifact_receive(site_of(rq), &job, &sent, &artifact, &failed))
        return refuse_upload(&job, &failed, err);
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "message", "201 Created");
    jw_end_object(w);
    return reply_json(rq);
}

/* Whether the running job @own may have the files of @other: of its own project, or of one whose
 * files its user may read. */
static bool may_fetch(Req *rq, Db *db, const Job *own, const Job *other, Error *err)
{
    Artifact archive;
    Project project;
    Subject subject;
    User user;

    if (own->project_id == other->project_id)
        return true;
    if (!project_get(db, rq->arena, other->project_id, &project, err) ||
        !user_get(db, rq->arena, own->user_id, &user, err) ||
        !subject_of_project(db, user.id, user.admin, &project, clock_now(site_of(rq)->clock),
                            &subject, err))
        return false;
    if (!access_can(&subject, CAN_READ_ARTIFACTS))
        return error_set(err, ERR_FORBIDDEN, NULL);
    return artifact_by_type(db, rq->arena, other->id, ARTIFACT_ARCHIVE, &archive, err) &&
           (artifact_allows(&archive, &subject) || error_set(err, ERR_FORBIDDEN, NULL));
}

static bool find_for_download(Req *rq, Job *other, Error *err)
{
    g_autoptr(Db) db = database_reader(site_of(rq)->database);
    Job own;

    if (!report_authenticate(db, rq->arena, job_token(rq), 0, &own, err))
        return false;
    if (!job_is_held(&own))
        return error_set(err, ERR_FORBIDDEN, NULL);
    return job_get(db, rq->arena, req_int(rq, "id"), other, err) &&
           may_fetch(rq, db, &own, other, err);
}

static bool download(Req *rq, Error *err)
{
    Artifact artifact;
    Job job;
    int fd;

    caller_release_db(rq);
    if (!find_for_download(rq, &job, err) ||
        !artifact_open_archive(site_of(rq), rq->arena, &job, &artifact, &fd, err))
        return false;
    req_reply_header(rq, "Content-Disposition",
                     arena_printf(rq->arena, "attachment; filename=\"%s\"", artifact.filename));
    return reply_file(rq, 200, "application/octet-stream", fd, 0, artifact.size_bytes);
}

const Route runner_job_routes[] = {
    { PUT, "/jobs/:id", 0, update_params, update, .auth = AUTH_NONE, .while_stopping = true },
    { PATCH, "/jobs/:id/trace", 0, trace_params, patch_trace, .status = 202, .auth = AUTH_NONE,
      .body = BODY_RAW, .while_stopping = true },
    { POST, "/jobs/:id/artifacts", 0, upload_params, upload, .status = 201, .auth = AUTH_NONE,
      .body = BODY_SPOOL, .while_stopping = true },
    { POST, "/jobs/:id/artifacts/authorize", 0, job_params, authorize_upload, .auth = AUTH_NONE,
      .while_stopping = true },
    { GET, "/jobs/:id/artifacts", 0, job_params, download, .auth = AUTH_NONE,
      .while_stopping = true },
    { 0 },
};
