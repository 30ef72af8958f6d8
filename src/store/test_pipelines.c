/* Tests of pipelines and what belongs to them. */
#include "store/job_specs.h"
#include "store/pipeline_variables.h"
#include "store/ref_states.h"
#include "store/stages.h"
#include "store/test_world.h"

static void a_pipeline_comes_back_as_it_went_in(World *w)
{
    Pipeline pipeline;
    Pipeline *pipelines;
    size_t n;

    OK(pipeline_get_in_project(w->db, w->arena, w->project.id, w->pipeline.id, &pipeline, &w->err));
    g_assert_cmpint(pipeline.iid, ==, w->pipeline.iid);
    g_assert_cmpint(pipeline.status, ==, STATUS_RUNNING);
    g_assert_cmpint(pipeline.source, ==, SOURCE_PUSH);
    g_assert_cmpint(pipeline.duration_s, ==, -1);
    g_assert_null(pipeline.name);
    FAILS_WITH(
        pipeline_get_in_project(w->db, w->arena, w->own.id, w->pipeline.id, &pipeline, &w->err),
        ERR_NO_RECORD);
    OK(pipeline_get(w->db, w->arena, w->pipeline.id, &pipeline, &w->err));
    OK(pipeline_lock(w->db, w->arena, w->pipeline.id, &pipeline, &w->err));
    OK(pipeline_list_by_ids(w->db, w->arena, &w->pipeline.id, 1, &pipelines, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(pipeline_list_unfinished(w->db, w->arena, 0, 10, &pipelines, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
}

static void the_latest_of_a_ref_is_no_child(World *w)
{
    Pipeline newer = new_pipeline(w, "main", STATUS_SUCCESS);
    Pipeline child = { .iid = 77,
                       .project_id = w->project.id,
                       .ref = "main",
                       .sha = "aaaa",
                       .before_sha = "0000",
                       .source = SOURCE_PARENT_PIPELINE,
                       .config_path = "x" };
    Pipeline found;

    OK(pipeline_insert(w->db, &child, &w->err));
    OK(pipeline_latest(w->db, w->arena, w->project.id, "main", NULL, &found, &w->err));
    g_assert_cmpint(found.id, ==, newer.id);
    OK(pipeline_latest(w->db, w->arena, w->project.id, "main", "aaaa", &found, &w->err));
    g_assert_cmpint(found.id, ==, newer.id);
    OK(pipeline_latest_successful(w->db, w->arena, w->project.id, "main", &found, &w->err));
    g_assert_cmpint(found.id, ==, newer.id);
    FAILS_WITH(pipeline_latest(w->db, w->arena, w->project.id, "dev", NULL, &found, &w->err),
               ERR_NO_RECORD);
}

static int64_t count_pipelines(World *w, PipelineFilter filter)
{
    Pipeline *pipelines;
    size_t n;
    int64_t count;

    filter.project_id = w->project.id;
    filter.slice.limit = 100;
    OK(pipeline_list(w->db, w->arena, &filter, &pipelines, &n, &w->err));
    OK(pipeline_count(w->db, &filter, 0, &count, &w->err));
    g_assert_cmpint(count, ==, (int64_t)n);
    return count;
}

static void pipelines_are_listed_by_every_filter(World *w)
{
    (void)new_pipeline(w, "main", STATUS_SUCCESS);
    (void)new_pipeline(w, "dev", STATUS_FAILED);

#define COUNT(...) count_pipelines(w, (PipelineFilter){ __VA_ARGS__ })
    g_assert_cmpint(COUNT(0), ==, 3);
    g_assert_cmpint(COUNT(.statuses = STATUS_BIT(STATUS_FAILED)), ==, 1);
    g_assert_cmpint(COUNT(.statuses = STATUSES_COMPLETED), ==, 2);
    g_assert_cmpint(COUNT(.statuses = STATUSES_COMPLETED, .order_by = "status"), ==, 2);
    g_assert_cmpint(COUNT(.latest_of = REFS_BRANCHES), ==, 2);
    g_assert_cmpint(COUNT(.latest_of = REFS_TAGS), ==, 0);
    g_assert_cmpint(
        COUNT(.latest_of = REFS_BRANCHES, .refs = (const char *const[]){ "main", "x", NULL }), ==,
        1);
    g_assert_cmpint(COUNT(.refs = (const char *const[]){ NULL }), ==, 0);
    g_assert_cmpint(COUNT(.has_source = true, .source = SOURCE_PUSH), ==, 3);
    g_assert_cmpint(COUNT(.has_source = true, .source = SOURCE_API), ==, 0);
    g_assert_cmpint(COUNT(.ref = "dev"), ==, 1);
    g_assert_cmpint(COUNT(.sha = "aaaa"), ==, 3);
    g_assert_cmpint(COUNT(.name = "nightly"), ==, 0);
    g_assert_cmpint(COUNT(.username = "ANN"), ==, 3);
    g_assert_cmpint(COUNT(.username = "nobody"), ==, 0);
    g_assert_cmpint(COUNT(.yaml_errors = ONLY_YES), ==, 0);
    g_assert_cmpint(COUNT(.yaml_errors = ONLY_NO), ==, 3);
    g_assert_cmpint(COUNT(.updated_after = NOW), ==, 0);
    g_assert_cmpint(COUNT(.updated_before = NOW + 1, .order_by = "updated_at"), ==, 3);
    g_assert_cmpint(COUNT(.created_after = NOW - 1, .order_by = "ref"), ==, 3);
    g_assert_cmpint(COUNT(.created_before = NOW, .order_by = "user_id"), ==, 0);
    g_assert_cmpint(COUNT(.schedule_id = 5, .ascending = true), ==, 0);
#undef COUNT
}

static void several_statuses_page_in_one_order(World *w)
{
    PipelineFilter filter = { .project_id = w->project.id,
                              .statuses = STATUSES_COMPLETED,
                              .slice = { 2, 1 } };
    Pipeline a = new_pipeline(w, "main", STATUS_SUCCESS);
    Pipeline b = new_pipeline(w, "main", STATUS_FAILED);
    Pipeline *pipelines;
    size_t n;
    int64_t count;

    (void)new_pipeline(w, "main", STATUS_CANCELED);
    OK(pipeline_list(w->db, w->arena, &filter, &pipelines, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(pipelines[0].id, ==, b.id);
    g_assert_cmpint(pipelines[1].id, ==, a.id);
    OK(pipeline_count(w->db, &filter, 2, &count, &w->err));
    g_assert_cmpint(count, ==, 2); /* and no further */
}

static void a_status_is_written_over_the_expected_one_only(World *w)
{
    PipelineState state = { .status = STATUS_SUCCESS,
                            .started_at = NOW,
                            .finished_at = NOW + 9,
                            .duration_s = 7,
                            .updated_at = NOW + 9 };
    Pipeline pipeline;
    Pipeline *unfinished;
    size_t n;
    bool done;

    OK(pipeline_update_state(w->db, w->pipeline.id, STATUS_PENDING, &state, &done, &w->err));
    g_assert_false(done);
    OK(pipeline_update_state(w->db, w->pipeline.id, STATUS_RUNNING, &state, &done, &w->err));
    g_assert_true(done);
    OK(pipeline_set_name(w->db, w->pipeline.id, "nightly", NOW + 10, &w->err));
    OK(pipeline_get(w->db, w->arena, w->pipeline.id, &pipeline, &w->err));
    g_assert_cmpint(pipeline.status, ==, STATUS_SUCCESS);
    g_assert_cmpint(pipeline.duration_s, ==, 7);
    g_assert_cmpstr(pipeline.name, ==, "nightly");
    OK(pipeline_list_unfinished(w->db, w->arena, 0, 10, &unfinished, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void what_belongs_to_a_pipeline_goes_with_it(World *w)
{
    PipelineVariable variable = {
        .pipeline_id = w->pipeline.id, .key = "K", .value = "sealed", .variable_type = VARIABLE_FILE
    };
    Stage stage = { .pipeline_id = w->pipeline.id, .name = "test", .status = STATUS_CREATED };
    JobSpec spec = { .pipeline_id = w->pipeline.id, .options = "{}", .policy = "{\"retry\":1}" };
    PipelineVariable *variables;
    Stage *stages;
    JobSpec *specs;
    JobNeed *needs;
    Job job;
    size_t n;

    OK(pipeline_variable_insert(w->db, &variable, &w->err));
    OK(pipeline_variable_list(w->db, w->arena, w->pipeline.id, &variables, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(variables[0].variable_type, ==, VARIABLE_FILE);
    OK(stage_insert(w->db, &stage, &w->err));
    OK(stage_update_status(w->db, stage.id, STATUS_RUNNING, &w->err));
    OK(stage_list(w->db, w->arena, w->pipeline.id, &stages, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(stages[0].status, ==, STATUS_RUNNING);
    OK(stage_list_by_pipelines(w->db, w->arena, &w->pipeline.id, 1, &stages, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_spec_insert(w->db, &spec, &w->err));
    JobNeed need = { .spec_id = spec.id, .name = "build", .artifacts = true };
    OK(job_need_insert(w->db, &need, &w->err));
    OK(job_spec_get(w->db, w->arena, spec.id, &spec, &w->err));
    g_assert_cmpstr(spec.policy, ==, "{\"retry\":1}");
    OK(job_spec_list(w->db, w->arena, w->pipeline.id, &specs, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(job_spec_list_policies(w->db, w->arena, w->pipeline.id, &specs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_need_list(w->db, w->arena, spec.id, &needs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_need_list_by_pipeline(w->db, w->arena, w->pipeline.id, &needs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(needs[0].artifacts);

    OK(pipeline_delete(w->db, w->pipeline.id, &w->err));
    FAILS_WITH(job_get(w->db, w->arena, w->job.id, &job, &w->err), ERR_NO_RECORD);
    OK(job_spec_list(w->db, w->arena, w->pipeline.id, &specs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void refs_are_in_the_order_of_bytes(World *w)
{
    static const char *const in_order[] = { "A-b", "B", "_x", "a", "a-b", "a/b", "ab" };
    Pipeline *pipelines;
    RefState *states;
    size_t n;

    for (size_t i = G_N_ELEMENTS(in_order); i-- > 0;) {
        (void)new_pipeline(w, in_order[i], STATUS_RUNNING);
        OK(ref_state_set(w->db, w->project.id, in_order[i], "1", &w->err));
    }
    PipelineFilter filter = {
        .project_id = w->project.id, .order_by = "ref", .ascending = true, .slice = { 10, 0 }
    };
    OK(pipeline_list(w->db, w->arena, &filter, &pipelines, &n, &w->err));
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(in_order) + 1); /* and the world's own, of "main" */
    OK(ref_state_list(w->db, w->arena, w->project.id, &states, &n, &w->err));
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(in_order));
    for (size_t i = 0; i < n; i++) {
        g_assert_cmpstr(states[i].ref, ==, in_order[i]);
        g_assert_cmpstr(pipelines[i].ref, ==, in_order[i]);
    }
}

static void older_pipelines_of_a_ref_can_be_canceled(World *w)
{
    Pipeline old = new_pipeline(w, "main", STATUS_RUNNING);
    Pipeline over = new_pipeline(w, "main", STATUS_SUCCESS);
    Pipeline other = new_pipeline(w, "other", STATUS_RUNNING);
    Pipeline newer = new_pipeline(w, "main", STATUS_PENDING);
    Pipeline *found = NULL;
    Pipeline read;
    size_t n = 0;
    bool has = false;

    newer.sha = "another";
    newer.created_at = NOW + 1;
    OK(pipeline_list_older(w->db, w->arena, &newer, NOW - 1, 1, &found, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(found[0].id, ==, old.id);
    g_assert_cmpint(over.id, !=, other.id);
    OK(pipeline_has_older(w->db, &newer, NOW - 1, 10, &has, &w->err));
    g_assert_true(has);
    OK(pipeline_list_older(w->db, w->arena, &newer, NOW, 10, &found, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(pipeline_has_older(w->db, &newer, NOW, 10, &has, &w->err));
    g_assert_false(has);
    OK(pipeline_set_auto_canceled_by(w->db, old.id, newer.id, &w->err));
    OK(pipeline_get(w->db, w->arena, old.id, &read, &w->err));
    g_assert_cmpint(read.auto_canceled_by_id, ==, newer.id);
}

void add_pipeline_tests(void)
{
    add_test("pipelines/older-of-a-ref", older_pipelines_of_a_ref_can_be_canceled);
    add_test("pipelines/refs-in-the-order-of-bytes", refs_are_in_the_order_of_bytes);
    add_test("pipelines/come-back", a_pipeline_comes_back_as_it_went_in);
    add_test("pipelines/latest-is-no-child", the_latest_of_a_ref_is_no_child);
    add_test("pipelines/listed-by-every-filter", pipelines_are_listed_by_every_filter);
    add_test("pipelines/several-statuses-page", several_statuses_page_in_one_order);
    add_test("pipelines/status-over-expected", a_status_is_written_over_the_expected_one_only);
    add_test("pipelines/belongings-go-along", what_belongs_to_a_pipeline_goes_with_it);
}
