/* report.c - reports through the engine. */
#include "runner/report.h"

#include "base/secret.h"
#include "pipeline/events.h"
#include "pipeline/process.h"
#include "store/job_queue.h"

/* Signs of life are written at most this often; what counts as lost is minutes. */
enum { TOUCH_EVERY_S = 5 };

bool report_authenticate(Db *db, Arena *arena, const char *token, int64_t job_id, Job *job,
                         Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (!token || !*token)
        return error_set(err, ERR_FORBIDDEN, NULL);
    g_autofree char *hash = secret_hash(token);
    if (!job_by_token(db, arena, hash, job, &failed)) {
        if (failed.code == ERR_NO_RECORD)
            return error_set(err, ERR_FORBIDDEN, NULL);
        return error_move(err, &failed);
    }
    return !job_id || job->id == job_id || error_set(err, ERR_FORBIDDEN, NULL);
}

typedef struct Call {
    const Job *job;
    const Report *report;
    Status status;
    bool is_over;
} Call;

static void end(Process *p, EngineJob *job, const Report *report)
{
    if (report->state == REPORT_SUCCESS)
        (void)engine_succeed_job(p->engine, job);
    else
        (void)engine_drop_job(p->engine, job, report->failure,
                              report->has_exit_code ? &report->exit_code : NULL);
}

/* A job that fails before it was confirmed has run all the same, as far as anyone can tell. */
static bool apply(Process *p, void *data, Error *err)
{
    Call *call = data;
    EngineJob *job = process_job(p, call->job->id);
    const Job *row = job ? process_row(p, job) : NULL;
    bool was_open = false;

    call->is_over =
        !row || g_strcmp0(row->token_hash, call->job->token_hash) != 0 || !job_is_held(row);
    if (call->is_over) {
        call->status = row ? row->status : call->job->status;
        return true;
    }
    if (call->report->state == REPORT_PENDING)
        return error_set(err, ERR_BAD_REQUEST, "the job is not reserved");
    if (row->status == STATUS_PENDING) {
        if (!job_confirm(p->db, row->id, &was_open, err))
            return false;
        (void)engine_run_job(p->engine, job, row->graceful);
    }
    if (call->report->state != REPORT_RUNNING) {
        if (call->report->coverage >= 0 &&
            !job_set_coverage(p->db, row->id, call->report->coverage, err))
            return false;
        end(p, job, call->report);
    }
    call->status = job->status;
    return true;
}

/* A sign of life changes no status: no model is loaded for it. */
static bool is_sign_of_life(const Job *job, const Report *report)
{
    return (report->state == REPORT_RUNNING && job->status != STATUS_PENDING) ||
           (report->state == REPORT_PENDING && job->status == STATUS_PENDING);
}

typedef struct Touch {
    const Site *site;
    const Job *job;
} Touch;

static bool touch(Db *db, void *data, Error *err)
{
    const Touch *t = data;
    int64_t now = clock_now(t->site->clock);
    int64_t confirm_by = now + t->site->settings->confirm_timeout_s * US_PER_S;

    return job_touch(db, t->job->id, t->job->token_hash, now, t->job->confirm_by ? confirm_by : 0,
                     err);
}

bool report_apply(const Site *site, const Job *job, const Report *report, Status *status,
                  Error *err)
{
    *status = job->status;
    if (!job_is_held(job))
        return error_set(err, ERR_FORBIDDEN, NULL);
    if (is_sign_of_life(job, report)) {
        Touch t = { site, job };
        if (clock_now(site->clock) - job->updated_at < TOUCH_EVERY_S * US_PER_S)
            return true;
        return database_write(site->database, touch, &t, err);
    }
    Call call = { .job = job, .report = report };
    if (!process_run(site, job->pipeline_id, apply, &call, err))
        return false;
    *status = call.status;
    return !call.is_over || error_set(err, ERR_FORBIDDEN, NULL);
}
