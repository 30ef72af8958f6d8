/* schedule_entity.h - schedules as replies show them, and what their resources share. */
#ifndef PENSTOCK_API_SCHEDULE_ENTITY_H
#define PENSTOCK_API_SCHEDULE_ENTITY_H

#include "api/caller.h"
#include "store/pipeline_schedules.h"

/* A list's elements: without the last pipeline and the variables. */
bool reply_schedules(Req *rq, const PipelineSchedule *rows, size_t n, Error *err);

/* The details; the variables only for those who may see them. */
bool reply_schedule(Req *rq, const PipelineSchedule *row, int status, Error *err);

/* The schedule of the path.  ERR_NOT_FOUND "Pipeline Schedule". */
bool find_schedule(Req *rq, PipelineSchedule *row, Error *err);

bool owns_schedule(Req *rq, const PipelineSchedule *row);
/* ERR_FORBIDDEN for everybody but the owner, maintainers included. */
bool require_schedule_owner(Req *rq, const PipelineSchedule *row, Error *err);
/* Maintainers, and the owner while they may still run pipelines: a role that was taken away takes
 * the schedule's secrets with it. */
bool may_admin_schedule(Req *rq, const PipelineSchedule *row);
/* ERR_FORBIDDEN for all who may not run pipelines on its ref. */
bool require_schedule_run(Req *rq, const PipelineSchedule *row, Error *err);
/* ERR_FORBIDDEN for all who may not. */
bool require_schedule_admin(Req *rq, const PipelineSchedule *row, Error *err);

#endif
