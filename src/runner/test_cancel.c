/* Tests of pipeline/cancel_parts.c and auto_cancel.c, on each kind of database: what a crash leaves is
 * done all the same. */
#include "pipeline/auto_cancel.h"
#include "pipeline/bridges.h"
#include "pipeline/cancel_parts.h"
#include "runner/test_installation.h"
#include "store/downstream.h"
#include "store/job_specs.h"
#include "store/stages.h"

enum { JOBS = 2 * CANCEL_AT_ONCE + 200 };

/* A pipeline of many jobs in two stages.  A manual one keeps it from its end. */
typedef struct Big {
    World *world;
    const char *sha;
    Pipeline pipeline;
    DownstreamWork work; /* auto_cancel */
} Big;

static bool insert_big(Db *db, void *data, Error *err)
{
    Big *b = data;
    JobSpec spec = { .options = "{}" };
    int64_t id;

    if (!insert_pipeline(db, b->world, &b->pipeline, err))
        return false;
    spec.pipeline_id = b->pipeline.id;
    Stage build = { .pipeline_id = b->pipeline.id, .name = "build", .status = STATUS_PENDING };
    Stage test = {
        .pipeline_id = b->pipeline.id, .name = "test", .position = 1, .status = STATUS_CREATED
    };
    if (!job_spec_insert(db, &spec, err) || !stage_insert(db, &build, err) ||
        !stage_insert(db, &test, err) ||
        !insert_job(db, &b->pipeline, spec.id, 0, "manual", STATUS_MANUAL, &id, err))
        return false;
    for (int i = 0; i < JOBS; i++) {
        g_autofree char *name = g_strdup_printf("job %d", i);
        int stage = i % 2;
        if (!insert_job(db, &b->pipeline, spec.id, stage, name,
                        stage == 0 ? STATUS_PENDING : STATUS_CREATED, &id, err))
            return false;
    }
    return true;
}

static void insert(Big *b)
{
    g_auto(Error) err = ERROR_INIT;

    CHECK(database_write(b->world->database, insert_big, b, &err), &err);
}

static int64_t count(const Big *b, unsigned statuses)
{
    g_autoptr(Db) db = database_reader(b->world->database);
    g_auto(Error) err = ERROR_INIT;
    JobFilter filter = { .pipeline_id = b->pipeline.id, .statuses = statuses };
    int64_t n = 0;

    CHECK(job_count(db, &filter, 0, &n, &err), &err);
    return n;
}

static size_t count_work(const World *w)
{
    g_autoptr(Db) db = database_reader(w->database);
    g_auto(Error) err = ERROR_INIT;
    DownstreamWork *work;
    size_t n = 0;

    CHECK(downstream_work_list(db, w->arena, 10, &work, &n, &err), &err);
    return n;
}

static void a_large_pipeline_is_canceled_in_parts(const void *data)
{
    Big b = { .world = world_new((TestDatabaseKind)GPOINTER_TO_INT(data)) };
    g_auto(Error) err = ERROR_INIT;

    insert(&b);
    CHECK(cancel_all_parts(&b.world->site, b.pipeline.id, &err), &err);
    g_assert_cmpint(count(&b, STATUS_BIT(STATUS_CANCELED)), ==, JOBS);
    g_assert_cmpint(count(&b, STATUS_BIT(STATUS_MANUAL)), ==, 1);
    g_assert_cmpuint(count_work(b.world), ==, 0);
    world_free(b.world);
}

static bool first_part(Process *p, void *data, Error *err)
{
    return cancel_first_part(p, data, err);
}

static void the_rest_of_a_cancel_is_done_by_whoever_comes(const void *data)
{
    Big b = { .world = world_new((TestDatabaseKind)GPOINTER_TO_INT(data)) };
    g_auto(Error) err = ERROR_INIT;
    int canceled = 0;

    insert(&b);
    CHECK(process_run(&b.world->site, b.pipeline.id, first_part, &canceled, &err), &err);
    g_assert_cmpint(canceled, ==, CANCEL_AT_ONCE);
    /* The last come first: nothing has been skipped or set off. */
    g_assert_cmpint(count(&b, STATUS_BIT(STATUS_PENDING)), ==, JOBS / 2);
    g_assert_cmpint(count(&b, STATUS_BIT(STATUS_CREATED)), ==, JOBS / 2 - CANCEL_AT_ONCE);
    g_assert_cmpuint(count_work(b.world), ==, 1);
    CHECK(bridges_round(&b.world->site, &err), &err);
    g_assert_cmpint(count(&b, STATUS_BIT(STATUS_CANCELED)), ==, JOBS);
    g_assert_cmpuint(count_work(b.world), ==, 0);
    world_free(b.world);
}

static bool make_newer(Db *db, void *data, Error *err)
{
    Big *b = data;

    b->pipeline = (Pipeline){ .sha = b->sha, .created_at = NOW + 1 };
    return insert_pipeline(db, b->world, &b->pipeline, err) &&
           auto_cancel_owe(db, &b->world->site, &b->pipeline, &b->work, err);
}

static void a_crash_after_creation_loses_no_auto_cancel(const void *data)
{
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data));
    Big old = { .world = w }, same = { .world = w, .sha = "aaaa" };
    Big newer = { .world = w, .sha = "bbbb" };
    g_auto(Error) err = ERROR_INIT;
    Pipeline read;

    insert(&old);
    CHECK(database_write(w->database, make_newer, &same, &err), &err);
    g_assert_cmpint(same.work.id, ==, 0); /* of the same commit: nothing is redundant */
    CHECK(database_write(w->database, make_newer, &newer, &err), &err);
    g_assert_cmpint(newer.work.id, !=, 0);
    w->clock.fixed_us = NOW + 1;
    CHECK(bridges_round(&w->site, &err), &err);
    g_assert_cmpint(count(&old, STATUS_BIT(STATUS_CANCELED)), ==, 0); /* in its server's hand */
    w->clock.fixed_us = NOW + 30 * US_PER_S;
    CHECK(bridges_round(&w->site, &err), &err);
    g_assert_cmpint(count(&old, STATUS_BIT(STATUS_CANCELED)), ==, JOBS);
    g_assert_cmpuint(count_work(w), ==, 0);
    g_autoptr(Db) db = database_reader(w->database);
    CHECK(pipeline_get(db, w->arena, old.pipeline.id, &read, &err), &err);
    g_assert_cmpint(read.auto_canceled_by_id, ==, newer.pipeline.id);
    g_clear_pointer(&db, database_reader_release);
    world_free(w);
}

static const struct {
    const char *path;
    GTestDataFunc func;
} tests[] = {
    { "a-large-pipeline-is-canceled-in-parts", a_large_pipeline_is_canceled_in_parts },
    { "the-rest-of-a-cancel-is-done-by-whoever-comes",
      the_rest_of_a_cancel_is_done_by_whoever_comes },
    { "a-crash-after-creation-loses-no-auto-cancel", a_crash_after_creation_loses_no_auto_cancel },
};

static void add_tests(TestDatabaseKind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path =
            g_strdup_printf("/cancel/%s/%s", test_database_names[kind], tests[i].path);
        g_test_add_data_func(path, GINT_TO_POINTER((int)kind), tests[i].func);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_tests);
    return g_test_run();
}
