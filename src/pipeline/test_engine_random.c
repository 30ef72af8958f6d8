/* Random events on small random pipelines; after each, what must always hold is checked.
 *
 * test_pipeline_engine_random [STEPS [SEED]]: the defaults are those of every test run.  The seed
 * of the pipeline at work is in the message of a failure, and with it as SEED that pipeline is the
 * first. */
#include "pipeline/advance.h"

#include "base/clock.h"
#include "pipeline/cancel.h"
#include "pipeline/composite.h"
#include "pipeline/events.h"
#include "pipeline/move.h"
#include "pipeline/retry.h"
#include "pipeline/state.h"

#include <string.h>

enum { STEPS = 200000, STEPS_A_PIPELINE = 40, MAX_JOBS = 10, MAX_STAGES = 4, MAX_RUNS = 400 };

typedef struct Plan {
    long steps;
    guint32 first_seed;
} Plan;

typedef struct Play {
    GRand *rand;
    guint32 seed;
    EnginePipeline *p;
    EngineJob seen[MAX_RUNS]; /* each run as it was after the last step */
    int n_seen;
    int hops; /* moves that one job can have made in the last step */
} Play;

#define CHECK(play, claim)                                                                         \
    do {                                                                                           \
        if (!(claim))                                                                              \
            g_error("seed %u: not so: %s", (play)->seed, #claim);                                  \
    } while (0)

static int below(Play *play, int n)
{
    return g_rand_int_range(play->rand, 0, n);
}

static bool one_in(Play *play, int n)
{
    return below(play, n) == 0;
}

static void add_random_job(Play *play, int i, int n_stages, int stage)
{
    static const char *const names[MAX_JOBS] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
    const char **needs = arena_new0(play->p->arena, const char *, MAX_JOBS);
    JobWhen when = one_in(play, 2) ? WHEN_ON_SUCCESS : below(play, WHEN_NEVER);
    size_t n_needs = 0;

    for (int k = 0; k < i; k++)
        if (one_in(play, 3))
            needs[n_needs++] = names[k];
    engine_pipeline_add(play->p, &(EngineJob){
                                     .name = names[i],
                                     .stage = MIN(stage, n_stages - 1),
                                     .when = when,
                                     .start_in_s = when == WHEN_DELAYED ? 30 : 0,
                                     .allow_failure = one_in(play, 3),
                                     .needs_resource = one_in(play, 4),
                                     .by_needs = n_needs > 0 && one_in(play, 2),
                                     .needs = needs,
                                     .n_needs = n_needs,
                                     .retry = { .max = one_in(play, 4), .always = true },
                                 });
}

static void make_random_pipeline(Play *play, Arena *arena)
{
    int n_stages = 1 + below(play, MAX_STAGES);
    int n_jobs = 1 + below(play, MAX_JOBS);

    play->p = engine_pipeline_new(arena, n_stages, US_PER_S);
    play->p->cancel_on_job_failure = one_in(play, 5);
    for (int i = 0; i < n_jobs; i++)
        add_random_job(play, i, n_stages, i * n_stages / n_jobs);
    engine_pipeline_ready(play->p);
    engine_advance(play->p);
}

static void random_job_event(Play *play, EngineJob *job)
{
    EnginePipeline *p = play->p;
    int exit_code = below(play, 3);
    EngineJob *out = NULL;

    switch (below(play, 13)) {
    case 0:
    case 1:
        engine_run_job(p, job, one_in(play, 2));
        break;
    case 2:
    case 3:
        engine_succeed_job(p, job);
        break;
    case 4:
    case 5:
        engine_drop_job(p, job, FAILURE_SCRIPT, one_in(play, 2) ? &exit_code : NULL);
        break;
    case 6:
        engine_cancel_job(p, job);
        break;
    case 7:
        engine_force_cancel_job(p, job);
        break;
    case 8:
        engine_take_back_job(p, job);
        break;
    case 9:
        (void)(engine_start_scheduled_job(p, job) || engine_unschedule_job(p, job));
        break;
    case 10:
        (void)engine_play_job(p, job, 2, &out, NULL); /* a refusal is part of the play */
        break;
    case 11:
        (void)engine_retry_job(p, job, 2, &out, NULL);
        break;
    case 12:
        engine_move_job(p, job, EV_ASSIGN_RESOURCE);
        break;
    }
}

static void random_event(Play *play)
{
    EnginePipeline *p = play->p;

    p->now_us += below(play, 20) * US_PER_S;
    play->hops = 2; /* looked at anew, then decided */
    if (one_in(play, 30))
        (void)engine_cancel_pipeline(p, NULL);
    else if (one_in(play, 20))
        engine_retry_pipeline(p, 2);
    else
        random_job_event(play, p->jobs[below(play, p->n_jobs)]); /* retried runs as well */
    for (; one_in(play, 4); play->hops++)
        random_job_event(play, p->jobs[below(play, p->n_jobs)]);
    engine_advance(p);
}

static bool follows(Status status, Status computed)
{
    return computed == STATUS_CREATED || status == computed;
}

static void check_composites(Play *play)
{
    EnginePipeline *p = play->p;
    StatusSet all = 0;

    for (int s = 0; s < p->n_stages; s++) {
        StatusSet own = 0;

        for (int i = 0; i < p->n_jobs; i++)
            if (!p->jobs[i]->retried && p->jobs[i]->stage == s)
                own |= status_set_of(p->jobs[i]->status, p->jobs[i]->allow_failure);
        all |= own;
        CHECK(play, own == 0 || follows(p->stages[s].status, composite_status(own)));
    }
    Status computed = composite_status(all);
    CHECK(play, follows(p->status, computed) ||
                    (computed == STATUS_PENDING && p->status == STATUS_RUNNING));
}

/* Whether the table leads from one to the other in @hops moves. */
static bool leads(Status from, Status to, int hops)
{
    for (int event = 0; event < N_JOB_EVENTS; event++) {
        Status next = job_next_status(from, event);

        if (next == to || (hops > 1 && next != N_STATUS && leads(next, to, hops - 1)))
            return true;
    }
    return false;
}

static void check_run(Play *play, const EngineJob *job, const EngineJob *was)
{
    static const unsigned finished =
        STATUS_BIT(STATUS_SUCCESS) | STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_CANCELED);

    CHECK(play, job->status == was->status || leads(was->status, job->status, play->hops));
    CHECK(play, !was->retried || job->retried);
    if (!STATUS_IN(was->status, finished))
        return;
    CHECK(play, job->status == was->status);
    CHECK(play, job->started_at == was->started_at && job->finished_at == was->finished_at);
    CHECK(play, job->failure == was->failure && job->allow_failure == was->allow_failure);
    CHECK(play, job->exit_code == was->exit_code && job->user_id == was->user_id);
}

static void check_runs(Play *play)
{
    EnginePipeline *p = play->p;
    int latest = 0;

    for (int i = 0; i < p->n_jobs; i++) {
        const EngineJob *job = p->jobs[i];

        if (i < play->n_seen)
            check_run(play, job, &play->seen[i]);
        CHECK(play, job->processed);
        CHECK(play, (job->status == STATUS_SCHEDULED) == (job->scheduled_at != 0));
        CHECK(play, job->status != STATUS_RUNNING || job->started_at != 0);
        CHECK(play, job->status != STATUS_FAILED || job->failure != FAILURE_NONE);
        latest += !job->retried;
        play->seen[i] = *job;
    }
    play->n_seen = p->n_jobs;
    CHECK(play, latest == p->n_slots);
}

/* Another pass over what was just processed finds nothing to do. */
static void check_stillness(Play *play)
{
    EnginePipeline *p = play->p;
    Status status = p->status;

    p->slots[0].latest->processed = false;
    engine_advance(p);
    CHECK(play, p->status == status);
    for (int i = 0; i < p->n_jobs; i++)
        CHECK(play, p->jobs[i]->status == play->seen[i].status);
}

static void play_one(guint32 seed, long n)
{
    g_autoptr(Arena) arena = arena_new();
    Play *play = arena_new0(arena, Play, 1);

    play->seed = seed;
    play->rand = g_rand_new_with_seed(seed);
    make_random_pipeline(play, arena);
    check_composites(play);
    check_runs(play);
    for (long i = 0; i < n && play->p->n_jobs < MAX_RUNS - 4 * MAX_JOBS; i++) {
        random_event(play);
        check_composites(play);
        check_runs(play);
        check_stillness(play);
    }
    g_rand_free(play->rand);
}

static void invariants_hold_under_random_events(const void *data)
{
    const Plan *plan = data;
    guint32 seed = plan->first_seed;

    for (long done = 0; done < plan->steps; done += STEPS_A_PIPELINE)
        play_one(seed++, STEPS_A_PIPELINE);
    g_test_message("%ld steps, seeds %u to %u", plan->steps, plan->first_seed, seed - 1);
}

int main(int argc, char **argv)
{
    Plan plan = { .steps = STEPS, .first_seed = 1 };

    g_test_init(&argc, &argv, NULL);
    if (argc > 1)
        plan.steps = strtol(argv[1], NULL, 10);
    if (argc > 2)
        plan.first_seed = (guint32)strtoul(argv[2], NULL, 10);
    g_test_add_data_func("/pipeline/engine/random-events", &plan,
                         invariants_hold_under_random_events);
    return g_test_run();
}
