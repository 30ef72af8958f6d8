/* state.c - the transition tables.
 *
 * For one event the rows are tried in order and the first that fits wins.  Pure, so every edge has
 * a test. */
#include "pipeline/state.h"

static const char *const event_names[N_JOB_EVENTS] = {
    [EV_ENQUEUE] = "enqueue",
    [EV_SCHEDULE] = "schedule",
    [EV_ENQUEUE_SCHEDULED] = "enqueue_scheduled",
    [EV_UNSCHEDULE] = "unschedule",
    [EV_ACTIONIZE] = "actionize",
    [EV_PROCESS] = "process",
    [EV_RUN] = "run",
    [EV_SKIP] = "skip",
    [EV_DROP] = "drop",
    [EV_SUCCEED] = "success",
    [EV_CANCEL] = "cancel",
    [EV_CANCEL_GRACEFULLY] = "cancel_gracefully",
    [EV_FORCE_CANCEL] = "force_cancel",
    [EV_REQUEST_RESOURCE] = "request_resource",
    [EV_ASSIGN_RESOURCE] = "enqueue_waiting_for_resource",
    [EV_TAKE_BACK] = "take_back",
};
const NameTable job_event_names = NAME_TABLE(event_names);

#define CREATED   STATUS_BIT(STATUS_CREATED)
#define RESOURCE  STATUS_BIT(STATUS_WAITING_FOR_RESOURCE)
#define PREPARING STATUS_BIT(STATUS_PREPARING)
#define CALLBACK  STATUS_BIT(STATUS_WAITING_FOR_CALLBACK)
#define PENDING   STATUS_BIT(STATUS_PENDING)
#define RUNNING   STATUS_BIT(STATUS_RUNNING)
#define SUCCESS   STATUS_BIT(STATUS_SUCCESS)
#define FAILED    STATUS_BIT(STATUS_FAILED)
#define CANCELING STATUS_BIT(STATUS_CANCELING)
#define CANCELED  STATUS_BIT(STATUS_CANCELED)
#define SKIPPED   STATUS_BIT(STATUS_SKIPPED)
#define MANUAL    STATUS_BIT(STATUS_MANUAL)
#define SCHEDULED STATUS_BIT(STATUS_SCHEDULED)
#define BUT(bits) ((STATUS_BIT(N_STATUS) - 1) & ~(bits))

/* Before any final status, and not waiting for a person or a time. */
#define UNFINISHED (CREATED | RESOURCE | PREPARING | CALLBACK | PENDING | RUNNING)

static const struct {
    JobEvent on;
    unsigned from; /* a set of statuses */
    Status to;
} job_moves[] = {
    { EV_ENQUEUE, CREATED | SKIPPED | MANUAL | SCHEDULED, STATUS_PENDING },
    { EV_SCHEDULE, CREATED, STATUS_SCHEDULED },
    { EV_ENQUEUE_SCHEDULED, SCHEDULED, STATUS_PENDING },
    { EV_UNSCHEDULE, SCHEDULED, STATUS_MANUAL },
    { EV_ACTIONIZE, CREATED, STATUS_MANUAL },
    { EV_PROCESS, SKIPPED | MANUAL, STATUS_CREATED },
    { EV_RUN, PENDING, STATUS_RUNNING },
    { EV_SKIP, CREATED | RESOURCE | PREPARING | PENDING, STATUS_SKIPPED },
    /* Whatever the runner of a canceling job reports, the cancel stands. */
    { EV_DROP, CANCELING, STATUS_CANCELED },
    { EV_DROP, UNFINISHED | MANUAL | SCHEDULED, STATUS_FAILED },
    { EV_SUCCEED, CANCELING, STATUS_CANCELED },
    { EV_SUCCEED, UNFINISHED, STATUS_SUCCESS },
    { EV_CANCEL, UNFINISHED | MANUAL | SCHEDULED, STATUS_CANCELED },
    { EV_CANCEL_GRACEFULLY, RUNNING, STATUS_CANCELING },
    { EV_FORCE_CANCEL, CANCELING, STATUS_CANCELED },
    { EV_REQUEST_RESOURCE, CREATED | SKIPPED | MANUAL | SCHEDULED, STATUS_WAITING_FOR_RESOURCE },
    { EV_ASSIGN_RESOURCE, RESOURCE, STATUS_PENDING },
    { EV_TAKE_BACK, RUNNING | PENDING, STATUS_PENDING },
};

/* A stage or pipeline follows what its jobs compute to.  There is no row for created: it moves
 * nothing, the old status stays. */
typedef struct Follow {
    Status computed;
    unsigned from;
    Status to;
} Follow;

/* What stages and pipelines share: all but pending. */
static const Follow common_follows[] = {
    { STATUS_WAITING_FOR_RESOURCE, BUT(RESOURCE), STATUS_WAITING_FOR_RESOURCE },
    { STATUS_PREPARING, BUT(PREPARING), STATUS_PREPARING },
    { STATUS_WAITING_FOR_CALLBACK, BUT(CALLBACK), STATUS_WAITING_FOR_CALLBACK },
    { STATUS_RUNNING, BUT(RUNNING), STATUS_RUNNING },
    { STATUS_SUCCESS, BUT(SUCCESS), STATUS_SUCCESS },
    { STATUS_FAILED, BUT(FAILED), STATUS_FAILED },
    { STATUS_CANCELING, BUT(CANCELING | CANCELED), STATUS_CANCELING },
    { STATUS_CANCELED, BUT(CANCELED), STATUS_CANCELED },
    { STATUS_MANUAL, BUT(MANUAL), STATUS_MANUAL },
    { STATUS_SCHEDULED, BUT(SCHEDULED), STATUS_SCHEDULED },
    { STATUS_SKIPPED, BUT(SKIPPED), STATUS_SKIPPED },
};

static const Follow stage_follows[] = {
    { STATUS_PENDING, BUT(PENDING), STATUS_PENDING },
};

/* A pipeline that had ended goes on as running; one that runs does not fall back to pending. */
static const Follow pipeline_follows[] = {
    { STATUS_PENDING, CREATED | MANUAL | RESOURCE | PREPARING | SKIPPED | SCHEDULED,
      STATUS_PENDING },
    { STATUS_PENDING, SUCCESS | FAILED | CANCELING | CANCELED, STATUS_RUNNING },
};

Status job_next_status(Status from, JobEvent event)
{
    for (size_t i = 0; i < G_N_ELEMENTS(job_moves); i++)
        if (job_moves[i].on == event && STATUS_IN(from, job_moves[i].from))
            return job_moves[i].to;
    return N_STATUS;
}

static Status follow(const Follow *rows, size_t n, Status from, Status computed)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].computed == computed && STATUS_IN(from, rows[i].from))
            return rows[i].to;
    return N_STATUS;
}

Status stage_next_status(Status from, Status computed)
{
    if (computed == STATUS_PENDING)
        return follow(stage_follows, G_N_ELEMENTS(stage_follows), from, computed);
    return follow(common_follows, G_N_ELEMENTS(common_follows), from, computed);
}

Status pipeline_next_status(Status from, Status computed)
{
    if (computed == STATUS_PENDING)
        return follow(pipeline_follows, G_N_ELEMENTS(pipeline_follows), from, computed);
    return follow(common_follows, G_N_ELEMENTS(common_follows), from, computed);
}

/* Skipped is no success to who depends on it; what waits for a person leaves the bridge running. */
static const Follow depend_follows[] = {
    { STATUS_SUCCESS, BUT(0), STATUS_SUCCESS },
    { STATUS_CANCELED, BUT(0), STATUS_CANCELED },
    { STATUS_FAILED, BUT(0), STATUS_FAILED },
    { STATUS_SKIPPED, BUT(0), STATUS_FAILED },
};

/* A bridge itself is never created anew, prepared or given time to stop. */
static const Follow mirror_follows[] = {
    { STATUS_WAITING_FOR_RESOURCE, BUT(0), STATUS_PENDING },
    { STATUS_PREPARING, BUT(0), STATUS_PENDING },
    { STATUS_WAITING_FOR_CALLBACK, BUT(0), STATUS_PENDING },
    { STATUS_PENDING, BUT(0), STATUS_PENDING },
    { STATUS_RUNNING, BUT(0), STATUS_RUNNING },
    { STATUS_MANUAL, BUT(0), STATUS_MANUAL },
    { STATUS_SCHEDULED, BUT(0), STATUS_SCHEDULED },
    { STATUS_SUCCESS, BUT(0), STATUS_SUCCESS },
    { STATUS_CANCELED, BUT(0), STATUS_CANCELED },
    { STATUS_FAILED, BUT(0), STATUS_FAILED },
    { STATUS_SKIPPED, BUT(0), STATUS_SKIPPED },
};

Status bridge_next_status(BridgeStrategy strategy, Status downstream)
{
    switch (strategy) {
    case STRATEGY_DEPEND:
        return follow(depend_follows, G_N_ELEMENTS(depend_follows), STATUS_CREATED, downstream);
    case STRATEGY_MIRROR:
        return follow(mirror_follows, G_N_ELEMENTS(mirror_follows), STATUS_CREATED, downstream);
    case STRATEGY_NONE:
    case N_BRIDGE_STRATEGIES:
        break;
    }
    return N_STATUS;
}

bool bridge_is_retryable(FailureReason reason)
{
    return reason != FAILURE_PIPELINE_LOOP && reason != FAILURE_DOWNSTREAM_DEPTH;
}

bool job_is_action(JobWhen when)
{
    return when == WHEN_MANUAL || when == WHEN_DELAYED;
}

bool job_is_playable(Status status, JobWhen when, bool retried)
{
    return job_is_action(when) &&
           (STATUS_IN(status, STATUSES_BLOCKED) || job_is_retryable(status, retried));
}

bool job_is_retryable(Status status, bool retried)
{
    return !retried && STATUS_IN(status, SUCCESS | FAILED | CANCELED | CANCELING);
}

bool job_is_cancelable(Status status)
{
    return STATUS_IN(status, STATUSES_ACTIVE | CREATED);
}

bool job_is_erasable(Status status, bool has_content)
{
    return has_content && STATUS_IN(status, STATUSES_COMPLETED);
}
