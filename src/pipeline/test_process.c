/* Tests of what a pipeline's rows tell the engine, on a database of their own. */
#include "db/test_databases.h"
#include "pipeline/cancel.h"
#include "pipeline/events.h"
#include "pipeline/policy.h"
#include "pipeline/process.h"
#include "pipeline/retry.h"
#include "store/downstream.h"
#include "store/job_specs.h"
#include "store/mirrors.h"
#include "store/namespaces.h"
#include "store/projects.h"
#include "store/schema.h"
#include "store/stages.h"
#include "store/users.h"

enum { NOW = 1000000 };

static struct {
    char *url;
    Database *database;
} shared[N_TEST_DATABASE_KINDS];

typedef struct World {
    Db *db;
    Arena *arena;
    Error err;
    Site site;
    Pipeline pipeline;
    Job job; /* "build", running */
} World;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (!(call))                                                                               \
            g_error("%s:%d: %s", __FILE__, __LINE__, error_text(&w->err));                         \
    } while (0)

static void add_project(World *w, int64_t *user_id, int64_t *project_id)
{
    User user = { .username = "ann",
                  .name = "Ann",
                  .email = "ann@example.com",
                  .password_hash = "hash",
                  .created_at = NOW };
    OK(user_insert(w->db, &user, &w->err));
    Namespace ns = {
        .kind = NAMESPACE_USER, .owner_id = user.id, .name = "ann", .path = "ann", .created_at = NOW
    };
    OK(namespace_insert(w->db, &ns, &w->err));
    Project project = { .namespace_id = ns.id,
                        .creator_id = user.id,
                        .name = "app",
                        .path = "app",
                        .full_path = "ann/app",
                        .default_branch = "main",
                        .jobs_enabled = true,
                        .build_timeout_s = 3600,
                        .import_status = "none",
                        .variables_role = "developer",
                        .created_at = NOW,
                        .updated_at = NOW,
                        .last_activity_at = NOW };
    OK(project_insert(w->db, &project, &w->err));
    *user_id = user.id;
    *project_id = project.id;
}

static Job add_job(World *w, const char *name, const char *policy)
{
    JobSpec spec = { .pipeline_id = w->pipeline.id, .options = "{}", .policy = policy };
    OK(job_spec_insert(w->db, &spec, &w->err));
    Job job = { .pipeline_id = w->pipeline.id,
                .project_id = w->pipeline.project_id,
                .spec_id = spec.id,
                .stage = "test",
                .name = name,
                .status = STATUS_RUNNING,
                .user_id = w->pipeline.user_id,
                .tags = "",
                .timeout_s = 3600,
                .exit_code = -1,
                .created_at = NOW,
                .updated_at = NOW,
                .started_at = NOW };
    OK(job_insert(w->db, &job, &w->err));
    return job;
}

/* A running pipeline of one stage; "build" has @policy. */
static void make_world(World *w, const char *policy, bool cancel_on_job_failure)
{
    int64_t user_id = 0, project_id = 0;

    add_project(w, &user_id, &project_id);
    w->pipeline = (Pipeline){ .project_id = project_id,
                              .iid = 1,
                              .user_id = user_id,
                              .ref = "main",
                              .sha = "aaaa",
                              .before_sha = "0000",
                              .source = SOURCE_PARENT_PIPELINE,
                              .status = STATUS_RUNNING,
                              .config_path = ".gitlab-ci.yml",
                              .cancel_on_job_failure = cancel_on_job_failure,
                              .created_at = NOW,
                              .updated_at = NOW,
                              .started_at = NOW };
    OK(pipeline_insert(w->db, &w->pipeline, &w->err));
    Stage stage = { .pipeline_id = w->pipeline.id, .name = "test", .status = STATUS_RUNNING };
    OK(stage_insert(w->db, &stage, &w->err));
    w->job = add_job(w, "build", policy);
}

/* Loads, fails the latest attempt of "build", saves. */
static void fail_build(World *w, FailureReason reason, const int *exit_code)
{
    Process p;
    Job latest;

    OK(job_by_name(w->db, w->arena, w->pipeline.id, "build", &latest, &w->err));
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    EngineJob *job = process_job(&p, latest.id);
    if (job->status == STATUS_PENDING)
        g_assert_true(engine_run_job(p.engine, job, false));
    g_assert_true(engine_drop_job(p.engine, job, reason, exit_code));
    OK(process_save(&p, &w->err));
}

static Status pipeline_status(World *w)
{
    Pipeline pipeline;

    OK(pipeline_get(w->db, w->arena, w->pipeline.id, &pipeline, &w->err));
    return pipeline.status;
}

static Job latest_build(World *w)
{
    Job job;

    OK(job_by_name(w->db, w->arena, w->pipeline.id, "build", &job, &w->err));
    return job;
}

/* --- claims --- */

static void a_failed_job_is_run_again_as_often_as_its_policy_says(World *w)
{
    make_world(w, "{\"retry\":{\"max\":2,\"always\":true}}", false);
    for (int attempt = 1; attempt <= 2; attempt++) {
        int64_t failed_id = latest_build(w).id;
        fail_build(w, FAILURE_SCRIPT, NULL);
        g_assert_cmpint(latest_build(w).id, !=, failed_id);
        g_assert_cmpint(latest_build(w).status, ==, STATUS_PENDING);
        g_assert_cmpint(latest_build(w).spec_id, ==, w->job.spec_id);
        g_assert_cmpint(pipeline_status(w), ==, STATUS_RUNNING);
    }
    fail_build(w, FAILURE_SCRIPT, NULL);
    g_assert_cmpint(latest_build(w).status, ==, STATUS_FAILED);
    g_assert_cmpint(pipeline_status(w), ==, STATUS_FAILED);
}

static void a_failure_that_the_policy_does_not_name_is_final(World *w)
{
    int exit_code = 4;

    make_world(w, "{\"retry\":{\"max\":2,\"reasons\":[\"api_failure\"],\"exit_codes\":[3]}}",
               false);
    fail_build(w, FAILURE_SCRIPT, &exit_code);
    g_assert_cmpint(latest_build(w).id, ==, w->job.id);
    g_assert_cmpint(latest_build(w).status, ==, STATUS_FAILED);
}

static void a_named_exit_code_is_run_again(World *w)
{
    int exit_code = 3;

    make_world(w, "{\"retry\":{\"max\":2,\"reasons\":[\"api_failure\"],\"exit_codes\":[3]}}",
               false);
    fail_build(w, FAILURE_SCRIPT, &exit_code);
    g_assert_cmpint(latest_build(w).status, ==, STATUS_PENDING);
}

static void a_scheduler_failure_is_retried_twice_without_a_policy(World *w)
{
    make_world(w, NULL, false);
    fail_build(w, FAILURE_SCHEDULER, NULL);
    fail_build(w, FAILURE_SCHEDULER, NULL);
    g_assert_cmpint(latest_build(w).status, ==, STATUS_PENDING);
    fail_build(w, FAILURE_SCHEDULER, NULL);
    g_assert_cmpint(latest_build(w).status, ==, STATUS_FAILED);
}

static void an_allowed_exit_code_is_a_warning(World *w)
{
    int exit_code = 137;

    make_world(w, "{\"allow_failure_exit_codes\":[1,137]}", false);
    fail_build(w, FAILURE_SCRIPT, &exit_code);
    g_assert_true(latest_build(w).allow_failure);
    g_assert_cmpint(latest_build(w).exit_code, ==, 137);
    g_assert_cmpint(pipeline_status(w), ==, STATUS_SUCCESS);
}

static void another_exit_code_fails_the_pipeline(World *w)
{
    int exit_code = 2;

    make_world(w, "{\"allow_failure_exit_codes\":[1,137]}", false);
    fail_build(w, FAILURE_SCRIPT, &exit_code);
    g_assert_false(latest_build(w).allow_failure);
    g_assert_cmpint(pipeline_status(w), ==, STATUS_FAILED);
}

static void a_failure_cancels_the_rest_where_the_pipeline_says_so(World *w)
{
    Job other;

    make_world(w, NULL, true);
    other = add_job(w, "other", NULL);
    fail_build(w, FAILURE_SCRIPT, NULL);
    OK(job_get(w->db, w->arena, other.id, &other, &w->err));
    g_assert_cmpint(other.status, ==, STATUS_CANCELED);
}

/* The one piece of work that is owed; a second one is a failure. */
static DownstreamWork owed(World *w)
{
    DownstreamWork *work;
    size_t n = 0;

    OK(downstream_work_list(w->db, w->arena, 10, &work, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    return *work;
}

/* As if @job_id had started the pipeline, which is that of a bridge with @strategy. */
static void start_by(World *w, int64_t job_id, BridgeStrategy strategy)
{
    DownstreamPipeline link = { .job_id = job_id,
                                .upstream_pipeline_id = 1000,
                                .upstream_project_id = w->pipeline.project_id,
                                .root_pipeline_id = 1000,
                                .pipeline_id = w->pipeline.id,
                                .bridge = true,
                                .child = true,
                                .strategy = strategy };
    bool is_new;

    OK(downstream_insert(w->db, &link, &is_new, &w->err));
}

static void a_bridge_whose_turn_comes_owes_a_pipeline(World *w)
{
    Process p;

    make_world(w, NULL, false);
    Job bridge = w->job;
    bridge.name = "start";
    bridge.bridge = true;
    bridge.status = STATUS_CREATED;
    OK(job_insert(w->db, &bridge, &w->err));
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    OK(process_save(&p, &w->err));
    g_assert_true(p.owes);
    g_assert_false(p.wakes_runners);
    g_assert_cmpint(owed(w).kind, ==, DOWNSTREAM_START);
    g_assert_cmpint(owed(w).job_id, ==, bridge.id);
}

static void the_end_of_a_pipeline_is_told_to_who_waits(World *w)
{
    make_world(w, NULL, false);
    start_by(w, 77, STRATEGY_DEPEND);
    fail_build(w, FAILURE_SCRIPT, NULL);
    g_assert_cmpint(owed(w).kind, ==, DOWNSTREAM_FOLLOW);
    g_assert_cmpint(owed(w).job_id, ==, 77);
}

static void the_end_of_a_pipeline_is_not_told_to_who_does_not_wait(World *w)
{
    DownstreamWork *work;
    size_t n = 0;

    make_world(w, NULL, false);
    start_by(w, 77, STRATEGY_NONE);
    fail_build(w, FAILURE_SCRIPT, NULL);
    OK(downstream_work_list(w->db, w->arena, 10, &work, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void a_bridge_above_is_to_wait_again(World *w)
{
    Process p;

    make_world(w, NULL, false);
    start_by(w, 77, STRATEGY_DEPEND);
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    OK(process_reset_upstream(&p, w->pipeline.user_id, &w->err));
    g_assert_cmpint(owed(w).kind, ==, DOWNSTREAM_RESET);
    g_assert_cmpint(owed(w).user_id, ==, w->pipeline.user_id);
}

static void each_change_is_told_to_mirrors(World *w)
{
    bool done = false;

    make_world(w, NULL, false);
    Job shown = add_job(w, "shown", NULL);
    OK(mirror_insert(w->db, &(Mirror){ shown.id, w->pipeline.id }, &done, &w->err));
    g_assert_true(done);
    OK(mirror_insert(w->db, &(Mirror){ shown.id, w->pipeline.id }, &done, &w->err));
    g_assert_false(done);
    Mirror found;
    OK(mirror_get(w->db, w->arena, shown.id, &found, &w->err));
    g_assert_cmpint(found.pipeline_id, ==, w->pipeline.id);
    Process p;
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    g_assert_true(p.pipeline.mirrored);
    (void)engine_cancel_jobs(p.engine);
    OK(process_save(&p, &w->err));
    g_assert_cmpint(owed(w).kind, ==, DOWNSTREAM_FOLLOW);
    g_assert_cmpint(owed(w).job_id, ==, shown.id);
}

/* Or it would be canceling for good, and keep the resource of its group. */
static void a_canceling_job_that_was_run_again_still_ends(World *w)
{
    Process p;
    EngineJob *again;
    Job first;

    make_world(w, NULL, false);
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    process_job(&p, w->job.id)->can_cancel_gracefully = true;
    g_assert_true(engine_cancel_job(p.engine, process_job(&p, w->job.id)));
    OK(process_save(&p, &w->err));
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    OK(engine_retry_job(p.engine, process_job(&p, w->job.id), w->pipeline.user_id, &again,
                        &w->err));
    OK(process_save(&p, &w->err));
    OK(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    g_assert_cmpint(process_job(&p, w->job.id)->status, ==, STATUS_CANCELING);
    g_assert_true(engine_succeed_job(p.engine, process_job(&p, w->job.id)));
    OK(process_save(&p, &w->err));
    OK(job_get(w->db, w->arena, w->job.id, &first, &w->err));
    g_assert_cmpint(first.status, ==, STATUS_CANCELED);
    g_assert_true(first.retried);
    g_assert_cmpint(latest_build(w).status, ==, STATUS_PENDING);
}

static void a_damaged_policy_is_an_error(World *w)
{
    Process p;

    make_world(w, "{", false);
    g_assert_false(process_load(&p, &w->site, w->db, w->arena, w->pipeline.id, &w->err));
    g_assert_cmpint(w->err.code, ==, ERR_INTERNAL);
}

static void a_policy_comes_back_as_it_went_in(void)
{
    static const int codes[] = { 3, 137 };
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    EngineJob back = { 0 };
    EngineJob job = { .retry = { .max = 2,
                                 .reasons = UINT64_C(1) << FAILURE_API,
                                 .exit_codes = codes,
                                 .n_exit_codes = 2 },
                      .allow_failure_exit_codes = codes,
                      .n_allow_failure_exit_codes = 1 };
    g_autofree char *text = policy_to_json(&job);

    g_assert_true(policy_from_json(arena, text, &back, &err));
    g_assert_cmpint(back.retry.max, ==, 2);
    g_assert_false(back.retry.always);
    g_assert_cmpuint(back.retry.reasons, ==, job.retry.reasons);
    g_assert_cmpuint(back.retry.n_exit_codes, ==, 2);
    g_assert_cmpint(back.retry.exit_codes[1], ==, 137);
    g_assert_cmpuint(back.n_allow_failure_exit_codes, ==, 1);
    g_assert_cmpint(back.allow_failure_exit_codes[0], ==, 3);
    g_assert_null(policy_to_json(&(EngineJob){ .name = "plain" }));
}

/* --- running --- */

typedef void (*Claim)(World *w);

typedef struct Call {
    Claim claim;
    TestDatabaseKind kind;
} Call;

/* Each claim runs inside one write that is undone at its end. */
static bool run_in_write(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Clock clock = clock_fixed(NOW);
    World w = { .db = db, .arena = arena, .err = ERROR_INIT, .site = { .clock = &clock } };

    ((const Call *)data)->claim(&w);
    error_clear(&w.err);
    return error_set(err, ERR_CONFLICT, "to be undone");
}

static void run_claim(const void *data)
{
    const Call *call = data;
    g_auto(Error) err = ERROR_INIT;

    g_assert_false(database_write(shared[call->kind].database, run_in_write, (void *)data, &err));
    g_assert_cmpint(err.code, ==, ERR_CONFLICT);
}

static const struct {
    const char *path;
    Claim claim;
} claims[] = {
#define CLAIM(path, claim)                                                                         \
    {                                                                                              \
        path, claim                                                                                \
    }
    CLAIM("a-failed-job-is-run-again-as-often-as-its-policy-says",
          a_failed_job_is_run_again_as_often_as_its_policy_says),
    CLAIM("a-failure-that-the-policy-does-not-name-is-final",
          a_failure_that_the_policy_does_not_name_is_final),
    CLAIM("a-named-exit-code-is-run-again", a_named_exit_code_is_run_again),
    CLAIM("a-scheduler-failure-is-retried-twice-without-a-policy",
          a_scheduler_failure_is_retried_twice_without_a_policy),
    CLAIM("an-allowed-exit-code-is-a-warning", an_allowed_exit_code_is_a_warning),
    CLAIM("another-exit-code-fails-the-pipeline", another_exit_code_fails_the_pipeline),
    CLAIM("a-failure-cancels-the-rest-where-the-pipeline-says-so",
          a_failure_cancels_the_rest_where_the_pipeline_says_so),
    CLAIM("a-bridge-whose-turn-comes-owes-a-pipeline", a_bridge_whose_turn_comes_owes_a_pipeline),
    CLAIM("the-end-of-a-pipeline-is-told-to-who-waits", the_end_of_a_pipeline_is_told_to_who_waits),
    CLAIM("the-end-of-a-pipeline-is-not-told-to-who-does-not-wait",
          the_end_of_a_pipeline_is_not_told_to_who_does_not_wait),
    CLAIM("a-bridge-above-is-to-wait-again", a_bridge_above_is_to_wait_again),
    CLAIM("each-change-is-told-to-mirrors", each_change_is_told_to_mirrors),
    CLAIM("a-canceling-job-that-was-run-again-still-ends",
          a_canceling_job_that_was_run_again_still_ends),
    CLAIM("a-damaged-policy-is-an-error", a_damaged_policy_is_an_error),
#undef CLAIM
};

static void add_tests(TestDatabaseKind kind)
{
    g_auto(Error) err = ERROR_INIT;

    shared[kind].url = test_database_new(kind);
    shared[kind].database = store_open(shared[kind].url, &err);
    if (!shared[kind].database)
        g_error("%s", error_text(&err));
    for (size_t i = 0; i < G_N_ELEMENTS(claims); i++) {
        g_autofree char *path =
            g_strdup_printf("/pipeline/process/%s/%s", test_database_names[kind], claims[i].path);
        Call *call = g_new(Call, 1);
        *call = (Call){ claims[i].claim, kind };
        g_test_add_data_func_full(path, call, run_claim, g_free);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_tests);
    g_test_add_func("/pipeline/policy/comes-back-as-it-went-in", a_policy_comes_back_as_it_went_in);
    int result = g_test_run();
    for (int kind = 0; kind < N_TEST_DATABASE_KINDS; kind++) {
        if (!shared[kind].database)
            continue;
        database_close(shared[kind].database);
        test_database_drop(shared[kind].url);
    }
    return result;
}
