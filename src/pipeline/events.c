/* events.c - job events with what belongs to them. */
#include "pipeline/events.h"

#include "pipeline/move.h"
#include "pipeline/retry.h"

enum { MAX_EXIT_CODE = 32767 };

bool engine_run_job(EnginePipeline *p, EngineJob *job, bool can_cancel_gracefully)
{
    if (!engine_move_job(p, job, EV_RUN))
        return false;
    job->can_cancel_gracefully = can_cancel_gracefully;
    return true;
}

bool engine_succeed_job(EnginePipeline *p, EngineJob *job)
{
    return engine_move_job(p, job, EV_SUCCEED);
}

static void note_failure(EngineJob *job, FailureReason reason, const int *exit_code)
{
    job->failure = reason == FAILURE_NONE ? FAILURE_UNKNOWN : reason;
    if (!exit_code)
        return;
    job->exit_code = CLAMP(*exit_code, 0, MAX_EXIT_CODE);
    job->has_exit_code = true;
    for (size_t i = 0; i < job->n_allow_failure_exit_codes; i++)
        if (job->allow_failure_exit_codes[i] == *exit_code)
            job->allow_failure = true;
}

/* Where the pipeline asked for it, a failure that counts. */
static void cancel_rest(EnginePipeline *p, const EngineJob *job)
{
    if (!job->allow_failure && !job->retried && p->cancel_on_job_failure)
        p->cancel_is_due = true;
}

bool engine_drop_job(EnginePipeline *p, EngineJob *job, FailureReason reason, const int *exit_code)
{
    if (!engine_move_job(p, job, EV_DROP))
        return false;
    if (job->status != STATUS_FAILED)
        return true; /* it was canceling: canceled now, and that is no failure */
    note_failure(job, reason, exit_code);
    if (engine_auto_retry_is_due(job))
        engine_auto_retry(p, job);
    else
        cancel_rest(p, job);
    return true;
}

bool engine_follow_downstream(EnginePipeline *p, EngineJob *bridge, BridgeStrategy strategy,
                              Status downstream)
{
    Status to = bridge_next_status(strategy, downstream);

    if (to == N_STATUS || !engine_move_bridge(p, bridge, to))
        return false;
    bridge->failure = to == STATUS_FAILED ? FAILURE_UNKNOWN : FAILURE_NONE;
    if (to == STATUS_FAILED)
        cancel_rest(p, bridge);
    return true;
}

bool engine_wait_again(EnginePipeline *p, EngineJob *bridge, int64_t user_id)
{
    if (!engine_move_bridge(p, bridge, STATUS_PENDING))
        return false;
    bridge->failure = FAILURE_NONE;
    bridge->user_id = user_id;
    engine_reset_skipped(p, bridge, user_id);
    return true;
}

bool engine_take_back_job(EnginePipeline *p, EngineJob *job)
{
    if (!engine_move_job(p, job, EV_TAKE_BACK))
        return false;
    job->can_cancel_gracefully = false;
    return true;
}

bool engine_start_scheduled_job(EnginePipeline *p, EngineJob *job)
{
    return job->scheduled_at <= p->now_us && engine_move_job(p, job, EV_ENQUEUE_SCHEDULED);
}

bool engine_unschedule_job(EnginePipeline *p, EngineJob *job)
{
    return engine_move_job(p, job, EV_UNSCHEDULE);
}
