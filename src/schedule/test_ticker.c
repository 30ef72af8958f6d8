/* Tests of the ticker's rounds, by several servers at once, on each kind of database. */
#include "base/wakeups.h"
#include "db/test_databases.h"
#include "schedule/ticker.h"
#include "store/namespaces.h"
#include "store/pipeline_schedules.h"
#include "store/projects.h"
#include "store/schedule_ticks.h"
#include "store/schema.h"
#include "store/users.h"

enum { SERVERS = 4, SCHEDULES = 250, START_S = 1000000 };

/* Schedules without an owner: their ticks come to a reason, for which no repository is needed. */
typedef struct World {
    char *url;
    Database *database;
    Clock clock;
    Settings settings;
    Site sites[SERVERS]; /* the same database, seen by each */
    int n_schedules;
    int64_t schedule_id; /* the last one */
} World;

#define CHECK(call, err)                                                                           \
    do {                                                                                           \
        if (!(call))                                                                               \
            g_error("%s:%d: %s", __FILE__, __LINE__, error_text(err));                             \
    } while (0)

static const int64_t NOW = START_S * US_PER_S;

static bool insert_schedules(Db *db, World *w, int64_t project_id, Error *err)
{
    for (int i = 0; i < w->n_schedules; i++) {
        PipelineSchedule schedule = { .project_id = project_id,
                                      .description = "nightly",
                                      .ref = "refs/heads/main",
                                      .cron = "0 1 * * *",
                                      .cron_timezone = "UTC",
                                      .active = true,
                                      .next_run_at = NOW - i,
                                      .created_at = NOW,
                                      .updated_at = NOW };
        if (!pipeline_schedule_insert(db, &schedule, err))
            return false;
        w->schedule_id = schedule.id;
    }
    return true;
}

static bool insert_world(Db *db, void *data, Error *err)
{
    World *w = data;
    User user = { .username = "ann", .name = "Ann", .email = "ann@example.com", .created_at = NOW };

    if (!user_insert(db, &user, err))
        return false;
    Namespace space = {
        .kind = NAMESPACE_USER, .owner_id = user.id, .name = "ann", .path = "ann", .created_at = NOW
    };
    if (!namespace_insert(db, &space, err))
        return false;
    Project project = { .namespace_id = space.id,
                        .name = "app",
                        .path = "app",
                        .full_path = "ann/app",
                        .default_branch = "main",
                        .build_timeout_s = 3600,
                        .import_status = "none",
                        .variables_role = "developer",
                        .created_at = NOW };
    return project_insert(db, &project, err) && insert_schedules(db, w, project.id, err);
}

static World *world_new(TestDatabaseKind kind, int n_schedules)
{
    g_auto(Error) err = ERROR_INIT;
    World *w = g_new0(World, 1);

    w->url = test_database_new(kind);
    w->database = store_open(w->url, &err);
    CHECK(w->database, &err);
    w->clock = clock_fixed(NOW);
    w->n_schedules = n_schedules;
    for (int i = 0; i < SERVERS; i++)
        w->sites[i] = (Site){ .database = w->database,
                              .clock = &w->clock,
                              .settings = &w->settings,
                              .server_id = i + 1 };
    CHECK(database_write(w->database, insert_world, w, &err), &err);
    return w;
}

static void world_free(World *w)
{
    database_close(w->database);
    test_database_drop(w->url);
    g_free(w);
}

static void *round_in_thread(void *data)
{
    g_auto(Error) err = ERROR_INIT;

    CHECK(ticker_round(data, &err), &err);
    return NULL;
}

static size_t count_ticks(World *w, int64_t schedule_id, TickResult result)
{
    g_autoptr(Db) db = database_reader(w->database);
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    ScheduleTick *ticks;
    size_t n, found = 0;

    CHECK(schedule_tick_list(db, arena, schedule_id, 0, (Slice){ 10, 0 }, &ticks, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        found += ticks[i].result == result;
    return found;
}

static void several_servers_make_one_tick_of_each(const void *data)
{
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data), SCHEDULES);
    GThread *threads[SERVERS];

    for (int i = 0; i < SERVERS; i++)
        threads[i] = g_thread_new("server", round_in_thread, &w->sites[i]);
    for (int i = 0; i < SERVERS; i++)
        g_thread_join(threads[i]);
    round_in_thread(&w->sites[0]); /* what all of them left to each other */
    for (int i = 0; i < SCHEDULES; i++) {
        g_assert_cmpuint(count_ticks(w, w->schedule_id - i, TICK_FAILED), ==, 1);
        g_assert_cmpuint(count_ticks(w, w->schedule_id - i, TICK_DUE), ==, 0);
    }
    world_free(w);
}

typedef struct Open {
    ScheduleTick tick;
    bool is_new;
} Open;

static bool insert_open(Db *db, void *data, Error *err)
{
    Open *open = data;

    return schedule_tick_insert(db, &open->tick, &open->is_new, err);
}

static void an_open_tick_is_taken_up_after_a_while(const void *data)
{
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data), 1);
    g_auto(Error) err = ERROR_INIT;
    Open open = { .tick = { .tick_at = NOW - 60 * US_PER_S,
                            .result = TICK_DUE,
                            .recorded_at = NOW,
                            .server_id = 1 } };

    open.tick.schedule_id = w->schedule_id;
    CHECK(database_write(w->database, insert_open, &open, &err), &err);
    w->clock = clock_fixed(NOW + 15 * US_PER_S);
    round_in_thread(&w->sites[1]);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_DUE), ==, 1);
    w->clock = clock_fixed(NOW + 21 * US_PER_S);
    round_in_thread(&w->sites[1]);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_DUE), ==, 0);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_FAILED), ==, 2);
    world_free(w);
}

static void round_at(World *w, int64_t now_us)
{
    w->clock = clock_fixed(now_us);
    round_in_thread(&w->sites[0]);
}

static void a_clock_that_steps_makes_no_tick_twice(const void *data)
{
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data), 1);
    const int64_t hour = 3600 * US_PER_S, one = 25 * hour; /* 01:00 of the second day */
    const int64_t next = NOW - NOW % (24 * hour) + one;

    round_at(w, NOW); /* moves on from its first time */
    round_at(w, next);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_FAILED), ==, 2);
    round_at(w, next - hour); /* back, and there again */
    round_at(w, next);
    round_at(w, next + 1);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_FAILED), ==, 2);
    round_at(w, next + 25 * hour); /* forward over the next one, which is made up for */
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_FAILED), ==, 3);
    round_at(w, next + 23 * hour);
    round_at(w, next + 24 * hour);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_FAILED), ==, 3);
    g_assert_cmpuint(count_ticks(w, w->schedule_id, TICK_DUE), ==, 0);
    world_free(w);
}

static void add_tests(TestDatabaseKind kind)
{
    const char *name = test_database_names[kind];
    g_autofree char *once = g_strdup_printf("/ticker/%s/one-tick-of-several-servers", name);
    g_autofree char *steps = g_strdup_printf("/ticker/%s/clock-steps", name);
    g_autofree char *open = g_strdup_printf("/ticker/%s/open-tick-after-a-while", name);

    g_test_add_data_func(once, GINT_TO_POINTER((int)kind), several_servers_make_one_tick_of_each);
    g_test_add_data_func(steps, GINT_TO_POINTER((int)kind), a_clock_that_steps_makes_no_tick_twice);
    g_test_add_data_func(open, GINT_TO_POINTER((int)kind), an_open_tick_is_taken_up_after_a_while);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_tests);
    return g_test_run();
}
