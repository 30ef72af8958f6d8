/* removal.h - what takes away logs and artifacts with their rows: erasing a job, deleting a pipeline.
 *
 * Both go in steps of bounded size.  A crash between leaves room taken or a pipeline that is there in part; asking
 * again does the rest.
 */
#ifndef PENSTOCK_RUNNER_REMOVAL_H
#define PENSTOCK_RUNNER_REMOVAL_H

#include "base/site.h"
#include "runner/trace_file.h"
#include "store/jobs.h"

/* The log and all artifacts of @job, by @user_id.
 * ERR_FORBIDDEN "Job is not erasable!": it has not ended, has left nothing, or was erased before. */
bool removal_erase_job(const Site *site, TraceFiles *traces, const Job *job, int64_t user_id,
                       Error *err);

/* Cancels the pipeline, then removes its jobs with their logs and artifacts, and itself.  Not its child pipelines. */
bool removal_delete_pipeline(const Site *site, TraceFiles *traces, int64_t pipeline_id, Error *err);

#endif
