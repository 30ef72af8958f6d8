/* report.h - what a runner says about its job: confirmation, signs of life, the end.
 *
 * The job token proves that the caller holds the attempt.  A finished attempt never changes: late or doubled reports are
 * told the status and change nothing.
 */
#ifndef PENSTOCK_RUNNER_REPORT_H
#define PENSTOCK_RUNNER_REPORT_H

#include "base/site.h"
#include "store/jobs.h"

typedef enum ReportState {
    REPORT_RUNNING, /* confirms a hand-out, or a sign of life */
    REPORT_PENDING, /* a sign of life before the confirmation */
    REPORT_SUCCESS,
    REPORT_FAILED
} ReportState;

typedef struct Report {
    ReportState state;
    FailureReason failure; /* of REPORT_FAILED */
    bool has_exit_code;
    int exit_code;
    double coverage; /* that its log tells of; -1: none */
} Report;

/* Finds the attempt that @token was minted for.  ERR_FORBIDDEN: an unknown or dead token, or that of another job
 * than @job_id (0: any).  It may be over: see job_is_held(), store/jobs.h. */
bool report_authenticate(Db *db, Arena *arena, const char *token, int64_t job_id, Job *job,
                         Error *err);

/* Records @report.  @status: the job's afterwards (for the Job-Status header).
 * Errors: ERR_FORBIDDEN (the attempt is over; @status is set all the same), ERR_BAD_REQUEST. */
bool report_apply(const Site *site, const Job *job, const Report *report, Status *status,
                  Error *err);

#endif
