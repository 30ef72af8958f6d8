/* operations.c - each operation is a function on a Process. */
#include "pipeline/operations.h"

#include "base/seal.h"
#include "pipeline/cancel.h"
#include "pipeline/cancel_parts.h"
#include "pipeline/events.h"
#include "pipeline/process.h"
#include "pipeline/retry.h"
#include "store/job_variables.h"

/* What an operation on one job is told, and answers. */
typedef struct JobCall {
    const Job *job;
    int64_t user_id;
    bool force;
    bool with_followers;
    FailureReason reason;
    bool silent_only;
    const Variable *variables;
    size_t n_variables;
    EngineJob *result; /* in the arena of the last attempt */
    int64_t id;
} JobCall;

bool operation_cancel_pipeline(const Site *site, int64_t pipeline_id, Error *err)
{
    return cancel_all_parts(site, pipeline_id, err);
}

static bool retry_pipeline(Process *p, void *data, Error *err)
{
    int64_t user_id = *(const int64_t *)data;

    (void)engine_retry_pipeline(p->engine, user_id);
    return process_reset_upstream(p, user_id, err);
}

bool operation_retry_pipeline(const Site *site, int64_t pipeline_id, int64_t user_id, Error *err)
{
    return process_run(site, pipeline_id, retry_pipeline, &user_id, err);
}

static bool cancel_job(Process *p, void *data, Error *err)
{
    JobCall *call = data;
    EngineJob *job = process_job(p, call->job->id);

    if (job && !(call->force && engine_force_cancel_job(p->engine, job)))
        (void)engine_cancel_job(p->engine, job);
    return true;
}

bool operation_cancel_job(const Site *site, const Job *job, bool force, Error *err)
{
    JobCall call = { .job = job, .force = force };

    return process_run(site, job->pipeline_id, cancel_job, &call, err);
}

static bool retry_job(Process *p, void *data, Error *err)
{
    JobCall *call = data;
    EngineJob *job = process_job(p, call->job->id);

    /* Not one of the latest: it has been retried before. */
    if (!job)
        return error_set(err, ERR_FORBIDDEN, "Job is not retryable");
    bool (*retry)(EnginePipeline *, EngineJob *, int64_t, EngineJob **, Error *) =
        call->with_followers ? engine_rerun_from : engine_retry_job;
    return retry(p->engine, job, call->user_id, &call->result, err) && process_save(p, err) &&
           process_reset_upstream(p, call->user_id, err) && (call->id = call->result->id, true);
}

static bool run_retry(const Site *site, JobCall *call, int64_t *id, Error *err)
{
    if (!process_run(site, call->job->pipeline_id, retry_job, call, err))
        return false;
    *id = call->id;
    return true;
}

bool operation_retry_job(const Site *site, const Job *job, int64_t user_id, int64_t *id, Error *err)
{
    JobCall call = { .job = job, .user_id = user_id };

    return run_retry(site, &call, id, err);
}

bool operation_rerun_from_job(const Site *site, const Job *job, int64_t user_id, int64_t *id,
                              Error *err)
{
    JobCall call = { .job = job, .user_id = user_id, .with_followers = true };

    return run_retry(site, &call, id, err);
}

/* They take the place of those that an earlier attempt was given. */
static bool save_variables(Process *p, const JobCall *call, Error *err)
{
    if (call->n_variables > 0 && !job_variable_delete_all(p->db, call->id, err))
        return false;
    for (size_t i = 0; i < call->n_variables; i++) {
        g_autofree char *sealed = seal(p->site->seal_key, call->variables[i].value);
        JobVariable row = { .job_id = call->id, .key = call->variables[i].key, .value = sealed };
        if (!job_variable_insert(p->db, &row, err))
            return false;
    }
    return true;
}

static bool play_job(Process *p, void *data, Error *err)
{
    JobCall *call = data;
    EngineJob *job = process_job(p, call->job->id);

    if (!job)
        return error_set(err, ERR_BAD_REQUEST, "Unplayable Job");
    if (!engine_play_job(p->engine, job, call->user_id, &call->result, err) ||
        !process_save(p, err) || !process_reset_upstream(p, call->user_id, err))
        return false;
    call->id = call->result->id;
    return save_variables(p, call, err);
}

bool operation_play_job(const Site *site, const Job *job, int64_t user_id,
                        const Variable *variables, size_t n_variables, int64_t *id, Error *err)
{
    JobCall call = {
        .job = job, .user_id = user_id, .variables = variables, .n_variables = n_variables
    };

    if (!process_run(site, job->pipeline_id, play_job, &call, err))
        return false;
    *id = call.id;
    return true;
}

static bool start_delayed_job(Process *p, void *data, Error *err)
{
    JobCall *call = data;
    EngineJob *job = process_job(p, call->job->id);

    if (job)
        (void)engine_start_scheduled_job(p->engine, job);
    return true;
}

bool operation_start_delayed_job(const Site *site, const Job *job, Error *err)
{
    JobCall call = { .job = job };

    return process_run(site, job->pipeline_id, start_delayed_job, &call, err);
}

/* Whether what the caller saw is what there is: another hand-out is somebody else's. */
static bool is_as_seen(const JobCall *call, const Job *row)
{
    return g_strcmp0(call->job->token_hash, row->token_hash) == 0 &&
           (!call->silent_only || call->job->updated_at == row->updated_at);
}

static bool fail_job(Process *p, void *data, Error *err)
{
    JobCall *call = data;
    EngineJob *job = process_job(p, call->job->id);

    if (job && is_as_seen(call, process_row(p, job)))
        (void)engine_drop_job(p->engine, job, call->reason, NULL);
    return true;
}

bool operation_fail_job(const Site *site, const Job *job, FailureReason reason, Error *err)
{
    JobCall call = { .job = job, .reason = reason };

    return process_run(site, job->pipeline_id, fail_job, &call, err);
}

bool operation_fail_silent_job(const Site *site, const Job *job, FailureReason reason, Error *err)
{
    JobCall call = { .job = job, .reason = reason, .silent_only = true };

    return process_run(site, job->pipeline_id, fail_job, &call, err);
}
