/* Tests of links between pipelines, of their work, and of bridges among jobs. */
#include "store/downstream.h"
#include "store/job_queue.h"
#include "store/mirrors.h"
#include "store/test_world.h"

static DownstreamPipeline link_of(World *w, const Pipeline *pipeline, const Job *bridge)
{
    return (DownstreamPipeline){ .pipeline_id = pipeline->id,
                                 .job_id = bridge->id,
                                 .upstream_pipeline_id = w->pipeline.id,
                                 .upstream_project_id = w->project.id,
                                 .root_pipeline_id = w->pipeline.id,
                                 .bridge = true,
                                 .child = true,
                                 .strategy = STRATEGY_DEPEND };
}

static Job new_bridge(World *w, const char *name)
{
    Job bridge = w->job;

    bridge.name = name;
    bridge.bridge = true;
    bridge.status = STATUS_PENDING;
    OK(job_insert(w->db, &bridge, &w->err));
    return bridge;
}

static void bridge_starts_one_pipeline(World *w)
{
    Job bridge = new_bridge(w, "child");
    Pipeline first = new_pipeline(w, "main", STATUS_CREATED);
    Pipeline second = new_pipeline(w, "main", STATUS_CREATED);
    DownstreamPipeline link = link_of(w, &first, &bridge), found, *links;
    bool is_new = false;
    int64_t count = 0;
    size_t n = 0;

    FAILS_WITH(downstream_of_bridge(w->db, w->arena, bridge.id, &found, &w->err), ERR_NO_RECORD);
    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    g_assert_true(is_new);
    link.pipeline_id = second.id;
    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    g_assert_false(is_new);
    OK(downstream_of_bridge(w->db, w->arena, bridge.id, &found, &w->err));
    g_assert_cmpint(found.pipeline_id, ==, first.id);
    g_assert_cmpint(found.strategy, ==, STRATEGY_DEPEND);
    OK(downstream_get(w->db, w->arena, first.id, &found, &w->err));
    g_assert_cmpint(found.job_id, ==, bridge.id);
    OK(downstream_of_bridges(w->db, w->arena, &bridge.id, 1, &links, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(downstream_count_tree(w->db, w->pipeline.id, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
}

static void jobs_of_children_are_found_by_name(World *w)
{
    Job bridge = new_bridge(w, "child"), job = w->job, found;
    Pipeline child = new_pipeline(w, "main", STATUS_CREATED);
    Pipeline below = new_pipeline(w, "main", STATUS_CREATED);
    DownstreamPipeline link = link_of(w, &child, &bridge);
    bool is_new = false;

    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    link.pipeline_id = below.id;
    link.upstream_pipeline_id = child.id;
    link.job_id = bridge.id + 1000000; /* some bridge of the child's */
    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    job.pipeline_id = below.id;
    job.name = "deep";
    OK(job_insert(w->db, &job, &w->err));
    OK(job_by_name_in_children(w->db, w->arena, w->pipeline.id, "deep", &found, &w->err));
    g_assert_cmpint(found.id, ==, job.id);
    FAILS_WITH(job_by_name_in_children(w->db, w->arena, w->pipeline.id, "build", &found, &w->err),
               ERR_NO_RECORD);
}

/* A job's token may start any number. */
static void job_token_starts_several_pipelines(World *w)
{
    for (int i = 0; i < 2; i++) {
        Pipeline made = new_pipeline(w, "main", STATUS_CREATED);
        DownstreamPipeline link = link_of(w, &made, &w->job);
        bool is_new = false;

        link.bridge = link.child = false;
        OK(downstream_insert(w->db, &link, &is_new, &w->err));
        g_assert_true(is_new);
    }
}

static void work_is_taken_and_ended_once(World *w)
{
    DownstreamWork work = { .kind = DOWNSTREAM_START, .job_id = 7, .server_id = 1, .taken_at = 5 };
    DownstreamWork *open, same;
    bool done = false;
    size_t n = 0;

    OK(downstream_work_insert(w->db, &work, &w->err));
    OK(downstream_work_list(w->db, w->arena, 10, &open, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(open->kind, ==, DOWNSTREAM_START);
    same = *open;
    OK(downstream_work_take(w->db, open, 2, 9, &done, &w->err));
    g_assert_true(done);
    g_assert_cmpint(open->attempts, ==, 1);
    OK(downstream_work_take(w->db, &same, 3, 9, &done, &w->err));
    g_assert_false(done);
    OK(downstream_work_end(w->db, work.id, &done, &w->err));
    g_assert_true(done);
    OK(downstream_work_end(w->db, work.id, &done, &w->err));
    g_assert_false(done);
}

static void children_are_canceled_and_no_other_pipelines(World *w)
{
    Job child = new_bridge(w, "child"), other = new_bridge(w, "other");
    Pipeline first = new_pipeline(w, "main", STATUS_CREATED);
    Pipeline second = new_pipeline(w, "main", STATUS_CREATED);
    DownstreamPipeline link = link_of(w, &first, &child);
    DownstreamWork *open;
    bool is_new;
    size_t n = 0;

    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    link = link_of(w, &second, &other);
    link.child = false;
    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    OK(downstream_work_cancel_children(w->db, w->pipeline.id, 1, 5, &w->err));
    OK(downstream_work_list(w->db, w->arena, 10, &open, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(open->kind, ==, DOWNSTREAM_CANCEL);
    g_assert_cmpint(open->job_id, ==, child.id);
}

static void bridges_are_in_no_list_of_jobs_and_no_queue(World *w)
{
    Job bridge = new_bridge(w, "child"), *jobs;
    PendingJob *pending;
    size_t n = 0;

    OK(job_list(w->db, w->arena, &(JobFilter){ .pipeline_id = w->pipeline.id }, &jobs, &n,
                &w->err));
    for (size_t i = 0; i < n; i++)
        g_assert_cmpint(jobs[i].id, !=, bridge.id);
    OK(job_list(w->db, w->arena, &(JobFilter){ .pipeline_id = w->pipeline.id, .bridges = true },
                &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(jobs[0].bridge);
    OK(job_list_heads(w->db, w->arena, &w->runner, "", &pending, &n, &w->err));
    for (size_t i = 0; i < n; i++)
        g_assert_cmpint(pending[i].id, !=, bridge.id);
    OK(job_set_failure_text(w->db, bridge.id, "Reference not found", &w->err));
    OK(job_get(w->db, w->arena, bridge.id, &bridge, &w->err));
    g_assert_cmpstr(bridge.failure_text, ==, "Reference not found");
}

static void runs_below_are_found(World *w)
{
    Job start = new_bridge(w, "start"), inner;
    Pipeline child = new_pipeline(w, "main", STATUS_RUNNING);
    DownstreamPipeline link = link_of(w, &child, &start);
    DownstreamRun *runs;
    bool is_new;
    size_t n = 0;

    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    inner = w->job;
    inner.pipeline_id = child.id;
    inner.status = STATUS_SUCCESS;
    inner.started_at = 5;
    inner.finished_at = 9;
    OK(job_insert(w->db, &inner, &w->err));
    OK(downstream_list_runs(w->db, w->arena, w->pipeline.id, &runs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(runs->started_at, ==, 5);
    g_assert_cmpint(runs->finished_at, ==, 9);
    OK(downstream_list_runs(w->db, w->arena, child.id, &runs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void a_job_mirrors_one_pipeline(World *w)
{
    Pipeline other = new_pipeline(w, "main", STATUS_RUNNING);
    Mirror *mirrors, found;
    bool done = false;
    size_t n = 0;

    FAILS_WITH(mirror_get(w->db, w->arena, w->job.id, &found, &w->err), ERR_NO_RECORD);
    OK(mirror_insert(w->db, &(Mirror){ w->job.id, 999999 }, &done, &w->err));
    g_assert_false(done);
    OK(mirror_insert(w->db, &(Mirror){ w->job.id, other.id }, &done, &w->err));
    g_assert_true(done);
    OK(mirror_insert(w->db, &(Mirror){ w->job.id, w->pipeline.id }, &done, &w->err));
    g_assert_false(done);
    OK(mirror_list(w->db, w->arena, other.id, &mirrors, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(mirrors->job_id, ==, w->job.id);
    OK(pipeline_get(w->db, w->arena, other.id, &other, &w->err));
    g_assert_true(other.mirrored);
}

static void who_waits_for_a_deleted_project_is_told(World *w)
{
    Job bridge = new_bridge(w, "start");
    DownstreamWork *work;
    Pipeline there = w->pipeline;
    bool is_new, done = false;
    size_t n = 0;

    there.project_id = w->own.id;
    OK(pipeline_insert(w->db, &there, &w->err));
    DownstreamPipeline link = link_of(w, &there, &bridge);
    OK(downstream_insert(w->db, &link, &is_new, &w->err));
    OK(mirror_insert(w->db, &(Mirror){ w->job.id, there.id }, &done, &w->err));
    OK(downstream_work_forsake(w->db, w->project.id, 1, 5, &w->err));
    OK(downstream_work_list(w->db, w->arena, 10, &work, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(downstream_work_forsake(w->db, w->own.id, 1, 5, &w->err));
    OK(downstream_work_list(w->db, w->arena, 10, &work, &n, &w->err));
    g_assert_cmpuint(n, ==, STATUS_IN(w->job.status, STATUSES_ACTIVE) ? 2 : 1);
    g_assert_cmpint(work->kind, ==, DOWNSTREAM_FOLLOW);
    g_assert_cmpint(work->job_id, ==, bridge.id);
}

void add_downstream_tests(void)
{
    add_test("downstream/who-waits-for-a-deleted-project-is-told",
             who_waits_for_a_deleted_project_is_told);
    add_test("downstream/a-job-mirrors-one-pipeline", a_job_mirrors_one_pipeline);
    add_test("downstream/bridge-starts-one-pipeline", bridge_starts_one_pipeline);
    add_test("downstream/jobs-of-children-by-name", jobs_of_children_are_found_by_name);
    add_test("downstream/runs-below-are-found-at-any-depth", runs_below_are_found);
    add_test("downstream/job-token-starts-several-pipelines", job_token_starts_several_pipelines);
    add_test("downstream/work-is-taken-and-ended-once", work_is_taken_and_ended_once);
    add_test("downstream/children-are-canceled-and-no-other-pipelines",
             children_are_canceled_and_no_other_pipelines);
    add_test("downstream/bridges-are-in-no-list-of-jobs-and-no-queue",
             bridges_are_in_no_list_of_jobs_and_no_queue);
}
