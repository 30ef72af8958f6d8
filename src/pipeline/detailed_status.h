/* detailed_status.h - a status in the words and pictures that clients show.
 *
 * The REST entity DetailedStatus of jobs and pipelines.  Pure; api/ writes it out.  `illustration`
 * is always null and `action` is left out, as the entity allows.
 */
#ifndef PENSTOCK_PIPELINE_DETAILED_STATUS_H
#define PENSTOCK_PIPELINE_DETAILED_STATUS_H

#include "base/arena.h"
#include "base/enums.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct DetailedStatus {
    const char *icon;
    const char *text;
    const char *label;
    const char *group;
    const char *tooltip;
    const char *favicon; /* a path */
    bool has_details;
    const char *details_path; /* NULL: the reader may not see them */
} DetailedStatus;

/* What a job's status is shown by. */
typedef struct DetailedJob {
    Status status;
    JobWhen when;
    bool allow_failure;
    bool retried;
    bool may_run;           /* the reader may play it */
    bool stops_environment; /* its environment's action is stop */
    FailureReason failure;
    int64_t scheduled_at; /* us; of a scheduled job */
    int64_t now_us;
} DetailedJob;

/* @warnings: a job that may fail has failed or was canceled.  @details_path is borrowed. */
DetailedStatus detailed_status_of_pipeline(Status status, bool warnings, const char *details_path);

/* What has to be put together lives in @arena.  @details_path is borrowed. */
DetailedStatus detailed_status_of_job(Arena *arena, const DetailedJob *job,
                                      const char *details_path);

/* "script failure": what a tooltip says of a reason.  May be in @arena. */
const char *failure_reason_short(Arena *arena, FailureReason reason);

#endif
