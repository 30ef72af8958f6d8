/* advance.c - stage by stage, and in needs order inside a stage, so that each job sees what the
 * same pass has just decided.
 *
 * A stage job looks at all jobs of all earlier stages, a job with needs at those only. */
#include "pipeline/advance.h"

#include "pipeline/cancel.h"
#include "pipeline/composite.h"
#include "pipeline/move.h"

#define BIT(name) STATUS_BIT(STATUS_##name)

/* What the jobs before must have come to, for a job not to be skipped.  Nobody accepts canceled. */
static const struct {
    unsigned stage_job;
    unsigned needs_job;
} accepted[N_JOB_WHEN] = {
    [WHEN_ON_SUCCESS] = { BIT(SUCCESS) | BIT(SKIPPED), BIT(SUCCESS) },
    [WHEN_MANUAL] = { BIT(SUCCESS) | BIT(SKIPPED), BIT(SUCCESS) },
    [WHEN_DELAYED] = { BIT(SUCCESS) | BIT(SKIPPED), BIT(SUCCESS) },
    [WHEN_ON_FAILURE] = { BIT(FAILED), BIT(FAILED) },
    [WHEN_ALWAYS] = { BIT(SUCCESS) | BIT(FAILED) | BIT(SKIPPED),
                      BIT(SUCCESS) | BIT(FAILED) | BIT(SKIPPED) },
    [WHEN_NEVER] = { 0, 0 },
};

static StatusSet set_of_job(const EngineJob *job)
{
    return status_set_of(job->status, job->allow_failure);
}

static Status status_of_needs(const EnginePipeline *p, const EngineSlot *slot)
{
    StatusSet set = 0;

    for (int i = 0; i < slot->n_needs; i++)
        set |= set_of_job(p->slots[slot->needs[i]].latest);
    return composite_needs_status(set);
}

static JobEvent event_when_accepted(const EngineJob *job)
{
    if (job->enqueue_now)
        return EV_ENQUEUE;
    if (job->when == WHEN_DELAYED && job->start_in_s > 0)
        return EV_SCHEDULE;
    return job->when == WHEN_MANUAL ? EV_ACTIONIZE : EV_ENQUEUE;
}

/* @previous: what the jobs before this one came to.  false: it goes on waiting for them. */
static bool decide(EnginePipeline *p, EngineJob *job, Status previous)
{
    unsigned accepts =
        job->by_needs ? accepted[job->when].needs_job : accepted[job->when].stage_job;

    if (!STATUS_IN(previous, STATUSES_COMPLETED))
        return false;
    return engine_move_job(p, job,
                           STATUS_IN(previous, accepts) ? event_when_accepted(job) : EV_SKIP);
}

/* @earlier: of all earlier stages.  *@own becomes the set of this stage.  true: a job moved. */
static bool advance_stage(EnginePipeline *p, EngineStage *stage, StatusSet earlier, StatusSet *own)
{
    Status before_stage = earlier == 0 ? STATUS_SUCCESS : composite_status(earlier);
    bool moved = false;

    *own = 0;
    for (int i = 0; i < stage->n_order; i++) {
        const EngineSlot *slot = &p->slots[stage->order[i]];
        EngineJob *job = slot->latest;

        if (job->status == STATUS_CREATED)
            moved |= decide(p, job, job->by_needs ? status_of_needs(p, slot) : before_stage);
        *own |= set_of_job(job);
    }
    engine_move_stage(stage, stage->n_order == 0 ? STATUS_SKIPPED : composite_status(*own));
    return moved;
}

static bool pass(EnginePipeline *p)
{
    StatusSet all = 0;
    bool moved = false;

    for (int s = 0; s < p->n_stages; s++) {
        StatusSet own;

        moved |= advance_stage(p, &p->stages[s], all, &own);
        all |= own;
    }
    engine_move_pipeline(p, all == 0 ? STATUS_SUCCESS : composite_status(all));
    return moved;
}

static bool anything_unprocessed(const EnginePipeline *p)
{
    for (int i = 0; i < p->n_slots; i++)
        if (!p->slots[i].latest->processed)
            return true;
    return false;
}

/* A second pass finds work only where a need points to a later stage or a circle; each pass that
 * moves takes a job out of created, so this ends. */
static void pass_until_still(EnginePipeline *p)
{
    if (!anything_unprocessed(p))
        return;
    while (pass(p))
        ;
    for (int i = 0; i < p->n_slots; i++)
        p->slots[i].latest->processed = true;
}

void engine_advance(EnginePipeline *p)
{
    pass_until_still(p);
    if (p->cancel_is_due) {
        p->cancel_is_due = false;
        engine_cancel_jobs(p);
        pass_until_still(p);
    }
}
