/* pipelines.c - /projects/:id/pipelines and what is done to one. */
#include "api/pipelines.h"
#include "access/subject.h"
#include "api/caller.h"
#include "api/given.h"
#include "api/job_entity.h"
#include "api/pipeline_entity.h"
#include "api/routes.h"
#include "base/changes.h"
#include "base/seal.h"
#include "pipeline/create.h"
#include "pipeline/operations.h"
#include "pipeline/resource.h"
#include "runner/removal.h"
#include "store/pipeline_variables.h"

#include <string.h>

enum { MAX_NAME = 255 }; /* characters of a pipeline's name */

const char *const pipeline_scopes[] = {
    "running", "pending", "finished", "branches", "tags", NULL
};
const char *const pipeline_orders[] = { "id", "status", "ref", "updated_at", "user_id", NULL };
const char *const pipeline_sorts[] = { "asc", "desc", NULL };

const char *const pipeline_statuses[] = {
    "created",   "waiting_for_resource",
    "preparing", "waiting_for_callback",
    "pending",   "running",
    "success",   "failed",
    "canceling", "canceled",
    "skipped",   "manual",
    "scheduled", NULL,
};

const char *const pipeline_sources[] = {
    "unknown",
    "push",
    "web",
    "trigger",
    "schedule",
    "api",
    "external",
    "pipeline",
    "chat",
    "webide",
    "merge_request_event",
    "external_pull_request_event",
    "parent_pipeline",
    "ondemand_dast_scan",
    "ondemand_dast_validation",
    "security_orchestration_policy",
    "container_registry_push",
    "duo_workflow",
    "pipeline_execution_policy_schedule",
    NULL,
};

/* stages: beyond GitLab (docs/api-extensions.md). */
static const Param list_params[] = { PIPELINE_FILTER_PARAMS("desc"),
                                     { "stages", PARAM_BOOL },
                                     { 0 } };
static const Param id_params[] = { { "pipeline_id", PARAM_INT }, { 0 } };
static const Param latest_params[] = { { "ref", PARAM_STR }, { 0 } };

static const Param variable_params[] = {
    { "key", PARAM_STR },
    { "value", PARAM_STR },
    { "variable_type", PARAM_ENUM, .values = given_variable_types, .otherwise = "env_var" },
    { 0 },
};

static const Param create_params[] = {
    { "ref", PARAM_STR, .required = true, .non_blank = true },
    { "variables", PARAM_LIST, .of = variable_params },
    { "inputs", PARAM_HASH },
    { 0 },
};

static const Param metadata_params[] = {
    { "pipeline_id", PARAM_INT },
    { "name", PARAM_STR, .required = true },
    { 0 },
};

static const Param job_params[] = {
    { "pipeline_id", PARAM_INT },
    { "scope", PARAM_ENUMS, .values = pipeline_statuses },
    { "include_retried", PARAM_BOOL, .otherwise = "false" },
    { 0 },
};

static const Param bridge_params[] = {
    { "pipeline_id", PARAM_INT },
    { "scope", PARAM_ENUMS, .values = pipeline_statuses },
    { 0 },
};

/* --- lists --- */

typedef struct ScopeMeaning {
    unsigned statuses;
    PipelineRefs latest_of;
} ScopeMeaning;

static ScopeMeaning scope_meaning(const char *scope)
{
    static const struct {
        const char *name;
        ScopeMeaning meaning;
    } meanings[] = {
        { "running", { STATUS_BIT(STATUS_RUNNING), REFS_ANY } },
        { "pending", { STATUS_BIT(STATUS_PENDING), REFS_ANY } },
        { "finished",
          { STATUS_BIT(STATUS_SUCCESS) | STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_CANCELED),
            REFS_ANY } },
        { "branches", { 0, REFS_BRANCHES } },
        { "tags", { 0, REFS_TAGS } },
    };

    for (size_t i = 0; scope && i < G_N_ELEMENTS(meanings); i++)
        if (strcmp(meanings[i].name, scope) == 0)
            return meanings[i].meaning;
    return (ScopeMeaning){ 0 };
}

/* "branches" and "tags" are the latest pipelines of those that exist: the repository knows which. */
static bool existing_refs(Req *rq, PipelineRefs kind, const char *const **names, Error *err)
{
    const char *prefix = kind == REFS_TAGS ? "refs/tags/" : "refs/heads/";
    const RepoRef *refs = NULL;
    size_t n = 0, kept = 0;

    if (!repo_list_refs(site_of(rq)->repos, caller_of(rq)->project->id, rq->arena, &refs, &n, err))
        return false;
    const char **list = arena_new0(rq->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        if (g_str_has_prefix(refs[i].name, prefix))
            list[kept++] = refs[i].name + strlen(prefix);
    *names = list;
    return true;
}

static unsigned status_mask(Req *rq, unsigned of_scope)
{
    const char *status = req_str(rq, "status");

    if (!status)
        return of_scope;
    unsigned bit = STATUS_BIT(name_value(&status_names, status));
    return of_scope ? of_scope & bit : bit;
}

/* Replies show milliseconds: what is strictly after one of them has its last microsecond behind it. */
static int64_t after(Req *rq, const char *name)
{
    int64_t us = req_time(rq, name);

    return us && us % 1000 == 0 ? us + 999 : us;
}

bool pipeline_filter_read(Req *rq, PipelineFilter *filter, Error *err)
{
    ScopeMeaning scope = scope_meaning(req_str(rq, "scope"));
    const char *source = req_str(rq, "source");

    *filter = (PipelineFilter){
        .project_id = caller_of(rq)->project->id,
        .statuses = status_mask(rq, scope.statuses),
        .latest_of = scope.latest_of,
        .has_source = source != NULL,
        .source = source ? (PipelineSource)name_value(&pipeline_source_names, source) : 0,
        .ref = req_str(rq, "ref"),
        .sha = req_str(rq, "sha"),
        .name = req_str(rq, "name"),
        .username = req_str(rq, "username"),
        .yaml_errors = !req_has(rq, "yaml_errors")   ? ONLY_ANY
                       : req_bool(rq, "yaml_errors") ? ONLY_YES
                                                     : ONLY_NO,
        .updated_after = after(rq, "updated_after"),
        .updated_before = req_time(rq, "updated_before"),
        .created_after = after(rq, "created_after"),
        .created_before = req_time(rq, "created_before"),
        .order_by = req_str(rq, "order_by"),
        .ascending = strcmp(req_str(rq, "sort"), "asc") == 0,
        .slice = { .limit = rq->page.per_page, .offset = rq->page.offset },
    };
    return scope.latest_of == REFS_ANY || existing_refs(rq, scope.latest_of, &filter->refs, err);
}

/* A scope and a status that exclude each other. */
static bool matches_nothing(Req *rq, const PipelineFilter *filter)
{
    return filter->statuses == 0 && req_has(rq, "status");
}

bool reply_pipelines(Req *rq, const PipelineFilter *filter, const Field *fields, Error *err)
{
    Caller *caller = caller_of(rq);
    Pipeline *rows = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!matches_nothing(rq, filter) &&
        (!pipeline_list(caller->db, rq->arena, filter, &rows, &n, err) ||
         !pipeline_count(caller->db, filter, 0, &total, err)))
        return false;
    reply_page_headers(rq, total, false);
    return fields ? reply_pipeline_rows(rq, rows, n, fields)
                  : reply_pipelines_with_stages(rq, rows, n, err);
}

static bool list_pipelines(Req *rq, Error *err)
{
    PipelineFilter filter;

    bool stages = req_bool(rq, "stages");

    /* The jobs of public projects may be for members alone. */
    return (!stages || caller_require(rq, CAN_READ_JOBS, err)) &&
           pipeline_filter_read(rq, &filter, err) &&
           reply_pipelines(rq, &filter, stages ? NULL : pipeline_list_fields, err);
}

/* --- one --- */

static bool find(Req *rq, Pipeline *pipeline, Error *err)
{
    Caller *caller = caller_of(rq);

    return pipeline_get_in_project(caller->db, rq->arena, caller->project->id,
                                   req_int(rq, "pipeline_id"), pipeline, err);
}

static bool reply_pipeline(Req *rq, const Pipeline *pipeline, const Field *fields, int status,
                           Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    PipelineView view;

    if (!pipeline_view_load(caller->db, rq->arena, pipeline, caller->project, &view, err))
        return false;
    entity_write(reply_writer(rq), fields, &view, &context);
    return reply_json_status(rq, status);
}

static bool get_pipeline(Req *rq, Error *err)
{
    Pipeline pipeline;

    return find(rq, &pipeline, err) &&
           reply_pipeline(rq, &pipeline, pipeline_metadata_fields, 200, err);
}

static bool latest_pipeline(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    const char *ref = req_str(rq, "ref");
    g_auto(Error) failed = ERROR_INIT;
    RepoResolved resolved;
    Pipeline pipeline;

    bool ok = repo_resolve(site_of(rq)->repos, caller->project->id,
                           ref ? ref : caller->project->default_branch, false, rq->arena, &resolved,
                           &failed) &&
              pipeline_latest(caller->db, rq->arena, caller->project->id, resolved.name,
                              resolved.sha, &pipeline, &failed);
    if (ok)
        return reply_pipeline(rq, &pipeline, pipeline_metadata_fields, 200, err);
    /* GitLab's own answer where the newest commit of the ref has none. */
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_FORBIDDEN, NULL);
    return error_move(err, &failed);
}

static bool create(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    Variables given;
    Pipeline pipeline;

    if (!given_list(rq, "variables", &given, err))
        return false;
    PipelineRequest request = { .project = caller->project,
                                .user = caller->user,
                                .subject = &caller->subject,
                                .source = SOURCE_API,
                                .ref = req_str(rq, "ref"),
                                .given = given.items,
                                .n_given = given.n };
    given_inputs(rq, "inputs", &request.inputs, &request.n_inputs);
    return pipeline_create(site_of(rq), rq->arena, &request, &pipeline, err) &&
           reply_pipeline(rq, &pipeline, pipeline_fields, 201, err);
}

/* Changing a pipeline or job of a protected ref takes the right to run on it. */
bool may_update_pipeline(Req *rq, const Pipeline *pipeline, Error *err)
{
    Caller *caller = caller_of(rq);
    RefRules rules;

    if (!ref_rules_find(caller->db, caller->project->id, pipeline->tag, pipeline->ref, &rules, err))
        return false;
    return ref_allows_run(&rules, &caller->subject) || error_set(err, ERR_FORBIDDEN, NULL);
}

static bool cancel(Req *rq, Error *err)
{
    Pipeline pipeline;

    return find(rq, &pipeline, err) && may_update_pipeline(rq, &pipeline, err) &&
           operation_cancel_pipeline(site_of(rq), pipeline.id, err) && find(rq, &pipeline, err) &&
           reply_pipeline(rq, &pipeline, pipeline_fields, 200, err);
}

static bool retry(Req *rq, Error *err)
{
    Pipeline pipeline;

    return find(rq, &pipeline, err) && may_update_pipeline(rq, &pipeline, err) &&
           operation_retry_pipeline(site_of(rq), pipeline.id, caller_of(rq)->user->id, err) &&
           find(rq, &pipeline, err) && reply_pipeline(rq, &pipeline, pipeline_fields, 201, err);
}

typedef struct Rename {
    int64_t pipeline_id;
    const char *name;
    int64_t now_us;
} Rename;

static bool set_name(Db *db, void *data, Error *err)
{
    const Rename *rename = data;

    return pipeline_set_name(db, rename->pipeline_id, rename->name, rename->now_us, err);
}

static bool change_metadata(Req *rq, Error *err)
{
    const char *name = req_str(rq, "name");
    Pipeline pipeline;

    if (!find(rq, &pipeline, err) || !may_update_pipeline(rq, &pipeline, err))
        return false;
    if (name && g_utf8_strlen(name, -1) > MAX_NAME)
        return error_set(err, ERR_LIMIT,
                         "Failed to update pipeline - Name is too long (maximum is %d characters)",
                         MAX_NAME);
    Rename rename = { pipeline.id, name && *name ? name : NULL, clock_now(site_of(rq)->clock) };
    return database_write(site_of(rq)->database, set_name, &rename, err) &&
           find(rq, &pipeline, err) &&
           reply_pipeline(rq, &pipeline, pipeline_metadata_fields, 200, err);
}

static bool delete (Req *rq, Error *err)
{
    Pipeline pipeline;

    if (!find(rq, &pipeline, err) ||
        !removal_delete_pipeline(site_of(rq), api_of(rq)->traces, pipeline.id, err))
        return false;
    changes_note(site_of(rq)->changes, pipeline.project_id, pipeline.id);
    return reply_empty(rq, 204);
}

static bool list_variables(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    PipelineVariable *rows = NULL;
    Pipeline pipeline;
    size_t n = 0;

    if (!find(rq, &pipeline, err))
        return false;
    /* Whoever started it may see what they gave. */
    if (pipeline.user_id != caller->user->id &&
        !caller_require(rq, CAN_READ_PIPELINE_VARIABLES, err))
        return false;
    if (!pipeline_variable_list(caller->db, rq->arena, pipeline.id, &rows, &n, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        GivenView view = { .key = rows[i].key, .type = rows[i].variable_type, .raw = rows[i].raw };
        if (!given_unseal(rq, rows[i].value, &view.value, err))
            return false;
        entity_write(w, given_fields, &view, &context);
    }
    jw_end_array(w);
    return reply_json(rq);
}

static bool list_jobs(Req *rq, Error *err)
{
    Pipeline pipeline;

    if (!find(rq, &pipeline, err))
        return false;
    JobFilter filter = { .pipeline_id = pipeline.id,
                         .statuses = job_statuses_asked(rq, "scope"),
                         .latest_only = !req_bool(rq, "include_retried") };
    return reply_jobs(rq, &filter, err);
}

static bool list_bridges(Req *rq, Error *err)
{
    Pipeline pipeline;

    if (!find(rq, &pipeline, err))
        return false;
    JobFilter filter = { .pipeline_id = pipeline.id,
                         .statuses = job_statuses_asked(rq, "scope"),
                         .bridges = true,
                         .latest_only = true };
    return reply_jobs(rq, &filter, err);
}

const Route pipeline_routes[] = {
    { GET, "/projects/:id/pipelines", CAN_READ_PIPELINES, list_params, list_pipelines,
      .auth = AUTH_OPTIONAL, .paged = true },
    { GET, "/projects/:id/pipelines/latest", CAN_READ_PIPELINES, latest_params, latest_pipeline,
      .auth = AUTH_OPTIONAL },
    { GET, "/projects/:id/pipelines/:pipeline_id", CAN_READ_PIPELINES, id_params, get_pipeline,
      .auth = AUTH_OPTIONAL, .inline_ = true },
    { POST, "/projects/:id/pipeline", CAN_CREATE_PIPELINES, create_params, create },
    { GET, "/projects/:id/pipelines/:pipeline_id/jobs", CAN_READ_JOBS, job_params, list_jobs,
      .paged = true, .job_token = true },
    { GET, "/projects/:id/pipelines/:pipeline_id/bridges", CAN_READ_JOBS, bridge_params,
      list_bridges, .paged = true },
    { GET, "/projects/:id/pipelines/:pipeline_id/variables", CAN_CREATE_PIPELINES, id_params,
      list_variables },
    { POST, "/projects/:id/pipelines/:pipeline_id/cancel", CAN_UPDATE_PIPELINES, id_params,
      cancel },
    { POST, "/projects/:id/pipelines/:pipeline_id/retry", CAN_UPDATE_PIPELINES, id_params, retry },
    { PUT, "/projects/:id/pipelines/:pipeline_id/metadata", CAN_UPDATE_PIPELINES, metadata_params,
      change_metadata, .job_token = true },
    { DELETE, "/projects/:id/pipelines/:pipeline_id", CAN_DELETE_PIPELINES, id_params, delete },
    { 0 },
};
