/* detailed_status.c - the core words by table, then what jobs and pipelines put on top.
 *
 * The order of the layers is GitLab's: a later one replaces what it names.  A tooltip is the core
 * label with its own additions; it does not follow a layer's label. */
#include "pipeline/detailed_status.h"

#include "base/clock.h"
#include "pipeline/state.h"

#define LOOKS(x) "status_" x, "/assets/ci_favicons/favicon_status_" x ".png"

static const struct {
    const char *text;
    const char *label;
    const char *group;
    const char *icon;
    const char *favicon;
} core[N_STATUS] = {
    [STATUS_CREATED] = { "Created", "created", "created", LOOKS("created") },
    [STATUS_WAITING_FOR_RESOURCE] = { "Waiting", "waiting for resource", "waiting-for-resource",
                                      LOOKS("pending") },
    [STATUS_PREPARING] = { "Preparing", "preparing", "preparing", LOOKS("preparing") },
    [STATUS_WAITING_FOR_CALLBACK] = { "Waiting", "waiting for callback", "waiting-for-callback",
                                      LOOKS("pending") },
    [STATUS_PENDING] = { "Pending", "pending", "pending", LOOKS("pending") },
    [STATUS_RUNNING] = { "Running", "running", "running", LOOKS("running") },
    [STATUS_SUCCESS] = { "Passed", "passed", "success", LOOKS("success") },
    [STATUS_FAILED] = { "Failed", "failed", "failed", LOOKS("failed") },
    [STATUS_CANCELING] = { "Canceling", "canceling", "canceling", LOOKS("canceled") },
    [STATUS_CANCELED] = { "Canceled", "canceled", "canceled", LOOKS("canceled") },
    [STATUS_SKIPPED] = { "Skipped", "skipped", "skipped", LOOKS("skipped") },
    [STATUS_MANUAL] = { "Manual", "manual action", "manual", LOOKS("manual") },
    [STATUS_SCHEDULED] = { "Delayed", "delayed", "scheduled", LOOKS("scheduled") },
};

/* Where it is not the reason's name with blanks. */
static const char *const short_reasons[N_FAILURE_REASONS] = {
    [FAILURE_API] = "API failure",
    [FAILURE_RUNNER_UNSUPPORTED] = "unsupported runner",
    [FAILURE_USER_BLOCKED] = "pipeline user was blocked",
    [FAILURE_PROJECT_DELETED] = "pipeline project was deleted",
    [FAILURE_QUOTA_EXCEEDED] = "no more compute minutes available",
    [FAILURE_PIPELINE_LOOP] = "job would create infinitely looping pipelines",
    [FAILURE_NO_MATCHING_RUNNER] = "no matching runner available",
    [FAILURE_TRACE_SIZE] = "log size limit exceeded",
    [FAILURE_BUILDS_DISABLED] = "project builds are disabled",
    [FAILURE_BRIDGE_PERMISSIONS] = "no permissions to trigger downstream pipeline",
    [FAILURE_DOWNSTREAM_PROJECT] = "downstream project could not be found",
    [FAILURE_BRIDGE_TRIGGER] = "downstream pipeline trigger definition is invalid",
    [FAILURE_UPSTREAM_PROJECT] = "upstream project could not be found",
    [FAILURE_UPSTREAM_PERMISSIONS] = "no permissions to read upstream project",
    [FAILURE_DOWNSTREAM_CREATION] = "downstream pipeline can not be created",
    [FAILURE_DOWNSTREAM_DEPTH] = "reached maximum depth of child pipelines",
    [FAILURE_DOWNSTREAM_TREE_SIZE] = "downstream pipeline tree is too large",
};

static DetailedStatus core_of(Status status, const char *details_path)
{
    g_assert(status < N_STATUS);
    return (DetailedStatus){
        .icon = core[status].icon,
        .text = core[status].text,
        .label = core[status].label,
        .group = core[status].group,
        .tooltip = core[status].label,
        .favicon = core[status].favicon,
        .has_details = details_path != NULL,
        .details_path = details_path,
    };
}

const char *failure_reason_short(Arena *arena, FailureReason reason)
{
    if (short_reasons[reason])
        return short_reasons[reason];
    return g_strdelimit(arena_strdup(arena, name_of(&failure_reason_names, reason)), "_", ' ');
}

DetailedStatus detailed_status_of_pipeline(Status status, bool warnings, const char *details_path)
{
    DetailedStatus shown = core_of(status, details_path);

    if (status == STATUS_SUCCESS && warnings) {
        shown.text = "Warning";
        shown.label = "passed with warnings";
        shown.icon = "status_warning";
        shown.group = "success-with-warnings";
    } else if (status == STATUS_SCHEDULED) {
        shown.text = "Delayed";
        shown.label = "waiting for delayed job";
    } else if (status == STATUS_MANUAL) {
        shown.text = "Blocked";
        shown.label = "waiting for manual action";
    }
    shown.tooltip = shown.label;
    return shown;
}

/* "delayed manual action (00:09:59)". */
static const char *time_left(Arena *arena, const DetailedJob *job)
{
    int64_t s = MAX(job->scheduled_at - job->now_us, 0) / US_PER_S;

    return arena_printf(arena, "delayed manual action (%02d:%02d:%02d)", (int)(s / 3600),
                        (int)(s / 60 % 60), (int)(s % 60));
}

DetailedStatus detailed_status_of_job(Arena *arena, const DetailedJob *job,
                                      const char *details_path)
{
    DetailedStatus shown = core_of(job->status, details_path);

    if (job->status == STATUS_SCHEDULED)
        shown.tooltip = time_left(arena, job);
    if (job->status == STATUS_FAILED)
        shown.tooltip =
            arena_printf(arena, "Failed - (%s)", failure_reason_short(arena, job->failure));
    if (job->status == STATUS_FAILED && job->allow_failure) {
        shown.label = "failed (allowed to fail)";
        shown.icon = "status_warning";
        shown.group = "failed-with-warnings";
        shown.tooltip = arena_printf(arena, "%s (allowed to fail)", shown.tooltip);
    } else if (job->status == STATUS_SCHEDULED) {
        shown.label = "unschedule action";
    } else if (job_is_playable(job->status, job->when, job->retried)) {
        shown.label = job->stops_environment ? "manual stop action" : "manual play action";
    }
    if (!job->may_run && job_is_playable(job->status, job->when, job->retried))
        shown.label = arena_printf(arena, "%s (not allowed)", shown.label);
    if (job->retried)
        shown.tooltip = arena_printf(arena, "%s (retried)", shown.tooltip);
    return shown;
}
