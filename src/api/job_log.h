/* job_log.h - the routes that read a job's log; in routes of jobs.c. */
#ifndef PENSTOCK_API_JOB_LOG_H
#define PENSTOCK_API_JOB_LOG_H

#include "api/caller.h"

extern const Param log_params[], log_stream_params[], log_search_params[];

/* The route's job, if the caller may read its log; .trace_size is 0 once that is erased. */
bool find_readable_log(Req *rq, Job *job, Error *err);

/* Handlers. */
bool job_trace(Req *rq, Error *err); /* whole, by Range, or the last lines */
bool stream_log(Req *rq, Error *err);
bool search_log(Req *rq, Error *err);

#endif
