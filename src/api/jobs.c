/* jobs.c - /projects/:id/jobs and what is done to one; /job for a job itself. */
#include "access/subject.h"
#include "api/given.h"
#include "api/job_entity.h"
#include "api/job_log.h"
#include "api/pipelines.h"
#include "api/routes.h"
#include "pipeline/operations.h"
#include "pipeline/state.h"
#include "runner/removal.h"

#include <string.h>

static const char *const keyset[] = { "keyset", "legacy", "none", NULL };
static const char *const by_id[] = { "id", NULL };
static const char *const sorts[] = { "asc", "desc", NULL };

static const Param list_params[] = {
    { "scope", PARAM_ENUMS, .values = pipeline_statuses },
    { "pagination", PARAM_ENUM, .values = keyset },
    { "order_by", PARAM_ENUM, .values = by_id, .otherwise = "id" },
    { "sort", PARAM_ENUM, .values = sorts, .otherwise = "desc" },
    { "cursor", PARAM_STR },
    { 0 },
};

static const Param id_params[] = { { "job_id", PARAM_INT }, { 0 } };

static const Param cancel_params[] = {
    { "job_id", PARAM_INT },
    { "force", PARAM_BOOL, .otherwise = "false" },
    { 0 },
};

/* `downstream` is beyond GitLab: docs/api-extensions.md. */
static const Param retry_params[] = {
    { "job_id", PARAM_INT },
    { "downstream", PARAM_BOOL, .otherwise = "false" },
    { 0 },
};

static const Param attribute_params[] = {
    { "key", PARAM_STR, .required = true },
    { "value", PARAM_STR, .required = true },
    { 0 },
};

static const Param play_params[] = {
    { "job_id", PARAM_INT },
    { "job_variables_attributes", PARAM_LIST, .of = attribute_params },
    { 0 },
};

/* A job or a bridge. */
static bool find_any(Req *rq, Job *job, Error *err)
{
    Caller *caller = caller_of(rq);

    return job_get_in_project(caller->db, rq->arena, caller->project->id, req_int(rq, "job_id"),
                              job, err);
}

bool find_job(Req *rq, Job *job, Error *err)
{
    return find_any(rq, job, err) && (!job->bridge || error_set(err, ERR_NO_RECORD, NULL));
}

/* --- lists --- */

/* Keyset pages carry only the next link, whose cursor is the last id. */
static bool list_by_keyset(Req *rq, JobFilter *filter, Error *err)
{
    Caller *caller = caller_of(rq);
    const char *cursor = req_str(rq, "cursor");
    Job *more = NULL;
    size_t n = 0;

    if (strcmp(req_str(rq, "sort"), "desc") != 0)
        return reply_no_keyset(rq);
    filter->before_id = cursor ? g_ascii_strtoll(cursor, NULL, 10) : 0;
    filter->slice.limit = rq->page.per_page + 1;
    if (!job_list(caller->db, rq->arena, filter, &more, &n, err))
        return false;
    bool has_more = (int64_t)n > rq->page.per_page;
    if (has_more)
        reply_keyset_header(rq, "cursor", more[rq->page.per_page - 1].id);
    return reply_job_rows(rq, more, has_more ? (size_t)rq->page.per_page : n, err);
}

static bool list_jobs(Req *rq, Error *err)
{
    JobFilter filter = { .project_id = caller_of(rq)->project->id,
                         .statuses = job_statuses_asked(rq, "scope"),
                         .ascending = strcmp(req_str(rq, "sort"), "asc") == 0 };

    if (caller_wants_keyset(rq))
        return list_by_keyset(rq, &filter, err);
    return reply_jobs(rq, &filter, err);
}

static bool get_job(Req *rq, Error *err)
{
    Job job;

    return find_job(rq, &job, err) && reply_job(rq, &job, 200, err);
}

/* --- what is done to a job --- */

static bool may_update(Req *rq, const Job *job, Error *err)
{
    Pipeline pipeline;

    return pipeline_get(caller_of(rq)->db, rq->arena, job->pipeline_id, &pipeline, err) &&
           may_update_pipeline(rq, &pipeline, err);
}

static bool reply_fresh(Req *rq, int64_t id, int status, Error *err)
{
    Job job;

    return job_get(caller_of(rq)->db, rq->arena, id, &job, err) && reply_job(rq, &job, status, err);
}

static bool cancel(Req *rq, Error *err)
{
    bool force = req_bool(rq, "force");
    Job job;

    if (!find_job(rq, &job, err) || !may_update(rq, &job, err) ||
        (force && !caller_require(rq, CAN_FORCE_CANCEL_JOBS, err)))
        return false;
    return operation_cancel_job(site_of(rq), &job, force, err) && reply_fresh(rq, job.id, 201, err);
}

static bool retry(Req *rq, Error *err)
{
    int64_t id;
    Job job;

    if (!find_any(rq, &job, err) || !may_update(rq, &job, err))
        return false;
    bool ok = req_bool(rq, "downstream")
                  ? operation_rerun_from_job(site_of(rq), &job, caller_of(rq)->user->id, &id, err)
                  : operation_retry_job(site_of(rq), &job, caller_of(rq)->user->id, &id, err);
    return ok && reply_fresh(rq, id, 201, err);
}

static bool play(Req *rq, Error *err)
{
    Variables variables;
    int64_t id;
    Job job;

    return find_any(rq, &job, err) && may_update(rq, &job, err) &&
           given_list(rq, "job_variables_attributes", &variables, err) &&
           operation_play_job(site_of(rq), &job, caller_of(rq)->user->id, variables.items,
                              variables.n, &id, err) &&
           reply_fresh(rq, id, 200, err);
}

/* A developer may erase the job that they ran, unless its ref is protected. */
static bool may_erase(Req *rq, const Job *job, Error *err)
{
    Caller *caller = caller_of(rq);
    Pipeline pipeline;
    RefRules rules;

    if (access_can(&caller->subject, CAN_ERASE_JOBS))
        return true;
    if (job->user_id != caller->user->id)
        return error_set(err, ERR_FORBIDDEN, NULL);
    return pipeline_get(caller->db, rq->arena, job->pipeline_id, &pipeline, err) &&
           ref_rules_find(caller->db, caller->project->id, pipeline.tag, pipeline.ref, &rules,
                          err) &&
           (!rules.protected || error_set(err, ERR_FORBIDDEN, NULL));
}

static bool erase(Req *rq, Error *err)
{
    Job job;

    return find_job(rq, &job, err) && may_erase(rq, &job, err) &&
           removal_erase_job(site_of(rq), api_of(rq)->traces, &job, caller_of(rq)->user->id, err) &&
           reply_fresh(rq, job.id, 201, err);
}

/* A job asks for itself; anyone else has no such job. */
static bool own_job(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    Project *project = arena_new0(rq->arena, Project, 1);

    if (!caller->job)
        return error_set(err, ERR_NOT_FOUND, "Job");
    if (!project_get(caller->db, rq->arena, caller->job->project_id, project, err))
        return false;
    caller->project = project;
    return reply_job(rq, caller->job, 200, err);
}

const Route job_routes[] = {
    { GET, "/projects/:id/jobs", CAN_READ_JOBS, list_params, list_jobs, .paged = true,
      .job_token = true },
    { GET, "/projects/:id/jobs/:job_id", CAN_READ_JOBS, id_params, get_job, .inline_ = true },
    { GET, "/projects/:id/jobs/:job_id/trace", CAN_READ_JOBS, log_params, job_trace,
      .inline_ = true },
    { GET, "/projects/:id/jobs/:job_id/trace/stream", CAN_READ_JOBS, log_stream_params,
      stream_log },
    { GET, "/projects/:id/jobs/:job_id/trace/search", CAN_READ_JOBS, log_search_params,
      search_log },
    { POST, "/projects/:id/jobs/:job_id/cancel", CAN_UPDATE_PIPELINES, cancel_params, cancel },
    { POST, "/projects/:id/jobs/:job_id/retry", CAN_UPDATE_PIPELINES, retry_params, retry },
    { POST, "/projects/:id/jobs/:job_id/play", CAN_UPDATE_PIPELINES, play_params, play },
    { POST, "/projects/:id/jobs/:job_id/erase", CAN_UPDATE_PIPELINES, id_params, erase },
    { GET, "/job", ABILITY_NONE, NULL, own_job, .job_token = true },
    { 0 },
};
