/* job_entity.h - jobs as replies show them, one or a list. */
#ifndef PENSTOCK_API_JOB_ENTITY_H
#define PENSTOCK_API_JOB_ENTITY_H

#include "api/caller.h"
#include "store/jobs.h"

/* Replies with @job's whole entity. */
bool reply_job(Req *rq, const Job *job, int status, Error *err);

/* Replies with @n rows as a list. */
bool reply_job_rows(Req *rq, const Job *jobs, size_t n, Error *err);

/* The same without what JobBasic leaves out, for one (200) and for a list. */
bool reply_job_basic(Req *rq, const Job *job, Error *err);
bool reply_job_basic_rows(Req *rq, const Job *jobs, size_t n, Error *err);

/* The jobs among @ids (0 is fine) as finished JSON, each at the place of its id; NULL: none (any more).  In
 * rq->arena. */
bool job_entities(Req *rq, const int64_t *ids, size_t n, const char ***entities, Error *err);

/* Replies with the page of jobs that @filter and rq->page name; what the entities need beside the rows comes in one
 * query a kind. */
bool reply_jobs(Req *rq, const JobFilter *filter, Error *err);

/* The statuses named by the parameter @name; 0: it is absent. */
unsigned job_statuses_asked(Req *rq, const char *name);

#endif
