/* cancel.c - canceling, gently where the runner can. */
#include "pipeline/cancel.h"

#include "pipeline/move.h"

bool engine_cancel_job(EnginePipeline *p, EngineJob *job)
{
    if (job->can_cancel_gracefully && engine_move_job(p, job, EV_CANCEL_GRACEFULLY))
        return true;
    return engine_move_job(p, job, EV_CANCEL);
}

bool engine_force_cancel_job(EnginePipeline *p, EngineJob *job)
{
    return engine_move_job(p, job, EV_FORCE_CANCEL);
}

int engine_cancel_jobs(EnginePipeline *p)
{
    int canceled = 0;

    for (int i = 0; i < p->n_slots; i++) {
        EngineJob *job = p->slots[i].latest;

        if (STATUS_IN(job->status, STATUSES_CANCELABLE))
            canceled += engine_cancel_job(p, job);
    }
    return canceled;
}

int engine_cancel_last_jobs(EnginePipeline *p, int at_most)
{
    int canceled = 0;

    for (int s = p->n_stages - 1; s >= 0; s--) {
        const EngineStage *stage = &p->stages[s];
        for (int i = stage->n_order - 1; i >= 0 && canceled < at_most; i--) {
            EngineJob *job = p->slots[stage->order[i]].latest;
            if (STATUS_IN(job->status, STATUSES_CANCELABLE))
                canceled += engine_cancel_job(p, job);
        }
    }
    return canceled;
}

bool engine_cancel_pipeline(EnginePipeline *p, Error *err)
{
    if (engine_cancel_jobs(p) == 0)
        return error_set(err, ERR_UNPROCESSABLE, "Pipeline is not cancelable");
    return true;
}
