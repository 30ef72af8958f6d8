/* subject.c - rows in, a step, rows out. */
#include "subject.h"

#include "base/arena.h"
#include "base/clock.h"
#include "pipeline/advance.h"
#include "pipeline/cancel.h"
#include "pipeline/events.h"
#include "pipeline/move.h"
#include "pipeline/retry.h"

enum { OWNER = 1, SOMEBODY = 2 };

const char *const job_names[MAX_JOBS] = { "a", "b", "c", "d", "e", "f" };
const char *const stage_names[MAX_STAGES] = { "one", "two", "three" };

/* --- from rows to a model --- */

static const int allowed_exit_codes[] = { ALLOWED_EXIT_CODE };
static const int retried_exit_codes[] = { RETRIED_EXIT_CODE };

static EngineRetry retry_of(const ShapeJob *job)
{
    if (job->retry_max == 0)
        return (EngineRetry){ 0 };
    if (job->retry_exit_code)
        return (EngineRetry){ .max = job->retry_max,
                              .exit_codes = retried_exit_codes,
                              .n_exit_codes = 1 };
    return (EngineRetry){ .max = job->retry_max,
                          .always = job->retry_reason == FAILURE_NONE,
                          .reasons = job->retry_reason == FAILURE_NONE
                                         ? 0
                                         : UINT64_C(1) << job->retry_reason };
}

static EngineJob *add_row(EnginePipeline *p, const Subject *s, int index)
{
    const Row *row = &s->rows[index];
    const ShapeJob *job = &s->shape.jobs[row->job];
    const char **needs = arena_new0(p->arena, const char *, MAX_JOBS);
    size_t n_needs = 0;

    for (int i = 0; i < s->shape.n_jobs; i++)
        if ((job->needs >> i) & 1)
            needs[n_needs++] = job_names[i];
    return engine_pipeline_add(p,
                               &(EngineJob){ .id = index + 1,
                                             .name = job_names[row->job],
                                             .stage = job->stage,
                                             .status = row->status,
                                             .when = job->when,
                                             .allow_failure = row->allow_failure,
                                             .by_needs = job->by_needs,
                                             .bridge = job->bridge,
                                             .retried = row->retried,
                                             .processed = row->processed,
                                             .enqueue_now = row->enqueue_now,
                                             .can_cancel_gracefully = row->graceful,
                                             .needs_resource = job->resource,
                                             .needs = needs,
                                             .n_needs = n_needs,
                                             .start_in_s = job->when == WHEN_DELAYED ? DELAY_S : 0,
                                             .retry = retry_of(job),
                                             .n_retried = row->attempt,
                                             .allow_failure_exit_codes = allowed_exit_codes,
                                             .n_allow_failure_exit_codes = job->allows_exit_code,
                                             .user_id = OWNER,
                                             .failure = row->failure,
                                             .exit_code = MAX(row->exit_code, 0),
                                             .has_exit_code = row->exit_code >= 0,
                                             .queued_at = row->queued_at,
                                             .started_at = row->started_at,
                                             .finished_at = row->finished_at,
                                             .scheduled_at = row->scheduled_at });
}

/* Of earlier runs only those are loaded that a runner still has. */
static bool is_loaded(const Row *row)
{
    return !row->retried || row->status == STATUS_CANCELING;
}

static EnginePipeline *load(const Subject *s, Arena *arena, int64_t now_s, EngineJob **jobs)
{
    EnginePipeline *p = engine_pipeline_new(arena, s->shape.n_stages, now_s * US_PER_S);

    p->cancel_on_job_failure = s->shape.cancel_on_failure;
    p->status = s->pipeline;
    p->started_at = s->started_at;
    p->finished_at = s->finished_at;
    p->duration_s = s->duration_s;
    for (int i = 0; i < s->shape.n_stages; i++) {
        p->stages[i].name = stage_names[i];
        p->stages[i].status = s->stages[i];
    }
    for (int i = 0; i < s->n_rows; i++) {
        int index = s->shape.reversed ? s->n_rows - 1 - i : i;

        jobs[index] = is_loaded(&s->rows[index]) ? add_row(p, s, index) : NULL;
    }
    engine_pipeline_ready(p);
    return p;
}

/* --- and back --- */

static int job_index(const char *name)
{
    return name[0] - 'a';
}

static void write_row(Row *row, const EngineJob *job)
{
    row->status = job->status;
    row->allow_failure = job->allow_failure;
    row->retried = job->retried;
    row->processed = job->processed;
    row->enqueue_now = job->enqueue_now;
    row->graceful = job->can_cancel_gracefully;
    row->failure = job->failure;
    row->exit_code = job->has_exit_code ? job->exit_code : -1;
    row->queued_at = job->queued_at;
    row->started_at = job->started_at;
    row->finished_at = job->finished_at;
    row->scheduled_at = job->scheduled_at;
}

/* Only what the engine says has changed: what it forgets to say is lost. */
static void save(Subject *s, const EnginePipeline *p)
{
    for (int i = 0; i < p->n_jobs; i++) {
        const EngineJob *job = p->jobs[i];

        if (job->id == 0) {
            g_assert(s->n_rows < MAX_RUNS);
            Row *row = &s->rows[s->n_rows++];

            *row = (Row){ .job = job_index(job->name), .attempt = job->n_retried };
            write_row(row, job);
        } else if (job->changed) {
            write_row(&s->rows[job->id - 1], job);
        }
    }
    for (int i = 0; i < p->n_stages; i++)
        if (p->stages[i].status != p->stages[i].before)
            s->stages[i] = p->stages[i].status;
    if (!p->changed)
        return;
    s->pipeline = p->status;
    s->started_at = p->started_at;
    s->finished_at = p->finished_at;
    s->duration_s = p->duration_s;
}

/* --- steps --- */

static int target_row(const Subject *s, const Step *step)
{
    for (int i = 0; i < s->n_rows; i++)
        if (s->rows[i].job == step->job &&
            (step->run > 0 ? s->rows[i].attempt == step->run - 1 : !s->rows[i].retried))
            return i;
    return -1;
}

/* false: refused, which is part of the play: what it leaves behind is compared. */
static bool act_on_job(EnginePipeline *p, EngineJob *job, const Step *step, BridgeStrategy strategy)
{
    EngineJob *out = NULL;

    switch (step->kind) {
    case STEP_RUN:
    case STEP_RUN_GRACEFULLY:
        return engine_run_job(p, job, step->kind == STEP_RUN_GRACEFULLY);
    case STEP_SUCCEED:
        return engine_succeed_job(p, job);
    case STEP_FAIL:
        return engine_drop_job(p, job, step->reason, step->exit_code < 0 ? NULL : &step->exit_code);
    case STEP_CANCEL:
        return engine_cancel_job(p, job);
    case STEP_FORCE_CANCEL:
        return engine_force_cancel_job(p, job);
    case STEP_TAKE_BACK:
        return engine_take_back_job(p, job);
    case STEP_DUE:
    case STEP_DUE_EARLY:
        return engine_start_scheduled_job(p, job);
    case STEP_UNSCHEDULE:
        return engine_unschedule_job(p, job);
    case STEP_PLAY:
        return engine_play_job(p, job, SOMEBODY, &out, NULL);
    case STEP_RETRY:
        return engine_retry_job(p, job, SOMEBODY, &out, NULL);
    case STEP_RERUN:
        return engine_rerun_from(p, job, SOMEBODY, &out, NULL);
    case STEP_ASSIGN_RESOURCE:
        return engine_move_job(p, job, EV_ASSIGN_RESOURCE);
    case STEP_DOWNSTREAM:
        return engine_follow_downstream(p, job, strategy, step->status);
    case STEP_WAIT_AGAIN:
        return engine_wait_again(p, job, SOMEBODY);
    case STEP_CANCEL_PIPELINE:
    case STEP_RETRY_PIPELINE:
    case N_STEP_KINDS:
        break;
    }
    g_assert_not_reached();
}

static void act(const Subject *s, EnginePipeline *p, EngineJob *const *jobs, const Step *step)
{
    if (step->kind == STEP_CANCEL_PIPELINE) {
        (void)engine_cancel_pipeline(p, NULL);
    } else if (step->kind == STEP_RETRY_PIPELINE) {
        (void)engine_retry_pipeline(p, SOMEBODY);
    } else {
        int row = target_row(s, step);
        EngineJob *job = row >= 0 ? jobs[row] : NULL;

        if (job)
            (void)act_on_job(p, job, step, s->shape.jobs[step->job].strategy);
    }
}

/* --- what always holds --- */

#define FINISHED                                                                                   \
    (STATUS_BIT(STATUS_SUCCESS) | STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_CANCELED))

static bool broken(GString *fault, const Row *row, const char *claim)
{
    g_string_append_printf(fault, "%s (run %d): %s", job_names[row->job], row->attempt + 1, claim);
    return false;
}

static bool is_one_of_kinds(StepKind kind, unsigned kinds)
{
    return (kinds >> kind) & 1;
}

static bool is_of_downstream(const Step *step)
{
    return step->kind == STEP_DOWNSTREAM || step->kind == STEP_WAIT_AGAIN;
}

/* An attempt that has ended never changes; what was skipped is looked at again only where
 * something runs again.  A bridge follows its pipeline wherever that goes. */
static bool ended_rows_stay(const Row *was, const Row *row, const Step *step, bool bridge,
                            GString *fault)
{
    static const unsigned again = 1u << STEP_RETRY | 1u << STEP_RETRY_PIPELINE | 1u << STEP_RERUN |
                                  1u << STEP_PLAY | 1u << STEP_FAIL | 1u << STEP_WAIT_AGAIN;
    if (row->status == was->status || (bridge && is_of_downstream(step)))
        return true;
    if (STATUS_IN(was->status, FINISHED))
        return broken(fault, row, "an attempt that had ended changed");
    if (was->status == STATUS_SKIPPED && !is_one_of_kinds(step->kind, again))
        return broken(fault, row, "a skipped job woke up by itself");
    return true;
}

/* Handed out once, and again only after it was taken back. */
static bool runs_once(const Row *was, Row *row, const Step *step, bool bridge, GString *fault)
{
    if (bridge)
        return true;
    row->n_starts += row->status == STATUS_RUNNING && was->status != STATUS_RUNNING;
    row->n_taken_back += step->kind == STEP_TAKE_BACK && was->status == STATUS_RUNNING &&
                         row->status == STATUS_PENDING;
    return row->n_starts <= 1 + row->n_taken_back || broken(fault, row, "it runs twice");
}

static bool times_fit(const Row *was, const Row *row, bool bridge, GString *fault)
{
    if (!bridge && (row->status == STATUS_SCHEDULED) != (row->scheduled_at != 0))
        return broken(fault, row, "scheduled_at does not go with its status");
    if (row->status == STATUS_RUNNING && row->started_at == 0)
        return broken(fault, row, "it runs and has no started_at");
    if (STATUS_IN(row->status, FINISHED) && row->finished_at == 0)
        return broken(fault, row, "it ended and has no finished_at");
    if (!bridge && STATUS_IN(was->status, FINISHED) && row->finished_at != was->finished_at)
        return broken(fault, row, "its end moved");
    if (row->status == STATUS_FAILED && row->failure == FAILURE_NONE)
        return broken(fault, row, "it failed for no reason");
    return true;
}

static bool precedes(const ShapeJob *jobs, int before, int job)
{
    return jobs[job].by_needs ? (jobs[job].needs >> before) & 1
                              : jobs[before].stage < jobs[job].stage;
}

/* Whoever was created and is not skipped has nothing unfinished before it; but a need that is
 * skipped, or that the pipeline does not wait for, decides before all others. */
static bool dependents_wait(const Subject *s, const Row *row, GString *fault)
{
    const Row *waits_for = NULL;

    for (int i = 0; i < s->n_rows; i++) {
        const Row *other = &s->rows[i];
        bool ignored = other->status == STATUS_MANUAL && other->allow_failure;

        if (other->retried || !precedes(s->shape.jobs, other->job, row->job))
            continue;
        if (s->shape.jobs[row->job].by_needs && (ignored || other->status == STATUS_SKIPPED))
            return true;
        if (!ignored && !STATUS_IN(other->status, STATUSES_COMPLETED))
            waits_for = other;
    }
    return !waits_for || broken(fault, row, "its turn came before what it waits for had ended");
}

static bool resource_has_one_holder(const Subject *s, GString *fault)
{
    static const unsigned holds =
        STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_CANCELING);
    const Row *holder = NULL;

    for (int i = 0; i < s->n_rows; i++) {
        if (!s->shape.jobs[s->rows[i].job].resource || !STATUS_IN(s->rows[i].status, holds))
            continue;
        if (holder)
            return broken(fault, holder, "two jobs have the resource");
        holder = &s->rows[i];
    }
    return true;
}

static bool one_latest_run_a_job(const Subject *s, GString *fault)
{
    int n_latest[MAX_JOBS] = { 0 };

    for (int i = 0; i < s->n_rows; i++)
        if (!s->rows[i].retried && ++n_latest[s->rows[i].job] > 1)
            return broken(fault, &s->rows[i], "two runs count");
    for (int i = 0; i < s->shape.n_jobs; i++)
        if (n_latest[i] == 0) {
            g_string_append_printf(fault, "%s: no run counts", job_names[i]);
            return false;
        }
    return true;
}

static bool invariants_hold(const Subject *was, Subject *s, const Step *step, GString *fault)
{
    for (int i = 0; i < s->n_rows; i++) {
        static const Row fresh = { .status = STATUS_CREATED };
        const Row *before = i < was->n_rows ? &was->rows[i] : &fresh;
        Row *row = &s->rows[i];
        bool bridge = s->shape.jobs[row->job].bridge;
        bool follows = bridge && is_of_downstream(step);
        bool starts = before->status == STATUS_CREATED && !follows &&
                      !STATUS_IN(row->status, FINISHED | STATUS_BIT(STATUS_CREATED) |
                                                  STATUS_BIT(STATUS_SKIPPED));

        if (before->retried && !row->retried)
            return broken(fault, row, "an earlier run counts again");
        if (!ended_rows_stay(before, row, step, bridge, fault) ||
            !runs_once(before, row, step, bridge, fault) ||
            !times_fit(before, row, bridge, fault) || (starts && !dependents_wait(s, row, fault)))
            return false;
    }
    return one_latest_run_a_job(s, fault) && resource_has_one_holder(s, fault);
}

/* --- in all --- */

bool subject_start(Subject *s, const Shape *shape, int64_t now_s, GString *fault)
{
    static const Step created = { .kind = N_STEP_KINDS };
    g_autoptr(Arena) arena = arena_new();
    EngineJob *jobs[MAX_RUNS];
    Subject was;

    *s = (Subject){ .shape = *shape, .duration_s = -1, .n_rows = shape->n_jobs };
    for (int i = 0; i < shape->n_jobs; i++)
        s->rows[i] =
            (Row){ .job = i, .allow_failure = shape->jobs[i].allow_failure, .exit_code = -1 };
    was = *s;
    EnginePipeline *p = load(s, arena, now_s, jobs);
    engine_advance(p);
    save(s, p);
    return invariants_hold(&was, s, &created, fault);
}

bool subject_step(Subject *s, const Step *step, int64_t now_s, GString *fault)
{
    g_autoptr(Arena) arena = arena_new();
    EngineJob *jobs[MAX_RUNS];
    Subject was = *s;

    EnginePipeline *p = load(s, arena, now_s, jobs);
    act(s, p, jobs, step);
    engine_advance(p);
    save(s, p);
    return invariants_hold(&was, s, step, fault);
}

static bool differs(GString *fault, const char *what, const char *has, const char *should)
{
    g_string_append_printf(fault, "%s is %s, not %s", what, has, should);
    return false;
}

static bool status_agrees(GString *fault, const char *what, Status has, Status should)
{
    return has == should ||
           differs(fault, what, name_of(&status_names, has), name_of(&status_names, should));
}

static bool row_agrees(const Row *row, const Run *run, GString *fault)
{
    g_autofree char *what = NULL;

    if (row->status == run->status && row->allow_failure == run->allow_failure &&
        row->retried == run->retried && row->failure == run->failure &&
        row->graceful == run->graceful)
        return true;
    what = g_strdup_printf("%s (run %d)", job_names[row->job], row->attempt + 1);
    if (!status_agrees(fault, what, row->status, run->status))
        return false;
    if (row->allow_failure != run->allow_failure)
        return differs(fault, what, row->allow_failure ? "allowed to fail" : "not allowed to fail",
                       run->allow_failure ? "allowed" : "forbidden");
    if (row->retried != run->retried)
        return differs(fault, what, row->retried ? "an earlier run" : "the latest run",
                       run->retried ? "an earlier one" : "the latest");
    if (row->failure != run->failure)
        return differs(fault, what, name_of(&failure_reason_names, row->failure),
                       name_of(&failure_reason_names, run->failure));
    return differs(fault, what, row->graceful ? "able to cancel gracefully" : "hard to cancel",
                   "that");
}

static const Row *row_of(const Subject *s, const Run *run)
{
    for (int i = 0; i < s->n_rows; i++)
        if (s->rows[i].job == run->job && s->rows[i].attempt == run->attempt)
            return &s->rows[i];
    return NULL;
}

bool subject_agrees(const Subject *s, const Oracle *o, GString *fault)
{
    if (s->n_rows != o->n_runs) {
        g_string_append_printf(fault, "there are %d runs, not %d", s->n_rows, o->n_runs);
        return false;
    }
    for (int i = 0; i < o->n_runs; i++) {
        const Row *row = row_of(s, &o->runs[i]);

        if (!row)
            return differs(fault, job_names[o->runs[i].job], "without a run", "so");
        if (!row_agrees(row, &o->runs[i], fault))
            return false;
    }
    for (int i = 0; i < s->shape.n_stages; i++)
        if (!status_agrees(fault, stage_names[i], s->stages[i], o->stages[i]))
            return false;
    return status_agrees(fault, "the pipeline", s->pipeline, o->pipeline);
}
