/* deployments.c - /projects/:id/deployments. */
#include "api/deployment_entity.h"
#include "api/routes.h"
#include "ci/environment.h"
#include "pipeline/environments.h"
#include "repo/repo.h"

#include <string.h>

static const char *const orders[] = { "id",          "iid", "created_at", "updated_at",
                                      "finished_at", "ref", NULL };
static const char *const sorts[] = { "asc", "desc", NULL };
static const char *const statuses[] = { "created",  "running", "success", "failed",
                                        "canceled", "skipped", "blocked", NULL };
static const char *const given_statuses[] = { "running", "success", "failed", "canceled", NULL };

static const Param list_params[] = {
    { "order_by", PARAM_ENUM, .values = orders, .otherwise = "id" },
    { "sort", PARAM_ENUM, .values = sorts, .otherwise = "asc" },
    { "updated_after", PARAM_TIME },
    { "updated_before", PARAM_TIME },
    { "finished_after", PARAM_TIME },
    { "finished_before", PARAM_TIME },
    { "environment", PARAM_STR },
    { "status", PARAM_ENUM, .values = statuses },
    { 0 },
};
static const Param id_params[] = { { "deployment_id", PARAM_INT }, { 0 } };
static const Param create_params[] = {
    { "environment", PARAM_STR, .required = true, .non_blank = true },
    { "sha", PARAM_STR, .required = true, .non_blank = true },
    { "ref", PARAM_STR, .required = true, .non_blank = true },
    { "tag", PARAM_BOOL, .required = true },
    { "status", PARAM_ENUM, .required = true, .values = given_statuses },
    { 0 },
};
static const Param update_params[] = {
    { "deployment_id", PARAM_INT },
    { "status", PARAM_ENUM, .required = true, .values = given_statuses },
    { 0 },
};

static bool find(Req *rq, Deployment *deployment, Error *err)
{
    Caller *caller = caller_of(rq);

    return deployment_get(caller->db, rq->arena, caller->project->id, req_int(rq, "deployment_id"),
                          deployment, err);
}

/* --- reads --- */

/* GitLab's rules (app/finders/deployments_finder.rb): each filter of time wants its own order. */
static bool check_filters(Req *rq, Error *err)
{
    bool updated = req_has(rq, "updated_after") || req_has(rq, "updated_before");
    bool finished = req_has(rq, "finished_after") || req_has(rq, "finished_before");
    bool by_updated = strcmp(req_str(rq, "order_by"), "updated_at") == 0;
    bool by_finished = strcmp(req_str(rq, "order_by"), "finished_at") == 0;

    if (updated && finished)
        return error_set(err, ERR_BAD_REQUEST,
                         "Both `updated_at` filter and `finished_at` filter can not be specified");
    if (updated && !by_updated)
        return error_set(err, ERR_BAD_REQUEST,
                         "`updated_at` filter and `updated_at` sorting must be paired");
    if (finished != by_finished)
        return error_set(err, ERR_BAD_REQUEST,
                         "`finished_at` filter and `finished_at` sorting must be paired");
    if (finished && g_strcmp0(req_str(rq, "status"), "success") != 0)
        return error_set(err, ERR_BAD_REQUEST,
                         "`finished_at` filter must be combined with `success` status filter.");
    return true;
}

static bool list(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    DeploymentFilter filter = { .project_id = caller->project->id,
                                .environment = req_str(rq, "environment"),
                                .status = req_str(rq, "status"),
                                .updated_after = req_time(rq, "updated_after"),
                                .updated_before = req_time(rq, "updated_before"),
                                .finished_after = req_time(rq, "finished_after"),
                                .finished_before = req_time(rq, "finished_before"),
                                .order_by = req_str(rq, "order_by"),
                                .descending = strcmp(req_str(rq, "sort"), "desc") == 0,
                                .slice = { rq->page.per_page, rq->page.offset } };
    Deployment *rows = NULL;
    DeploymentView *views = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!check_filters(rq, err) ||
        !deployment_list(caller->db, rq->arena, &filter, &rows, &n, err) ||
        !deployment_count(caller->db, &filter, &total, err) ||
        !deployment_views_load(rq, rows, n, true, &views, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, deployment_fields, &views[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

static bool reply_deployment(Req *rq, const Deployment *deployment, Error *err)
{
    EntityContext context = caller_context(rq);
    DeploymentView *view = NULL;

    if (!deployment_views_load(rq, deployment, 1, true, &view, err))
        return false;
    entity_write(reply_writer(rq), deployment_fields, view, &context);
    return reply_json(rq);
}

static bool get(Req *rq, Error *err)
{
    Deployment deployment;

    return find(rq, &deployment, err) && reply_deployment(rq, &deployment, err);
}

/* --- writes --- */

static DeploymentStatus given_status(const Req *rq)
{
    return (DeploymentStatus)name_value(&deployment_status_names, req_str(rq, "status"));
}

typedef struct Write {
    Arena *arena;
    Environment environment;
    Deployment deployment;
    int64_t now_us;
} Write;

static bool note_success(Db *db, const Write *write, Error *err)
{
    return write->deployment.status != DEPLOYMENT_SUCCESS ||
           environment_deployed(db, write->deployment.environment_id, NULL, 0, write->now_us, err);
}

static bool insert(Db *db, void *data, Error *err)
{
    Write *write = data;

    if (!environment_ensure(db, write->arena, &write->environment, err))
        return false;
    write->deployment.environment_id = write->environment.id;
    return deployment_insert(db, &write->deployment, err) && note_success(db, write, err);
}

static bool check_new(Req *rq, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    RepoCommit commit;

    if (!environment_name_is_valid(req_str(rq, "environment")))
        return error_field(err, "environment", "%s", ENVIRONMENT_NAME_TEXT);
    if (repo_commit(site_of(rq)->repos, caller_of(rq)->project->id, req_str(rq, "sha"), rq->arena,
                    &commit, &failed))
        return true;
    return failed.code == ERR_NO_RECORD ? error_field(err, "sha", "The commit does not exist")
                                        : error_move(err, &failed);
}

static bool create(Req *rq, Error *err)
{
    const char *name = req_str(rq, "environment");
    int64_t now = clock_now(site_of(rq)->clock), project_id = caller_of(rq)->project->id;
    g_autofree char *slug = environment_slug(name);
    bool ended = given_status(rq) != DEPLOYMENT_RUNNING;
    Write write = { .arena = rq->arena,
                    .now_us = now,
                    .environment = { .project_id = project_id,
                                     .name = name,
                                     .slug = slug,
                                     .tier = environment_guess_tier(name),
                                     .state = ENVIRONMENT_AVAILABLE,
                                     .auto_stop_setting = "always",
                                     .created_at = now,
                                     .updated_at = now },
                    .deployment = { .project_id = project_id,
                                    .user_id = caller_of(rq)->user->id,
                                    .ref = req_str(rq, "ref"),
                                    .tag = req_bool(rq, "tag"),
                                    .sha = req_str(rq, "sha"),
                                    .status = given_status(rq),
                                    .created_at = now,
                                    .updated_at = now,
                                    .finished_at = ended ? now : 0 } };

    return check_new(rq, err) && database_write(site_of(rq)->database, insert, &write, err) &&
           reply_deployment(rq, &write.deployment, err);
}

static bool set_status(Db *db, void *data, Error *err)
{
    Write *write = data;

    return deployment_set_status(db, write->deployment.id, write->deployment.status, write->now_us,
                                 err) &&
           note_success(db, write, err);
}

static bool update(Req *rq, Error *err)
{
    Write write = { .now_us = clock_now(site_of(rq)->clock) };

    if (!find(rq, &write.deployment, err))
        return false;
    if (write.deployment.job_id)
        return error_set(err, ERR_FORBIDDEN,
                         "Deployments created using GitLab CI can not be updated using the API");
    write.deployment.status = given_status(rq);
    return database_write(site_of(rq)->database, set_status, &write, err) &&
           find(rq, &write.deployment, err) && reply_deployment(rq, &write.deployment, err);
}

static bool is_current(Req *rq, const Deployment *deployment, bool *current, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Deployment last;

    bool found =
        deployment_last(caller_of(rq)->db, rq->arena, deployment->environment_id, &last, &failed);
    *current = found && last.id == deployment->id;
    return found || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return deployment_delete(db, *(const int64_t *)data, err);
}

static bool delete (Req *rq, Error *err)
{
    Deployment deployment;
    bool current;

    if (!find(rq, &deployment, err) || !is_current(rq, &deployment, &current, err))
        return false;
    if (deployment.status == DEPLOYMENT_RUNNING)
        return error_set(err, ERR_USAGE, "Cannot destroy running deployment");
    if (current)
        return error_set(err, ERR_USAGE, "Deployment currently deployed to environment");
    return database_write(site_of(rq)->database, delete_row, &deployment.id, err) &&
           reply_empty(rq, 204);
}

#define DEPLOYMENTS "/projects/:id/deployments"

const Route deployment_routes[] = {
    { GET, DEPLOYMENTS, CAN_READ_ENVIRONMENTS, list_params, list, .paged = true,
      .job_token = true },
    { POST, DEPLOYMENTS, CAN_DEPLOY, create_params, create, .status = 201, .job_token = true },
    { GET, DEPLOYMENTS "/:deployment_id", CAN_READ_ENVIRONMENTS, id_params, get,
      .job_token = true },
    { PUT, DEPLOYMENTS "/:deployment_id", CAN_DEPLOY, update_params, update, .job_token = true },
    { DELETE, DEPLOYMENTS "/:deployment_id", CAN_ADMIN_DEPLOYMENTS, id_params, delete,
      .job_token = true },
    { 0 },
};

#undef DEPLOYMENTS
