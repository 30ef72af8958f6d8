/* environments.c - /projects/:id/environments: what there is, and what becomes of it. */
#include "pipeline/environments.h"
#include "api/deployment_entity.h"
#include "api/project_entity.h"
#include "api/routes.h"
#include "base/text.h"
#include "ci/environment.h"
#include "store/checked_write.h"

#include <string.h>

enum {
    MIN_SEARCH = 3,
    MAX_AT_ONCE = 1000, /* environments that one call stops or deletes */
    DAY_S = 24 * 3600
};

static const char *const states[] = { "available", "stopping", "stopped", NULL };
static const char *const tiers[] = { "production",  "staging", "testing",
                                     "development", "other",   NULL };
static const char *const settings[] = { "always", "with_action", NULL };

static const Param list_params[] = {
    { "name", PARAM_STR },
    { "search", PARAM_STR },
    { "states", PARAM_ENUM, .values = states },
    { 0 },
};
static const Param id_params[] = { { "environment_id", PARAM_INT }, { 0 } };

#define CHANGEABLE                                                                                 \
    { "external_url", PARAM_STR }, { "slug", PARAM_STR }, { "tier", PARAM_ENUM, .values = tiers }, \
        { "description", PARAM_STR },                                                              \
    {                                                                                              \
        "auto_stop_setting", PARAM_ENUM, .values = settings                                        \
    }
static const Param create_params[] = { { "name", PARAM_STR, .required = true }, CHANGEABLE, { 0 } };
static const Param update_params[] = { { "environment_id", PARAM_INT }, CHANGEABLE, { 0 } };
#undef CHANGEABLE

static const Param stop_params[] = {
    { "environment_id", PARAM_INT },
    { "force", PARAM_BOOL, .otherwise = "false" },
    { 0 },
};
static const Param stale_params[] = { { "before", PARAM_TIME, .required = true }, { 0 } };
static const Param review_params[] = {
    { "before", PARAM_TIME },
    { "limit", PARAM_INT, .otherwise = "100", .min = 1, .max = MAX_AT_ONCE },
    { "dry_run", PARAM_BOOL, .otherwise = "true" },
    { 0 },
};

/* --- lists --- */

static bool find(Req *rq, Environment *environment, Error *err)
{
    Caller *caller = caller_of(rq);

    return environment_get(caller->db, rq->arena, caller->project->id,
                           req_int(rq, "environment_id"), environment, err);
}

static bool check_search(Req *rq, Error *err)
{
    const char *search = req_str(rq, "search");

    if (req_has(rq, "name") && search)
        return error_set(err, ERR_PARAM, "name, search are mutually exclusive");
    return !search || g_utf8_strlen(search, -1) >= MIN_SEARCH ||
           error_set(err, ERR_BAD_REQUEST, "Search query is less than 3 characters");
}

static bool list(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    EnvironmentFilter filter = { .project_id = caller->project->id,
                                 .name = req_str(rq, "name"),
                                 .search = req_str(rq, "search"),
                                 .state = req_str(rq, "states"),
                                 .slice = { rq->page.per_page, rq->page.offset } };
    Environment *rows = NULL;
    ProjectView *project = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!check_search(rq, err) ||
        !environment_list(caller->db, rq->arena, &filter, &rows, &n, err) ||
        !environment_count(caller->db, &filter, &total, err) ||
        !project_views_load(rq, caller->project, 1, &project, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        jw_begin_object(w);
        entity_write_fields(w, environment_basic_fields, &rows[i], &context);
        jw_key(w, "project");
        entity_write(w, project_basic_fields, project, &context);
        entity_write_fields(w, environment_own_fields, &rows[i], &context);
        jw_end_object(w);
    }
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

/* --- one --- */

static bool write_last_deployment(Req *rq, JsonWriter *w, const Environment *environment,
                                  Error *err)
{
    EntityContext context = caller_context(rq);
    g_auto(Error) failed = ERROR_INIT;
    DeploymentView *view = NULL;
    Deployment last;

    if (!deployment_last(caller_of(rq)->db, rq->arena, environment->id, &last, &failed)) {
        jw_put_null(w, "last_deployment");
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    }
    if (!deployment_views_load(rq, &last, 1, false, &view, err))
        return false;
    jw_key(w, "last_deployment");
    entity_write(w, deployment_fields, view, &context);
    return true;
}

static bool reply_environment(Req *rq, const Environment *environment, Error *err)
{
    EntityContext context = caller_context(rq);
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    entity_write_fields(w, environment_basic_fields, environment, &context);
    if (!write_last_deployment(rq, w, environment, err))
        return false;
    entity_write_fields(w, environment_own_fields, environment, &context);
    jw_end_object(w);
    return reply_json(rq);
}

static bool get(Req *rq, Error *err)
{
    Environment environment;

    return find(rq, &environment, err) && reply_environment(rq, &environment, err);
}

static bool reply_fresh(Req *rq, int64_t id, Error *err)
{
    Caller *caller = caller_of(rq);
    Environment environment;

    return environment_get(caller->db, rq->arena, caller->project->id, id, &environment, err) &&
           reply_environment(rq, &environment, err);
}

/* --- changes --- */

static bool is_address(const char *text)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri ? g_uri_get_scheme(uri) : "";

    return uri && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
           g_uri_get_host(uri) && *g_uri_get_host(uri);
}

static bool read_changes(Req *rq, Environment *environment, Error *err)
{
    if (req_has(rq, "slug"))
        return error_set(err, ERR_PARAM, "slug is automatically generated and cannot be changed");
    if (req_has(rq, "external_url"))
        environment->external_url =
            *req_str(rq, "external_url") ? req_str(rq, "external_url") : NULL;
    if (environment->external_url && !is_address(environment->external_url))
        return error_field(err, "external_url", "is invalid");
    if (req_has(rq, "tier"))
        environment->tier =
            (EnvironmentTier)name_value(&environment_tier_names, req_str(rq, "tier"));
    if (req_has(rq, "description"))
        environment->description = req_str(rq, "description");
    if (req_has(rq, "auto_stop_setting"))
        environment->auto_stop_setting = req_str(rq, "auto_stop_setting");
    environment->updated_at = clock_now(site_of(rq)->clock);
    return true;
}

static bool check_name(const char *name, Error *err)
{
    if (text_is_blank(name))
        return error_field(err, "name", "can't be blank");
    if (g_utf8_strlen(name, -1) > ENVIRONMENT_NAME_MAX)
        return error_field(err, "name", "is too long (maximum is 255 characters)");
    return environment_name_is_valid(name) || error_field(err, "name", "%s", ENVIRONMENT_NAME_TEXT);
}

typedef struct Creation {
    Arena *arena;
    Environment *environment;
} Creation;

static bool insert(Db *db, void *data, Error *err)
{
    Creation *c = data;
    Environment known;
    g_auto(Error) failed = ERROR_INIT;

    if (environment_by_name(db, c->arena, c->environment->project_id, c->environment->name, &known,
                            &failed))
        return error_field(err, "name", "has already been taken");
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    return environment_insert(db, c->environment, err);
}

static bool create(Req *rq, Error *err)
{
    const char *name = req_str(rq, "name") ? req_str(rq, "name") : "";
    g_autofree char *slug = environment_slug(name);
    int64_t now = clock_now(site_of(rq)->clock);
    Environment environment = { .project_id = caller_of(rq)->project->id,
                                .name = name,
                                .slug = slug,
                                .tier = environment_guess_tier(name),
                                .state = ENVIRONMENT_AVAILABLE,
                                .auto_stop_setting = "always",
                                .created_at = now };
    Creation creation = { rq->arena, &environment };

    return check_name(name, err) && read_changes(rq, &environment, err) &&
           checked_write(site_of(rq)->database, insert, &creation, err) &&
           reply_fresh(rq, environment.id, err);
}

static bool save(Db *db, void *data, Error *err)
{
    return environment_update(db, data, err);
}

static bool update(Req *rq, Error *err)
{
    Environment environment;

    return find(rq, &environment, err) && read_changes(rq, &environment, err) &&
           database_write(site_of(rq)->database, save, &environment, err) &&
           reply_fresh(rq, environment.id, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return environment_delete(db, *(const int64_t *)data, err);
}

static bool delete (Req *rq, Error *err)
{
    Environment environment;

    if (!find(rq, &environment, err))
        return false;
    if (environment.state != ENVIRONMENT_STOPPED)
        return error_set(err, ERR_FORBIDDEN, NULL);
    return database_write(site_of(rq)->database, delete_row, &environment.id, err) &&
           reply_empty(rq, 204);
}

/* --- stopping --- */

static bool stop(Req *rq, Error *err)
{
    Environment environment;

    return find(rq, &environment, err) &&
           environment_stop(site_of(rq), &environment, caller_of(rq)->user->id,
                            req_bool(rq, "force"), err) &&
           reply_fresh(rq, environment.id, err);
}

static bool stop_stale(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    int64_t now = clock_now(site_of(rq)->clock), before = req_time(rq, "before");
    EnvironmentFilter filter = { .project_id = caller->project->id,
                                 .state = "available",
                                 .idle_before = before,
                                 .slice = { .limit = MAX_AT_ONCE } };
    Environment *rows = NULL;
    size_t n = 0;

    if (before > now - 7 * DAY_S * US_PER_S || before < now - 3653 * (int64_t)DAY_S * US_PER_S)
        return error_set(err, ERR_BAD_REQUEST, "Invalid Date");
    if (!environment_list(caller->db, rq->arena, &filter, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!environment_stop(site_of(rq), &rows[i], caller->user->id, false, err))
            return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "message", "Successfully requested stop for all stale environments");
    jw_end_object(w);
    return reply_json(rq);
}

/* Stopped ones of the folder review/ that nothing was deployed to for long. */
static bool delete_reviews(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    int64_t month_ago = clock_now(site_of(rq)->clock) - 30 * (int64_t)DAY_S * US_PER_S;
    EnvironmentFilter filter = { .project_id = caller->project->id,
                                 .state = "stopped",
                                 .reviews = true,
                                 .idle_before =
                                     req_has(rq, "before") ? req_time(rq, "before") : month_ago,
                                 .slice = { .limit = req_int(rq, "limit") } };
    Environment *rows = NULL;
    size_t n = 0;

    if (!environment_list(caller->db, rq->arena, &filter, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n && !req_bool(rq, "dry_run"); i++)
        if (!database_write(site_of(rq)->database, delete_row, &rows[i].id, err))
            return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_key(w, "scheduled_entries");
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, environment_basic_fields, &rows[i], &context);
    jw_end_array(w);
    jw_key(w, "unprocessable_entries");
    jw_strings(w, NULL);
    jw_end_object(w);
    return reply_json(rq);
}

#define ENVIRONMENTS "/projects/:id/environments"

const Route environment_routes[] = {
    { GET, ENVIRONMENTS, CAN_READ_ENVIRONMENTS, list_params, list, .paged = true,
      .job_token = true },
    { POST, ENVIRONMENTS, CAN_DEPLOY, create_params, create, .status = 201, .job_token = true },
    { POST, ENVIRONMENTS "/stop_stale", CAN_ADMIN_DEPLOYMENTS, stale_params, stop_stale,
      .job_token = true },
    { DELETE, ENVIRONMENTS "/review_apps", CAN_ADMIN_DEPLOYMENTS, review_params, delete_reviews,
      .job_token = true },
    { GET, ENVIRONMENTS "/:environment_id", CAN_READ_ENVIRONMENTS, id_params, get,
      .job_token = true },
    { PUT, ENVIRONMENTS "/:environment_id", CAN_DEPLOY, update_params, update, .job_token = true },
    { POST, ENVIRONMENTS "/:environment_id/stop", CAN_DEPLOY, stop_params, stop,
      .job_token = true },
    { DELETE, ENVIRONMENTS "/:environment_id", CAN_DEPLOY, id_params, delete, .job_token = true },
    { 0 },
};

#undef ENVIRONMENTS
