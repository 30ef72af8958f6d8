/* play.c - plays step by step, and makes up random ones. */
#include "play.h"

enum { STEPS_A_PLAY = 40 };

/* --- chance --- */

typedef struct Chance {
    uint64_t state;
} Chance;

/* splitmix64: small, and any seed will do. */
static uint64_t draw(Chance *c)
{
    uint64_t z = (c->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int below(Chance *c, int n)
{
    return (int)(draw(c) % (uint64_t)n);
}

static bool one_in(Chance *c, int n)
{
    return below(c, n) == 0;
}

#define ONE_FROM(c, list) ((list)[below((c), G_N_ELEMENTS(list))])

static const FailureReason job_reasons[] = {
    FAILURE_SCRIPT,      FAILURE_RUNNER_SYSTEM,      FAILURE_NO_UPDATES_RUNNING,
    FAILURE_SCHEDULER,   FAILURE_MISSING_DEPENDENCY, FAILURE_STUCK_OR_TIMEOUT,
    FAILURE_JOB_TIMEOUT,
};
static const FailureReason bridge_reasons[] = { FAILURE_DOWNSTREAM_CREATION, FAILURE_PIPELINE_LOOP,
                                                FAILURE_DOWNSTREAM_DEPTH };
static const FailureReason retry_reasons[] = { FAILURE_NONE, FAILURE_NONE, FAILURE_SCRIPT,
                                               FAILURE_RUNNER_SYSTEM, FAILURE_STUCK_OR_TIMEOUT };

static ShapeJob random_job(Chance *c, int index)
{
    static const JobWhen bridge_whens[] = { WHEN_ON_SUCCESS, WHEN_ON_FAILURE, WHEN_ALWAYS,
                                            WHEN_MANUAL };
    ShapeJob job = { .when = one_in(c, 2) ? WHEN_ON_SUCCESS : (JobWhen)below(c, WHEN_NEVER),
                     .allow_failure = one_in(c, 3),
                     .by_needs = one_in(c, 3),
                     .bridge = one_in(c, 6) };

    if (job.by_needs)
        job.needs = (unsigned)draw(c) & (unsigned)draw(c) & ((1u << index) - 1);
    if (job.bridge) {
        job.when = one_in(c, 2) ? WHEN_ON_SUCCESS : ONE_FROM(c, bridge_whens);
        job.strategy = (BridgeStrategy)below(c, N_BRIDGE_STRATEGIES);
        return job;
    }
    job.resource = one_in(c, 5);
    job.allows_exit_code = !job.allow_failure && one_in(c, 4);
    job.retry_max = one_in(c, 4) ? 1 + below(c, 2) : 0;
    job.retry_exit_code = one_in(c, 4);
    job.retry_reason = ONE_FROM(c, retry_reasons);
    return job;
}

static Shape random_shape(Chance *c)
{
    Shape shape = { .n_stages = 1 + below(c, MAX_STAGES),
                    .n_jobs = 1 + below(c, MAX_JOBS),
                    .cancel_on_failure = one_in(c, 5),
                    .reversed = one_in(c, 2) };
    int stage = 0;

    for (int i = 0; i < shape.n_jobs; i++) {
        ShapeJob *job = &shape.jobs[i];

        *job = i > 0 && one_in(c, 8) ? shape.jobs[i - 1] : random_job(c, i);
        while (stage < shape.n_stages - 1 && one_in(c, 2))
            stage++;
        job->stage = stage;
    }
    return shape;
}

static Step random_step(Chance *c, const Oracle *o)
{
    Step step = { .kind = (StepKind)below(c, N_STEP_KINDS),
                  .job = below(c, o->shape.n_jobs),
                  .run = one_in(c, 8) ? 1 + below(c, 3) : 0,
                  .exit_code = -1 };

    if ((step.kind == STEP_CANCEL_PIPELINE || step.kind == STEP_RETRY_PIPELINE) && !one_in(c, 3))
        step.kind = STEP_SUCCEED;
    if (step.kind == STEP_FAIL) {
        static const int exit_codes[] = { -1, 1, ALLOWED_EXIT_CODE, RETRIED_EXIT_CODE };

        step.reason =
            o->shape.jobs[step.job].bridge ? ONE_FROM(c, bridge_reasons) : ONE_FROM(c, job_reasons);
        step.exit_code = ONE_FROM(c, exit_codes);
    }
    step.status = (Status)below(c, N_STATUS);
    return step;
}

/* What would come next if nobody interfered; false: nothing would. */
static bool next_step(Chance *c, const Oracle *o, Step *step)
{
    int first = below(c, o->shape.n_jobs);

    for (int i = 0; i < o->n_runs; i++) {
        const Run *run = &o->runs[(first + i) % o->n_runs];
        bool bridge = o->shape.jobs[run->job].bridge;

        *step = (Step){ .job = run->job,
                        .run = run->retried ? run->attempt + 1 : 0,
                        .exit_code = -1,
                        .reason = FAILURE_SCRIPT,
                        .status = one_in(c, 3) ? STATUS_FAILED : STATUS_SUCCESS };
        if (bridge && STATUS_IN(run->status, STATUSES_ACTIVE | STATUS_BIT(STATUS_SCHEDULED)))
            step->kind =
                o->shape.jobs[run->job].strategy == STRATEGY_NONE ? STEP_SUCCEED : STEP_DOWNSTREAM;
        else if (run->status == STATUS_SCHEDULED)
            step->kind = STEP_DUE;
        else if (run->status == STATUS_WAITING_FOR_RESOURCE)
            step->kind = STEP_ASSIGN_RESOURCE;
        else if (run->status == STATUS_PENDING)
            step->kind = one_in(c, 3) ? STEP_RUN_GRACEFULLY : STEP_RUN;
        else if (STATUS_IN(run->status, STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_CANCELING)))
            step->kind = one_in(c, 4) ? STEP_FAIL : STEP_SUCCEED;
        else
            continue;
        if (oracle_takes(o, step))
            return true;
    }
    return false;
}

/* --- both, side by side --- */

typedef struct Pair {
    Oracle oracle;
    Subject subject;
} Pair;

/* Nothing is stuck: where nothing more can happen, the pipeline ended or waits for a person. */
static bool is_at_rest_or_goes_on(const Pair *pair, GString *fault)
{
    static const unsigned at_rest = STATUSES_COMPLETED | STATUS_BIT(STATUS_MANUAL);
    Chance c = { 0 };
    Step step;

    if (STATUS_IN(pair->subject.pipeline, at_rest) || next_step(&c, &pair->oracle, &step))
        return true;
    g_string_append_printf(fault, "nothing more can happen and the pipeline is %s",
                           name_of(&status_names, pair->subject.pipeline));
    return false;
}

static bool still_agree(const Pair *pair, GString *fault)
{
    return subject_agrees(&pair->subject, &pair->oracle, fault) &&
           is_at_rest_or_goes_on(pair, fault);
}

static bool start(Pair *pair, const Shape *shape, GString *fault)
{
    oracle_start(&pair->oracle, shape);
    return subject_start(&pair->subject, shape, pair->oracle.now_s, fault) &&
           still_agree(pair, fault);
}

static bool do_step(Pair *pair, const Step *step, GString *fault)
{
    oracle_step(&pair->oracle, step);
    return subject_step(&pair->subject, step, pair->oracle.now_s, fault) &&
           still_agree(pair, fault);
}

bool play_holds(const Play *play, GString *fault)
{
    Pair pair;

    if (!start(&pair, &play->shape, fault))
        return false;
    for (int i = 0; i < play->n_steps; i++)
        if (oracle_takes(&pair.oracle, &play->steps[i]) && !do_step(&pair, &play->steps[i], fault))
            return false;
    return true;
}

/* --- random plays --- */

/* A rerun makes the most runs: one a job, and a retry by itself another. */
static bool has_room(const Oracle *o)
{
    return o->n_runs + 2 * o->shape.n_jobs <= MAX_RUNS;
}

static bool append(Pair *pair, Play *play, const Step *step, GString *fault)
{
    play->steps[play->n_steps++] = *step;
    return do_step(pair, step, fault);
}

/* From now on everything that goes on also ends. */
static bool play_to_rest(Chance *c, Pair *pair, Play *play, GString *fault)
{
    Step step;

    while (play->n_steps < MAX_STEPS && has_room(&pair->oracle) &&
           next_step(c, &pair->oracle, &step))
        if (!append(pair, play, &step, fault))
            return false;
    return true;
}

bool play_of_seed(guint32 seed, Play *play, GString *fault)
{
    Chance chance = { .state = seed };
    Chance *c = &chance;
    Pair pair;

    *play = (Play){ .shape = random_shape(c) };
    if (!start(&pair, &play->shape, fault))
        return false;
    for (int i = 0; i < STEPS_A_PLAY && has_room(&pair.oracle); i++) {
        Step step;

        if (one_in(c, 2) || !next_step(c, &pair.oracle, &step))
            step = random_step(c, &pair.oracle);
        if (oracle_takes(&pair.oracle, &step) && !append(&pair, play, &step, fault))
            return false;
    }
    return play_to_rest(c, &pair, play, fault);
}

bool play_at_random(long steps, guint32 *seed, Play *failed, GString *fault)
{
    for (long done = 0; done < steps; (*seed)++) {
        if (!play_of_seed(*seed, failed, fault))
            return false;
        done += failed->n_steps + 1;
    }
    return true;
}

/* --- all of them --- */

typedef struct Walk {
    GHashTable *seen; /* states, as far as they decide what follows */
    Play *play;       /* the way to the present state */
    GString *fault;
    long left;
} Walk;

enum { RUNS_A_JOB = 2, BITS_A_RUN = 9 };

static uint64_t state_of(const Oracle *o)
{
    uint64_t state = 0;

    for (int i = 0; i < o->n_runs; i++) {
        const Run *run = &o->runs[i];
        uint64_t bits = (uint64_t)run->status | (uint64_t)run->allow_failure << 4 |
                        (uint64_t)run->enqueue_now << 5 | (uint64_t)run->graceful << 6 |
                        (uint64_t)run->has_downstream << 7 |
                        (uint64_t)(run->failure == FAILURE_PIPELINE_LOOP) << 8;

        state |= (bits + 1) << ((run->job * RUNS_A_JOB + run->attempt) * (BITS_A_RUN + 1));
    }
    for (int s = 0; s < o->shape.n_stages; s++)
        state |= (uint64_t)o->stages[s] << (52 + 4 * s);
    return state | (uint64_t)o->pipeline << 60;
}

/* Whether it makes no run beyond what a state has room for. */
static bool is_within(const Oracle *o, const Step *step)
{
    static const unsigned makes_runs = 1u << STEP_RETRY | 1u << STEP_RERUN |
                                       1u << STEP_RETRY_PIPELINE | 1u << STEP_PLAY |
                                       1u << STEP_FAIL;

    if (!((makes_runs >> step->kind) & 1))
        return true;
    for (int i = 0; i < o->n_runs; i++)
        if (o->runs[i].attempt + 1 >= RUNS_A_JOB)
            return false;
    return true;
}

static bool walk_on(Walk *walk, const Pair *from);

static bool walk_step(Walk *walk, const Pair *from, const Step *step)
{
    Pair pair;

    if (walk->left <= 0 || walk->play->n_steps == MAX_STEPS || !is_within(&from->oracle, step) ||
        !oracle_takes(&from->oracle, step))
        return true;
    walk->left--;
    pair = *from;
    walk->play->steps[walk->play->n_steps++] = *step;
    if (!do_step(&pair, step, walk->fault) || !walk_on(walk, &pair))
        return false;
    walk->play->n_steps--;
    return true;
}

static bool walk_kind(Walk *walk, const Pair *from, Step step)
{
    static const Status downstream[] = { STATUS_RUNNING, STATUS_MANUAL,   STATUS_SUCCESS,
                                         STATUS_FAILED,  STATUS_CANCELED, STATUS_SKIPPED };
    static const int exit_codes[] = { -1, ALLOWED_EXIT_CODE };

    if (step.kind == STEP_DOWNSTREAM) {
        for (size_t i = 0; i < G_N_ELEMENTS(downstream); i++) {
            step.status = downstream[i];
            if (!walk_step(walk, from, &step))
                return false;
        }
        return true;
    }
    if (step.kind == STEP_FAIL) {
        for (size_t i = 0; i < G_N_ELEMENTS(exit_codes); i++) {
            step.reason =
                from->oracle.shape.jobs[step.job].bridge ? bridge_reasons[i] : FAILURE_SCRIPT;
            step.exit_code = exit_codes[i];
            if (!walk_step(walk, from, &step))
                return false;
        }
        return true;
    }
    return walk_step(walk, from, &step);
}

static int n_earlier_runs(const Oracle *o, int job)
{
    return o->runs[o->latest[job]].attempt;
}

static bool walk_on(Walk *walk, const Pair *from)
{
    const Oracle *o = &from->oracle;
    uint64_t state = state_of(o);

    if (!g_hash_table_add(walk->seen, g_memdup2(&state, sizeof(state))))
        return true;
    for (int kind = 0; kind < N_STEP_KINDS; kind++) {
        bool of_pipeline = kind == STEP_CANCEL_PIPELINE || kind == STEP_RETRY_PIPELINE;

        for (int job = 0; job < (of_pipeline ? 1 : o->shape.n_jobs); job++)
            for (int run = 0; run <= n_earlier_runs(o, job); run++) {
                Step step = { .kind = (StepKind)kind, .job = job, .run = run, .exit_code = -1 };

                if (!walk_kind(walk, from, step))
                    return false;
            }
    }
    return true;
}

static bool walk_all(Walk *walk)
{
    Pair pair;

    walk->play->n_steps = 0;
    return start(&pair, &walk->play->shape, walk->fault) && walk_on(walk, &pair);
}

/* A job in all kinds: its place among the kinds is the number, which this takes apart. */
enum { JOB_KINDS = 7 * 3, PLACES = 3, PIPELINES = JOB_KINDS * JOB_KINDS * PLACES };

static ShapeJob job_of_kind(int kind)
{
    static const JobWhen whens[] = { WHEN_ON_SUCCESS, WHEN_ON_FAILURE, WHEN_ALWAYS, WHEN_MANUAL,
                                     WHEN_DELAYED };
    int what = kind / 3;
    ShapeJob job = { .when = what < 5 ? whens[what] : WHEN_ON_SUCCESS };

    job.bridge = what == 5;
    job.strategy = what == 5 ? STRATEGY_MIRROR : STRATEGY_NONE;
    job.resource = what == 6;
    job.retry_max = what == 6;
    job.allow_failure = kind % 3 == 1;
    job.allows_exit_code = kind % 3 == 2 && !job.bridge;
    if (kind % 3 == 2 && job.bridge)
        job.strategy = STRATEGY_DEPEND;
    return job;
}

static Shape shape_of_number(int number)
{
    Shape shape = { .n_stages = 2, .n_jobs = 2 };
    int place = number % PLACES;

    shape.jobs[0] = job_of_kind(number / PLACES % JOB_KINDS);
    shape.jobs[1] = job_of_kind(number / PLACES / JOB_KINDS);
    shape.jobs[1].stage = place != 0;
    shape.jobs[1].by_needs = place != 1;
    shape.jobs[1].needs = place != 1;
    shape.cancel_on_failure = number % 5 == 0;
    return shape;
}

bool play_exhaustively(long steps, long *done, Play *failed, GString *fault)
{
    Walk walk = { .play = failed, .fault = fault, .left = steps };
    bool holds = true;

    /* A stride without a common factor with their number: whatever @steps is, all kinds are met. */
    for (int i = 0, at = 0; holds && i < PIPELINES && walk.left > 0; i++) {
        walk.seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        failed->shape = shape_of_number(at);
        holds = walk_all(&walk);
        at = (at + 601) % PIPELINES;
        g_hash_table_unref(walk.seen);
    }
    *done = steps - walk.left;
    return holds;
}
