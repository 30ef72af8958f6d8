/* Tests of the engine's operations: what they store beside the status, what they refuse, and how
 * they grow.  Which status follows which is in tests/engine/. */
#include "pipeline/advance.h"

#include "base/clock.h"
#include "pipeline/cancel.h"
#include "pipeline/events.h"
#include "pipeline/retry.h"
#include "pipeline/state.h"

#include <string.h>

#define S(n) ((n)*US_PER_S)

enum { CREATOR = 1, OTHER = 2 };

typedef struct Fixture {
    Arena *arena;
    EnginePipeline *p;
} Fixture;

static void fixture_clear(Fixture *f)
{
    arena_free(f->arena);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

/* A pipeline of @n jobs, created and advanced at second 100; stages are called 0, 1, ... */
static Fixture start(const EngineJob *jobs, size_t n, int n_stages)
{
    Fixture f = { .arena = arena_new() };

    f.p = engine_pipeline_new(f.arena, n_stages, S(100));
    for (int s = 0; s < n_stages; s++)
        f.p->stages[s].name = arena_printf(f.arena, "%d", s);
    for (size_t i = 0; i < n; i++) {
        EngineJob *job = engine_pipeline_add(f.p, &jobs[i]);

        job->id = (int64_t)i + 1;
        job->user_id = CREATOR;
        job->created_at = S(100);
    }
    engine_pipeline_ready(f.p);
    engine_advance(f.p);
    return f;
}

static void at(Fixture *f, int64_t second)
{
    f->p->now_us = S(second);
}

static void times_are_written_where_they_belong(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    EngineJob *a = f.p->jobs[0];

    g_assert_cmpint(a->queued_at, ==, S(100));
    at(&f, 103);
    g_assert_true(engine_run_job(f.p, a, false));
    engine_advance(f.p);
    g_assert_cmpint(a->started_at, ==, S(103));
    g_assert_cmpint(f.p->started_at, ==, S(103));
    g_assert_cmpint(f.p->duration_s, ==, -1);
    at(&f, 110);
    g_assert_true(engine_succeed_job(f.p, a));
    engine_advance(f.p);
    g_assert_cmpint(a->finished_at, ==, S(110));
    g_assert_cmpint(f.p->finished_at, ==, S(110));
    g_assert_cmpint(f.p->duration_s, ==, 7);
    g_assert_true(a->changed && f.p->changed);
    g_assert_cmpint(a->before, ==, STATUS_CREATED);
}

static void job_dropped_before_it_ran_has_no_start(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    EngineJob *a = f.p->jobs[0];

    g_assert_true(engine_drop_job(f.p, a, FAILURE_RUNNER_UNSUPPORTED, NULL));
    engine_advance(f.p);
    g_assert_cmpint(a->started_at, ==, 0);
    g_assert_cmpint(a->failure, ==, FAILURE_RUNNER_UNSUPPORTED);
    g_assert_false(a->has_exit_code);
    g_assert_cmpint(f.p->started_at, ==, 0);
    g_assert_cmpint(f.p->duration_s, ==, -1);
}

static void restart_keeps_the_start_and_moves_the_end(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    g_auto(Error) err = ERROR_INIT;
    EngineJob *again = NULL;

    at(&f, 101);
    engine_run_job(f.p, f.p->jobs[0], false);
    engine_advance(f.p);
    at(&f, 105);
    engine_drop_job(f.p, f.p->jobs[0], FAILURE_SCRIPT, NULL);
    engine_advance(f.p);
    at(&f, 200);
    g_assert_true(engine_retry_job(f.p, f.p->jobs[0], OTHER, &again, &err));
    engine_advance(f.p);
    at(&f, 210);
    engine_run_job(f.p, again, false);
    engine_advance(f.p);
    at(&f, 212);
    engine_succeed_job(f.p, again);
    engine_advance(f.p);
    g_assert_cmpint(f.p->started_at, ==, S(101));
    g_assert_cmpint(f.p->finished_at, ==, S(212));
    g_assert_cmpint(f.p->duration_s, ==, 2); /* the retried run does not count */
}

static void retry_adds_a_row_and_leaves_the_old_one(void)
{
    int allowed[] = { 3 };
    EngineJob jobs[] = { { .name = "a",
                           .allow_failure_exit_codes = allowed,
                           .n_allow_failure_exit_codes = 1,
                           .can_cancel_gracefully = true } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    g_auto(Error) err = ERROR_INIT;
    EngineJob *old = f.p->jobs[0];
    EngineJob *again = NULL;

    engine_drop_job(f.p, old, FAILURE_SCRIPT, NULL);
    engine_advance(f.p);
    at(&f, 150);
    g_assert_true(engine_retry_job(f.p, old, OTHER, &again, &err));
    g_assert_cmpint(f.p->n_jobs, ==, 2);
    g_assert_true(f.p->jobs[1] == again && again->retry_of == old);
    g_assert_true(engine_pipeline_find(f.p, "a") == again);
    g_assert_cmpint(again->id, ==, 0);
    g_assert_cmpint(again->user_id, ==, OTHER);
    g_assert_cmpint(again->created_at, ==, S(150));
    g_assert_cmpint(again->n_retried, ==, 1);
    g_assert_true(again->allow_failure_exit_codes == allowed);
    g_assert_false(again->can_cancel_gracefully || again->enqueue_now);
    g_assert_true(old->retried && old->processed && old->status == STATUS_FAILED);
    g_assert_cmpint(old->user_id, ==, CREATOR);
}

static void retry_is_refused_unless_retryable(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    g_auto(Error) err = ERROR_INIT;
    EngineJob *again = NULL;
    EngineJob *a = f.p->jobs[0];

    g_assert_false(engine_retry_job(f.p, a, OTHER, &again, &err));
    g_assert_cmpint(err.code, ==, ERR_FORBIDDEN);
    g_assert_cmpstr(error_text(&err), ==, "Job is not retryable");
    engine_succeed_job(f.p, a);
    g_assert_true(engine_retry_job(f.p, a, OTHER, &again, NULL));
    g_assert_false(engine_retry_job(f.p, a, OTHER, &again, NULL));
}

static void bridge_that_can_only_fail_again_is_not_retried(void)
{
    static const struct {
        FailureReason reason;
        bool again;
    } rows[] = { { FAILURE_DOWNSTREAM_CREATION, true },
                 { FAILURE_PIPELINE_LOOP, false },
                 { FAILURE_DOWNSTREAM_DEPTH, false } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        EngineJob jobs[] = { { .name = "a", .bridge = true } };
        g_auto(Fixture) f = start(jobs, 1, 1);
        EngineJob *again = NULL;

        engine_drop_job(f.p, f.p->jobs[0], rows[i].reason, NULL);
        engine_advance(f.p);
        g_assert_true(engine_retry_job(f.p, f.p->jobs[0], OTHER, &again, NULL) == rows[i].again);
        g_assert_true(!again || again->bridge);
    }
}

static void ended_manual_bridge_is_retried_and_not_played(void)
{
    EngineJob jobs[] = { { .name = "a", .when = WHEN_MANUAL, .bridge = true } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    EngineJob *a = NULL;

    g_assert_true(engine_play_job(f.p, f.p->jobs[0], OTHER, &a, NULL));
    engine_succeed_job(f.p, a);
    engine_advance(f.p);
    g_assert_false(engine_play_job(f.p, f.p->jobs[0], OTHER, &a, NULL));
    g_assert_true(engine_retry_job(f.p, f.p->jobs[0], OTHER, &a, NULL));
}

static void failed_downstream_cancels_the_rest_where_asked(void)
{
    EngineJob jobs[] = { { .name = "a", .bridge = true }, { .name = "b" } };
    g_auto(Fixture) f = start(jobs, 2, 1);

    f.p->cancel_on_job_failure = true;
    g_assert_true(engine_follow_downstream(f.p, f.p->jobs[0], STRATEGY_DEPEND, STATUS_FAILED));
    g_assert_false(engine_follow_downstream(f.p, f.p->jobs[0], STRATEGY_DEPEND, STATUS_FAILED));
    engine_advance(f.p);
    g_assert_cmpint(f.p->jobs[0]->failure, ==, FAILURE_UNKNOWN);
    g_assert_cmpint(f.p->jobs[1]->status, ==, STATUS_CANCELED);
    g_assert_cmpint(f.p->status, ==, STATUS_FAILED);
}

static void bridge_without_a_strategy_follows_nothing(void)
{
    for (int status = 0; status < N_STATUS; status++)
        g_assert_cmpint(bridge_next_status(STRATEGY_NONE, status), ==, N_STATUS);
    g_assert_cmpint(bridge_next_status(STRATEGY_DEPEND, STATUS_MANUAL), ==, N_STATUS);
    g_assert_cmpint(bridge_next_status(STRATEGY_DEPEND, STATUS_SKIPPED), ==, STATUS_FAILED);
    g_assert_cmpint(bridge_next_status(STRATEGY_MIRROR, STATUS_SKIPPED), ==, STATUS_SKIPPED);
    g_assert_cmpint(bridge_next_status(STRATEGY_MIRROR, STATUS_PREPARING), ==, STATUS_PENDING);
    g_assert_cmpint(bridge_next_status(STRATEGY_MIRROR, STATUS_CREATED), ==, N_STATUS);
}

static void play_is_refused_unless_playable(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    g_auto(Error) err = ERROR_INIT;
    EngineJob *played = NULL;

    g_assert_false(engine_play_job(f.p, f.p->jobs[0], OTHER, &played, &err));
    g_assert_cmpint(err.code, ==, ERR_BAD_REQUEST);
    g_assert_cmpstr(error_text(&err), ==, "Unplayable Job");
    g_assert_null(played);
}

static void play_makes_the_player_the_jobs_user(void)
{
    const char *needs[] = { "m" };
    EngineJob jobs[] = {
        { .name = "m", .when = WHEN_MANUAL, .allow_failure = true },
        { .name = "t", .stage = 1, .by_needs = true, .needs = needs, .n_needs = 1 },
    };
    g_auto(Fixture) f = start(jobs, 2, 2);
    EngineJob *played = NULL;

    g_assert_true(engine_play_job(f.p, f.p->jobs[0], OTHER, &played, NULL));
    g_assert_true(played == f.p->jobs[0]);
    g_assert_cmpint(played->user_id, ==, OTHER);
    g_assert_cmpint(f.p->jobs[1]->user_id, ==, OTHER);
}

static void pipeline_without_cancelable_jobs_refuses_cancel(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    g_auto(Error) err = ERROR_INIT;

    g_assert_true(engine_cancel_pipeline(f.p, &err));
    engine_advance(f.p);
    g_assert_false(engine_cancel_pipeline(f.p, &err));
    g_assert_cmpstr(error_text(&err), ==, "Pipeline is not cancelable");
}

static void late_reports_change_nothing(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    EngineJob *a = f.p->jobs[0];

    engine_run_job(f.p, a, false);
    engine_cancel_job(f.p, a);
    engine_advance(f.p);
    EngineJob was = *a;
    at(&f, 500);
    g_assert_false(engine_succeed_job(f.p, a));
    g_assert_false(engine_drop_job(f.p, a, FAILURE_SCRIPT, NULL));
    g_assert_false(engine_run_job(f.p, a, true));
    g_assert_false(engine_take_back_job(f.p, a));
    g_assert_false(engine_cancel_job(f.p, a));
    g_assert_false(engine_force_cancel_job(f.p, a));
    g_assert_cmpmem(&was, sizeof(was), a, sizeof(*a));
}

static void taken_back_job_keeps_its_place_in_the_queue(void)
{
    EngineJob jobs[] = { { .name = "a" } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    EngineJob *a = f.p->jobs[0];

    at(&f, 120);
    engine_run_job(f.p, a, true);
    at(&f, 130);
    g_assert_true(engine_take_back_job(f.p, a));
    g_assert_cmpint(a->status, ==, STATUS_PENDING);
    g_assert_cmpint(a->queued_at, ==, S(100));
    g_assert_cmpint(a->started_at, ==, 0);
    g_assert_false(a->can_cancel_gracefully);
}

static void exit_codes_are_clamped_and_may_allow_the_failure(void)
{
    int allowed[] = { 42, 70000 };
    static const struct {
        int reported;
        int stored;
        bool allows;
    } rows[] = { { 42, 42, true }, { 1, 1, false }, { 70000, 32767, true }, { -9, 0, false } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        EngineJob jobs[] = {
            { .name = "a", .allow_failure_exit_codes = allowed, .n_allow_failure_exit_codes = 2 }
        };
        g_auto(Fixture) f = start(jobs, 1, 1);

        engine_drop_job(f.p, f.p->jobs[0], FAILURE_SCRIPT, &rows[i].reported);
        engine_advance(f.p);
        g_assert_true(f.p->jobs[0]->has_exit_code);
        g_assert_cmpint(f.p->jobs[0]->exit_code, ==, rows[i].stored);
        g_assert_cmpint(f.p->status, ==, rows[i].allows ? STATUS_SUCCESS : STATUS_FAILED);
    }
}

#define R(name) (UINT64_C(1) << FAILURE_##name)

static void auto_retry_follows_reason_and_number(void)
{
    static const int codes[] = { 137 };
    static const int code_137 = 137;
    static const struct {
        EngineRetry retry;
        FailureReason reason;
        const int *exit_code;
        int retries;
    } rows[] = {
        { { .max = 2, .always = true }, FAILURE_SCRIPT, NULL, 2 },
        { { .max = 1, .reasons = R(SCRIPT) }, FAILURE_SCRIPT, NULL, 1 },
        { { .max = 1, .reasons = R(RUNNER_SYSTEM) }, FAILURE_SCRIPT, NULL, 0 },
        { { .max = 2, .always = true }, FAILURE_NO_MATCHING_RUNNER, NULL, 0 },
        { { .max = 2, .always = true }, FAILURE_MISSING_DEPENDENCY, NULL, 0 },
        { { 0 }, FAILURE_SCHEDULER, NULL, 2 },
        { { .max = 1, .always = true }, FAILURE_SCHEDULER, NULL, 1 },
        { { 0 }, FAILURE_SCRIPT, NULL, 0 },
        { { .max = 1, .reasons = R(STUCK_OR_TIMEOUT) }, FAILURE_NO_UPDATES_RUNNING, NULL, 1 },
        { { .max = 1, .reasons = R(JOB_TIMEOUT) }, FAILURE_SERVER_TIMEOUT_RUNNING, NULL, 1 },
        { { .max = 1, .reasons = R(JOB_TIMEOUT) }, FAILURE_NO_UPDATES_RUNNING, NULL, 0 },
        { { .max = 2, .exit_codes = codes, .n_exit_codes = 1 }, FAILURE_SCRIPT, &code_137, 2 },
        { { .max = 2, .exit_codes = codes, .n_exit_codes = 1 }, FAILURE_SCRIPT, NULL, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        EngineJob jobs[] = { { .name = "a", .retry = rows[i].retry } };
        g_auto(Fixture) f = start(jobs, 1, 1);

        g_test_message("row %zu", i);
        for (int run = 0; run <= rows[i].retries; run++) {
            EngineJob *a = engine_pipeline_find(f.p, "a");

            g_assert_cmpint(a->status, ==, STATUS_PENDING);
            g_assert_cmpint(f.p->status, ==, run == 0 ? STATUS_PENDING : STATUS_RUNNING);
            engine_run_job(f.p, a, false);
            engine_advance(f.p);
            engine_drop_job(f.p, a, rows[i].reason, rows[i].exit_code);
            engine_advance(f.p);
        }
        g_assert_cmpint(f.p->n_jobs, ==, 1 + rows[i].retries);
        g_assert_cmpint(f.p->status, ==, STATUS_FAILED);
    }
}

static void failure_that_is_retried_cancels_nothing(void)
{
    EngineJob jobs[] = { { .name = "a", .retry = { .max = 1, .always = true } }, { .name = "b" } };
    g_auto(Fixture) f = start(jobs, 2, 1);

    f.p->cancel_on_job_failure = true;
    engine_drop_job(f.p, engine_pipeline_find(f.p, "a"), FAILURE_SCRIPT, NULL);
    engine_advance(f.p);
    g_assert_cmpint(f.p->jobs[1]->status, ==, STATUS_PENDING);
    engine_drop_job(f.p, engine_pipeline_find(f.p, "a"), FAILURE_SCRIPT, NULL);
    engine_advance(f.p);
    g_assert_cmpint(f.p->jobs[1]->status, ==, STATUS_CANCELED);
    g_assert_cmpint(f.p->status, ==, STATUS_FAILED);
}

static void delayed_job_does_not_start_early(void)
{
    EngineJob jobs[] = { { .name = "a", .when = WHEN_DELAYED, .start_in_s = 60 } };
    g_auto(Fixture) f = start(jobs, 1, 1);
    EngineJob *a = f.p->jobs[0];

    g_assert_cmpint(a->scheduled_at, ==, S(160));
    at(&f, 159);
    g_assert_false(engine_start_scheduled_job(f.p, a));
    at(&f, 160);
    g_assert_true(engine_start_scheduled_job(f.p, a));
    g_assert_cmpint(a->scheduled_at, ==, 0);
    g_assert_cmpint(a->queued_at, ==, S(160));
}

static void waiting_for_a_person_is_told_from_working(void)
{
    EngineJob jobs[] = {
        { .name = "gate", .when = WHEN_MANUAL },
        { .name = "a" },
        { .name = "later", .stage = 1 },
    };
    g_auto(Fixture) f = start(jobs, 3, 2);
    EngineJob *played = NULL;

    g_assert_false(engine_waits_for_person(f.p));
    engine_succeed_job(f.p, f.p->jobs[1]);
    engine_advance(f.p);
    g_assert_true(engine_waits_for_person(f.p));
    engine_play_job(f.p, f.p->jobs[0], OTHER, &played, NULL);
    engine_advance(f.p);
    g_assert_false(engine_waits_for_person(f.p));
}

static void final_pipeline_waits_for_nobody(void)
{
    EngineJob jobs[] = { { .name = "m", .when = WHEN_MANUAL, .allow_failure = true } };
    g_auto(Fixture) f = start(jobs, 1, 1);

    g_assert_cmpint(f.p->status, ==, STATUS_SKIPPED);
    g_assert_false(engine_waits_for_person(f.p));
}

static void needs_that_are_not_there_do_not_count(void)
{
    const char *needs[] = { "gone" };
    EngineJob jobs[] = { { .name = "a", .by_needs = true, .needs = needs, .n_needs = 1 } };
    g_auto(Fixture) f = start(jobs, 1, 1);

    g_assert_cmpint(f.p->jobs[0]->status, ==, STATUS_PENDING);
}

static void circle_of_needs_waits_and_ends(void)
{
    const char *needs_a[] = { "a" };
    const char *needs_b[] = { "b" };
    EngineJob jobs[] = { { .name = "a", .by_needs = true, .needs = needs_b, .n_needs = 1 },
                         { .name = "b", .by_needs = true, .needs = needs_a, .n_needs = 1 } };
    g_auto(Fixture) f = start(jobs, 2, 1);

    g_assert_cmpint(f.p->jobs[0]->status, ==, STATUS_CREATED);
    g_assert_true(engine_cancel_pipeline(f.p, NULL));
    engine_advance(f.p);
    g_assert_cmpint(f.p->status, ==, STATUS_CANCELED);
}

static void retried_rows_may_be_in_the_model(void)
{
    EngineJob jobs[] = { { .name = "a", .status = STATUS_FAILED, .retried = true },
                         { .name = "a", .status = STATUS_SUCCESS } };
    g_auto(Fixture) f = start(jobs, 2, 1);

    g_assert_cmpint(f.p->status, ==, STATUS_SUCCESS);
    g_assert_true(engine_pipeline_find(f.p, "a") == f.p->jobs[1]);
}

static void processed_pipeline_is_left_alone(void)
{
    EngineJob jobs[] = { { .name = "a", .status = STATUS_CREATED, .processed = true } };
    g_auto(Fixture) f = start(jobs, 1, 1);

    g_assert_cmpint(f.p->jobs[0]->status, ==, STATUS_CREATED);
    g_assert_false(f.p->changed);
}

/* 50 stages of @wide jobs; every second job needs up to 50 jobs of the stage before. */
static EnginePipeline *big_pipeline(Arena *arena, int wide)
{
    EnginePipeline *p = engine_pipeline_new(arena, 50, S(1));
    int total = 50 * wide;
    const char **names = arena_new0(arena, const char *, total);

    for (int i = 0; i < total; i++)
        names[i] = arena_printf(arena, "job %d", i);
    for (int i = 0; i < total; i++) {
        int stage = i / wide;

        engine_pipeline_add(p, &(EngineJob){
                                   .name = names[i],
                                   .stage = stage,
                                   .by_needs = stage > 0 && i % 2,
                                   .needs = stage > 0 && i % 2 ? &names[(stage - 1) * wide] : NULL,
                                   .n_needs = stage > 0 && i % 2 ? (size_t)MIN(wide, 50) : 0,
                               });
    }
    engine_pipeline_ready(p);
    engine_advance(p);
    return p;
}

/* Microseconds of one event with its pass, the best of several. */
static int64_t time_one_event(EnginePipeline *p)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < 20; i++) {
        int64_t from = g_get_monotonic_time();

        engine_run_job(p, p->jobs[i], false);
        engine_advance(p);
        best = MIN(best, g_get_monotonic_time() - from);
    }
    return best;
}

static void pass_grows_linearly(void)
{
    g_autoptr(Arena) arena = arena_new();
    EnginePipeline *small = big_pipeline(arena, 50);
    int64_t from = g_get_monotonic_time();
    EnginePipeline *big = big_pipeline(arena, 200);
    int64_t build = g_get_monotonic_time() - from;
    int64_t small_us = time_one_event(small);
    int64_t big_us = time_one_event(big);

    g_test_message("2,500 jobs: %d us; 10,000 jobs: %d us, built in %d us", (int)small_us,
                   (int)big_us, (int)build);
    g_assert_cmpint(big->n_jobs, ==, 10000);
    /* Four times the jobs; sixteen would be quadratic.  The constant forgives a slow clock. */
    g_assert_cmpint(big_us, <, 10 * small_us + 2000);
    while (!STATUS_IN(big->status, STATUSES_COMPLETED)) {
        bool moved = false;

        for (int i = 0; i < big->n_jobs; i++)
            moved |= big->jobs[i]->status != STATUS_SUCCESS &&
                     STATUS_IN(big->jobs[i]->status, STATUSES_ACTIVE) &&
                     engine_succeed_job(big, big->jobs[i]);
        g_assert_true(moved);
        engine_advance(big);
    }
    g_assert_cmpint(big->status, ==, STATUS_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *claim;
        GTestFunc test;
    } tests[] = {
        { "times-are-written", times_are_written_where_they_belong },
        { "dropped-before-it-ran", job_dropped_before_it_ran_has_no_start },
        { "restart-keeps-the-start", restart_keeps_the_start_and_moves_the_end },
        { "retry-adds-a-row", retry_adds_a_row_and_leaves_the_old_one },
        { "retry-refused", retry_is_refused_unless_retryable },
        { "play-refused", play_is_refused_unless_playable },
        { "bridge-that-can-only-fail-again", bridge_that_can_only_fail_again_is_not_retried },
        { "ended-manual-bridge", ended_manual_bridge_is_retried_and_not_played },
        { "failed-downstream-cancels-the-rest", failed_downstream_cancels_the_rest_where_asked },
        { "bridge-without-strategy", bridge_without_a_strategy_follows_nothing },
        { "play-sets-user", play_makes_the_player_the_jobs_user },
        { "cancel-refused", pipeline_without_cancelable_jobs_refuses_cancel },
        { "late-reports-change-nothing", late_reports_change_nothing },
        { "taken-back-keeps-its-place", taken_back_job_keeps_its_place_in_the_queue },
        { "exit-codes", exit_codes_are_clamped_and_may_allow_the_failure },
        { "auto-retry", auto_retry_follows_reason_and_number },
        { "retried-failure-cancels-nothing", failure_that_is_retried_cancels_nothing },
        { "delayed-not-early", delayed_job_does_not_start_early },
        { "waits-for-person", waiting_for_a_person_is_told_from_working },
        { "final-waits-for-nobody", final_pipeline_waits_for_nobody },
        { "missing-needs", needs_that_are_not_there_do_not_count },
        { "circle-of-needs", circle_of_needs_waits_and_ends },
        { "retried-rows", retried_rows_may_be_in_the_model },
        { "processed-is-left-alone", processed_pipeline_is_left_alone },
        { "pass-grows-linearly", pass_grows_linearly },
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/engine/%s", tests[i].claim);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
