/* Tests of jobs, their variables and artifacts. */
#include "store/artifacts.h"
#include "store/dotenv_variables.h"
#include "store/job_logs.h"
#include "store/job_specs.h"
#include "store/job_variables.h"
#include "store/job_views.h"
#include "store/test_world.h"

static void a_job_comes_back_as_it_went_in(World *w)
{
    Job job;
    Job *jobs;
    size_t n;

    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpstr(job.name, ==, "build");
    g_assert_cmpint(job.status, ==, STATUS_PENDING);
    g_assert_cmpint(job.exit_code, ==, -1);
    g_assert_cmpfloat(job.coverage, ==, -1);
    g_assert_cmpint(job.failure_reason, ==, FAILURE_NONE);
    g_assert_null(job.token_hash);
    OK(job_get_in_project(w->db, w->arena, w->project.id, w->job.id, &job, &w->err));
    FAILS_WITH(job_get_in_project(w->db, w->arena, w->own.id, w->job.id, &job, &w->err),
               ERR_NO_RECORD);
    FAILS_WITH(job_by_token(w->db, w->arena, "none", &job, &w->err), ERR_NO_RECORD);
    OK(job_by_name(w->db, w->arena, w->pipeline.id, "build", &job, &w->err));
    OK(job_list_by_ids(w->db, w->arena, &w->job.id, 1, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
}

static int64_t count_jobs(World *w, JobFilter filter)
{
    Job *jobs;
    size_t n;
    int64_t count;

    OK(job_list(w->db, w->arena, &filter, &jobs, &n, &w->err));
    OK(job_count(w->db, &filter, 0, &count, &w->err));
    g_assert_cmpint(count, ==, (int64_t)n);
    return count;
}

static void jobs_are_listed_by_filter(World *w)
{
    Job failed = new_job(w, "test", STATUS_FAILED);
    Job *jobs;
    size_t n;
    int64_t count;
    int64_t project = w->project.id;
    int64_t pipeline = w->pipeline.id;

#define COUNT(...) count_jobs(w, (JobFilter){ .slice = { 20, 0 }, __VA_ARGS__ })
    g_assert_cmpint(COUNT(.project_id = project), ==, 2);
    g_assert_cmpint(COUNT(.project_id = project, .before_id = failed.id), ==, 1);
    g_assert_cmpint(COUNT(.project_id = project, .statuses = STATUS_BIT(STATUS_FAILED)), ==, 1);
    g_assert_cmpint(COUNT(.project_id = project, .statuses = STATUSES_STARTED), ==, 1);
    g_assert_cmpint(COUNT(.pipeline_id = pipeline, .statuses = STATUSES_STARTED), ==, 1);
    g_assert_cmpint(COUNT(.pipeline_id = pipeline, .latest_only = true), ==, 2);
    g_assert_cmpint(COUNT(.runner_id = 4), ==, 0);
#undef COUNT
    JobFilter filter = { .project_id = project, .slice = { 1, 0 } };
    OK(job_list(w->db, w->arena, &filter, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(jobs[0].id, ==, failed.id); /* the newest first */
    OK(job_count(w->db, &filter, 1, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
}

static void the_engine_sees_latest_attempts_only(World *w)
{
    JobState retried = { .status = STATUS_FAILED,
                         .retried = true,
                         .processed = true,
                         .user_id = w->ann.id,
                         .failure_reason = FAILURE_SCRIPT,
                         .exit_code = 0,
                         .finished_at = NOW,
                         .updated_at = NOW };
    Job again = new_job(w, "build", STATUS_PENDING);
    Job *jobs;
    Job job;
    RetryCount *retries;
    size_t n;
    bool done;

    OK(job_update_state(w->db, w->job.id, STATUS_RUNNING, &retried, &done, &w->err));
    g_assert_false(done);
    OK(job_update_state(w->db, w->job.id, STATUS_PENDING, &retried, &done, &w->err));
    g_assert_true(done);
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.exit_code, ==, 0);
    g_assert_cmpint(job.failure_reason, ==, FAILURE_SCRIPT);
    OK(job_list_latest(w->db, w->arena, w->pipeline.id, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(jobs[0].id, ==, again.id);
    OK(job_list_at_work(w->db, w->arena, w->pipeline.id, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(job_count_retries(w->db, w->arena, w->pipeline.id, &retries, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(retries[0].name, ==, "build");
    g_assert_cmpint(retries[0].n, ==, 1);
    OK(job_by_name(w->db, w->arena, w->pipeline.id, "build", &job, &w->err));
    g_assert_cmpint(job.id, ==, again.id);
    OK(job_set_processed(w->db, again.id, &w->err));
}

static void coverage_is_a_mean_or_nothing(World *w)
{
    Job other = new_job(w, "other", STATUS_SUCCESS);
    double coverage;
    bool warnings;

    OK(job_has_warnings(w->db, w->pipeline.id, &warnings, &w->err));
    g_assert_false(warnings);
    OK(job_mean_coverage(w->db, w->arena, w->pipeline.id, &coverage, &w->err));
    g_assert_cmpfloat(coverage, ==, -1);
    OK(job_set_coverage(w->db, w->job.id, 90, &w->err));
    OK(job_set_coverage(w->db, other.id, 80, &w->err));
    OK(job_mean_coverage(w->db, w->arena, w->pipeline.id, &coverage, &w->err));
    g_assert_cmpfloat(coverage, ==, 85);
}

static void an_erased_job_has_no_log(World *w)
{
    Job job;
    bool done;

    OK(job_set_artifacts_expire_at(w->db, w->job.id, NOW + 5, &w->err));
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.artifacts_expire_at, ==, NOW + 5);
    OK(job_set_erased(w->db, w->job.id, w->ann.id, NOW + 1, &done, &w->err));
    g_assert_true(done);
    OK(job_set_erased(w->db, w->job.id, w->ann.id, NOW + 2, &done, &w->err));
    g_assert_false(done);
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.erased_at, ==, NOW + 1);
    g_assert_cmpint(job.artifacts_expire_at, ==, 0);
}

static size_t list_unpacked(World *w, int64_t until, const EndedLog *after, EndedLog **logs)
{
    size_t n;

    OK(ended_log_list_unpacked(w->db, w->arena, until, after, 10, logs, &n, &w->err));
    return n;
}

static Job new_ended_job(World *w, const char *name, int64_t finished_at)
{
    Job job = w->job;

    job.name = name;
    job.status = STATUS_SUCCESS;
    job.finished_at = finished_at;
    OK(job_insert(w->db, &job, &w->err));
    return job;
}

static void logs_are_packed_in_the_order_of_their_ends(World *w)
{
    Job late = new_ended_job(w, "late", NOW + 20), early = new_ended_job(w, "early", NOW + 10);
    Job same = new_ended_job(w, "same", NOW + 20);
    EndedLog *logs;

    (void)new_ended_job(w, "later", NOW + 21);
    g_assert_cmpuint(list_unpacked(w, NOW + 9, NULL, &logs), ==, 0);
    g_assert_cmpuint(list_unpacked(w, NOW + 20, NULL, &logs), ==, 3);
    g_assert_cmpint(logs[0].job_id, ==, early.id);
    g_assert_cmpint(logs[1].job_id, ==, late.id);
    g_assert_cmpint(logs[2].job_id, ==, same.id);
    EndedLog second = logs[1];
    g_assert_cmpuint(list_unpacked(w, NOW + 20, &second, &logs), ==, 1);
    g_assert_cmpint(logs[0].job_id, ==, same.id);
    OK(ended_log_set_packed(w->db, &second, 1, &w->err));
    g_assert_cmpuint(list_unpacked(w, NOW + 20, NULL, &logs), ==, 2);
    g_assert_cmpint(logs[1].job_id, ==, same.id);
}

static void job_variables_keep_their_order(World *w)
{
    JobVariable *variables;
    size_t n;

    for (int i = 0; i < 3; i++) {
        JobVariable variable = { .job_id = w->job.id,
                                 .key = arena_printf(w->arena, "K%d", 3 - i),
                                 .value = "sealed" };
        OK(job_variable_insert(w->db, &variable, &w->err));
    }
    OK(job_variable_list(w->db, w->arena, w->job.id, &variables, &n, &w->err));
    g_assert_cmpuint(n, ==, 3);
    g_assert_cmpstr(variables[0].key, ==, "K3");
    Job again = new_job(w, "again", STATUS_CREATED);
    OK(job_variable_copy_all(w->db, w->job.id, again.id, &w->err));
    OK(job_variable_delete_all(w->db, w->job.id, &w->err));
    OK(job_variable_list(w->db, w->arena, w->job.id, &variables, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(job_variable_list(w->db, w->arena, again.id, &variables, &n, &w->err));
    g_assert_cmpuint(n, ==, 3);
    g_assert_cmpstr(variables[0].key, ==, "K3");
    g_assert_cmpstr(variables[2].key, ==, "K1");
}

static Artifact new_artifact(World *w, ArtifactType type, int64_t expire_at)
{
    Artifact artifact = { .job_id = w->job.id,
                          .project_id = w->project.id,
                          .file_type = type,
                          .filename = "file",
                          .size_bytes = 3,
                          .sha256 = "abc",
                          .blob_key = "key",
                          .expire_at = expire_at,
                          .created_at = NOW };
    bool is_new;

    OK(artifact_insert(w->db, &artifact, &is_new, &w->err));
    g_assert_true(is_new);
    return artifact;
}

static void artifacts_are_one_of_a_type(World *w)
{
    Artifact archive = new_artifact(w, ARTIFACT_ARCHIVE, NOW + 5);
    Artifact trace = new_artifact(w, ARTIFACT_TRACE, 0);
    Artifact again = archive;
    Artifact *artifacts;
    size_t n;
    bool is_new;

    OK(artifact_insert(w->db, &again, &is_new, &w->err));
    g_assert_false(is_new);
    again.size_bytes = 99;
    OK(artifact_replace(w->db, &again, &w->err));
    g_assert_cmpint(again.id, ==, archive.id);
    OK(artifact_by_type(w->db, w->arena, w->job.id, ARTIFACT_ARCHIVE, &archive, &w->err));
    g_assert_cmpint(archive.size_bytes, ==, 99);
    OK(artifact_list_by_job(w->db, w->arena, w->job.id, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(artifact_list_by_jobs(w->db, w->arena, (const int64_t[]){ w->job.id, 1, 2 }, 3, &artifacts,
                             &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(artifact_list_by_pipeline(w->db, w->arena, w->pipeline.id, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(artifact_list_by_project(w->db, w->arena, w->project.id, archive.id, 10, &artifacts, &n,
                                &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(artifacts[0].id, ==, trace.id);
}

static void artifacts_expire_and_go(World *w)
{
    Artifact archive = new_artifact(w, ARTIFACT_ARCHIVE, NOW + 5);
    Artifact *artifacts;
    size_t n;
    bool done;

    (void)new_artifact(w, ARTIFACT_TRACE, 0);
    OK(artifact_list_expired(w->db, w->arena, NOW + 4, 10, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(artifact_list_expired(w->db, w->arena, NOW + 5, 10, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(artifact_set_expire_at(w->db, w->job.id, 0, &w->err));
    OK(artifact_list_expired(w->db, w->arena, NOW + 5, 10, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(artifact_delete_expired(w->db, archive.id, archive.expire_at - 1, &done, &w->err));
    g_assert_false(done);
    OK(artifact_delete(w->db, archive.id, &w->err));
    OK(artifact_list_by_job(w->db, w->arena, w->job.id, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(artifact_delete_by_job(w->db, w->job.id, &w->err));
    OK(artifact_list_by_job(w->db, w->arena, w->job.id, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void dotenv_variables_are_listed_by_job(World *w)
{
    Job other = new_job(w, "other", STATUS_SUCCESS);
    DotenvVariable rows[] = { { .job_id = other.id, .key = "B", .value = "2" },
                              { .job_id = w->job.id, .key = "A", .value = "1" } };
    const int64_t ids[] = { w->job.id, other.id };
    DotenvVariable *found;
    size_t n;

    OK(dotenv_variable_insert_all(w->db, rows, G_N_ELEMENTS(rows), &w->err));
    OK(dotenv_variable_list_by_jobs(w->db, w->arena, ids, 2, &found, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpstr(found[0].key, ==, "A");
    g_assert_cmpstr(found[1].value, ==, "2");
    OK(dotenv_variable_list_by_jobs(w->db, w->arena, ids, 1, &found, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
}

static bool is_kept(World *w, int64_t id)
{
    ArtifactKeeping keeping;

    OK(artifact_keeping(w->db, w->arena, id, &keeping, &w->err));
    g_assert_cmpstr(keeping.ref, ==, w->pipeline.ref);
    return keeping.is_kept;
}

static void the_newest_success_keeps_its_artifacts(World *w)
{
    Artifact archive = new_artifact(w, ARTIFACT_ARCHIVE, NOW + 5);
    PipelineState state = { .status = STATUS_SUCCESS, .finished_at = NOW, .updated_at = NOW };
    Pipeline newer = w->pipeline;
    Artifact *artifacts;
    size_t n;
    bool done;

    OK(project_get(w->db, w->arena, w->project.id, &w->project, &w->err));
    w->project.keep_latest_artifact = true;
    OK(project_update(w->db, &w->project, &w->err));
    g_assert_true(is_kept(w, archive.id));
    OK(pipeline_update_state(w->db, w->pipeline.id, w->pipeline.status, &state, &done, &w->err));
    g_assert_true(is_kept(w, archive.id));
    newer.iid += 100;
    newer.status = STATUS_FAILED;
    OK(pipeline_insert(w->db, &newer, &w->err));
    g_assert_true(is_kept(w, archive.id));
    newer.iid++;
    newer.status = STATUS_SUCCESS;
    OK(pipeline_insert(w->db, &newer, &w->err));
    g_assert_false(is_kept(w, archive.id));
    OK(artifact_put_off(w->db, archive.id, NOW + 50, &w->err));
    OK(artifact_list_expired(w->db, w->arena, NOW + 49, 10, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(artifact_list_expired(w->db, w->arena, NOW + 50, 10, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
}

static void a_project_s_artifacts_expire_together(World *w)
{
    int64_t after = 0;
    Artifact *artifacts;
    size_t n;
    Job job;

    (void)new_artifact(w, ARTIFACT_ARCHIVE, 0);
    (void)new_artifact(w, ARTIFACT_JUNIT, NOW + 500);
    (void)new_artifact(w, ARTIFACT_TRACE, 0);
    do
        OK(artifact_expire_some(w->db, w->project.id, NOW, 1, &after, &w->err));
    while (after != 0);
    OK(artifact_list_expired(w->db, w->arena, NOW, 10, &artifacts, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(job_get(w->db, w->arena, w->job.id, &job, &w->err));
    g_assert_cmpint(job.artifacts_expire_at, ==, NOW);
}

static void a_pipeline_s_jobs_go_in_parts(World *w)
{
    Job other = new_job(w, "other", STATUS_SUCCESS);
    int64_t n_specs;
    Job *jobs;
    size_t n;

    OK(job_list_first(w->db, w->arena, w->pipeline.id, 1, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(jobs[0].id, ==, w->job.id);
    OK(job_delete_all(w->db, &w->job.id, 1, &w->err));
    OK(job_list_first(w->db, w->arena, w->pipeline.id, 9, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(jobs[0].id, ==, other.id);
    do
        OK(job_spec_delete_some(w->db, w->pipeline.id, 1, &n_specs, &w->err));
    while (n_specs > 0);
    OK(job_list_first(w->db, w->arena, w->pipeline.id, 9, &jobs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void only_what_is_not_interruptible_starts_for_good(World *w)
{
    Job job = w->job;
    bool started = false;

    job.status = STATUS_RUNNING;
    job.interruptible = true;
    OK(job_insert(w->db, &job, &w->err));
    OK(job_has_started_for_good(w->db, w->pipeline.id, &started, &w->err));
    g_assert_false(started);
    job.interruptible = false;
    OK(job_insert(w->db, &job, &w->err));
    OK(job_has_started_for_good(w->db, w->pipeline.id, &started, &w->err));
    g_assert_true(started);
}

static void a_created_job_names_what_it_waits_for(World *w)
{
    Job late = w->job;
    int64_t count = 0;
    Job *before;
    size_t n;

    late.stage_position++;
    OK(job_list_holding_back(w->db, w->arena, &late, 1, &before, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(before[0].id, ==, w->job.id);
    OK(job_count_holding_back(w->db, &late, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    late.by_needs = true;
    OK(job_count_holding_back(w->db, &late, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
    OK(job_need_insert(w->db, &(JobNeed){ .spec_id = w->spec_id, .name = w->job.name }, &w->err));
    OK(job_count_holding_back(w->db, &late, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
}

static void pages_see_a_few_columns_of_many_jobs(World *w)
{
    Job done = new_job(w, "done", STATUS_SUCCESS), bad = new_job(w, "bad", STATUS_FAILED);
    JobStatusRow *statuses;
    JobDuration *durations;
    JobFault *faults;
    size_t n;

    OK(job_list_statuses(w->db, w->arena, w->pipeline.id, 0, &statuses, &n, &w->err));
    g_assert_cmpuint(n, >=, 2);
    g_assert_cmpint(statuses[n - 1].id, ==, bad.id);
    g_assert_cmpint(statuses[n - 1].status, ==, STATUS_FAILED);
    OK(job_list_statuses(w->db, w->arena, w->pipeline.id, NOW * (int64_t)1000, &statuses, &n,
                         &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(job_list_durations(w->db, w->arena, w->project.id, 10, &durations, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(durations[0].name, ==, done.name);
    OK(job_list_faults(w->db, w->arena, &w->pipeline.id, 1, &faults, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_false(faults[0].allow_failure);
}

void add_job_tests(void)
{
    add_test("job/pages-see-a-few-columns", pages_see_a_few_columns_of_many_jobs);
    add_test("jobs/held-back", a_created_job_names_what_it_waits_for);
    add_test("jobs/started-for-good", only_what_is_not_interruptible_starts_for_good);
    add_test("jobs/come-back", a_job_comes_back_as_it_went_in);
    add_test("jobs/listed-by-filter", jobs_are_listed_by_filter);
    add_test("jobs/latest-attempts-only", the_engine_sees_latest_attempts_only);
    add_test("jobs/coverage", coverage_is_a_mean_or_nothing);
    add_test("jobs/erased", an_erased_job_has_no_log);
    add_test("jobs/logs-to-be-packed", logs_are_packed_in_the_order_of_their_ends);
    add_test("job_variables/in-order", job_variables_keep_their_order);
    add_test("dotenv_variables/by-job", dotenv_variables_are_listed_by_job);
    add_test("artifacts/newest-success-is-kept", the_newest_success_keeps_its_artifacts);
    add_test("artifacts/expire-together", a_project_s_artifacts_expire_together);
    add_test("jobs/go-in-parts", a_pipeline_s_jobs_go_in_parts);
    add_test("artifacts/one-of-a-type", artifacts_are_one_of_a_type);
    add_test("artifacts/expire-and-go", artifacts_expire_and_go);
}
