/* state.h - which status a job, a stage or a pipeline may take next, and what may be done to a job.
 *
 * Pure tables (reference: GitLab's commit_status.rb, ci/build.rb, ci/stage.rb, ci/pipeline.rb).
 * move.c, advance.c and the operations ask here before they change anything; nobody else decides.
 * Prerequisites and callbacks are not offered, so nothing leads into preparing or
 * waiting_for_callback; the way out of them is still known.
 */
#ifndef PENSTOCK_PIPELINE_STATE_H
#define PENSTOCK_PIPELINE_STATE_H

#include "base/enums.h"
#include "base/names.h"

#include <stdbool.h>

/* What can happen to a job. */
typedef enum JobEvent {
    EV_ENQUEUE,           /* its turn has come, or somebody played it */
    EV_SCHEDULE,          /* its turn has come, but it is to start later */
    EV_ENQUEUE_SCHEDULED, /* ... and that time is there */
    EV_UNSCHEDULE,        /* ... or a person wants to start it by hand instead */
    EV_ACTIONIZE,         /* its turn has come and it waits for a person */
    EV_PROCESS,           /* it is looked at anew: something it depends on runs again */
    EV_RUN,               /* a runner has it */
    EV_SKIP,              /* what it depends on ended the wrong way */
    EV_DROP,              /* it failed, wherever it stood */
    EV_SUCCEED,
    EV_CANCEL,            /* at once */
    EV_CANCEL_GRACEFULLY, /* its runner finishes after_script first */
    EV_FORCE_CANCEL,      /* a person does not wait for that */
    EV_REQUEST_RESOURCE,  /* its turn has come, and it waits for what only one job may use */
    EV_ASSIGN_RESOURCE,   /* ... and has it now */
    EV_TAKE_BACK,         /* handed to a runner that never confirmed: back into the queue */
    N_JOB_EVENTS
} JobEvent;
extern const NameTable job_event_names;

/* The status after @event, or N_STATUS where there is no such move. */
Status job_next_status(Status from, JobEvent event);

/* The status of a stage (a pipeline) that stands at @from while its jobs compute to @computed, or
 * N_STATUS where it stays as it is.  @computed N_STATUS (no jobs): stays. */
Status stage_next_status(Status from, Status computed);
Status pipeline_next_status(Status from, Status computed);

/* The status of a bridge whose pipeline stands at @downstream, wherever the bridge stood before;
 * N_STATUS where it does not follow. */
Status bridge_next_status(BridgeStrategy strategy, Status downstream);

/* A person starts it, or may start it early. */
bool job_is_action(JobWhen when);

/* "Play" is offered. @retried: a later run of the same name exists. */
bool job_is_playable(Status status, JobWhen when, bool retried);

bool job_is_retryable(Status status, bool retried);

/* Whether a bridge that failed for @reason may be tried again: it would only fail again where the
 * pipelines above it are the reason. */
bool bridge_is_retryable(FailureReason reason);

/* "Cancel" is offered; the cancel of a whole pipeline reaches further (STATUSES_CANCELABLE). */
bool job_is_cancelable(Status status);

/* @has_content: it has artifacts, reports or a log. */
bool job_is_erasable(Status status, bool has_content);

#endif
