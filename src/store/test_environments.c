/* Tests of environments.c and deployments.c. */
#include "store/deployments.h"
#include "store/environments.h"
#include "store/test_world.h"

static Environment new_environment(World *w, const char *name)
{
    Environment environment = { .project_id = w->project.id,
                                .name = name,
                                .slug = name,
                                .tier = TIER_OTHER,
                                .auto_stop_setting = "always",
                                .created_at = NOW,
                                .updated_at = NOW };

    OK(environment_ensure(w->db, w->arena, &environment, &w->err));
    return environment;
}

static Deployment new_deployment(World *w, const Environment *environment, int64_t job_id,
                                 DeploymentStatus status)
{
    Deployment deployment = { .project_id = w->project.id,
                              .environment_id = environment->id,
                              .job_id = job_id,
                              .user_id = w->ann.id,
                              .ref = "main",
                              .sha = "abc",
                              .status = status,
                              .created_at = NOW,
                              .updated_at = NOW };

    OK(deployment_insert(w->db, &deployment, &w->err));
    return deployment;
}

static void a_name_has_one_environment(World *w)
{
    Environment first = new_environment(w, "production");
    Environment again = new_environment(w, "production");
    Environment other = new_environment(w, "review-one");
    Environment found, *list = NULL;
    EnvironmentFilter all = { .project_id = w->project.id };
    EnvironmentFilter some = { .project_id = w->project.id,
                               .name = "review-one",
                               .search = "VIEW",
                               .state = "available",
                               .idle_before = NOW + 1,
                               .slice = { 10, 0 } };
    int64_t n_all = 0;
    size_t n = 0;

    g_assert_cmpint(again.id, ==, first.id);
    g_assert_cmpint(other.id, !=, first.id);
    IS_REFUSED_WITH(environment_insert(w->db, &again, &w->err), ERR_DB_UNIQUE);
    OK(environment_count(w->db, &all, &n_all, &w->err));
    g_assert_cmpint(n_all, ==, 2);
    OK(environment_list(w->db, w->arena, &some, &list, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(list[0].id, ==, other.id);
    some.reviews = true;
    OK(environment_count(w->db, &some, &n_all, &w->err));
    g_assert_cmpint(n_all, ==, 0);
    OK(environment_list_by_ids(w->db, w->arena, (const int64_t[]){ first.id }, 1, &list, &n,
                               &w->err));
    g_assert_cmpuint(n, ==, 1);
    first.description = "d";
    OK(environment_update(w->db, &first, &w->err));
    OK(environment_get(w->db, w->arena, w->project.id, first.id, &found, &w->err));
    g_assert_cmpstr(found.description, ==, "d");
    OK(environment_delete(w->db, other.id, &w->err));
    IS_REFUSED_WITH(environment_get(w->db, w->arena, w->project.id, other.id, &found, &w->err),
                    ERR_NO_RECORD);
}

static void only_who_sees_the_state_moves_it(World *w)
{
    Environment environment = new_environment(w, "production");
    Environment *due = NULL;
    bool done = false;
    size_t n = 0;

    OK(environment_deployed(w->db, environment.id, "https://x", NOW + 5, NOW, &w->err));
    OK(environment_list_to_stop(w->db, w->arena, NOW + 4, 10, &due, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(environment_list_to_stop(w->db, w->arena, NOW + 5, 10, &due, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(due[0].external_url, ==, "https://x");
    OK(environment_move(w->db, environment.id, ENVIRONMENT_AVAILABLE, ENVIRONMENT_STOPPING, NOW,
                        &done, &w->err));
    g_assert_true(done);
    OK(environment_move(w->db, environment.id, ENVIRONMENT_AVAILABLE, ENVIRONMENT_STOPPING, NOW,
                        &done, &w->err));
    g_assert_false(done);
    OK(environment_list_to_stop(w->db, w->arena, NOW + 5, 10, &due, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void deployments_count_in_their_project(World *w)
{
    Environment environment = new_environment(w, "production");
    Deployment of_job = new_deployment(w, &environment, w->job.id, DEPLOYMENT_CREATED);
    Deployment made = new_deployment(w, &environment, 0, DEPLOYMENT_RUNNING);
    Deployment found, *list = NULL;
    DeploymentFilter filter = { .project_id = w->project.id,
                                .environment = "production",
                                .status = "success",
                                .finished_after = NOW,
                                .finished_before = NOW + 9,
                                .updated_after = NOW,
                                .updated_before = NOW + 9,
                                .order_by = "finished_at",
                                .slice = { 10, 0 } };
    int64_t total = 0;
    size_t n = 0;

    g_assert_cmpint(of_job.iid, ==, 1);
    g_assert_cmpint(made.iid, ==, 2);
    IS_REFUSED_WITH(deployment_last(w->db, w->arena, environment.id, &found, &w->err),
                    ERR_NO_RECORD);
    OK(deployment_set_status(w->db, made.id, DEPLOYMENT_SUCCESS, NOW + 3, &w->err));
    OK(deployment_last(w->db, w->arena, environment.id, &found, &w->err));
    g_assert_cmpint(found.id, ==, made.id);
    g_assert_cmpint(found.finished_at, ==, NOW + 3);
    OK(deployment_by_job(w->db, w->arena, w->job.id, &found, &w->err));
    OK(deployment_get(w->db, w->arena, w->project.id, of_job.id, &found, &w->err));
    OK(deployment_list(w->db, w->arena, &filter, &list, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(deployment_count(w->db, &filter, &total, &w->err));
    g_assert_cmpint(total, ==, 1);
    OK(deployment_delete(w->db, made.id, &w->err));
    g_assert_cmpint(new_deployment(w, &environment, 0, DEPLOYMENT_FAILED).iid, ==, 3);
}

void add_environment_tests(void)
{
    add_test("environments/one-a-name", a_name_has_one_environment);
    add_test("environments/moves", only_who_sees_the_state_moves_it);
    add_test("deployments/count", deployments_count_in_their_project);
}
