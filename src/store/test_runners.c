/* Tests of runners, their managers, and the queue of jobs. */
#include "store/job_queue.h"
#include "store/runner_managers.h"
#include "store/servers.h"
#include "store/test_world.h"

static size_t count_pending(World *w, const Runner *runner)
{
    PendingJob *jobs;
    size_t n;

    OK(job_list_heads(w->db, w->arena, runner, "", &jobs, &n, &w->err));
    return n;
}

static void a_runner_sees_what_its_kind_may_serve(World *w)
{
    Runner runner = w->runner;
    PendingJob *jobs;
    size_t n;

    OK(job_list_heads(w->db, w->arena, &runner, "", &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(jobs[0].id, ==, w->job.id);
    g_assert_cmpstr(jobs[0].tags, ==, "a b");
    g_assert_true(jobs[0].jobs_enabled);
    g_autofree char *passed = g_strdup_printf(",%" G_GINT64_FORMAT ",", w->job.id);
    OK(job_list_heads(w->db, w->arena, &runner, passed, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    runner.access_level = "ref_protected";
    g_assert_cmpuint(count_pending(w, &runner), ==, 0);

    runner = (Runner){ .kind = RUNNER_GROUP, .namespace_id = w->top.id };
    g_assert_cmpuint(count_pending(w, &runner), ==, 1);
    runner.namespace_id = w->ann_space.id;
    g_assert_cmpuint(count_pending(w, &runner), ==, 0);

    runner = w->runner;
    runner.kind = RUNNER_PROJECT;
    g_assert_cmpuint(count_pending(w, &runner), ==, 0);
    OK(runner_assign(w->db, runner.id, w->project.id, &w->err));
    g_assert_cmpuint(count_pending(w, &runner), ==, 1);

    Project project = w->project;
    project.shared_runners_enabled = project.group_runners_enabled = false;
    OK(project_update(w->db, &project, &w->err));
    g_assert_cmpuint(count_pending(w, &w->runner), ==, 0);
}

/* A pending job of @project, made at @created_at. */
static Job add_queued(World *w, const Project *project, const char *tags, int64_t created_at,
                      int64_t priority)
{
    Job job = w->job;

    job.project_id = project->id;
    job.name = "queued";
    job.tags = tags;
    job.created_at = created_at;
    job.priority = priority;
    OK(job_insert(w->db, &job, &w->err));
    return job;
}

static void check_heads(World *w, const char *passed, const Job *const *expected, size_t n_expected)
{
    PendingJob *heads;
    size_t n;

    OK(job_list_heads(w->db, w->arena, &w->runner, passed, &heads, &n, &w->err));
    g_assert_cmpuint(n, ==, n_expected);
    for (size_t i = 0; i < n; i++)
        g_assert_cmpint(heads[i].id, ==, expected[i]->id);
}

/* The first of each queue; of the project whose fewest jobs are held, then by time and priority. */
static void queues_are_served_in_turn(World *w)
{
    const int64_t minute = INT64_C(60000000), then = 200 * minute;
    g_autofree char *passed = g_strdup_printf(",%" G_GINT64_FORMAT ",", w->job.id);
    int64_t before, length;

    Job late = add_queued(w, &w->own, "x", then + 5 * minute, 0);
    Job first = add_queued(w, &w->own, "", then, 0);
    Job behind = add_queued(w, &w->own, "", then + 2 * minute, 0);
    check_heads(w, passed, (const Job *[]){ &first, &late }, 2);
    Job urgent = add_queued(w, &w->own, "", then + 4 * minute, 5);
    check_heads(w, passed, (const Job *[]){ &urgent, &late }, 2);
    Job other = add_queued(w, &w->project, "", then + 50 * minute, 0);
    check_heads(w, passed, (const Job *[]){ &urgent, &late, &other }, 3);

    OK(job_queue_place(w->db, &behind, 10, &before, &length, &w->err));
    g_assert_cmpint(before, ==, 2);
    g_assert_cmpint(length, ==, 3);
    OK(job_queue_place(w->db, &behind, 1, &before, &length, &w->err));
    g_assert_cmpint(before, ==, 1);
    g_assert_cmpint(length, ==, 1);

    bool done;
    JobHandout handout = { .runner_id = w->runner.id, .token_hash = "t9", .confirm_by = NOW + 5 };
    OK(job_hand_out(w->db, urgent.id, &handout, &done, &w->err));
    g_assert_true(done);
    check_heads(w, passed, (const Job *[]){ &other, &first, &late }, 3);
}

static JobHandout two_phase(const World *w)
{
    return (JobHandout){ .runner_id = w->runner.id,
                         .manager_id = 8,
                         .token_hash = "t1",
                         .confirm_by = NOW + 5,
                         .timeout_s = 60,
                         .graceful = true,
                         .updated_at = NOW };
}

static void a_job_is_handed_to_one_runner_only(World *w)
{
    JobHandout first = two_phase(w);
    JobHandout second = first;
    Job *jobs;
    Job job;
    size_t n;
    bool done;

    second.token_hash = "t2";
    OK(job_hand_out(w->db, w->job.id, &first, &done, &w->err));
    g_assert_true(done);
    OK(job_hand_out(w->db, w->job.id, &second, &done, &w->err));
    g_assert_false(done);
    g_assert_cmpuint(count_pending(w, &w->runner), ==, 0);
    OK(job_by_token(w->db, w->arena, "t1", &job, &w->err));
    g_assert_cmpint(job.runner_id, ==, w->runner.id);
    g_assert_cmpint(job.timeout_s, ==, 60);
    g_assert_true(job.graceful);
    OK(job_list_unconfirmed(w->db, w->arena, NOW + 4, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(job_list_unconfirmed(w->db, w->arena, NOW + 5, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_list_held_by_runner(w->db, w->arena, w->runner.id, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_confirm(w->db, w->job.id, &done, &w->err));
    g_assert_true(done);
    OK(job_confirm(w->db, w->job.id, &done, &w->err));
    g_assert_false(done);
}

static void a_paused_or_deleted_runner_gets_nothing(World *w)
{
    JobHandout handout = two_phase(w);
    Runner paused = w->runner;
    bool done;

    paused.paused = true;
    OK(runner_update(w->db, &paused, &w->err));
    OK(job_hand_out(w->db, w->job.id, &handout, &done, &w->err));
    g_assert_false(done);
    OK(runner_delete(w->db, paused.id, &w->err));
    OK(job_hand_out(w->db, w->job.id, &handout, &done, &w->err));
    g_assert_false(done);
}

static void only_what_is_unconfirmed_ends_as_such(World *w)
{
    JobHandout handout = two_phase(w);
    Job job;
    bool done;

    OK(job_hand_out(w->db, w->job.id, &handout, &done, &w->err));
    OK(job_end_unconfirmed(w->db, w->job.id, "t1", NOW + 4, &done, &w->err));
    g_assert_false(done);
    OK(job_confirm(w->db, w->job.id, &done, &w->err));
    OK(job_end_unconfirmed(w->db, w->job.id, "t1", NOW + 6, &done, &w->err));
    g_assert_false(done);
    /* A sign of life that comes late does not open it again. */
    OK(job_touch(w->db, w->job.id, "t1", NOW + 1, NOW + 9, &w->err));
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.confirm_by, ==, 0);
}

static void each_server_has_its_own_runner(World *w)
{
    Runner own = w->runner, found;

    FAILS_WITH(runner_of_server(w->db, w->arena, 5, &found, &w->err), ERR_NO_RECORD);
    own.token_hash = "embedded";
    own.embedded = true;
    OK(runner_insert(w->db, &own, &w->err)); /* as an earlier version did */
    OK(runner_adopt_embedded(w->db, 5, &w->err));
    OK(runner_adopt_embedded(w->db, 6, &w->err));
    OK(runner_of_server(w->db, w->arena, 5, &found, &w->err));
    g_assert_cmpint(found.id, ==, own.id);
    FAILS_WITH(runner_of_server(w->db, w->arena, 6, &found, &w->err), ERR_NO_RECORD);
    OK(runner_lock(w->db, w->arena, own.id, &found, &w->err));
    g_assert_cmpint(found.server_id, ==, 5);
}

static void a_server_is_the_same_one_after_a_restart(World *w)
{
    ServerRow first = { .identity = "aa", .host = "h", .started_at = NOW, .heard_at = NOW };
    ServerRow second = { .identity = "bb", .host = "h", .started_at = NOW, .heard_at = NOW };
    ServerRow again = { .identity = "aa", .host = "i", .started_at = NOW + 5, .heard_at = NOW + 5 };
    ServerRow *servers;
    size_t n;

    OK(server_join(w->db, &first, &w->err));
    OK(server_join(w->db, &second, &w->err));
    OK(server_join(w->db, &again, &w->err));
    g_assert_cmpint(again.id, ==, first.id);
    OK(server_beat(w->db, second.id, NOW + 7, &w->err));
    OK(server_list(w->db, w->arena, &servers, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(servers[0].started_at, ==, NOW + 5);
    g_assert_cmpint(servers[1].heard_at, ==, NOW + 7);
}

static void a_dead_token_changes_nothing(World *w)
{
    JobHandout first = two_phase(w);
    Job job;
    bool done;

    OK(job_hand_out(w->db, w->job.id, &first, &done, &w->err));
    OK(job_touch(w->db, w->job.id, "t1", NOW + 3, NOW + 9, &w->err));
    OK(job_move_trace_end(w->db, w->job.id, "t1", 0, 100, true, NOW + 4, &done, &w->err));
    g_assert_true(done);
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.trace_size, ==, 100);
    g_assert_cmpint(job.confirm_by, ==, NOW + 9);
    g_assert_cmpint(job.updated_at, ==, NOW + 4);
    OK(job_move_trace_end(w->db, w->job.id, "t1", 0, 50, true, NOW + 4, &done, &w->err));
    g_assert_false(done);

    OK(job_end_handout(w->db, w->job.id, "t1", &done, &w->err));
    g_assert_true(done);
    OK(job_end_handout(w->db, w->job.id, "t1", &done, &w->err));
    g_assert_false(done);
    OK(job_move_trace_end(w->db, w->job.id, "t1", 100, 200, false, NOW + 5, &done, &w->err));
    g_assert_false(done);
    OK(job_touch(w->db, w->job.id, "t1", NOW + 9, 0, &w->err));
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.trace_size, ==, 100);
    g_assert_cmpint(job.updated_at, ==, NOW + 4);
    g_assert_cmpint(job.runner_id, ==, 0);
    g_assert_cmpuint(count_pending(w, &w->runner), ==, 1);
}

static void an_ended_attempt_takes_no_more(World *w)
{
    JobHandout first = two_phase(w);
    JobState state = { .status = STATUS_RUNNING, .exit_code = -1, .graceful = true };
    Job job;
    bool done;

    OK(job_hand_out(w->db, w->job.id, &first, &done, &w->err));
    OK(job_update_state(w->db, w->job.id, STATUS_PENDING, &state, &done, &w->err));
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpstr(job.token_hash, ==, "t1");
    state.status = STATUS_SUCCESS;
    OK(job_update_state(w->db, w->job.id, STATUS_RUNNING, &state, &done, &w->err));
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_false(job_is_held(&job));
    g_assert_cmpint(job.runner_id, ==, w->runner.id);
    OK(job_move_trace_end(w->db, w->job.id, "t1", 0, 50, false, NOW + 9, &done, &w->err));
    g_assert_false(done);
}

static void the_watchers_find_their_jobs(World *w)
{
    Job running = new_job(w, "run", STATUS_RUNNING);
    Job delayed = new_job(w, "later", STATUS_SCHEDULED);
    JobState state = { .status = STATUS_SCHEDULED, .scheduled_at = NOW + 50, .exit_code = -1 };
    Job *jobs;
    size_t n;
    int64_t value;
    bool done;

    OK(job_update_state(w->db, delayed.id, STATUS_SCHEDULED, &state, &done, &w->err));
    OK(job_next_delayed(w->db, &value, &w->err));
    g_assert_cmpint(value, ==, NOW + 50);
    OK(job_list_delayed_due(w->db, w->arena, NOW + 49, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(job_list_delayed_due(w->db, w->arena, NOW + 50, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_list_silent(w->db, w->arena, NOW, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(job_list_silent(w->db, w->arena, NOW + 1, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(jobs[0].id, ==, running.id);
    OK(job_list_overdue(w->db, w->arena, NOW + INT64_C(3610) * 1000000, 60, 10, &jobs, &n,
                        &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(job_list_overdue(w->db, w->arena, NOW + INT64_C(3661) * 1000000, 60, 10, &jobs, &n,
                        &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_list_stuck(w->db, w->arena, NOW + 1, 0, 10, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_count_in_flight(w->db, STATUS_PENDING, &value, &w->err));
    g_assert_cmpint(value, ==, 1);
}

static void a_runner_is_found_and_changed(World *w)
{
    Runner runner;
    Runner *runners;
    RunnerProject *projects;
    size_t n;
    bool done;

    OK(runner_get(w->db, w->arena, w->runner.id, &runner, &w->err));
    runner.paused = true;
    runner.maximum_timeout_s = 600;
    OK(runner_update(w->db, &runner, &w->err));
    OK(runner_set_token(w->db, runner.id, "other", "glrt-oth", &w->err));
    OK(runner_touch(w->db, runner.id, NOW + 1, &w->err));
    OK(runner_by_token(w->db, w->arena, "other", &runner, &w->err));
    g_assert_true(runner.paused);
    g_assert_cmpint(runner.maximum_timeout_s, ==, 600);
    g_assert_cmpint(runner.contacted_at, ==, NOW + 1);
    OK(runner_list_by_ids(w->db, w->arena, &w->runner.id, 1, &runners, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(runner_assign(w->db, w->runner.id, w->project.id, &w->err));
    IS_REFUSED_WITH(runner_assign(w->db, w->runner.id, w->project.id, &w->err), ERR_DB_UNIQUE);
    OK(runner_list_projects(w->db, w->arena, w->runner.id, &projects, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(runner_unassign(w->db, w->runner.id, w->project.id, &done, &w->err));
    g_assert_true(done);
    OK(runner_unassign(w->db, w->runner.id, w->project.id, &done, &w->err));
    g_assert_false(done);
    OK(runner_delete(w->db, w->runner.id, &w->err));
    FAILS_WITH(runner_get(w->db, w->arena, w->runner.id, &runner, &w->err), ERR_NO_RECORD);
}

static int64_t count_runners(World *w, RunnerFilter filter)
{
    Runner *runners;
    size_t n;
    int64_t count;

    filter.now_us = NOW;
    OK(runner_list(w->db, w->arena, &filter, &runners, &n, &w->err));
    OK(runner_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, (int64_t)n);
    return count;
}

static void runners_are_listed_by_filter(World *w)
{
    Runner group = w->runner;
    Runner own = w->runner;

    group.kind = RUNNER_GROUP;
    group.namespace_id = w->top.id;
    group.token_hash = "g";
    OK(runner_insert(w->db, &group, &w->err));
    own.kind = RUNNER_PROJECT;
    own.token_hash = "p";
    own.paused = true;
    own.contacted_at = NOW;
    OK(runner_insert(w->db, &own, &w->err));
    OK(runner_assign(w->db, own.id, w->project.id, &w->err));

#define COUNT(...) count_runners(w, (RunnerFilter){ __VA_ARGS__ })
    g_assert_cmpint(COUNT(0), ==, 3);
    g_assert_cmpint(COUNT(.usable_in_project = w->project.id), ==, 3);
    g_assert_cmpint(COUNT(.usable_in_project = w->own.id), ==, 1);
    g_assert_cmpint(COUNT(.usable_in_group = w->sub.id), ==, 2);
    g_assert_cmpint(COUNT(.administered_by = w->ann.id), ==, 2);
    g_assert_cmpint(COUNT(.administered_by = w->ben.id), ==, 0);
    g_assert_cmpint(COUNT(.has_kind = true, .kind = RUNNER_PROJECT), ==, 1);
    g_assert_cmpint(COUNT(.paused = ONLY_YES), ==, 1);
    g_assert_cmpint(COUNT(.paused = ONLY_NO, .never_contacted = true), ==, 2);
    g_assert_cmpint(COUNT(.contacted_after = NOW - 1), ==, 1);
    g_assert_cmpint(COUNT(.contacted_before = NOW), ==, 1);
#undef COUNT
}

static void a_manager_is_one_row_a_system(World *w)
{
    RunnerManager manager = { .runner_id = w->runner.id,
                              .system_id = "s_1",
                              .version = "17.0",
                              .contacted_at = NOW,
                              .created_at = NOW };
    RunnerManager found;
    RunnerManager *managers;
    size_t n;
    bool done;

    OK(runner_manager_upsert(w->db, &manager, &w->err));
    int64_t id = manager.id;
    manager.version = "18.0";
    manager.created_at = NOW + 9;
    OK(runner_manager_upsert(w->db, &manager, &w->err));
    g_assert_cmpint(manager.id, ==, id);
    OK(runner_manager_by_system(w->db, w->arena, w->runner.id, "s_1", &found, &w->err));
    g_assert_cmpstr(found.version, ==, "18.0");
    g_assert_cmpstr(found.platform, ==, "");
    g_assert_cmpint(found.created_at, ==, NOW);
    OK(runner_manager_list_by_ids(w->db, w->arena, &id, 1, &managers, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(runner_manager_list_by_runners(w->db, w->arena, &w->runner.id, 1, &managers, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(runner_manager_delete(w->db, w->runner.id, "s_1", &done, &w->err));
    g_assert_true(done);
}

void add_runner_tests(void)
{
    add_test("job_queue/by-kind-of-runner", a_runner_sees_what_its_kind_may_serve);
    add_test("runners/queues-are-served-in-turn", queues_are_served_in_turn);
    add_test("job_queue/one-runner-only", a_job_is_handed_to_one_runner_only);
    add_test("job_queue/dead-token-changes-nothing", a_dead_token_changes_nothing);
    add_test("job_queue/end-kills-token", an_ended_attempt_takes_no_more);
    add_test("job_queue/watchers", the_watchers_find_their_jobs);
    add_test("runners/found-and-changed", a_runner_is_found_and_changed);
    add_test("runners/listed-by-filter", runners_are_listed_by_filter);
    add_test("runner_managers/one-row-a-system", a_manager_is_one_row_a_system);
    add_test("jobs/paused-or-deleted-runner", a_paused_or_deleted_runner_gets_nothing);
    add_test("jobs/unconfirmed", only_what_is_unconfirmed_ends_as_such);
    add_test("runners/of-a-server", each_server_has_its_own_runner);
    add_test("servers/join", a_server_is_the_same_one_after_a_restart);
}
