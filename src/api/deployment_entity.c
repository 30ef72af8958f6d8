/* deployment_entity.c - the tables of the two entities, and what a page of them needs. */
#include "api/deployment_entity.h"

#include "api/job_entity.h"

const Field environment_basic_fields[] = {
    FIELD_INT(Environment, id),
    FIELD_AS("name", STR, Environment, name),
    FIELD_AS("slug", STR, Environment, slug),
    FIELD_AS("external_url", STR, Environment, external_url),
    FIELD_AS("created_at", TIME, Environment, created_at),
    FIELD_AS("updated_at", TIME, Environment, updated_at),
    FIELDS_END,
};

const Field environment_own_fields[] = {
    FIELD_ENUM("tier", Environment, tier, environment_tier_names),
    FIELD_ENUM("state", Environment, state, environment_state_names),
    FIELD_AS("auto_stop_at", TIME, Environment, auto_stop_at),
    FIELD_NULL("cluster_agent"),
    FIELD_NULL("kubernetes_namespace"),
    FIELD_NULL("flux_resource_path"),
    FIELD_AS("description", STR, Environment, description),
    FIELD_AS("auto_stop_setting", STR, Environment, auto_stop_setting),
    FIELDS_END,
};

static void write_user(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    jw_key(w, "user");
    entity_write(w, user_basic_fields, ((const DeploymentView *)view)->user, context);
}

static void write_environment(JsonWriter *w, const Field *field, const void *view,
                              const EntityContext *context)
{
    const DeploymentView *deployment = view;

    if (!deployment->environment)
        return;
    jw_key(w, "environment");
    entity_write(w, environment_basic_fields, deployment->environment, context);
}

static void write_deployable(JsonWriter *w, const Field *field, const void *view,
                             const EntityContext *context)
{
    jw_put_raw(w, "deployable", ((const DeploymentView *)view)->deployable);
}

const Field deployment_fields[] = {
    FIELD_AS("id", INT, DeploymentView, row.id),
    FIELD_AS("iid", INT, DeploymentView, row.iid),
    FIELD_AS("ref", STR, DeploymentView, row.ref),
    FIELD_AS("sha", STR, DeploymentView, row.sha),
    FIELD_AS("created_at", TIME, DeploymentView, row.created_at),
    FIELD_AS("updated_at", TIME, DeploymentView, row.updated_at),
    FIELD_FUNC("user", write_user),
    FIELD_FUNC("environment", write_environment),
    FIELD_FUNC("deployable", write_deployable),
    FIELD_ENUM("status", DeploymentView, row.status, deployment_status_names),
    FIELDS_END,
};

/* --- loading --- */

static const Environment *find(const Environment *environments, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (environments[i].id == id)
            return &environments[i];
    return NULL;
}

bool deployment_views_load(Req *rq, const Deployment *rows, size_t n, bool with_environment,
                           DeploymentView **views, Error *err)
{
    Db *db = caller_of(rq)->db;
    int64_t *users = arena_new0(rq->arena, int64_t, n);
    int64_t *jobs = arena_new0(rq->arena, int64_t, n);
    int64_t *places = arena_new0(rq->arena, int64_t, n);
    Environment *environments = NULL;
    const char **deployables = NULL;
    size_t n_environments = 0;
    UserMap map = { 0 };

    *views = arena_new0(rq->arena, DeploymentView, n);
    if (n == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        users[i] = rows[i].user_id;
        jobs[i] = rows[i].job_id;
        places[i] = rows[i].environment_id;
    }
    if (!user_map_load(db, rq->arena, users, n, &map, err) ||
        !job_entities(rq, jobs, n, &deployables, err) ||
        (with_environment &&
         !environment_list_by_ids(db, rq->arena, places, n, &environments, &n_environments, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        (*views)[i] = (DeploymentView){ .row = rows[i],
                                        .user = user_map_find(&map, rows[i].user_id),
                                        .environment = find(environments, n_environments,
                                                            rows[i].environment_id),
                                        .deployable = deployables[i] };
    return true;
}
