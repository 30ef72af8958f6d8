/* oracle.c - the rules of the engine once more, as they are told and not as they are tabled. */
#include "oracle.h"

enum { END_OF_LIST = -1 };

#define ONE_OF(value, ...) is_one_of((int)(value), (const int[]){ __VA_ARGS__, END_OF_LIST })
#define COMPLETED          STATUS_SUCCESS, STATUS_FAILED, STATUS_CANCELED, STATUS_SKIPPED
#define UNFINISHED                                                                                 \
    STATUS_CREATED, STATUS_PENDING, STATUS_RUNNING, STATUS_PREPARING, STATUS_WAITING_FOR_RESOURCE, \
        STATUS_WAITING_FOR_CALLBACK

static bool is_one_of(int value, const int *list)
{
    for (; *list != END_OF_LIST; list++)
        if (*list == value)
            return true;
    return false;
}

static Run *latest(Oracle *o, int job)
{
    return &o->runs[o->latest[job]];
}

/* --- what several jobs come to --- */

typedef struct Group {
    bool warnings, ignored, has[N_STATUS];
    int n;
} Group;

static void count(Group *g, const Run *run)
{
    g->n++;
    if (run->allow_failure && ONE_OF(run->status, STATUS_FAILED, STATUS_CANCELED))
        g->warnings = true;
    else if (run->allow_failure && run->status == STATUS_MANUAL)
        g->ignored = true;
    else
        g->has[run->status] = true;
}

/* Nothing but the listed ones; what was allowed to go wrong and what is ignored never hurts. */
static bool only(const Group *g, const int *list)
{
    for (int status = 0; status < N_STATUS; status++)
        if (g->has[status] && !is_one_of(status, list))
            return false;
    return true;
}
#define ONLY(g, ...) only(g, (const int[]){ __VA_ARGS__, END_OF_LIST })

static Status come_to(const Group *g)
{
    if (ONLY(g, STATUS_SKIPPED))
        return g->warnings ? STATUS_SUCCESS : STATUS_SKIPPED;
    if (ONLY(g, STATUS_SUCCESS, STATUS_SKIPPED))
        return STATUS_SUCCESS;
    if (ONLY(g, STATUS_CREATED))
        return STATUS_CREATED;
    if (ONLY(g, STATUS_PREPARING))
        return STATUS_PREPARING;
    if (ONLY(g, STATUS_CANCELED, STATUS_SUCCESS, STATUS_SKIPPED))
        return STATUS_CANCELED;
    if (ONLY(g, STATUS_PENDING, STATUS_CREATED, STATUS_SKIPPED))
        return STATUS_PENDING;
    if (g->has[STATUS_RUNNING] || g->has[STATUS_PENDING])
        return STATUS_RUNNING;
    if (g->has[STATUS_WAITING_FOR_RESOURCE])
        return STATUS_WAITING_FOR_RESOURCE;
    if (g->has[STATUS_WAITING_FOR_CALLBACK])
        return STATUS_WAITING_FOR_CALLBACK;
    if (g->has[STATUS_MANUAL])
        return STATUS_MANUAL;
    if (g->has[STATUS_SCHEDULED])
        return STATUS_SCHEDULED;
    if (g->has[STATUS_PREPARING])
        return STATUS_PREPARING;
    if (g->has[STATUS_CREATED])
        return STATUS_RUNNING;
    return g->has[STATUS_CANCELING] ? STATUS_CANCELING : STATUS_FAILED;
}

static Status needs_come_to(const Group *g)
{
    if (g->n == 0)
        return STATUS_SUCCESS;
    if (g->has[STATUS_SKIPPED] || g->ignored)
        return STATUS_SKIPPED;
    return ONLY(g, COMPLETED) ? come_to(g) : STATUS_PENDING;
}

static Status before_job(Oracle *o, int job)
{
    const ShapeJob *own = &o->shape.jobs[job];
    Group g = { 0 };

    for (int i = 0; i < o->shape.n_jobs; i++)
        if (own->by_needs ? (own->needs >> i) & 1 : o->shape.jobs[i].stage < own->stage)
            count(&g, latest(o, i));
    if (own->by_needs)
        return needs_come_to(&g);
    return g.n == 0 ? STATUS_SUCCESS : come_to(&g);
}

/* --- the pass --- */

static void enqueue(const Oracle *o, Run *run)
{
    run->status = o->shape.jobs[run->job].resource ? STATUS_WAITING_FOR_RESOURCE : STATUS_PENDING;
}

static bool accepts(const ShapeJob *job, Status before)
{
    if (job->when == WHEN_ON_FAILURE)
        return before == STATUS_FAILED;
    if (job->when == WHEN_ALWAYS)
        return before != STATUS_CANCELED;
    return before == STATUS_SUCCESS || (before == STATUS_SKIPPED && !job->by_needs);
}

static void decide(Oracle *o, int i)
{
    Run *run = latest(o, i);
    Status before = before_job(o, i);

    if (run->status != STATUS_CREATED || !ONE_OF(before, COMPLETED))
        return;
    if (!accepts(&o->shape.jobs[i], before)) {
        run->status = STATUS_SKIPPED;
    } else if (run->enqueue_now) {
        enqueue(o, run);
    } else if (o->shape.jobs[i].when == WHEN_DELAYED) {
        run->status = STATUS_SCHEDULED;
        run->due_s = o->now_s + DELAY_S;
    } else if (o->shape.jobs[i].when == WHEN_MANUAL) {
        run->status = STATUS_MANUAL;
    } else {
        enqueue(o, run);
    }
}

static void follow_stages(Oracle *o)
{
    for (int s = 0; s < o->shape.n_stages; s++) {
        Group g = { 0 };

        for (int i = 0; i < o->shape.n_jobs; i++)
            if (o->shape.jobs[i].stage == s)
                count(&g, latest(o, i));
        Status now = g.n == 0 ? STATUS_SKIPPED : come_to(&g);
        if (now == STATUS_CREATED || (now == STATUS_CANCELING && o->stages[s] == STATUS_CANCELED))
            continue;
        o->stages[s] = now;
    }
}

static void follow_pipeline(Oracle *o)
{
    Group g = { 0 };

    for (int i = 0; i < o->shape.n_jobs; i++)
        count(&g, latest(o, i));
    Status now = come_to(&g);
    if (now == STATUS_CREATED || (now == STATUS_CANCELING && o->pipeline == STATUS_CANCELED))
        return;
    if (now == STATUS_PENDING) {
        if (ONE_OF(o->pipeline, STATUS_RUNNING, STATUS_WAITING_FOR_CALLBACK))
            return;
        if (ONE_OF(o->pipeline, STATUS_SUCCESS, STATUS_FAILED, STATUS_CANCELING, STATUS_CANCELED))
            now = STATUS_RUNNING;
    }
    o->pipeline = now;
}

static void pass(Oracle *o)
{
    for (int i = 0; i < o->shape.n_jobs; i++)
        decide(o, i);
    follow_stages(o);
    follow_pipeline(o);
}

/* --- what people and runners do --- */

static void add_run(Oracle *o, int job, int attempt, bool enqueue_now)
{
    const ShapeJob *shape = &o->shape.jobs[job];
    const Run *old = attempt > 0 ? latest(o, job) : NULL;

    o->runs[o->n_runs] = (Run){ .job = job,
                                .attempt = attempt,
                                .status = STATUS_CREATED,
                                .allow_failure = old ? old->allow_failure : shape->allow_failure,
                                .enqueue_now = enqueue_now };
    if (old)
        latest(o, job)->retried = true;
    o->latest[job] = o->n_runs++;
}

static bool is_action(const ShapeJob *job)
{
    return job->when == WHEN_MANUAL || job->when == WHEN_DELAYED;
}

static bool depends(const Oracle *o, int job, int on)
{
    if (job == on)
        return true;
    for (int i = 0; i < job; i++)
        if (((o->shape.jobs[job].needs >> i) & 1) && depends(o, i, on))
            return true;
    return false;
}

static void look_again(Oracle *o, int job)
{
    for (int i = 0; i < o->shape.n_jobs; i++)
        if ((depends(o, i, job) || o->shape.jobs[i].stage > o->shape.jobs[job].stage) &&
            latest(o, i)->status == STATUS_SKIPPED)
            latest(o, i)->status = STATUS_CREATED;
}

static bool is_retryable(const Oracle *o, const Run *run)
{
    if (o->shape.jobs[run->job].bridge &&
        ONE_OF(run->failure, FAILURE_PIPELINE_LOOP, FAILURE_DOWNSTREAM_DEPTH))
        return false;
    return !run->retried &&
           ONE_OF(run->status, STATUS_SUCCESS, STATUS_FAILED, STATUS_CANCELED, STATUS_CANCELING);
}

static void retry(Oracle *o, const Run *run)
{
    int job = run->job;

    if (!is_retryable(o, run))
        return;
    add_run(o, job, run->attempt + 1, is_action(&o->shape.jobs[job]));
    pass(o);
    look_again(o, job);
}

/* What depends on @on, and what the stages of others put after it, with what depends on those. */
static bool follows(const Oracle *o, int job, int on)
{
    if (depends(o, job, on))
        return true;
    for (int i = 0; i <= job; i++)
        if (!o->shape.jobs[i].by_needs && o->shape.jobs[i].stage > o->shape.jobs[on].stage &&
            depends(o, job, i))
            return true;
    return false;
}

static void rerun(Oracle *o, const Run *run)
{
    int job = run->job;

    if (!is_retryable(o, run))
        return;
    for (int i = 0; i < o->shape.n_jobs; i++) {
        Run *other = latest(o, i);

        if (i == job || !follows(o, i, job))
            continue;
        if (is_retryable(o, other))
            add_run(o, i, other->attempt + 1, false);
        else if (other->status == STATUS_SKIPPED)
            other->status = STATUS_CREATED;
    }
    add_run(o, job, run->attempt + 1, is_action(&o->shape.jobs[job]));
}

static void play(Oracle *o, Run *run)
{
    const ShapeJob *job = &o->shape.jobs[run->job];

    if (!is_action(job))
        return;
    if (run->status == STATUS_MANUAL || (run->status == STATUS_SCHEDULED && !job->bridge)) {
        enqueue(o, run);
        look_again(o, run->job);
    } else if (!job->bridge) {
        retry(o, run);
    }
}

static bool retry_is_for(const ShapeJob *job, FailureReason reason, int exit_code)
{
    if (job->retry_exit_code)
        return exit_code == RETRIED_EXIT_CODE;
    return job->retry_reason == FAILURE_NONE || job->retry_reason == reason ||
           (job->retry_reason == FAILURE_STUCK_OR_TIMEOUT && reason == FAILURE_NO_UPDATES_RUNNING);
}

static int most_retries(const ShapeJob *job, FailureReason reason, int exit_code)
{
    if (ONE_OF(reason, FAILURE_QUOTA_EXCEEDED, FAILURE_NO_MATCHING_RUNNER,
               FAILURE_MISSING_DEPENDENCY))
        return 0;
    if (job->retry_max > 0 && retry_is_for(job, reason, exit_code))
        return job->retry_max;
    return reason == FAILURE_SCHEDULER ? 2 : 0;
}

static void fail(Oracle *o, Run *run, FailureReason reason, int exit_code)
{
    const ShapeJob *job = &o->shape.jobs[run->job];

    if (run->status == STATUS_CANCELING) {
        run->status = STATUS_CANCELED;
        return;
    }
    if (!ONE_OF(run->status, UNFINISHED, STATUS_MANUAL, STATUS_SCHEDULED))
        return;
    run->status = STATUS_FAILED;
    run->failure = reason;
    run->allow_failure |= job->allows_exit_code && exit_code == ALLOWED_EXIT_CODE;
    if (!run->retried && run->attempt < most_retries(job, reason, exit_code)) {
        add_run(o, run->job, run->attempt + 1, is_action(job));
        look_again(o, run->job);
    } else if (!run->allow_failure && !run->retried && o->shape.cancel_on_failure) {
        o->cancel_is_due = true;
    }
}

static void cancel(Run *run)
{
    if (run->status == STATUS_RUNNING && run->graceful)
        run->status = STATUS_CANCELING;
    else if (ONE_OF(run->status, UNFINISHED, STATUS_MANUAL, STATUS_SCHEDULED))
        run->status = STATUS_CANCELED;
}

static void cancel_pipeline(Oracle *o)
{
    for (int i = 0; i < o->shape.n_jobs; i++)
        if (latest(o, i)->status != STATUS_MANUAL)
            cancel(latest(o, i));
}

static void retry_pipeline(Oracle *o)
{
    for (int i = 0; i < o->shape.n_jobs; i++) {
        Run *run = latest(o, i);

        if (ONE_OF(run->status, STATUS_FAILED, STATUS_CANCELED) && !o->shape.jobs[i].bridge)
            add_run(o, i, run->attempt + 1, false);
        else if (run->status == STATUS_SKIPPED)
            run->status = STATUS_CREATED;
    }
}

static void downstream(Oracle *o, Run *run, Status status)
{
    BridgeStrategy strategy = o->shape.jobs[run->job].strategy;
    Status to = status;

    if (strategy == STRATEGY_NONE)
        return;
    if (strategy == STRATEGY_DEPEND) {
        if (!ONE_OF(status, COMPLETED))
            return;
        to = status == STATUS_SKIPPED ? STATUS_FAILED : status;
    } else if (ONE_OF(status, STATUS_WAITING_FOR_RESOURCE, STATUS_PREPARING,
                      STATUS_WAITING_FOR_CALLBACK)) {
        to = STATUS_PENDING;
    } else if (ONE_OF(status, STATUS_CREATED, STATUS_CANCELING)) {
        return;
    }
    run->has_downstream = true;
    if (to == run->status)
        return;
    run->status = to;
    run->failure = to == STATUS_FAILED ? FAILURE_UNKNOWN : FAILURE_NONE;
    if (to == STATUS_FAILED && !run->allow_failure && o->shape.cancel_on_failure)
        o->cancel_is_due = true;
}

static void due(Oracle *o, Run *run)
{
    if (run->status == STATUS_SCHEDULED && run->due_s <= o->now_s)
        enqueue(o, run);
}

int oracle_target(const Oracle *o, const Step *step)
{
    if (step->run == 0)
        return o->latest[step->job];
    for (int i = 0; i < o->n_runs; i++)
        if (o->runs[i].job == step->job && o->runs[i].attempt == step->run - 1)
            return i;
    return -1;
}

static void change(Run *run, Status from, Status to)
{
    if (run->status == from)
        run->status = to;
}

static void hand_out(Run *run, bool graceful)
{
    run->graceful = run->status == STATUS_PENDING ? graceful : run->graceful;
    change(run, STATUS_PENDING, STATUS_RUNNING);
}

static void succeed(Run *run)
{
    if (run->status == STATUS_CANCELING)
        run->status = STATUS_CANCELED;
    else if (ONE_OF(run->status, UNFINISHED))
        run->status = STATUS_SUCCESS;
}

static void take_back(Run *run)
{
    change(run, STATUS_RUNNING, STATUS_PENDING);
    run->graceful &= run->status != STATUS_PENDING;
}

static void wait_again(Oracle *o, Run *run)
{
    if (run->status == STATUS_PENDING)
        return;
    run->status = STATUS_PENDING;
    run->failure = FAILURE_NONE;
    look_again(o, run->job);
}

static void act(Oracle *o, const Step *step)
{
    Run *run = &o->runs[oracle_target(o, step)];

    switch (step->kind) {
    case STEP_RUN:
    case STEP_RUN_GRACEFULLY:
        return hand_out(run, step->kind == STEP_RUN_GRACEFULLY);
    case STEP_SUCCEED:
        return succeed(run);
    case STEP_FAIL:
        return fail(o, run, step->reason, step->exit_code);
    case STEP_CANCEL:
        return cancel(run);
    case STEP_FORCE_CANCEL:
        return change(run, STATUS_CANCELING, STATUS_CANCELED);
    case STEP_TAKE_BACK:
        return take_back(run);
    case STEP_DUE:
    case STEP_DUE_EARLY:
        return due(o, run);
    case STEP_UNSCHEDULE:
        return change(run, STATUS_SCHEDULED, STATUS_MANUAL);
    case STEP_PLAY:
        return play(o, run);
    case STEP_RETRY:
        return retry(o, run);
    case STEP_RERUN:
        return rerun(o, run);
    case STEP_ASSIGN_RESOURCE:
        return change(run, STATUS_WAITING_FOR_RESOURCE, STATUS_PENDING);
    case STEP_DOWNSTREAM:
        return downstream(o, run, step->status);
    case STEP_WAIT_AGAIN:
        return wait_again(o, run);
    case STEP_CANCEL_PIPELINE:
        return cancel_pipeline(o);
    case STEP_RETRY_PIPELINE:
        return retry_pipeline(o);
    case N_STEP_KINDS:
        return;
    }
}

void oracle_start(Oracle *o, const Shape *shape)
{
    *o = (Oracle){ .shape = *shape, .now_s = 1 };
    for (int i = 0; i < shape->n_jobs; i++)
        add_run(o, i, 0, false);
    pass(o);
}

static bool resource_is_free(const Oracle *o)
{
    for (int i = 0; i < o->n_runs; i++)
        if (o->shape.jobs[o->runs[i].job].resource &&
            ONE_OF(o->runs[i].status, STATUS_PENDING, STATUS_RUNNING, STATUS_CANCELING))
            return false;
    return true;
}

bool oracle_takes(const Oracle *o, const Step *step)
{
    const Run *run = &o->runs[o->latest[step->job]];
    bool waits = run->status == STATUS_PENDING;

    if (oracle_target(o, step) < 0)
        return false;
    if (step->kind == STEP_ASSIGN_RESOURCE && run->status == STATUS_WAITING_FOR_RESOURCE)
        return resource_is_free(o);
    if (ONE_OF(step->kind, STEP_DOWNSTREAM, STEP_WAIT_AGAIN))
        return o->shape.jobs[step->job].bridge && step->run == 0 &&
               (run->has_downstream || (waits && step->kind == STEP_DOWNSTREAM));
    if (!o->shape.jobs[step->job].bridge)
        return true;
    if (ONE_OF(step->kind, STEP_SUCCEED, STEP_FAIL) && !waits)
        return false;
    return step->run == 0 && !ONE_OF(step->kind, STEP_RUN, STEP_RUN_GRACEFULLY, STEP_TAKE_BACK,
                                     STEP_DUE, STEP_DUE_EARLY, STEP_UNSCHEDULE);
}

void oracle_step(Oracle *o, const Step *step)
{
    o->now_s++;
    const Run *run = &o->runs[oracle_target(o, step)];
    if (step->kind == STEP_DUE && run->status == STATUS_SCHEDULED)
        o->now_s = MAX(o->now_s, run->due_s);
    act(o, step);
    pass(o);
    if (o->cancel_is_due) {
        o->cancel_is_due = false;
        cancel_pipeline(o);
        pass(o);
    }
}
