/* pipelines.h - what the resources of pipelines and jobs share. */
#ifndef PENSTOCK_API_PIPELINES_H
#define PENSTOCK_API_PIPELINES_H

#include "http/request.h"
#include "store/jobs.h"
#include "store/pipelines.h"

/* The words of `status` and `scope`, for PARAM_ENUM(S). */
extern const char *const pipeline_statuses[];

/* ERR_FORBIDDEN unless the caller may run pipelines on @pipeline's ref. */
bool may_update_pipeline(Req *rq, const Pipeline *pipeline, Error *err);

/* The job of the path, in the route's project.  ERR_NO_RECORD: none. */
bool find_job(Req *rq, Job *job, Error *err);

#endif
