/* projects.c - /projects and one project. */
#include "access/paths.h"
#include "access/spaces.h"
#include "access/subject.h"
#include "api/project_entity.h"
#include "api/project_life.h"
#include "api/routes.h"
#include "base/text.h"
#include "repo/repo.h"

#include <string.h>

enum { LEAST_TIMEOUT_S = 10 * 60, MOST_TIMEOUT_S = 31 * 24 * 3600 };

/* --- lists ----------------------------------------------------------------------------------- */

static Only only(const Req *rq, const char *name)
{
    return !req_has(rq, name) ? ONLY_ANY : req_bool(rq, name) ? ONLY_YES : ONLY_NO;
}

/* Active ones are those that are not archived. */
static Only archived(const Req *rq)
{
    if (req_has(rq, "archived"))
        return only(rq, "archived");
    switch (only(rq, "active")) {
    case ONLY_YES:
        return ONLY_NO;
    case ONLY_NO:
        return ONLY_YES;
    case ONLY_ANY:
        break;
    }
    return ONLY_ANY;
}

/* Nobody has given a project a star here: all are equal, and as new as they are. */
static const char *order_of(const Req *rq)
{
    const char *order = req_str(rq, "order_by");

    return strcmp(order, "star_count") == 0 ? "created_at" : order;
}

static ProjectFilter read_filter(Req *rq)
{
    const User *user = caller_of(rq)->user;

    return (ProjectFilter){
        .user_id = user ? user->id : 0,
        .admin = user && user->admin,
        .now_us = clock_now(site_of(rq)->clock),
        .search = req_str(rq, "search"),
        .search_namespaces = req_bool(rq, "search_namespaces"),
        .has_visibility = req_has(rq, "visibility"),
        .visibility = (Visibility)MAX(0, name_value(&visibility_names, req_str(rq, "visibility"))),
        .membership = req_bool(rq, "membership"),
        .owned = req_bool(rq, "owned"),
        .min_access_level = req_int(rq, "min_access_level"),
        .archived = archived(rq),
        .id_after = req_int(rq, "id_after"),
        .id_before = req_int(rq, "id_before"),
        .last_activity_after = req_time(rq, "last_activity_after"),
        .last_activity_before = req_time(rq, "last_activity_before"),
        .updated_after = req_time(rq, "updated_after"),
        .updated_before = req_time(rq, "updated_before"),
        .order_by = order_of(rq),
        .ascending = strcmp(req_str(rq, "sort"), "asc") == 0,
        .slice = { rq->page.per_page, rq->page.offset },
    };
}

/* Filters by what no project here has: stars, topics, issues, merge requests. */
static bool matches_none(const Req *rq)
{
    return req_bool(rq, "starred") || !text_is_blank(req_str(rq, "topic")) ||
           req_bool(rq, "with_issues_enabled") || req_bool(rq, "with_merge_requests_enabled");
}

/* Keyset pages go by id; each links to those beyond its last. */
static bool reply_by_keyset(Req *rq, ProjectFilter filter, Error *err)
{
    int64_t per_page = rq->page.per_page;
    Project *projects = NULL;
    size_t n = 0;

    if (strcmp(filter.order_by, "id") != 0)
        return reply_no_keyset(rq);
    filter.slice.limit = per_page + 1;
    filter.slice.offset = 0;
    if (!matches_none(rq) &&
        !project_list(caller_of(rq)->db, rq->arena, &filter, &projects, &n, err))
        return false;
    if ((int64_t)n > per_page) {
        n = (size_t)per_page;
        reply_keyset_header(rq, filter.ascending ? "id_after" : "id_before", projects[n - 1].id);
    }
    return project_write_list(rq, reply_writer(rq), projects, n, req_bool(rq, "simple"), err) &&
           reply_json(rq);
}

static bool reply_list(Req *rq, const ProjectFilter *filter, Error *err)
{
    if (caller_wants_keyset(rq))
        return reply_by_keyset(rq, *filter, err);

    bool none = matches_none(rq);
    Project *projects = NULL;
    int64_t total = 0;
    size_t n = 0;

    if (!none && (!project_count(caller_of(rq)->db, filter, &total, err) ||
                  !project_list(caller_of(rq)->db, rq->arena, filter, &projects, &n, err)))
        return false;
    if (!project_write_list(rq, reply_writer(rq), projects, n, req_bool(rq, "simple"), err))
        return false;
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

static bool list_projects(Req *rq, Error *err)
{
    ProjectFilter filter = read_filter(rq);

    return reply_list(rq, &filter, err);
}

static bool list_group_projects(Req *rq, Error *err)
{
    ProjectFilter filter = read_filter(rq);

    filter.namespace_id = caller_of(rq)->group->id;
    filter.include_subgroups = req_bool(rq, "include_subgroups");
    return reply_list(rq, &filter, err);
}

/* Those in the namespaces of one user: their own. */
static bool list_user_projects(Req *rq, Error *err)
{
    ProjectFilter filter = read_filter(rq);
    g_auto(Error) failed = ERROR_INIT;
    const char *id = req_path_param(rq, "user_id");
    Db *db = caller_of(rq)->db;
    int64_t number;
    User user;
    Namespace own;

    bool found = text_to_int(id, &number) ? user_get(db, rq->arena, number, &user, &failed)
                                          : user_by_username(db, rq->arena, id, &user, &failed);
    if (!found || !namespace_of_user(db, rq->arena, user.id, &own, &failed))
        return failed.code == ERR_NO_RECORD ? error_set(err, ERR_NOT_FOUND, "User")
                                            : error_move(err, &failed);
    filter.namespace_id = own.id;
    return reply_list(rq, &filter, err);
}

static bool get_project(Req *rq, Error *err)
{
    return project_reply(rq, caller_of(rq)->project, err);
}

/* --- what POST and PUT share ----------------------------------------------------------------- */

static bool read_timeout(Req *rq, Project *project, Error *err)
{
    if (!req_has(rq, "build_timeout"))
        return true;
    project->build_timeout_s = req_int(rq, "build_timeout");
    return (project->build_timeout_s >= LEAST_TIMEOUT_S &&
            project->build_timeout_s <= MOST_TIMEOUT_S) ||
           error_field(err, "build_timeout", "needs to be between 10 minutes and 1 month");
}

static bool read_config_path(Req *rq, Project *project, Error *err)
{
    const json_t *given = json_object_get(rq->params, "ci_config_path");

    if (!given)
        return true;
    const char *path = req_str(rq, "ci_config_path");
    project->ci_config_path = text_is_blank(path) ? NULL : path;
    return !project->ci_config_path || text_is_inner_path(project->ci_config_path) ||
           error_field(err, "ci_config_path", "can't include directory traversal.");
}

static void read_flag(const Req *rq, const char *name, bool *flag)
{
    if (req_has(rq, name))
        *flag = req_bool(rq, name);
}

static void read_flags(const Req *rq, Project *project)
{
    read_flag(rq, "keep_latest_artifact", &project->keep_latest_artifact);
    read_flag(rq, "ci_forward_deployment_enabled", &project->forward_deployment_enabled);
    if (req_has(rq, "auto_cancel_pending_pipelines"))
        project->auto_cancel_pending =
            strcmp(req_str(rq, "auto_cancel_pending_pipelines"), "enabled") == 0;
    if (req_has(rq, "resource_group_default_process_mode"))
        project->resource_group_mode = (ProcessMode)name_value(
            &process_mode_names, req_str(rq, "resource_group_default_process_mode"));
    read_flag(rq, "public_builds", &project->public_jobs);
    read_flag(rq, "public_jobs", &project->public_jobs);
    read_flag(rq, "jobs_enabled", &project->jobs_enabled);
    read_flag(rq, "shared_runners_enabled", &project->shared_runners_enabled);
    read_flag(rq, "group_runners_enabled", &project->group_runners_enabled);
    if (req_has(rq, "builds_access_level"))
        project->jobs_enabled = strcmp(req_str(rq, "builds_access_level"), "disabled") != 0;
    if (req_has(rq, "restrict_user_defined_variables"))
        project->variables_role =
            req_bool(rq, "restrict_user_defined_variables") ? "maintainer" : "developer";
    if (req_has(rq, "ci_pipeline_variables_minimum_override_role"))
        project->variables_role = req_str(rq, "ci_pipeline_variables_minimum_override_role");
}

static bool read_fields(Req *rq, Project *project, Error *err)
{
    if (req_has(rq, "name"))
        project->name = req_str(rq, "name");
    if (req_has(rq, "path"))
        project->path = req_str(rq, "path");
    if (json_object_get(rq->params, "description"))
        project->description = req_str(rq, "description");
    if (req_has(rq, "visibility"))
        project->visibility = (Visibility)name_value(&visibility_names, req_str(rq, "visibility"));
    read_flags(rq, project);
    return read_timeout(rq, project, err) && read_config_path(rq, project, err);
}

/* --- POST ------------------------------------------------------------------------------------ */

static bool may_create_in(Req *rq, int64_t user_id, const Namespace *space, bool *may, Error *err)
{
    const Caller *caller = caller_of(rq);
    Subject subject;

    if (space->kind == NAMESPACE_USER) {
        *may = space->owner_id == user_id || caller->user->admin;
        return true;
    }
    if (!subject_of_group(caller->db, caller->user->id, caller->user->admin, space,
                          clock_now(site_of(rq)->clock), &subject, err))
        return false;
    *may = access_can(&subject, CAN_CREATE_PROJECTS);
    return true;
}

/* Where the project goes: @user_id's own namespace unless the request names another.  A hidden one
 * and one where the caller has no right get the same answer. */
static bool find_space(Req *rq, int64_t user_id, Namespace *space, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Db *db = caller_of(rq)->db;
    bool may = false;

    bool found = req_has(rq, "namespace_id")
                     ? namespace_get(db, rq->arena, req_int(rq, "namespace_id"), space, &failed)
                     : namespace_of_user(db, rq->arena, user_id, space, &failed);
    if (!found && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (found && !may_create_in(rq, user_id, space, &may, err))
        return false;
    return may || error_field(err, "namespace", "is not valid");
}

static bool check_new(Req *rq, Error *err)
{
    if (!req_has(rq, "name") && !req_has(rq, "path"))
        return error_set(err, ERR_PARAM,
                         "name, path are missing, at least one parameter must be provided");
    if (req_bool(rq, "initialize_with_readme"))
        return error_set(err, ERR_BAD_REQUEST,
                         "initialize_with_readme is not supported: push the first commit");
    return true;
}

static Project defaults(Req *rq, int64_t creator_id)
{
    const char *branch = req_str(rq, "default_branch");

    return (Project){ .creator_id = creator_id,
                      .visibility = VISIBILITY_PRIVATE,
                      .default_branch = text_is_blank(branch) ? "main" : branch,
                      .public_jobs = true,
                      .jobs_enabled = true,
                      .shared_runners_enabled = true,
                      .group_runners_enabled = true,
                      .build_timeout_s = site_of(rq)->settings->default_timeout_s,
                      .auto_cancel_pending = true,
                      .keep_latest_artifact = true,
                      .forward_deployment_enabled = true,
                      .variables_role = "developer" };
}

static bool create_for(Req *rq, int64_t user_id, Error *err)
{
    Project project = defaults(rq, user_id);
    ProjectOrigin origin = { .url = req_str(rq, "import_url"),
                             .allow_file = caller_of(rq)->user->admin &&
                                           site_of(rq)->settings->allow_file_import };
    Namespace space;

    if (!check_new(rq, err) || !find_space(rq, user_id, &space, err) ||
        !read_fields(rq, &project, err))
        return false;
    if (text_is_blank(origin.url))
        origin.url = NULL;
    if (!project.name)
        project.name = project.path;
    if (!project.path)
        project.path = path_from_name(rq->arena, project.name);
    return project_life_create(api_of(rq), rq->arena, &space, &project, &origin, err) &&
           project_reply(rq, &project, err);
}

static bool create_project(Req *rq, Error *err)
{
    return create_for(rq, caller_of(rq)->user->id, err);
}

static bool create_user_project(Req *rq, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    User user;

    if (!user_get(caller_of(rq)->db, rq->arena, req_int(rq, "user_id"), &user, &failed))
        return failed.code == ERR_NO_RECORD ? error_set(err, ERR_NOT_FOUND, "User")
                                            : error_move(err, &failed);
    return create_for(rq, user.id, err);
}

/* --- PUT, DELETE, archive -------------------------------------------------------------------- */

/* The branch has to exist, unless there is none at all yet. */
static bool set_default_branch(Req *rq, Project *project, Error *err)
{
    const char *branch = req_str(rq, "default_branch");
    g_auto(Error) failed = ERROR_INIT;
    RepoStore *repos = site_of(rq)->repos;
    const RepoRef *refs;
    RepoResolved found;
    size_t n;

    if (!branch || strcmp(branch, project->default_branch) == 0)
        return true;
    if (!repo_list_refs(repos, project->id, rq->arena, &refs, &n, err))
        return false;
    const char *full = arena_printf(rq->arena, "refs/heads/%s", branch);
    if ((n > 0 && !repo_resolve(repos, project->id, full, false, rq->arena, &found, &failed)) ||
        !repo_set_default_branch(repos, project->id, branch, &failed)) {
        if (failed.code != ERR_NO_RECORD && failed.code != ERR_INVALID)
            return error_move(err, &failed);
        return error_field(err, "base",
                           "Could not set the default branch. Do you have a branch named '%s' in "
                           "your repository?",
                           branch);
    }
    project->default_branch = branch;
    return true;
}

static bool store_project(Req *rq, Project *project, Error *err)
{
    Namespace space;

    return namespace_get(caller_of(rq)->db, rq->arena, project->namespace_id, &space, err) &&
           space_update_project(site_of(rq), rq->arena, &space, project, err) &&
           project_reply(rq, project, err);
}

static bool update_project(Req *rq, Error *err)
{
    static const char *const owners[] = { "name", "path", "visibility" };
    Project project = *caller_of(rq)->project;

    for (size_t i = 0; i < G_N_ELEMENTS(owners); i++)
        if (req_has(rq, owners[i]) && !caller_require(rq, CAN_REMOVE_PROJECT, err))
            return false;
    return read_fields(rq, &project, err) && set_default_branch(rq, &project, err) &&
           store_project(rq, &project, err);
}

static bool set_archived(Req *rq, bool value, Error *err)
{
    Project project = *caller_of(rq)->project;

    project.archived = value;
    return store_project(rq, &project, err);
}

static bool archive_project(Req *rq, Error *err)
{
    return set_archived(rq, true, err);
}

static bool unarchive_project(Req *rq, Error *err)
{
    return set_archived(rq, false, err);
}

static bool delete_project(Req *rq, Error *err)
{
    if (!project_life_remove(api_of(rq), caller_of(rq)->project->id, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "message", "202 Accepted");
    jw_end_object(w);
    return reply_json(rq);
}

/* --- routes ---------------------------------------------------------------------------------- */

static const char *const orders[] = { "id",         "name",       "path",
                                      "created_at", "updated_at", "last_activity_at",
                                      "star_count", NULL };
static const char *const sorts[] = { "asc", "desc", NULL };
static const char *const visibilities[] = { "private", "internal", "public", NULL };
static const char *const switch_words[] = { "enabled", "disabled", NULL };
static const char *const process_modes[] = { "unordered", "oldest_first", "newest_first",
                                             "newest_ready_first", NULL };
static const char *const feature_levels[] = { "disabled", "private", "enabled", NULL };
static const char *const variable_roles[] = { "no_one_allowed", "developer", "maintainer", "owner",
                                              NULL };

static const char *const paginations[] = { "keyset", "legacy", NULL };

static const Param list_params[] = {
    { "search", PARAM_STR },
    { "search_namespaces", PARAM_BOOL },
    { "membership", PARAM_BOOL },
    { "owned", PARAM_BOOL },
    { "starred", PARAM_BOOL },
    { "simple", PARAM_BOOL },
    { "archived", PARAM_BOOL },
    { "active", PARAM_BOOL },
    { "visibility", PARAM_ENUM, .values = visibilities },
    { "min_access_level", PARAM_INT },
    { "topic", PARAM_STR },
    { "with_issues_enabled", PARAM_BOOL },
    { "with_merge_requests_enabled", PARAM_BOOL },
    { "last_activity_after", PARAM_TIME },
    { "last_activity_before", PARAM_TIME },
    { "updated_after", PARAM_TIME },
    { "updated_before", PARAM_TIME },
    { "id_after", PARAM_INT },
    { "id_before", PARAM_INT },
    { "pagination", PARAM_ENUM, .values = paginations },
    { "include_subgroups", PARAM_BOOL },
    { "order_by", PARAM_ENUM, .values = orders, .otherwise = "created_at" },
    { "sort", PARAM_ENUM, .values = sorts, .otherwise = "desc" },
    { 0 },
};

#define WRITE_PARAMS                                                                               \
    { "name", PARAM_STR }, { "path", PARAM_STR }, { "description", PARAM_STR },                    \
        { "visibility", PARAM_ENUM, .values = visibilities }, { "default_branch", PARAM_STR },     \
        { "ci_config_path", PARAM_STR }, { "build_timeout", PARAM_INT },                           \
        { "public_jobs", PARAM_BOOL }, { "public_builds", PARAM_BOOL },                            \
        { "jobs_enabled", PARAM_BOOL }, { "shared_runners_enabled", PARAM_BOOL },                  \
        { "group_runners_enabled", PARAM_BOOL },                                                   \
        { "builds_access_level", PARAM_ENUM, .values = feature_levels },                           \
        { "auto_cancel_pending_pipelines", PARAM_ENUM, .values = switch_words },                   \
        { "resource_group_default_process_mode", PARAM_ENUM, .values = process_modes },            \
        { "keep_latest_artifact", PARAM_BOOL }, { "ci_forward_deployment_enabled", PARAM_BOOL },   \
        { "restrict_user_defined_variables", PARAM_BOOL },                                         \
    {                                                                                              \
        "ci_pipeline_variables_minimum_override_role", PARAM_ENUM, .values = variable_roles        \
    }

static const Param create_params[] = {
    WRITE_PARAMS,
    { "namespace_id", PARAM_INT },
    { "import_url", PARAM_STR },
    { "initialize_with_readme", PARAM_BOOL },
    { "user_id", PARAM_INT },
    { 0 },
};

static const Param update_params[] = { WRITE_PARAMS, { 0 } };

#undef WRITE_PARAMS

const Route project_routes[] = {
    { GET, "/projects", .params = list_params, .handler = list_projects, .auth = AUTH_OPTIONAL,
      .paged = true },
    { GET, "/groups/:id/projects", CAN_READ_GROUP, list_params, list_group_projects,
      .auth = AUTH_OPTIONAL, .paged = true },
    { GET, "/users/:user_id/projects", .params = list_params, .handler = list_user_projects,
      .auth = AUTH_OPTIONAL, .paged = true },
    { POST, "/projects", .params = create_params, .handler = create_project, .status = 201 },
    { POST, "/projects/user/:user_id", .params = create_params, .handler = create_user_project,
      .status = 201, .auth = AUTH_ADMIN },
    { GET, "/projects/:id", CAN_READ_PROJECT, .handler = get_project, .auth = AUTH_OPTIONAL },
    { PUT, "/projects/:id", CAN_ADMIN_PROJECT, update_params, update_project },
    { DELETE, "/projects/:id", CAN_REMOVE_PROJECT, .handler = delete_project, .status = 202 },
    { POST, "/projects/:id/archive", CAN_REMOVE_PROJECT, .handler = archive_project,
      .status = 201 },
    { POST, "/projects/:id/unarchive", CAN_REMOVE_PROJECT, .handler = unarchive_project,
      .status = 201 },
    { 0 },
};
