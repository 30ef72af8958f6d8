/* pending_reason.h - why a job does not run: one sentence for people.
 *
 * Asked for one job at a time (api/job_entity.c), never for lists.  What it reads is bounded: the
 * jobs of one pipeline, or PENDING_REASON_LOOKS_AT runners and as many jobs of the queue.
 */
#ifndef PENSTOCK_RUNNER_PENDING_REASON_H
#define PENSTOCK_RUNNER_PENDING_REASON_H

#include "store/jobs.h"
#include "store/pipelines.h"
#include "store/projects.h"

enum { PENDING_REASON_LOOKS_AT = 500 };

/* *@reason: in @arena; NULL: @job is none that waits (created, waiting_for_resource, pending,
 * scheduled). @now_us tells which runners are online. */
bool pending_reason(Db *db, Arena *arena, const Job *job, const Pipeline *pipeline,
                    const Project *project, int64_t now_us, const char **reason, Error *err);

#endif
