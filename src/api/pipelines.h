/* pipelines.h - what the resources of pipelines and jobs share. */
#ifndef PENSTOCK_API_PIPELINES_H
#define PENSTOCK_API_PIPELINES_H

#include "api/entity.h"
#include "http/request.h"
#include "store/jobs.h"
#include "store/pipelines.h"

/* The words of `status` and `scope`, for PARAM_ENUM(S). */
extern const char *const pipeline_statuses[];
extern const char *const pipeline_scopes[];
extern const char *const pipeline_sources[];
extern const char *const pipeline_orders[];
extern const char *const pipeline_sorts[];

/* What lists of pipelines may be asked for; @sorted: the order where it is not said. */
#define PIPELINE_FILTER_PARAMS(sorted)                                                             \
    { "scope", PARAM_ENUM, .values = pipeline_scopes },                                            \
        { "status", PARAM_ENUM, .values = pipeline_statuses },                                     \
        { "source", PARAM_ENUM, .values = pipeline_sources }, { "ref", PARAM_STR },                \
        { "sha", PARAM_STR }, { "yaml_errors", PARAM_BOOL }, { "username", PARAM_STR },            \
        { "updated_after", PARAM_TIME }, { "updated_before", PARAM_TIME },                         \
        { "created_after", PARAM_TIME }, { "created_before", PARAM_TIME }, { "name", PARAM_STR },  \
        { "order_by", PARAM_ENUM, .values = pipeline_orders, .otherwise = "id" },                  \
    {                                                                                              \
        "sort", PARAM_ENUM, .values = pipeline_sorts, .otherwise = (sorted)                        \
    }

/* Reads those, for the route's project and page. */
bool pipeline_filter_read(Req *rq, PipelineFilter *filter, Error *err);
/* A page of them.  @fields: NULL: with their stages. */
bool reply_pipelines(Req *rq, const PipelineFilter *filter, const Field *fields, Error *err);

/* @n rows of the route's project as a list of what a page shows of each: pipeline_views.c. */
bool reply_pipelines_with_stages(Req *rq, const Pipeline *rows, size_t n, Error *err);

/* ERR_FORBIDDEN unless the caller may run pipelines on @pipeline's ref. */
bool may_update_pipeline(Req *rq, const Pipeline *pipeline, Error *err);

/* The job of the path, in the route's project.  ERR_NO_RECORD: none. */
bool find_job(Req *rq, Job *job, Error *err);

#endif
