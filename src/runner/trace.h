/* trace.h - appending to job logs. */
#ifndef PENSTOCK_RUNNER_TRACE_H
#define PENSTOCK_RUNNER_TRACE_H

#include "base/site.h"
#include "runner/trace_file.h"
#include "store/jobs.h"

typedef struct TracePatch {
    int64_t start; /* the offset the runner means */
    const void *bytes;
    size_t n;
    bool debug; /* the job runs with CI_DEBUG_TRACE */
} TracePatch;

/* Appends if @patch starts where the accepted log ends; durable when it returns true.  @size: the accepted size
 * afterwards, set for ERR_RANGE too (the runner goes on from there).
 * Errors: ERR_RANGE; ERR_FORBIDDEN (the attempt is over); ERR_TOO_LARGE (the job's log limit: the job is failed, its log says so);
 * ERR_UNAVAILABLE (another patch of this job is being written, and does not come to an end). */
bool trace_append(const Site *site, TraceFiles *files, const Job *job, const TracePatch *patch,
                  int64_t *size, Error *err);

#endif
