/* move.c - one move, with the times that belong to it. */
#include "pipeline/move.h"

#include "base/clock.h"
#include "pipeline/duration.h"

#define BIT(name) STATUS_BIT(STATUS_##name)

#define QUEUED_FROM                                                                                \
    (BIT(CREATED) | BIT(WAITING_FOR_RESOURCE) | BIT(PREPARING) | BIT(SKIPPED) | BIT(MANUAL) |      \
     BIT(SCHEDULED))
#define FINISHED (BIT(SUCCESS) | BIT(FAILED) | BIT(CANCELED))

static void note_job_times(const EnginePipeline *p, EngineJob *job, Status from, JobEvent event)
{
    if (job->status == STATUS_PENDING && STATUS_IN(from, QUEUED_FROM))
        job->queued_at = p->now_us;
    if (job->status == STATUS_RUNNING)
        job->started_at = p->now_us;
    if (STATUS_IN(job->status, FINISHED))
        job->finished_at = p->now_us;
    if (event == EV_SCHEDULE)
        job->scheduled_at = p->now_us + job->start_in_s * US_PER_S;
    else if (from == STATUS_SCHEDULED)
        job->scheduled_at = 0;
    if (event == EV_TAKE_BACK)
        job->started_at = 0; /* it never ran; its place in the queue (queued_at) stays */
}

/* Its turn in the pipeline may not be its turn in its resource group. */
static JobEvent event_for(const EngineJob *job, JobEvent event)
{
    bool enqueues =
        event == EV_ENQUEUE || (event == EV_ENQUEUE_SCHEDULED && job->status == STATUS_SCHEDULED);

    return enqueues && job->needs_resource ? EV_REQUEST_RESOURCE : event;
}

static void move_job(EnginePipeline *p, EngineJob *job, Status to, JobEvent event)
{
    Status from = job->status;

    job->status = to;
    job->processed = job->retried;
    job->changed = true;
    note_job_times(p, job, from, event);
}

bool engine_move_job(EnginePipeline *p, EngineJob *job, JobEvent event)
{
    Status to = job_next_status(job->status, event_for(job, event));

    if (to == N_STATUS)
        return false;
    move_job(p, job, to, event);
    return true;
}

bool engine_move_bridge(EnginePipeline *p, EngineJob *job, Status to)
{
    if (job->status == to)
        return false;
    move_job(p, job, to, N_JOB_EVENTS);
    return true;
}

void engine_move_stage(EngineStage *stage, Status computed)
{
    Status to = stage_next_status(stage->status, computed);

    if (to != N_STATUS)
        stage->status = to;
}

void engine_move_pipeline(EnginePipeline *p, Status computed)
{
    static const unsigned starts_from =
        BIT(CREATED) | BIT(WAITING_FOR_RESOURCE) | BIT(PREPARING) | BIT(PENDING);
    Status from = p->status;
    Status to = pipeline_next_status(from, computed);

    if (to == N_STATUS)
        return;
    p->status = to;
    p->changed = true;
    if (to == STATUS_RUNNING && STATUS_IN(from, starts_from) && p->started_at == 0)
        p->started_at = p->now_us;
    if (STATUS_IN(to, FINISHED))
        p->finished_at = p->now_us;
    if (STATUS_IN(to, FINISHED | BIT(MANUAL)) && p->started_at != 0)
        p->duration_s = engine_duration_s(p);
}
