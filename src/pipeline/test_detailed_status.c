/* Tests of detailed_status.c. */
#include "pipeline/detailed_status.h"

#include "base/clock.h"

static void pipelines_are_shown_as_documented(void)
{
    static const struct {
        Status status;
        bool warnings;
        const char *text, *label, *group, *icon, *favicon;
    } rows[] = {
        { STATUS_CREATED, false, "Created", "created", "created", "created", "created" },
        { STATUS_WAITING_FOR_RESOURCE, false, "Waiting", "waiting for resource",
          "waiting-for-resource", "pending", "pending" },
        { STATUS_WAITING_FOR_CALLBACK, false, "Waiting", "waiting for callback",
          "waiting-for-callback", "pending", "pending" },
        { STATUS_PREPARING, false, "Preparing", "preparing", "preparing", "preparing",
          "preparing" },
        { STATUS_PENDING, false, "Pending", "pending", "pending", "pending", "pending" },
        { STATUS_RUNNING, true, "Running", "running", "running", "running", "running" },
        { STATUS_SUCCESS, false, "Passed", "passed", "success", "success", "success" },
        { STATUS_SUCCESS, true, "Warning", "passed with warnings", "success-with-warnings",
          "warning", "success" },
        { STATUS_FAILED, true, "Failed", "failed", "failed", "failed", "failed" },
        { STATUS_CANCELING, false, "Canceling", "canceling", "canceling", "canceled", "canceled" },
        { STATUS_CANCELED, false, "Canceled", "canceled", "canceled", "canceled", "canceled" },
        { STATUS_SKIPPED, false, "Skipped", "skipped", "skipped", "skipped", "skipped" },
        { STATUS_MANUAL, false, "Blocked", "waiting for manual action", "manual", "manual",
          "manual" },
        { STATUS_SCHEDULED, false, "Delayed", "waiting for delayed job", "scheduled", "scheduled",
          "scheduled" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        DetailedStatus shown =
            detailed_status_of_pipeline(rows[i].status, rows[i].warnings, "/g/p/-/pipelines/1");
        g_autofree char *icon = g_strconcat("status_", rows[i].icon, NULL);
        g_autofree char *favicon =
            g_strconcat("/assets/ci_favicons/favicon_status_", rows[i].favicon, ".png", NULL);

        g_assert_cmpstr(shown.text, ==, rows[i].text);
        g_assert_cmpstr(shown.label, ==, rows[i].label);
        g_assert_cmpstr(shown.tooltip, ==, rows[i].label);
        g_assert_cmpstr(shown.group, ==, rows[i].group);
        g_assert_cmpstr(shown.icon, ==, icon);
        g_assert_cmpstr(shown.favicon, ==, favicon);
        g_assert_true(shown.has_details);
        g_assert_cmpstr(shown.details_path, ==, "/g/p/-/pipelines/1");
    }
}

static void jobs_put_layers_on_top(void)
{
    static const struct {
        DetailedJob job;
        const char *text, *label, *group, *icon, *tooltip;
    } rows[] = {
        { { .status = STATUS_SUCCESS, .may_run = true },
          "Passed",
          "passed",
          "success",
          "status_success",
          "passed" },
        { { .status = STATUS_FAILED, .failure = FAILURE_SCRIPT, .may_run = true },
          "Failed",
          "failed",
          "failed",
          "status_failed",
          "Failed - (script failure)" },
        { { .status = STATUS_FAILED,
            .failure = FAILURE_API,
            .allow_failure = true,
            .may_run = true },
          "Failed",
          "failed (allowed to fail)",
          "failed-with-warnings",
          "status_warning",
          "Failed - (API failure) (allowed to fail)" },
        { { .status = STATUS_FAILED, .failure = FAILURE_SCRIPT, .retried = true },
          "Failed",
          "failed",
          "failed",
          "status_failed",
          "Failed - (script failure) (retried)" },
        { { .status = STATUS_MANUAL, .when = WHEN_MANUAL, .may_run = true },
          "Manual",
          "manual play action",
          "manual",
          "status_manual",
          "manual action" },
        { { .status = STATUS_MANUAL, .when = WHEN_MANUAL },
          "Manual",
          "manual play action (not allowed)",
          "manual",
          "status_manual",
          "manual action" },
        { { .status = STATUS_SUCCESS, .when = WHEN_MANUAL, .may_run = true },
          "Passed",
          "manual play action",
          "success",
          "status_success",
          "passed" },
        { { .status = STATUS_MANUAL,
            .when = WHEN_MANUAL,
            .may_run = true,
            .stops_environment = true },
          "Manual",
          "manual stop action",
          "manual",
          "status_manual",
          "manual action" },
        { { .status = STATUS_FAILED,
            .when = WHEN_MANUAL,
            .failure = FAILURE_DOWNSTREAM_DEPTH,
            .allow_failure = true },
          "Failed",
          "failed (allowed to fail) (not allowed)",
          "failed-with-warnings",
          "status_warning",
          "Failed - (reached maximum depth of child pipelines) (allowed to fail)" },
        { { .status = STATUS_SCHEDULED,
            .when = WHEN_DELAYED,
            .may_run = true,
            .now_us = US_PER_S,
            .scheduled_at = 3724 * US_PER_S },
          "Delayed",
          "unschedule action",
          "scheduled",
          "status_scheduled",
          "delayed manual action (01:02:03)" },
        { { .status = STATUS_SCHEDULED,
            .when = WHEN_DELAYED,
            .may_run = true,
            .now_us = 9 * US_PER_S,
            .scheduled_at = US_PER_S },
          "Delayed",
          "unschedule action",
          "scheduled",
          "status_scheduled",
          "delayed manual action (00:00:00)" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Arena) arena = arena_new();
        DetailedStatus shown = detailed_status_of_job(arena, &rows[i].job, NULL);

        g_assert_cmpstr(shown.text, ==, rows[i].text);
        g_assert_cmpstr(shown.label, ==, rows[i].label);
        g_assert_cmpstr(shown.group, ==, rows[i].group);
        g_assert_cmpstr(shown.icon, ==, rows[i].icon);
        g_assert_cmpstr(shown.tooltip, ==, rows[i].tooltip);
        g_assert_false(shown.has_details);
    }
}

/* A job with nothing on top. */
static void jobs_have_the_core_texts(void)
{
    static const struct {
        const char *text, *label, *group, *icon;
    } rows[N_STATUS] = {
        [STATUS_CREATED] = { "Created", "created", "created", "created" },
        [STATUS_WAITING_FOR_RESOURCE] = { "Waiting", "waiting for resource", "waiting-for-resource",
                                          "pending" },
        [STATUS_PREPARING] = { "Preparing", "preparing", "preparing", "preparing" },
        [STATUS_WAITING_FOR_CALLBACK] = { "Waiting", "waiting for callback", "waiting-for-callback",
                                          "pending" },
        [STATUS_PENDING] = { "Pending", "pending", "pending", "pending" },
        [STATUS_RUNNING] = { "Running", "running", "running", "running" },
        [STATUS_SUCCESS] = { "Passed", "passed", "success", "success" },
        [STATUS_FAILED] = { "Failed", "failed", "failed", "failed" },
        [STATUS_CANCELING] = { "Canceling", "canceling", "canceling", "canceled" },
        [STATUS_CANCELED] = { "Canceled", "canceled", "canceled", "canceled" },
        [STATUS_SKIPPED] = { "Skipped", "skipped", "skipped", "skipped" },
        [STATUS_MANUAL] = { "Manual", "manual action", "manual", "manual" },
        [STATUS_SCHEDULED] = { "Delayed", "unschedule action", "scheduled", "scheduled" },
    };

    for (int status = 0; status < N_STATUS; status++) {
        g_autoptr(Arena) arena = arena_new();
        DetailedJob job = { .status = (Status)status, .failure = FAILURE_SCRIPT, .may_run = true };
        DetailedStatus shown = detailed_status_of_job(arena, &job, "/x");
        g_autofree char *icon = g_strconcat("status_", rows[status].icon, NULL);
        g_autofree char *favicon = g_strconcat("/assets/ci_favicons/favicon_", icon, ".png", NULL);

        g_assert_cmpstr(shown.text, ==, rows[status].text);
        g_assert_cmpstr(shown.label, ==, rows[status].label);
        g_assert_cmpstr(shown.group, ==, rows[status].group);
        g_assert_cmpstr(shown.icon, ==, icon);
        g_assert_cmpstr(shown.favicon, ==, favicon);
        g_assert_true(shown.has_details);
    }
}

static void reasons_have_the_documented_words(void)
{
    static const struct {
        FailureReason reason;
        const char *text;
    } rows[] = {
        { FAILURE_UNKNOWN, "unknown failure" },
        { FAILURE_SCRIPT, "script failure" },
        { FAILURE_API, "API failure" },
        { FAILURE_STUCK_OR_TIMEOUT, "stuck or timeout failure" },
        { FAILURE_RUNNER_SYSTEM, "runner system failure" },
        { FAILURE_MISSING_DEPENDENCY, "missing dependency failure" },
        { FAILURE_RUNNER_UNSUPPORTED, "unsupported runner" },
        { FAILURE_STALE_SCHEDULE, "stale schedule" },
        { FAILURE_JOB_TIMEOUT, "job execution timeout" },
        { FAILURE_ARCHIVED, "archived failure" },
        { FAILURE_UNMET_PREREQUISITES, "unmet prerequisites" },
        { FAILURE_SCHEDULER, "scheduler failure" },
        { FAILURE_DATA_INTEGRITY, "data integrity failure" },
        { FAILURE_FORWARD_DEPLOYMENT, "forward deployment failure" },
        { FAILURE_USER_BLOCKED, "pipeline user was blocked" },
        { FAILURE_PROJECT_DELETED, "pipeline project was deleted" },
        { FAILURE_QUOTA_EXCEEDED, "no more compute minutes available" },
        { FAILURE_PIPELINE_LOOP, "job would create infinitely looping pipelines" },
        { FAILURE_NO_MATCHING_RUNNER, "no matching runner available" },
        { FAILURE_TRACE_SIZE, "log size limit exceeded" },
        { FAILURE_BUILDS_DISABLED, "project builds are disabled" },
        { FAILURE_ENVIRONMENT_CREATION, "environment creation failure" },
        { FAILURE_DEPLOYMENT_REJECTED, "deployment rejected" },
        { FAILURE_OUTDATED_DEPLOYMENT, "failed outdated deployment job" },
        { FAILURE_BRIDGE_PERMISSIONS, "no permissions to trigger downstream pipeline" },
        { FAILURE_DOWNSTREAM_PROJECT, "downstream project could not be found" },
        { FAILURE_BRIDGE_TRIGGER, "downstream pipeline trigger definition is invalid" },
        { FAILURE_UPSTREAM_PROJECT, "upstream project could not be found" },
        { FAILURE_UPSTREAM_PERMISSIONS, "no permissions to read upstream project" },
        { FAILURE_DOWNSTREAM_CREATION, "downstream pipeline can not be created" },
        { FAILURE_DOWNSTREAM_DEPTH, "reached maximum depth of child pipelines" },
        { FAILURE_DOWNSTREAM_TREE_SIZE, "downstream pipeline tree is too large" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Arena) arena = arena_new();
        g_assert_cmpstr(failure_reason_short(arena, rows[i].reason), ==, rows[i].text);
    }
}

static void every_reason_has_a_short_text(void)
{
    g_autoptr(Arena) arena = arena_new();

    for (int reason = 0; reason < N_FAILURE_REASONS; reason++) {
        const char *text = failure_reason_short(arena, reason);

        g_assert_nonnull(text);
        g_assert_null(strchr(text, '_'));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/detailed-status/pipelines", pipelines_are_shown_as_documented);
    g_test_add_func("/pipeline/detailed-status/jobs", jobs_put_layers_on_top);
    g_test_add_func("/pipeline/detailed-status/core", jobs_have_the_core_texts);
    g_test_add_func("/pipeline/detailed-status/words", reasons_have_the_documented_words);
    g_test_add_func("/pipeline/detailed-status/reasons", every_reason_has_a_short_text);
    return g_test_run();
}
