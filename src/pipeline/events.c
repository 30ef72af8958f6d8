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

bool engine_drop_job(EnginePipeline *p, EngineJob *job, FailureReason reason, const int *exit_code)
{
    if (!engine_move_job(p, job, EV_DROP))
        return false;
    if (job->status != STATUS_FAILED)
        return true; /* it was canceling: canceled now, and that is no failure */
    note_failure(job, reason, exit_code);
    if (engine_auto_retry_is_due(job))
        engine_auto_retry(p, job);
    else if (!job->allow_failure && !job->retried && p->cancel_on_job_failure)
        p->cancel_is_due = true;
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
