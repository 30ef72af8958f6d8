/* Many writes at once, on each kind of database: what one writer makes true by itself has to be true
 * of many, too. */
#include "pipeline/events.h"
#include "pipeline/process.h"
#include "runner/presence.h"
#include "runner/queue.h"
#include "runner/test_installation.h"
#include "store/job_specs.h"
#include "store/servers.h"
#include "store/stages.h"

#include <glib/gstdio.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 200, PIPELINES_EACH = 25, JOBS = 60 };

/* --- threads --------------------------------------------------------------------------------- */

/* Runs @func on @n threads at once, each with its part of @parts. */
static void side_by_side(GThreadFunc func, void *parts, size_t part_size, size_t n)
{
    GThread *threads[THREADS];

    g_assert_cmpuint(n, <=, THREADS);
    for (size_t i = 0; i < n; i++)
        threads[i] = g_thread_new("side", func, (char *)parts + i * part_size);
    for (size_t i = 0; i < n; i++)
        g_thread_join(threads[i]);
}

/* --- the last two jobs of a stage ------------------------------------------------------------ */

typedef struct Stages {
    World *world;
    Pipeline pipeline;
    int64_t first[2];
    int64_t next;
} Stages;

static bool insert_stages(Db *db, void *data, Error *err)
{
    Stages *s = data;
    JobSpec spec = { .options = "{}" };

    if (!insert_pipeline(db, s->world, &s->pipeline, err))
        return false;
    spec.pipeline_id = s->pipeline.id;
    Stage build = { .pipeline_id = s->pipeline.id, .name = "build", .status = STATUS_RUNNING };
    Stage test = {
        .pipeline_id = s->pipeline.id, .name = "test", .position = 1, .status = STATUS_CREATED
    };
    return job_spec_insert(db, &spec, err) && stage_insert(db, &build, err) &&
           stage_insert(db, &test, err) &&
           insert_job(db, &s->pipeline, spec.id, 0, "a", STATUS_RUNNING, &s->first[0], err) &&
           insert_job(db, &s->pipeline, spec.id, 0, "b", STATUS_RUNNING, &s->first[1], err) &&
           insert_job(db, &s->pipeline, spec.id, 1, "c", STATUS_CREATED, &s->next, err);
}

typedef struct Finish {
    Stages *stages;
    int64_t job_id;
} Finish;

static bool finish_in_write(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const Finish *f = data;
    Process p;

    if (!process_load(&p, &f->stages->world->site, db, arena, f->stages->pipeline.id, err))
        return false;
    g_assert_true(engine_succeed_job(p.engine, process_job(&p, f->job_id)));
    return process_save(&p, err);
}

static void *finish(void *data)
{
    g_auto(Error) err = ERROR_INIT;
    const Finish *f = data;

    CHECK(database_write(f->stages->world->database, finish_in_write, data, &err), &err);
    return NULL;
}

static void two_jobs_that_end_at_once_start_the_next_stage(const void *data)
{
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data));

    for (int i = 0; i < ROUNDS; i++) {
        g_auto(Error) err = ERROR_INIT;
        Stages s = { .world = w };
        Job next;

        CHECK(database_write(w->database, insert_stages, &s, &err), &err);
        Finish parts[] = { { &s, s.first[0] }, { &s, s.first[1] } };
        side_by_side(finish, parts, sizeof *parts, 2);
        g_autoptr(Db) db = database_reader(w->database);
        CHECK(job_get(db, w->arena, s.next, &next, &err), &err);
        g_assert_cmpint(next.status, ==, STATUS_PENDING);
    }
    world_free(w);
}

/* --- numbers --------------------------------------------------------------------------------- */

typedef struct Number {
    World *world;
    Pipeline pipeline;
    int64_t iids[PIPELINES_EACH];
} Number;

static bool number_in_write(Db *db, void *data, Error *err)
{
    Number *n = data;

    return insert_pipeline(db, n->world, &n->pipeline, err);
}

static void *number(void *data)
{
    g_auto(Error) err = ERROR_INIT;
    Number *n = data;

    for (int i = 0; i < PIPELINES_EACH; i++) {
        CHECK(database_write(n->world->database, number_in_write, n, &err), &err);
        n->iids[i] = n->pipeline.iid;
    }
    return NULL;
}

static void pipelines_made_at_once_are_numbered_without_a_gap(const void *data)
{
    enum { ALL = THREADS * PIPELINES_EACH };
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data));
    g_autofree Number *parts = g_new0(Number, THREADS);
    bool seen[ALL + 1] = { false };

    for (int i = 0; i < THREADS; i++)
        parts[i].world = w;
    side_by_side(number, parts, sizeof *parts, THREADS);
    for (int i = 0; i < ALL; i++) {
        int64_t iid = parts[i / PIPELINES_EACH].iids[i % PIPELINES_EACH];
        g_assert_cmpint(iid, >=, 1);
        g_assert_cmpint(iid, <=, ALL);
        g_assert_false(seen[iid]);
        seen[iid] = true;
    }
    world_free(w);
}

/* --- claims ---------------------------------------------------------------------------------- */

typedef struct Crowd {
    World *world;
    Pipeline pipeline;
} Crowd;

static bool insert_crowd(Db *db, void *data, Error *err)
{
    Crowd *c = data;
    JobSpec spec = { .options = "{}" };

    if (!insert_pipeline(db, c->world, &c->pipeline, err))
        return false;
    spec.pipeline_id = c->pipeline.id;
    Stage stage = { .pipeline_id = c->pipeline.id, .name = "build", .status = STATUS_PENDING };
    if (!job_spec_insert(db, &spec, err) || !stage_insert(db, &stage, err))
        return false;
    for (int i = 0; i < JOBS; i++) {
        g_autofree char *name = g_strdup_printf("job %d", i);
        int64_t id;
        if (!insert_job(db, &c->pipeline, spec.id, 0, name, STATUS_PENDING, &id, err))
            return false;
    }
    return true;
}

typedef struct Claims {
    World *world;
    bool two_phase;
    int64_t ids[JOBS];
    int n;
} Claims;

static void *claim(void *data)
{
    Claims *c = data;
    HandoutRequest request = { .runner = &c->world->runner, .two_phase = c->two_phase };
    bool found = true;

    while (found) {
        g_autoptr(Arena) arena = arena_new();
        g_auto(Error) err = ERROR_INIT;
        Handout handout;
        CHECK(queue_take(&c->world->site, arena, &request, &handout, &found, &err), &err);
        if (found)
            c->ids[c->n++] = handout.job.id;
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void check_each_job_is_claimed_once(TestDatabaseKind kind, bool two_phase)
{
    g_auto(Error) err = ERROR_INIT;
    World *w = world_new(kind);
    Crowd crowd = { .world = w };
    g_autofree Claims *parts = g_new0(Claims, THREADS);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

    CHECK(database_write(w->database, insert_crowd, &crowd, &err), &err);
    for (int i = 0; i < THREADS; i++)
        parts[i] = (Claims){ .world = w, .two_phase = two_phase };
    side_by_side(claim, parts, sizeof *parts, THREADS);
    for (int i = 0; i < THREADS; i++)
        g_array_append_vals(ids, parts[i].ids, (guint)parts[i].n);
    g_array_sort(ids, compare_ids);
    g_assert_cmpuint(ids->len, ==, JOBS);
    for (guint i = 1; i < ids->len; i++)
        g_assert_cmpint(g_array_index(ids, int64_t, i), !=, g_array_index(ids, int64_t, i - 1));
    world_free(w);
}

static void a_job_is_claimed_once_by_two_phase_runners(const void *data)
{
    check_each_job_is_claimed_once((TestDatabaseKind)GPOINTER_TO_INT(data), true);
}

static void a_job_is_claimed_once_by_older_runners(const void *data)
{
    check_each_job_is_claimed_once((TestDatabaseKind)GPOINTER_TO_INT(data), false);
}

/* --- servers --------------------------------------------------------------------------------- */

enum { SECOND = 1000000 };

static guint count_lost(Presence *presence, int64_t at_s)
{
    g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_auto(Error) err = ERROR_INIT;

    CHECK(presence_round(presence, at_s * SECOND, lost, &err), &err);
    return lost->len;
}

static void a_server_that_stands_still_for_a_minute_is_lost(const void *data)
{
    World *w = world_new((TestDatabaseKind)GPOINTER_TO_INT(data));
    g_autofree char *folder = g_dir_make_tmp("penstock-servers-XXXXXX", NULL);
    g_autofree char *first_file = g_build_filename(folder, "first", NULL);
    g_autofree char *second_file = g_build_filename(folder, "second", NULL);
    g_auto(Error) err = ERROR_INIT;
    Site second_site = w->site, third_site = w->site;

    Presence *first = presence_join(&w->site, first_file, &err);
    CHECK(first, &err);
    Presence *second = presence_join(&second_site, second_file, &err);
    CHECK(second, &err);
    g_assert_cmpint(second_site.server_id, !=, w->site.server_id);
    g_assert_null(presence_join(&third_site, second_file, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);

    g_assert_cmpuint(count_lost(first, 100), ==, 0);
    g_assert_cmpuint(count_lost(first, 159), ==, 0);
    w->clock = clock_fixed(NOW + 1);
    g_assert_cmpuint(count_lost(second, 1), ==, 0);
    g_assert_cmpuint(count_lost(first, 165), ==, 0);
    g_assert_cmpuint(count_lost(first, 224), ==, 0);
    g_assert_cmpuint(count_lost(first, 230), ==, 1);

    int64_t id = second_site.server_id;
    presence_leave(second);
    second = presence_join(&third_site, second_file, &err);
    g_assert_cmpint(third_site.server_id, ==, id);
    presence_leave(first);
    presence_leave(second);
    g_unlink(first_file);
    g_unlink(second_file);
    g_rmdir(folder);
    world_free(w);
}

/* --- all ------------------------------------------------------------------------------------- */

static const struct {
    const char *path;
    GTestDataFunc func;
} tests[] = {
    { "two-jobs-that-end-at-once-start-the-next-stage",
      two_jobs_that_end_at_once_start_the_next_stage },
    { "pipelines-made-at-once-are-numbered-without-a-gap",
      pipelines_made_at_once_are_numbered_without_a_gap },
    { "a-job-is-claimed-once-by-two-phase-runners", a_job_is_claimed_once_by_two_phase_runners },
    { "a-job-is-claimed-once-by-older-runners", a_job_is_claimed_once_by_older_runners },
    { "a-server-that-stands-still-for-a-minute-is-lost",
      a_server_that_stands_still_for_a_minute_is_lost },
};

static void add_tests(TestDatabaseKind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path =
            g_strdup_printf("/side-by-side/%s/%s", test_database_names[kind], tests[i].path);
        g_test_add_data_func(path, GINT_TO_POINTER((int)kind), tests[i].func);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_tests);
    return g_test_run();
}
