/* Tests of schedules, ticks, triggers, and what is kept about pushes. */
#include "store/backfills.h"
#include "store/open_pushes.h"
#include "store/pipeline_schedules.h"
#include "store/ref_states.h"
#include "store/schedule_inputs.h"
#include "store/schedule_ticks.h"
#include "store/schedule_variables.h"
#include "store/test_world.h"
#include "store/triggers.h"

static PipelineSchedule new_schedule(World *w, bool active, int64_t next_run_at)
{
    PipelineSchedule schedule = { .project_id = w->project.id,
                                  .owner_id = w->ann.id,
                                  .description = "nightly",
                                  .ref = "refs/heads/main",
                                  .cron = "0 1 * * *",
                                  .cron_timezone = "UTC",
                                  .active = active,
                                  .next_run_at = next_run_at,
                                  .created_at = NOW,
                                  .updated_at = NOW };

    OK(pipeline_schedule_insert(w->db, &schedule, &w->err));
    return schedule;
}

static void due_schedules_are_active_and_past(World *w)
{
    PipelineSchedule later = new_schedule(w, true, NOW + 10);
    PipelineSchedule sooner = new_schedule(w, true, NOW + 5);
    PipelineSchedule *due;
    size_t n;
    int64_t at;

    (void)new_schedule(w, false, NOW);
    (void)new_schedule(w, true, 0);
    OK(pipeline_schedule_next_due(w->db, &at, &w->err));
    g_assert_cmpint(at, ==, NOW + 5);
    OK(pipeline_schedule_lock_due(w->db, w->arena, NOW + 4, 10, &due, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(pipeline_schedule_lock_due(w->db, w->arena, NOW + 10, 10, &due, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(due[0].id, ==, sooner.id);
    g_assert_cmpint(due[1].id, ==, later.id);
}

static void a_schedule_is_listed_and_changed(World *w)
{
    PipelineSchedule schedule = new_schedule(w, true, NOW);
    PipelineSchedule *schedules;
    size_t n;
    int64_t count;

    OK(pipeline_schedule_get_in_project(w->db, w->arena, w->project.id, schedule.id, &schedule,
                                        &w->err));
    schedule.active = false;
    schedule.cron = "* * * * *";
    OK(pipeline_schedule_update(w->db, &schedule, &w->err));
    const ScheduleMove moves[] = { { schedule.id, NOW, NOW + 7 },
                                   { schedule.id, NOW, NOW + 9 } /* too late */ };
    OK(pipeline_schedule_move_on(w->db, moves, 2, &w->err));
    OK(pipeline_schedule_get(w->db, w->arena, schedule.id, &schedule, &w->err));
    g_assert_cmpstr(schedule.cron, ==, "* * * * *");
    g_assert_cmpint(schedule.next_run_at, ==, NOW + 7);
    OK(pipeline_schedule_list(w->db, w->arena, w->project.id, ONLY_NO, (Slice){ 10, 0 }, &schedules,
                              &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(pipeline_schedule_count(w->db, w->project.id, ONLY_YES, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
    OK(pipeline_schedule_delete(w->db, schedule.id, &w->err));
    OK(pipeline_schedule_count(w->db, w->project.id, ONLY_ANY, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
}

static void a_schedule_has_a_key_once(World *w)
{
    PipelineSchedule schedule = new_schedule(w, true, NOW);
    ScheduleVariable variable = { .schedule_id = schedule.id, .key = "K", .value = "sealed" };
    ScheduleVariable *variables;
    size_t n;

    OK(schedule_variable_insert(w->db, &variable, &w->err));
    IS_REFUSED_WITH(schedule_variable_insert(w->db, &variable, &w->err), ERR_DB_UNIQUE);
    OK(schedule_variable_by_key(w->db, w->arena, schedule.id, "K", &variable, &w->err));
    variable.variable_type = VARIABLE_FILE;
    OK(schedule_variable_update(w->db, &variable, &w->err));
    OK(schedule_variable_list(w->db, w->arena, schedule.id, &variables, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(variables[0].variable_type, ==, VARIABLE_FILE);
    OK(schedule_variable_delete(w->db, variable.id, &w->err));
    FAILS_WITH(schedule_variable_by_key(w->db, w->arena, schedule.id, "K", &variable, &w->err),
               ERR_NO_RECORD);
}

static void a_tick_is_recorded_and_settled_once(World *w)
{
    PipelineSchedule schedule = new_schedule(w, true, NOW);
    ScheduleTick tick = { .schedule_id = schedule.id, .tick_at = NOW, .recorded_at = NOW };
    ScheduleTick *ticks;
    size_t n;
    bool done;

    OK(schedule_tick_insert(w->db, &tick, &done, &w->err));
    g_assert_true(done);
    ScheduleTick again = tick;
    OK(schedule_tick_insert(w->db, &again, &done, &w->err));
    g_assert_false(done);
    ScheduleTick both[] = { tick, tick };
    both[0].recorded_at = both[1].recorded_at = NOW + 1;
    both[1].tick_at = NOW - 1;
    both[1].result = TICK_SKIPPED;
    OK(schedule_tick_insert_all(w->db, both, 2, &w->err));
    g_assert_cmpint(both[0].id, ==, 0);
    g_assert_cmpint(both[1].id, !=, 0);
    OK(schedule_tick_list_open(w->db, w->arena, 10, &ticks, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    ScheduleTick seen = ticks[0];
    g_assert_cmpint(seen.taken_at, ==, NOW);
    OK(schedule_tick_take_over(w->db, &ticks[0], 4, NOW + 1, &done, &w->err));
    g_assert_true(done);
    OK(schedule_tick_take_over(w->db, &seen, 5, NOW + 1, &done, &w->err));
    g_assert_false(done);
    OK(schedule_tick_settle(w->db, tick.id, TICK_FAILED, 0, "why", NOW + 1, &done, &w->err));
    g_assert_true(done);
    OK(schedule_tick_settle(w->db, tick.id, TICK_CREATED, 5, NULL, NOW + 2, &done, &w->err));
    g_assert_false(done);
    OK(schedule_tick_list_open(w->db, w->arena, 10, &ticks, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(schedule_tick_list(w->db, w->arena, schedule.id, 0, (Slice){ 10, 0 }, &ticks, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(ticks[1].result, ==, TICK_SKIPPED);
    g_assert_cmpint(ticks[0].result, ==, TICK_FAILED);
    g_assert_cmpstr(ticks[0].reason, ==, "why");
}

static void ticks_wait_in_their_order(World *w)
{
    PipelineSchedule schedule = new_schedule(w, true, NOW);
    ScheduleTick *ticks;
    Pipeline *at_work, latest;
    int64_t n_waiting = 0, n_all = 0;
    size_t n;
    bool done;

    for (int i = 3; i > 0; i--) {
        ScheduleTick tick = { .schedule_id = schedule.id, .tick_at = NOW + i, .recorded_at = NOW };
        OK(schedule_tick_insert(w->db, &tick, &done, &w->err));
        OK(schedule_tick_wait(w->db, tick.id, &done, &w->err));
        g_assert_true(done);
        OK(schedule_tick_wait(w->db, tick.id, &done, &w->err));
        g_assert_false(done);
    }
    OK(schedule_tick_count_waiting(w->db, schedule.id, 2, &n_waiting, &w->err));
    g_assert_cmpint(n_waiting, ==, 2);
    OK(schedule_tick_count(w->db, schedule.id, 0, &n_all, &w->err));
    g_assert_cmpint(n_all, ==, 3);
    OK(schedule_tick_list_waiting(w->db, w->arena, 10, &ticks, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(ticks[0].tick_at, ==, NOW + 1);
    OK(schedule_tick_settle(w->db, ticks[0].id, TICK_CREATED, w->pipeline.id, NULL, NOW, &done,
                            &w->err));
    g_assert_true(done);
    OK(schedule_tick_list_waiting(w->db, w->arena, 10, &ticks, &n, &w->err));
    g_assert_cmpint(ticks[0].tick_at, ==, NOW + 2);
    OK(pipeline_list_of_schedule_at_work(w->db, w->arena, schedule.id, &at_work, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    FAILS_WITH(pipeline_latest_of_schedule(w->db, w->arena, schedule.id, &latest, &w->err),
               ERR_NO_RECORD);
}

static void a_trigger_is_found_by_its_token(World *w)
{
    Trigger trigger = { .project_id = w->project.id,
                        .owner_id = w->ann.id,
                        .description = "from outside",
                        .token = "sealed",
                        .token_hash = "th",
                        .token_start = "glptt-abcd",
                        .created_at = NOW,
                        .updated_at = NOW };
    Trigger *triggers;
    size_t n;
    int64_t count;

    OK(trigger_insert(w->db, &trigger, &w->err));
    OK(trigger_set_description(w->db, trigger.id, "new", NOW + 1, &w->err));
    OK(trigger_touch(w->db, trigger.id, NOW + 2, &w->err));
    OK(trigger_by_hash(w->db, w->arena, "th", &trigger, &w->err));
    g_assert_cmpstr(trigger.description, ==, "new");
    g_assert_cmpint(trigger.last_used_at, ==, NOW + 2);
    OK(trigger_get(w->db, w->arena, w->project.id, trigger.id, &trigger, &w->err));
    OK(trigger_list(w->db, w->arena, w->project.id, (Slice){ 10, 0 }, &triggers, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(trigger_count(w->db, w->project.id, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    OK(trigger_delete(w->db, trigger.id, &w->err));
    FAILS_WITH(trigger_by_hash(w->db, w->arena, "th", &trigger, &w->err), ERR_NO_RECORD);
}

static bool moved(World *w, const char *from, const char *to)
{
    bool done;

    OK(ref_state_move(w->db, w->project.id, "refs/heads/main", from, to, &done, &w->err));
    return done;
}

static void a_ref_moves_from_where_it_is_only(World *w)
{
    RefState state;
    RefState *states;
    size_t n;

    g_assert_true(moved(w, NULL, "1"));
    g_assert_false(moved(w, NULL, "2"));
    g_assert_false(moved(w, "2", "3"));
    g_assert_true(moved(w, "1", "2"));
    OK(ref_state_get(w->db, w->arena, w->project.id, "refs/heads/main", &state, &w->err));
    g_assert_cmpstr(state.sha, ==, "2");
    g_assert_false(moved(w, "1", NULL));
    g_assert_true(moved(w, "2", NULL));
    OK(ref_state_set(w->db, w->project.id, "refs/tags/v1", "5", &w->err));
    OK(ref_state_set(w->db, w->project.id, "refs/tags/v1", "6", &w->err));
    OK(ref_state_list(w->db, w->arena, w->project.id, &states, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(states[0].sha, ==, "6");
    OK(ref_state_delete(w->db, w->project.id, "refs/tags/v1", &w->err));
    FAILS_WITH(ref_state_get(w->db, w->arena, w->project.id, "refs/tags/v1", &state, &w->err),
               ERR_NO_RECORD);
}

static void an_open_push_is_its_servers_until_it_is_deleted(World *w)
{
    OpenPush push = {
        .project_id = w->project.id, .user_id = w->ann.id, .server_id = 3, .created_at = NOW
    };
    OpenPush *pushes;
    size_t n;
    bool done;

    OK(open_push_insert(w->db, &push, &w->err));
    OK(open_push_get(w->db, w->arena, push.id, &push, &w->err));
    g_assert_cmpint(push.user_id, ==, w->ann.id);
    OK(open_push_list_of(w->db, w->arena, (const int64_t[]){ 0, 4 }, 2, &pushes, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(open_push_list_of(w->db, w->arena, (const int64_t[]){ 3 }, 1, &pushes, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(open_push_take_over(w->db, &push, 4, &done, &w->err));
    g_assert_true(done);
    OK(open_push_take_over(w->db, &push, 5, &done, &w->err));
    g_assert_false(done);
    OK(open_push_delete(w->db, push.id, &w->err));
    OK(open_push_list_of(w->db, w->arena, (const int64_t[]){ 3, 4 }, 2, &pushes, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void a_backfill_has_ticks_of_its_own_until_it_ends(World *w)
{
    PipelineSchedule schedule = new_schedule(w, true, NOW);
    Backfill backfill = {
        .schedule_id = schedule.id, .to_at = NOW, .max_parallel = 1, .created_at = NOW
    };
    ScheduleTick ticks[2], next, *list;
    int64_t tally[N_TICK_RESULTS], count;
    Backfill *running;
    size_t n;
    bool done;

    OK(backfill_insert(w->db, &backfill, &done, &w->err));
    g_assert_true(done);
    Backfill second = backfill;
    OK(backfill_insert(w->db, &second, &done, &w->err));
    g_assert_false(done);
    for (int i = 0; i < 2; i++)
        ticks[i] = (ScheduleTick){ .schedule_id = schedule.id,
                                   .tick_at = NOW - i,
                                   .recorded_at = NOW,
                                   .backfill_id = backfill.id };
    OK(schedule_tick_insert_backfill(w->db, ticks, 2, &w->err));
    ScheduleTick own = { .schedule_id = schedule.id, .tick_at = NOW, .recorded_at = NOW };
    OK(schedule_tick_insert(w->db, &own, &done, &w->err));
    g_assert_true(done); /* beside the backfill's */
    OK(schedule_tick_list_waiting(w->db, w->arena, 10, &list, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(schedule_tick_next_of_backfill(w->db, w->arena, backfill.id, &next, &w->err));
    g_assert_cmpint(next.tick_at, ==, NOW - 1);
    OK(schedule_tick_start(w->db, &next, 3, NOW, &done, &w->err));
    g_assert_true(done);
    OK(schedule_tick_start(w->db, &next, 4, NOW, &done, &w->err));
    g_assert_false(done);
    OK(schedule_tick_count_due_of_backfill(w->db, backfill.id, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    OK(schedule_tick_list(w->db, w->arena, schedule.id, backfill.id, (Slice){ 10, 0 }, &list, &n,
                          &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(pipeline_count_of_backfill_at_work(w->db, schedule.id, backfill.id, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
    OK(backfill_list_running(w->db, w->arena, 0, 10, &running, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(backfill_lock(w->db, w->arena, backfill.id, &backfill, &w->err));
    OK(backfill_end(w->db, backfill.id, BACKFILL_CANCELED, NOW, &done, &w->err));
    g_assert_true(done);
    OK(backfill_end(w->db, backfill.id, BACKFILL_FINISHED, NOW, &done, &w->err));
    g_assert_false(done);
    OK(schedule_tick_skip_backfill(w->db, backfill.id, "canceled", NOW, &w->err));
    OK(backfill_tally(w->db, w->arena, backfill.id, tally, &w->err));
    g_assert_cmpint(tally[TICK_DUE], ==, 1);
    g_assert_cmpint(tally[TICK_SKIPPED], ==, 1);
    g_assert_cmpint(tally[TICK_WAITING], ==, 0);
    OK(backfill_list(w->db, w->arena, schedule.id, (Slice){ 10, 0 }, &running, &n, &w->err));
    OK(backfill_count(w->db, schedule.id, &count, &w->err));
    g_assert_cmpint(count, ==, (int64_t)n);
    OK(backfill_get(w->db, w->arena, backfill.id, &backfill, &w->err));
    g_assert_cmpint(backfill.status, ==, BACKFILL_CANCELED);
}

static void an_input_has_one_value(World *w)
{
    PipelineSchedule schedule = new_schedule(w, true, NOW);
    ScheduleInput input = { .schedule_id = schedule.id, .name = "color", .value = "one" };
    ScheduleInput *inputs;
    size_t n;

    OK(schedule_input_put(w->db, &input, &w->err));
    input.value = "two";
    OK(schedule_input_put(w->db, &input, &w->err));
    OK(schedule_input_list(w->db, w->arena, schedule.id, &inputs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(inputs[0].value, ==, "two");
    OK(schedule_input_delete(w->db, schedule.id, "color", &w->err));
    OK(schedule_input_list(w->db, w->arena, schedule.id, &inputs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

void add_schedule_tests(void)
{
    add_test("pipeline_schedules/due", due_schedules_are_active_and_past);
    add_test("pipeline_schedules/listed-and-changed", a_schedule_is_listed_and_changed);
    add_test("schedule_variables/key-once", a_schedule_has_a_key_once);
    add_test("schedule_ticks/once", a_tick_is_recorded_and_settled_once);
    add_test("triggers/by-token", a_trigger_is_found_by_its_token);
    add_test("ref_states/move-from-where-it-is", a_ref_moves_from_where_it_is_only);
    add_test("ticks/wait", ticks_wait_in_their_order);
    add_test("backfills/ticks-of-their-own", a_backfill_has_ticks_of_its_own_until_it_ends);
    add_test("schedule_inputs/one-value", an_input_has_one_value);
    add_test("open_pushes/of-a-server", an_open_push_is_its_servers_until_it_is_deleted);
}
