/* runners.c - runners as people manage them: /user/runners, /runners, a project's and a group's.
 *
 * Instance runners are the administrators'; a group's its owners'; a project's those of the
 * maintainers of any project it serves.
 */
#include "access/subject.h"
#include "api/caller.h"
#include "api/routes.h"
#include "api/runner_entity.h"
#include "base/wakeups.h"
#include "runner/queue.h"
#include "runner/register.h"

#include <string.h>

static const char *const kinds[] = { "instance_type", "group_type", "project_type", NULL };
static const char *const access_levels[] = { "not_protected", "ref_protected", NULL };
static const char *const statuses[] = { "online", "offline", "stale", "never_contacted",
                                        "active", "paused",  NULL };

#define RUNNER_PARAMS                                                                              \
    { "description", PARAM_STR }, { "maintenance_note", PARAM_STR }, { "tag_list", PARAM_STRS },   \
        { "run_untagged", PARAM_BOOL }, { "locked", PARAM_BOOL }, { "paused", PARAM_BOOL },        \
        { "active", PARAM_BOOL }, { "access_level", PARAM_ENUM, .values = access_levels },         \
    {                                                                                              \
        "maximum_timeout", PARAM_INT                                                               \
    }

static const Param create_params[] = {
    { "runner_type", PARAM_ENUM, .required = true, .values = kinds },
    { "group_id", PARAM_STR },
    { "project_id", PARAM_STR },
    RUNNER_PARAMS,
    { 0 },
};

static const Param update_params[] = { { "id", PARAM_INT }, RUNNER_PARAMS, { 0 } };

#undef RUNNER_PARAMS

static const Param list_params[] = {
    { "type", PARAM_ENUM, .values = kinds },
    { "status", PARAM_ENUM, .values = statuses },
    { "scope", PARAM_ENUM, .values = statuses },
    { "paused", PARAM_BOOL },
    { "tag_list", PARAM_STRS },
    { "version_prefix", PARAM_STR },
    { 0 },
};

static const Param id_params[] = { { "id", PARAM_INT }, { 0 } };
static const Param assign_params[] = { { "runner_id", PARAM_INT, .required = true }, { 0 } };

/* --- who may --------------------------------------------------------------------------------- */

static bool subject_for_project(Req *rq, int64_t project_id, Project *project, Subject *subject,
                                Error *err)
{
    const Caller *caller = caller_of(rq);

    return project_get(caller->db, rq->arena, project_id, project, err) &&
           subject_of_project(caller->db, caller->user->id, caller->user->admin, project,
                              clock_now(site_of(rq)->clock), subject, err);
}

static bool administers_a_project(Req *rq, int64_t runner_id, bool *may, Error *err)
{
    RunnerProject *rows = NULL;
    Subject subject;
    Project project;
    size_t n = 0;

    if (!runner_list_projects(caller_of(rq)->db, rq->arena, runner_id, &rows, &n, err))
        return false;
    *may = false;
    for (size_t i = 0; i < n && !*may; i++) {
        if (!subject_for_project(rq, rows[i].project_id, &project, &subject, err))
            return false;
        *may = access_can(&subject, CAN_ADMIN_RUNNERS);
    }
    return true;
}

static bool owns_group(Req *rq, int64_t namespace_id, bool *may, Error *err)
{
    const Caller *caller = caller_of(rq);
    Namespace group;
    Subject subject;

    if (!namespace_get(caller->db, rq->arena, namespace_id, &group, err) ||
        !subject_of_group(caller->db, caller->user->id, false, &group,
                          clock_now(site_of(rq)->clock), &subject, err))
        return false;
    *may = subject.level >= ACCESS_OWNER;
    return true;
}

static bool administers(Req *rq, const Runner *runner, bool *may, Error *err)
{
    *may = caller_of(rq)->user->admin;
    if (*may)
        return true;
    switch (runner->kind) {
    case RUNNER_INSTANCE:
    case N_RUNNER_KINDS:
        return true;
    case RUNNER_GROUP:
        return owns_group(rq, runner->namespace_id, may, err);
    case RUNNER_PROJECT:
        return administers_a_project(rq, runner->id, may, err);
    }
    return true;
}

/* The runner of the path.  Instance runners are everybody's to read. */
static bool find_runner(Req *rq, int64_t id, bool to_read, Runner *runner, Error *err)
{
    bool may = false;

    if (!runner_get(caller_of(rq)->db, rq->arena, id, runner, err))
        return false;
    if (to_read && runner->kind == RUNNER_INSTANCE)
        return true;
    return administers(rq, runner, &may, err) &&
           (may || error_set(err, ERR_FORBIDDEN, "No access granted"));
}

/* --- replies --------------------------------------------------------------------------------- */

static bool load_projects(Req *rq, RunnerView *view, Error *err)
{
    RunnerProject *rows = NULL;
    ProjectView *views = NULL;
    size_t n = 0, seen = 0;

    if (!runner_list_projects(caller_of(rq)->db, rq->arena, view->row.id, &rows, &n, err))
        return false;
    Project *projects = arena_new0(rq->arena, Project, n + 1);
    for (size_t i = 0; i < n; i++) {
        Subject subject;
        if (!subject_for_project(rq, rows[i].project_id, &projects[seen], &subject, err))
            return false;
        seen += access_sees(&subject);
    }
    if (!project_views_load(rq, projects, seen, &views, err))
        return false;
    view->projects = views;
    view->n_projects = seen;
    return true;
}

static bool reply_details(Req *rq, const Runner *runner, Error *err)
{
    EntityContext context = caller_context(rq);
    RunnerView view = { .row = *runner };
    RunnerManager *managers = NULL;
    size_t n = 0;

    if (!load_projects(rq, &view, err) ||
        !runner_manager_list_by_runners(caller_of(rq)->db, rq->arena, &runner->id, 1, &managers, &n,
                                        err))
        return false;
    view.manager = n > 0 ? &managers[0] : NULL;
    entity_write(reply_writer(rq), runner_details_fields, &view, &context);
    return reply_json(rq);
}

static bool reply_token(Req *rq, int64_t id, const char *token)
{
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    if (id)
        jw_put_int(w, "id", id);
    jw_put_string(w, "token", token);
    jw_put_null(w, "token_expires_at");
    jw_end_object(w);
    return reply_json_status(rq, 201);
}

static bool reply_runners(Req *rq, const Runner *rows, size_t n, int64_t total)
{
    EntityContext context = caller_context(rq);

    reply_page_headers(rq, total, false);
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, runner_fields, &rows[i], &context);
    jw_end_array(w);
    return reply_json(rq);
}

/* --- lists ----------------------------------------------------------------------------------- */

static void filter_by_status(Req *rq, const char *status, RunnerFilter *filter)
{
    int64_t now = clock_now(site_of(rq)->clock);

    if (!status)
        return;
    if (strcmp(status, "online") == 0)
        filter->contacted_after = now - RUNNER_ONLINE_US;
    else if (strcmp(status, "offline") == 0)
        filter->contacted_before = now - RUNNER_ONLINE_US;
    else if (strcmp(status, "stale") == 0)
        filter->contacted_before = now - RUNNER_STALE_US;
    else if (strcmp(status, "never_contacted") == 0)
        filter->never_contacted = true;
    else
        filter->paused = strcmp(status, "paused") == 0 ? ONLY_YES : ONLY_NO;
}

static bool has_version(const RunnerManager *managers, size_t n, int64_t runner_id,
                        const char *prefix)
{
    for (size_t i = 0; i < n; i++)
        if (managers[i].runner_id == runner_id && g_str_has_prefix(managers[i].version, prefix))
            return true;
    return false;
}

/* What SQL does not look into: tags, and versions of managers.  Keeps those that match. */
static bool keep_matching(Req *rq, Runner *rows, size_t *n, Error *err)
{
    const char *prefix = req_str(rq, "version_prefix");
    RunnerManager *managers = NULL;
    const char *tags = "";
    size_t n_managers = 0, kept = 0;

    int64_t *ids = arena_new0(rq->arena, int64_t, *n + 1);
    for (size_t i = 0; i < *n; i++)
        ids[i] = rows[i].id;
    if (!register_tags(rq->arena, req_strs(rq, "tag_list"), &tags, err) ||
        (prefix && *n > 0 &&
         !runner_manager_list_by_runners(caller_of(rq)->db, rq->arena, ids, *n, &managers,
                                         &n_managers, err)))
        return false;
    for (size_t i = 0; i < *n; i++)
        if (queue_tags_match(rows[i].tags, true, tags) &&
            (!prefix || has_version(managers, n_managers, rows[i].id, prefix)))
            rows[kept++] = rows[i];
    *n = kept;
    return true;
}

/* Those that @filter and the parameters name. */
static bool list(Req *rq, RunnerFilter filter, Error *err)
{
    Db *db = caller_of(rq)->db;
    const char *kind = req_str(rq, "type");
    bool by_hand = req_has(rq, "tag_list") || req_has(rq, "version_prefix");
    Slice page = { .limit = rq->page.per_page, .offset = rq->page.offset };
    Runner *rows = NULL;
    size_t n = 0;
    int64_t total;

    filter_by_status(rq, req_str(rq, "scope"), &filter);
    filter_by_status(rq, req_str(rq, "status"), &filter);
    if (req_has(rq, "paused"))
        filter.paused = req_bool(rq, "paused") ? ONLY_YES : ONLY_NO;
    filter.has_kind = kind != NULL;
    filter.kind = kind ? (RunnerKind)name_value(&runner_kind_names, kind) : RUNNER_INSTANCE;
    filter.slice = by_hand ? (Slice){ 0 } : page;
    if (!runner_list(db, rq->arena, &filter, &rows, &n, err))
        return false;
    if (!by_hand)
        return runner_count(db, &filter, &total, err) && reply_runners(rq, rows, n, total);
    if (!keep_matching(rq, rows, &n, err))
        return false;
    size_t from = MIN((size_t)page.offset, n);
    return reply_runners(rq, rows + from, MIN((size_t)page.limit, n - from), (int64_t)n);
}

static bool list_own(Req *rq, Error *err)
{
    return list(rq,
                (RunnerFilter){ .administered_by = caller_of(rq)->user->id,
                                .now_us = clock_now(site_of(rq)->clock) },
                err);
}

static bool list_all(Req *rq, Error *err)
{
    return list(rq, (RunnerFilter){ 0 }, err);
}

static bool list_of_project(Req *rq, Error *err)
{
    return list(rq, (RunnerFilter){ .usable_in_project = caller_of(rq)->project->id }, err);
}

static bool list_of_group(Req *rq, Error *err)
{
    return list(rq, (RunnerFilter){ .usable_in_group = caller_of(rq)->group->id }, err);
}

/* --- making and changing --------------------------------------------------------------------- */

/* Puts what the request says into @row. */
static bool read_runner(Req *rq, Runner *row, Error *err)
{
    if (req_has(rq, "paused") && req_has(rq, "active"))
        return error_set(err, ERR_PARAM, "active, paused are mutually exclusive");
    if (req_has(rq, "description"))
        row->description = req_str(rq, "description");
    if (req_has(rq, "maintenance_note"))
        row->maintenance_note = req_str(rq, "maintenance_note");
    if (req_has(rq, "run_untagged"))
        row->run_untagged = req_bool(rq, "run_untagged");
    if (req_has(rq, "locked"))
        row->locked = req_bool(rq, "locked");
    if (req_has(rq, "paused"))
        row->paused = req_bool(rq, "paused");
    if (req_has(rq, "active"))
        row->paused = !req_bool(rq, "active");
    if (req_has(rq, "access_level"))
        row->access_level = req_str(rq, "access_level");
    if (req_has(rq, "maximum_timeout"))
        row->maximum_timeout_s = req_int(rq, "maximum_timeout");
    return !req_has(rq, "tag_list") ||
           register_tags(rq->arena, req_strs(rq, "tag_list"), &row->tags, err);
}

static bool required(Req *rq, const char *name, const char **value, Error *err)
{
    *value = req_str(rq, name);
    return *value || error_set(err, ERR_PARAM, "%s is missing", name);
}

static bool create_for_group(Req *rq, Runner *order, Error *err)
{
    const char *id;
    Namespace group;
    Subject subject;

    if (!required(rq, "group_id", &id, err) || !caller_find_group(rq, id, &group, &subject, err))
        return false;
    order->namespace_id = group.id;
    return subject.admin || subject.level >= ACCESS_OWNER || error_set(err, ERR_FORBIDDEN, NULL);
}

static bool create_for_project(Req *rq, int64_t *project_id, Error *err)
{
    const char *id;
    Project project;
    Subject subject;

    if (!required(rq, "project_id", &id, err) ||
        !caller_find_project(rq, id, &project, &subject, err))
        return false;
    *project_id = project.id;
    return access_can(&subject, CAN_ADMIN_RUNNERS) || error_set(err, ERR_FORBIDDEN, NULL);
}

static bool may_create(Req *rq, Runner *order, int64_t *project_id, Error *err)
{
    switch (order->kind) {
    case RUNNER_INSTANCE:
        return caller_of(rq)->user->admin || error_set(err, ERR_FORBIDDEN, NULL);
    case RUNNER_GROUP:
        return create_for_group(rq, order, err);
    case RUNNER_PROJECT:
        return create_for_project(rq, project_id, err);
    case N_RUNNER_KINDS:
        break;
    }
    return error_set(err, ERR_INTERNAL, "no such kind of runner");
}

static bool create(Req *rq, Error *err)
{
    g_autofree char *token = NULL;
    int64_t project_id = 0;
    Runner order = { .kind = (RunnerKind)name_value(&runner_kind_names, req_str(rq, "runner_type")),
                     .run_untagged = true,
                     .access_level = "not_protected",
                     .creator_id = caller_of(rq)->user->id };

    return may_create(rq, &order, &project_id, err) && read_runner(rq, &order, err) &&
           register_create(site_of(rq), &order, project_id, &token, err) &&
           reply_token(rq, order.id, token);
}

static bool get(Req *rq, Error *err)
{
    Runner runner;

    return find_runner(rq, req_int(rq, "id"), true, &runner, err) &&
           reply_details(rq, &runner, err);
}

static bool says_something(Req *rq, Error *err)
{
    for (const Param *row = update_params + 1; row->name; row++)
        if (req_has(rq, row->name))
            return true;
    return error_set(err, ERR_PARAM,
                     "description, active, paused, tag_list, run_untagged, locked, access_level, "
                     "maximum_timeout, maintenance_note are missing, at least one parameter must "
                     "be provided");
}

static bool write_update(Db *db, void *data, Error *err)
{
    return runner_update(db, data, err);
}

static bool update(Req *rq, Error *err)
{
    const Site *site = site_of(rq);
    Runner runner;

    if (!says_something(rq, err) || !find_runner(rq, req_int(rq, "id"), false, &runner, err) ||
        !read_runner(rq, &runner, err) || !register_check(&runner, err) ||
        !database_write(site->database, write_update, &runner, err))
        return false;
    wakeups_notify(site->wakeups); /* it may get other jobs now */
    return reply_details(rq, &runner, err);
}

/* Who maintains one of several projects may not take the runner from the others. */
static bool is_shared_by_projects(Req *rq, const Runner *runner, bool *shared, Error *err)
{
    RunnerProject *rows = NULL;
    size_t n = 0;

    if (!runner_list_projects(caller_of(rq)->db, rq->arena, runner->id, &rows, &n, err))
        return false;
    *shared = n > 1 && !caller_of(rq)->user->admin;
    return true;
}

static bool delete_runner(Req *rq, Error *err)
{
    bool shared = false;
    Runner runner;

    if (!find_runner(rq, req_int(rq, "id"), false, &runner, err) ||
        !is_shared_by_projects(rq, &runner, &shared, err))
        return false;
    if (shared)
        return error_set(err, ERR_FORBIDDEN, "Runner associated with more than one project");
    return register_remove(site_of(rq), runner.id, err) && reply_empty(rq, 204);
}

static bool list_managers(Req *rq, Error *err)
{
    EntityContext context = caller_context(rq);
    RunnerManager *rows = NULL;
    Runner runner;
    size_t n = 0;

    if (!find_runner(rq, req_int(rq, "id"), true, &runner, err) ||
        !runner_manager_list_by_runners(caller_of(rq)->db, rq->arena, &runner.id, 1, &rows, &n,
                                        err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, runner_manager_fields, &rows[i], &context);
    jw_end_array(w);
    return reply_json(rq);
}

/* --- tokens ---------------------------------------------------------------------------------- */

/* gitlab-runner sends the body `null`: it is not looked at. */
static bool reset_token(Req *rq, Error *err)
{
    g_autofree char *token = NULL;
    Runner runner;

    return find_runner(rq, req_int(rq, "id"), false, &runner, err) &&
           register_reset_token(site_of(rq), &runner, &token, err) && reply_token(rq, 0, token);
}

static bool reset_instance_registration(Req *rq, Error *err)
{
    g_autofree char *token = NULL;

    return register_reset_instance_token(site_of(rq), &token, err) && reply_token(rq, 0, token);
}

static bool reset_project_registration(Req *rq, Error *err)
{
    g_autofree char *token = NULL;

    return register_reset_project_token(site_of(rq), caller_of(rq)->project, &token, err) &&
           reply_token(rq, 0, token);
}

/* --- a project's ----------------------------------------------------------------------------- */

typedef struct Assignment {
    int64_t runner_id;
    int64_t project_id;
    bool done;
} Assignment;

static bool write_assignment(Db *db, void *data, Error *err)
{
    const Assignment *a = data;

    return runner_assign(db, a->runner_id, a->project_id, err);
}

static bool remove_assignment(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Assignment *a = data;
    RunnerProject *rows = NULL;
    Runner runner;
    size_t n = 0;

    if (!runner_lock(db, arena, a->runner_id, &runner, err) ||
        !runner_list_projects(db, arena, a->runner_id, &rows, &n, err))
        return false;
    if (n == 1 && rows[0].project_id == a->project_id)
        return error_set(err, ERR_FORBIDDEN,
                         "You cannot unassign a runner from the owner project. Delete the runner "
                         "instead");
    return runner_unassign(db, a->runner_id, a->project_id, &a->done, err);
}

static bool assign(Req *rq, Error *err)
{
    const Site *site = site_of(rq);
    EntityContext context = caller_context(rq);
    Assignment a = { req_int(rq, "runner_id"), caller_of(rq)->project->id, false };
    g_auto(Error) failed = ERROR_INIT;
    Runner runner;

    if (!find_runner(rq, a.runner_id, false, &runner, err))
        return false;
    if (runner.kind != RUNNER_PROJECT)
        return error_set(err, ERR_FORBIDDEN, "Runner is %s",
                         runner.kind == RUNNER_GROUP ? "a group runner" : "an instance runner");
    if (runner.locked)
        return error_set(err, ERR_FORBIDDEN, "Runner is locked");
    if (!database_write(site->database, write_assignment, &a, &failed))
        return failed.code == ERR_DB_UNIQUE ? error_field(err, "runner_projects", "is invalid")
                                            : error_move(err, &failed);
    wakeups_notify(site->wakeups);
    entity_write(reply_writer(rq), runner_fields, &runner, &context);
    return reply_json(rq);
}

static bool unassign(Req *rq, Error *err)
{
    Assignment a = { req_int(rq, "runner_id"), caller_of(rq)->project->id, false };

    if (!database_write(site_of(rq)->database, remove_assignment, &a, err))
        return false;
    return a.done ? reply_empty(rq, 204) : error_set(err, ERR_NO_RECORD, NULL);
}

const Route runner_routes[] = {
    { POST, "/user/runners", 0, create_params, create, .status = 201, .scope = "create_runner" },
    { GET, "/runners", 0, list_params, list_own, .paged = true },
    { GET, "/runners/all", 0, list_params, list_all, .auth = AUTH_ADMIN, .paged = true },
    { POST, "/runners/reset_registration_token", 0, NULL, reset_instance_registration,
      .status = 201, .auth = AUTH_ADMIN },
    { GET, "/runners/:id", 0, id_params, get },
    { PUT, "/runners/:id", 0, update_params, update },
    { DELETE, "/runners/:id", 0, id_params, delete_runner },
    { GET, "/runners/:id/managers", 0, id_params, list_managers },
    { POST, "/runners/:id/reset_authentication_token", 0, id_params, reset_token, .status = 201,
      .body = BODY_RAW },
    { GET, "/projects/:id/runners", CAN_ADMIN_RUNNERS, list_params, list_of_project,
      .paged = true },
    { POST, "/projects/:id/runners", CAN_ADMIN_RUNNERS, assign_params, assign, .status = 201 },
    { DELETE, "/projects/:id/runners/:runner_id", CAN_ADMIN_RUNNERS, assign_params, unassign },
    { POST, "/projects/:id/runners/reset_registration_token", CAN_ADMIN_RUNNERS, NULL,
      reset_project_registration, .status = 201 },
    { GET, "/groups/:id/runners", CAN_ADMIN_RUNNERS, list_params, list_of_group, .paged = true },
    { 0 },
};
