/* Tests of sweep.c and stuck.c, on each kind of database: what time does to jobs. */
#include "runner/sweep.h"

#include "runner/queue.h"
#include "runner/stuck.h"
#include "runner/test_installation.h"
#include "store/job_specs.h"
#include "store/stages.h"

enum { HOUR_S = 3600 };
#define AT_S(s) (NOW + (int64_t)(s)*US_PER_S)

/* A pipeline with one job of each kind, beside one that keeps it going. */
typedef struct Jobs {
    World *world;
    Pipeline pipeline;
    int64_t pending, running, canceling, delayed, other;
} Jobs;

static bool set_state(Db *db, int64_t id, Status status, Error *err)
{
    JobState state = { .status = status,
                       .exit_code = -1,
                       .queued_at = NOW,
                       .started_at = status == STATUS_SCHEDULED ? 0 : NOW,
                       .scheduled_at = status == STATUS_SCHEDULED ? NOW : 0,
                       .updated_at = NOW };
    bool done = false;

    return job_update_state(db, id, STATUS_CREATED, &state, &done, err);
}

static bool insert_all(Db *db, void *data, Error *err)
{
    Jobs *j = data;
    JobSpec spec = { .options = "{}" };

    if (!insert_pipeline(db, j->world, &j->pipeline, err))
        return false;
    spec.pipeline_id = j->pipeline.id;
    Stage build = { .pipeline_id = j->pipeline.id, .name = "build", .status = STATUS_RUNNING };
    return job_spec_insert(db, &spec, err) && stage_insert(db, &build, err) &&
           insert_job(db, &j->pipeline, spec.id, 0, "p", STATUS_PENDING, &j->pending, err) &&
           insert_job(db, &j->pipeline, spec.id, 0, "r", STATUS_CREATED, &j->running, err) &&
           insert_job(db, &j->pipeline, spec.id, 0, "c", STATUS_CREATED, &j->canceling, err) &&
           insert_job(db, &j->pipeline, spec.id, 0, "d", STATUS_CREATED, &j->delayed, err) &&
           insert_job(db, &j->pipeline, spec.id, 0, "m", STATUS_MANUAL, &j->other, err) &&
           set_state(db, j->running, STATUS_RUNNING, err) &&
           set_state(db, j->canceling, STATUS_CANCELING, err) &&
           set_state(db, j->delayed, STATUS_SCHEDULED, err);
}

static bool touch_runner(Db *db, void *data, Error *err)
{
    const World *w = data;

    return runner_touch(db, w->runner.id, w->clock.fixed_us, err);
}

static bool pause_runner(Db *db, void *data, Error *err)
{
    World *w = data;

    w->runner.paused = true;
    return runner_update(db, &w->runner, err);
}

static Jobs jobs_new(const void *kind)
{
    g_auto(Error) err = ERROR_INIT;
    Jobs j = { .world = world_new((TestDatabaseKind)GPOINTER_TO_INT(kind)) };

    j.world->settings.lost_runner_s = 300;
    j.world->settings.unmatched_pending_s = HOUR_S;
    j.world->settings.stuck_pending_s = 24 * HOUR_S;
    CHECK(database_write(j.world->database, insert_all, &j, &err), &err);
    return j;
}

static void write_now(Jobs *j, DbWriteFunc func)
{
    g_auto(Error) err = ERROR_INIT;

    CHECK(database_write(j->world->database, func, j->world, &err), &err);
}

static void check(Jobs *j, int64_t id, Status status, FailureReason reason)
{
    g_autoptr(Db) db = database_reader(j->world->database);
    g_auto(Error) err = ERROR_INIT;
    Job job;

    CHECK(job_get(db, j->world->arena, id, &job, &err), &err);
    g_assert_cmpint(job.status, ==, status);
    g_assert_cmpint(job.failure_reason, ==, reason);
}

static void silent_jobs_end_as_lost(const void *data)
{
    Jobs j = jobs_new(data);

    j.world->clock.fixed_us = AT_S(299);
    sweep_once(&j.world->site, 0);
    check(&j, j.running, STATUS_RUNNING, FAILURE_NONE);
    j.world->clock.fixed_us = AT_S(301);
    sweep_once(&j.world->site, AT_S(200)); /* the server has just started */
    check(&j, j.running, STATUS_RUNNING, FAILURE_NONE);
    sweep_once(&j.world->site, 0);
    check(&j, j.running, STATUS_FAILED, FAILURE_NO_UPDATES_RUNNING);
    check(&j, j.canceling, STATUS_CANCELED, FAILURE_NONE);
    check(&j, j.pending, STATUS_PENDING, FAILURE_NONE);
    world_free(j.world);
}

static void jobs_far_past_their_timeout_end(const void *data)
{
    Jobs j = jobs_new(data);

    j.world->settings.lost_runner_s = 10 * HOUR_S; /* it goes on talking */
    j.world->clock.fixed_us = AT_S(HOUR_S + 899);
    sweep_once(&j.world->site, 0);
    check(&j, j.running, STATUS_RUNNING, FAILURE_NONE);
    j.world->clock.fixed_us = AT_S(HOUR_S + 901);
    sweep_once(&j.world->site, 0);
    check(&j, j.running, STATUS_FAILED, FAILURE_SERVER_TIMEOUT_RUNNING);
    check(&j, j.canceling, STATUS_CANCELED, FAILURE_NONE);
    world_free(j.world);
}

static void a_delayed_job_starts_late_or_is_stale(const void *data)
{
    Jobs late = jobs_new(data);
    late.world->clock.fixed_us = AT_S(2 * HOUR_S);
    sweep_once(&late.world->site, AT_S(2 * HOUR_S - 5)); /* no server was there to start it */
    check(&late, late.delayed, STATUS_PENDING, FAILURE_NONE);
    world_free(late.world);

    Jobs stale = jobs_new(data);
    stale.world->clock.fixed_us = AT_S(2 * HOUR_S);
    sweep_once(&stale.world->site, 0);
    check(&stale, stale.delayed, STATUS_FAILED, FAILURE_STALE_SCHEDULE);
    world_free(stale.world);
}

static void without_a_runner_a_job_is_stuck_after_an_hour(const void *data)
{
    Jobs j = jobs_new(data);

    write_now(&j, touch_runner);
    write_now(&j, pause_runner);
    j.world->clock.fixed_us = AT_S(HOUR_S - 1);
    stuck_sweep(&j.world->site, 0);
    check(&j, j.pending, STATUS_PENDING, FAILURE_NONE);
    j.world->clock.fixed_us = AT_S(HOUR_S + 1);
    stuck_sweep(&j.world->site, AT_S(5)); /* nobody could ask for jobs before */
    check(&j, j.pending, STATUS_PENDING, FAILURE_NONE);
    stuck_sweep(&j.world->site, 0);
    check(&j, j.pending, STATUS_FAILED, FAILURE_STUCK_PENDING_NO_RUNNERS);
    check(&j, j.running, STATUS_RUNNING, FAILURE_NONE);
    world_free(j.world);
}

static void with_a_runner_a_job_is_stuck_after_a_day(const void *data)
{
    Jobs j = jobs_new(data);

    j.world->clock.fixed_us = AT_S(24 * HOUR_S - 1);
    write_now(&j, touch_runner);
    stuck_sweep(&j.world->site, 0);
    check(&j, j.pending, STATUS_PENDING, FAILURE_NONE);
    j.world->clock.fixed_us = AT_S(24 * HOUR_S + 1);
    stuck_sweep(&j.world->site, 0);
    check(&j, j.pending, STATUS_FAILED, FAILURE_STUCK_PENDING_WITH_RUNNERS);
    world_free(j.world);
}

/* --- timeouts -------------------------------------------------------------------------------- */

static void the_smallest_timeout_wins_and_is_forgotten(const void *data)
{
    Jobs j = jobs_new(data);
    g_auto(Error) err = ERROR_INIT;
    static const struct {
        int64_t maximum_s, expected_s;
    } rows[] = { { 600, 600 }, { 7200, 3600 }, { 0, 3600 }, { 1200, 1200 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        HandoutRequest request = { .runner = &j.world->runner, .two_phase = true };
        bool found = false;
        Handout handout;
        j.world->runner.maximum_timeout_s = rows[i].maximum_s;
        CHECK(queue_take(&j.world->site, j.world->arena, &request, &handout, &found, &err), &err);
        g_assert_true(found);
        g_assert_cmpint(handout.job.timeout_s, ==, rows[i].expected_s);
        g_assert_cmpint(handout.job.asked_timeout_s, ==, HOUR_S);
        CHECK(queue_take_back(&j.world->site, &handout.job, &err), &err);
    }
    world_free(j.world);
}

static const struct {
    const char *path;
    GTestDataFunc func;
} tests[] = {
    { "silent-jobs-end-as-lost", silent_jobs_end_as_lost },
    { "jobs-far-past-their-timeout-end", jobs_far_past_their_timeout_end },
    { "a-delayed-job-starts-late-or-is-stale", a_delayed_job_starts_late_or_is_stale },
    { "without-a-runner-a-job-is-stuck-after-an-hour",
      without_a_runner_a_job_is_stuck_after_an_hour },
    { "with-a-runner-a-job-is-stuck-after-a-day", with_a_runner_a_job_is_stuck_after_a_day },
    { "the-smallest-timeout-wins-and-is-forgotten", the_smallest_timeout_wins_and_is_forgotten },
};

static void add_tests(TestDatabaseKind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path =
            g_strdup_printf("/sweep/%s/%s", test_database_names[kind], tests[i].path);
        g_test_add_data_func(path, GINT_TO_POINTER((int)kind), tests[i].func);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_tests);
    return g_test_run();
}
