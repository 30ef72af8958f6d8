/* retry.c - new runs of old jobs. */
#include "pipeline/retry.h"

#include "pipeline/advance.h"
#include "pipeline/move.h"

#define REASON(name) (UINT64_C(1) << FAILURE_##name)

G_STATIC_ASSERT(N_FAILURE_REASONS <= 64);

/* Trying again cannot help. */
static const uint64_t never_retried = REASON(QUOTA_EXCEEDED) | REASON(NO_MATCHING_RUNNER) |
                                      REASON(MISSING_DEPENDENCY) | REASON(FORWARD_DEPLOYMENT) |
                                      REASON(ENVIRONMENT_CREATION) | REASON(OUTDATED_DEPLOYMENT);

enum { SCHEDULER_FAILURE_RETRIES = 2 };

/* `retry:when` with the first reason also means the others. */
static const struct {
    FailureReason named;
    uint64_t also;
} retry_families[] = {
    { FAILURE_STUCK_OR_TIMEOUT, REASON(STUCK_PENDING_WITH_RUNNERS) |
                                    REASON(STUCK_PENDING_NO_RUNNERS) | REASON(NO_UPDATES_RUNNING) |
                                    REASON(NO_UPDATES_CANCELING) },
    { FAILURE_JOB_TIMEOUT, REASON(SERVER_TIMEOUT_RUNNING) | REASON(SERVER_TIMEOUT_CANCELING) },
};

static void process_skipped(EnginePipeline *p, EngineJob *job, int64_t user_id)
{
    if (job->status == STATUS_SKIPPED && engine_move_job(p, job, EV_PROCESS))
        job->user_id = user_id;
}

/* Marks the slots that need @slot, directly or through others. */
static void mark_dependents(const EnginePipeline *p, int slot, bool *marked)
{
    g_autofree int *queue = g_new(int, (gsize)p->n_slots + 1);
    int n = 0;

    queue[n++] = slot;
    marked[slot] = true;
    for (int at = 0; at < n; at++) {
        const EngineSlot *one = &p->slots[queue[at]];

        for (int i = 0; i < one->n_needed_by; i++)
            if (!marked[one->needed_by[i]]) {
                marked[one->needed_by[i]] = true;
                queue[n++] = one->needed_by[i];
            }
    }
}

void engine_reset_skipped(EnginePipeline *p, const EngineJob *job, int64_t user_id)
{
    g_autofree bool *marked = g_new0(bool, (gsize)p->n_slots + 1);

    mark_dependents(p, job->slot, marked);
    for (int i = 0; i < p->n_slots; i++)
        if (marked[i] || p->slots[i].latest->stage > job->stage)
            process_skipped(p, p->slots[i].latest, user_id);
}

static EngineJob *add_run(EnginePipeline *p, EngineJob *old, int64_t user_id, bool enqueue_now)
{
    EngineJob run = {
        .name = old->name,
        .stage = old->stage,
        .status = STATUS_CREATED,
        .when = old->when,
        .allow_failure = old->allow_failure,
        .by_needs = old->by_needs,
        .needs_resource = old->needs_resource,
        .has_environment = old->has_environment,
        .bridge = old->bridge,
        .enqueue_now = enqueue_now,
        .needs = old->needs,
        .n_needs = old->n_needs,
        .start_in_s = old->start_in_s,
        .retry = old->retry,
        .n_retried = old->n_retried + 1,
        .allow_failure_exit_codes = old->allow_failure_exit_codes,
        .n_allow_failure_exit_codes = old->n_allow_failure_exit_codes,
        .user_id = user_id,
        .created_at = p->now_us,
        .changed = true,
        .retry_of = old,
    };
    return engine_pipeline_replace(p, old, &run);
}

static bool may_run_again(const EngineJob *job)
{
    return job_is_retryable(job->status, job->retried) &&
           (!job->bridge || bridge_is_retryable(job->failure));
}

bool engine_retry_job(EnginePipeline *p, EngineJob *job, int64_t user_id, EngineJob **retry,
                      Error *err)
{
    if (!may_run_again(job))
        return error_set(err, ERR_FORBIDDEN, "Job is not retryable");
    *retry = add_run(p, job, user_id, job_is_action(job->when));
    engine_advance(p);
    engine_reset_skipped(p, job, user_id);
    return true;
}

/* What follows @job: by needs, and where stages say so all of the later ones; with what follows those. */
static void mark_followers(const EnginePipeline *p, const EngineJob *job, bool *marked)
{
    mark_dependents(p, job->slot, marked);
    for (int i = 0; i < p->n_slots; i++) {
        const EngineJob *other = p->slots[i].latest;
        if (!other->by_needs && other->stage > job->stage)
            mark_dependents(p, i, marked);
    }
}

bool engine_rerun_from(EnginePipeline *p, EngineJob *job, int64_t user_id, EngineJob **retry,
                       Error *err)
{
    g_autofree bool *marked = g_new0(bool, (gsize)p->n_slots + 1);

    if (!may_run_again(job))
        return error_set(err, ERR_FORBIDDEN, "Job is not retryable");
    mark_followers(p, job, marked);
    for (int i = 0; i < p->n_slots; i++) {
        EngineJob *other = p->slots[i].latest;
        if (!marked[i] || other == job)
            continue;
        if (may_run_again(other))
            add_run(p, other, user_id, false);
        else
            process_skipped(p, other, user_id);
    }
    *retry = add_run(p, job, user_id, job_is_action(job->when));
    return true;
}

bool engine_play_job(EnginePipeline *p, EngineJob *job, int64_t user_id, EngineJob **played,
                     Error *err)
{
    /* A bridge that has ended is retried, not played. */
    if (!job_is_playable(job->status, job->when, job->retried) ||
        (job->bridge && job->status != STATUS_MANUAL))
        return error_set(err, ERR_BAD_REQUEST, "Unplayable Job");
    if (!engine_move_job(p, job, EV_ENQUEUE))
        return engine_retry_job(p, job, user_id, played, err);
    job->user_id = user_id;
    engine_reset_skipped(p, job, user_id);
    *played = job;
    return true;
}

int engine_retry_pipeline(EnginePipeline *p, int64_t user_id)
{
    static const unsigned runs_again = STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_CANCELED);
    int runs = 0;

    for (int i = 0; i < p->n_slots; i++) {
        EngineJob *job = p->slots[i].latest;

        if (STATUS_IN(job->status, runs_again) && !job->bridge) {
            add_run(p, job, user_id, false);
            runs++;
        } else {
            process_skipped(p, job, user_id);
        }
    }
    return runs;
}

static bool retry_names_it(const EngineJob *job)
{
    const EngineRetry *retry = &job->retry;
    uint64_t reason = UINT64_C(1) << job->failure;

    if (retry->always || (retry->reasons & reason))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(retry_families); i++)
        if ((retry->reasons & (UINT64_C(1) << retry_families[i].named)) &&
            (retry_families[i].also & reason))
            return true;
    for (size_t i = 0; job->has_exit_code && i < retry->n_exit_codes; i++)
        if (retry->exit_codes[i] == job->exit_code)
            return true;
    return false;
}

static int max_auto_retries(const EngineJob *job)
{
    if (never_retried & (UINT64_C(1) << job->failure))
        return 0;
    if (job->retry.max > 0 && retry_names_it(job))
        return job->retry.max;
    return job->failure == FAILURE_SCHEDULER ? SCHEDULER_FAILURE_RETRIES : 0;
}

bool engine_auto_retry_is_due(const EngineJob *job)
{
    return job->status == STATUS_FAILED && job_is_retryable(job->status, job->retried) &&
           job->n_retried < max_auto_retries(job);
}

EngineJob *engine_auto_retry(EnginePipeline *p, EngineJob *job)
{
    EngineJob *run = add_run(p, job, job->user_id, job_is_action(job->when));

    engine_reset_skipped(p, job, job->user_id);
    return run;
}
