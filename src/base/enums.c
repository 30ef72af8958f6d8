/* enums.c - the name tables. */
#include "base/enums.h"

static const char *const statuses[N_STATUS] = {
    [STATUS_CREATED] = "created",     [STATUS_WAITING_FOR_RESOURCE] = "waiting_for_resource",
    [STATUS_PREPARING] = "preparing", [STATUS_WAITING_FOR_CALLBACK] = "waiting_for_callback",
    [STATUS_PENDING] = "pending",     [STATUS_RUNNING] = "running",
    [STATUS_SUCCESS] = "success",     [STATUS_FAILED] = "failed",
    [STATUS_CANCELING] = "canceling", [STATUS_CANCELED] = "canceled",
    [STATUS_SKIPPED] = "skipped",     [STATUS_MANUAL] = "manual",
    [STATUS_SCHEDULED] = "scheduled",
};
const NameTable status_names = NAME_TABLE(statuses);

static const char *const whens[N_JOB_WHEN] = {
    [WHEN_ON_SUCCESS] = "on_success", [WHEN_ON_FAILURE] = "on_failure", [WHEN_ALWAYS] = "always",
    [WHEN_MANUAL] = "manual",         [WHEN_DELAYED] = "delayed",       [WHEN_NEVER] = "never",
};
const NameTable job_when_names = NAME_TABLE(whens);

static const char *const failure_reasons[N_FAILURE_REASONS] = {
    [FAILURE_NONE] = "none",
    [FAILURE_UNKNOWN] = "unknown_failure",
    [FAILURE_SCRIPT] = "script_failure",
    [FAILURE_API] = "api_failure",
    [FAILURE_STUCK_OR_TIMEOUT] = "stuck_or_timeout_failure",
    [FAILURE_RUNNER_SYSTEM] = "runner_system_failure",
    [FAILURE_MISSING_DEPENDENCY] = "missing_dependency_failure",
    [FAILURE_RUNNER_UNSUPPORTED] = "runner_unsupported",
    [FAILURE_STALE_SCHEDULE] = "stale_schedule",
    [FAILURE_JOB_TIMEOUT] = "job_execution_timeout",
    [FAILURE_ARCHIVED] = "archived_failure",
    [FAILURE_UNMET_PREREQUISITES] = "unmet_prerequisites",
    [FAILURE_SCHEDULER] = "scheduler_failure",
    [FAILURE_DATA_INTEGRITY] = "data_integrity_failure",
    [FAILURE_FORWARD_DEPLOYMENT] = "forward_deployment_failure",
    [FAILURE_USER_BLOCKED] = "user_blocked",
    [FAILURE_PROJECT_DELETED] = "project_deleted",
    [FAILURE_QUOTA_EXCEEDED] = "ci_quota_exceeded",
    [FAILURE_PIPELINE_LOOP] = "pipeline_loop_detected",
    [FAILURE_NO_MATCHING_RUNNER] = "no_matching_runner",
    [FAILURE_TRACE_SIZE] = "trace_size_exceeded",
    [FAILURE_BUILDS_DISABLED] = "builds_disabled",
    [FAILURE_ENVIRONMENT_CREATION] = "environment_creation_failure",
    [FAILURE_DEPLOYMENT_REJECTED] = "deployment_rejected",
    [FAILURE_OUTDATED_DEPLOYMENT] = "failed_outdated_deployment_job",
    [FAILURE_SERVER_TIMEOUT] = "job_execution_server_timeout",
    [FAILURE_STUCK_PENDING_WITH_RUNNERS] = "stuck_pending_with_matching_runners",
    [FAILURE_STUCK_PENDING_NO_RUNNERS] = "stuck_pending_no_matching_runners",
    [FAILURE_NO_UPDATES_RUNNING] = "no_updates_running",
    [FAILURE_NO_UPDATES_CANCELING] = "no_updates_canceling",
    [FAILURE_SERVER_TIMEOUT_RUNNING] = "server_timeout_running",
    [FAILURE_SERVER_TIMEOUT_CANCELING] = "server_timeout_canceling",
    [FAILURE_RUNNER_CONFIGURATION] = "runner_configuration_error",
    [FAILURE_RUNNER_DEPENDENCY] = "runner_external_dependency_failure",
    [FAILURE_RUNNER_INTERRUPTED] = "runner_interrupted",
    [FAILURE_IMAGE_PULL] = "image_pull_failure",
    [FAILURE_JOB_CANCELED] = "job_canceled",
    [FAILURE_BRIDGE_PERMISSIONS] = "insufficient_bridge_permissions",
    [FAILURE_DOWNSTREAM_PROJECT] = "downstream_bridge_project_not_found",
    [FAILURE_BRIDGE_TRIGGER] = "invalid_bridge_trigger",
    [FAILURE_UPSTREAM_PROJECT] = "upstream_bridge_project_not_found",
    [FAILURE_UPSTREAM_PERMISSIONS] = "insufficient_upstream_permissions",
    [FAILURE_DOWNSTREAM_CREATION] = "downstream_pipeline_creation_failed",
    [FAILURE_DOWNSTREAM_DEPTH] = "reached_max_descendant_pipelines_depth",
    [FAILURE_DOWNSTREAM_TREE_SIZE] = "reached_max_pipeline_hierarchy_size",
};
const NameTable failure_reason_names = NAME_TABLE(failure_reasons);

static const char *const pipeline_failures[N_PIPELINE_FAILURES] = {
    [PIPELINE_FAILURE_NONE] = "none",
    [PIPELINE_FAILURE_UNKNOWN] = "unknown_failure",
    [PIPELINE_FAILURE_CONFIG] = "config_error",
    [PIPELINE_FAILURE_SIZE_LIMIT] = "size_limit_exceeded",
    [PIPELINE_FAILURE_DEPLOYMENTS_LIMIT] = "deployments_limit_exceeded",
};
const NameTable pipeline_failure_names = NAME_TABLE(pipeline_failures);

static const char *const pipeline_sources[N_PIPELINE_SOURCES] = {
    [SOURCE_UNKNOWN] = "unknown",
    [SOURCE_PUSH] = "push",
    [SOURCE_WEB] = "web",
    [SOURCE_TRIGGER] = "trigger",
    [SOURCE_SCHEDULE] = "schedule",
    [SOURCE_API] = "api",
    [SOURCE_EXTERNAL] = "external",
    [SOURCE_PIPELINE] = "pipeline",
    [SOURCE_CHAT] = "chat",
    [SOURCE_WEBIDE] = "webide",
    [SOURCE_MERGE_REQUEST] = "merge_request_event",
    [SOURCE_EXTERNAL_PULL_REQUEST] = "external_pull_request_event",
    [SOURCE_PARENT_PIPELINE] = "parent_pipeline",
    [SOURCE_ONDEMAND_DAST_SCAN] = "ondemand_dast_scan",
    [SOURCE_ONDEMAND_DAST_VALIDATION] = "ondemand_dast_validation",
    [SOURCE_SECURITY_POLICY] = "security_orchestration_policy",
    [SOURCE_CONTAINER_REGISTRY_PUSH] = "container_registry_push",
    [SOURCE_DUO_WORKFLOW] = "duo_workflow",
    [SOURCE_POLICY_SCHEDULE] = "pipeline_execution_policy_schedule",
};
const NameTable pipeline_source_names = NAME_TABLE(pipeline_sources);

static const char *const process_modes[N_PROCESS_MODES] = {
    "unordered",
    "oldest_first",
    "newest_first",
    "newest_ready_first",
};
const NameTable process_mode_names = NAME_TABLE(process_modes);

static const char *const new_commit_modes[N_ON_NEW_COMMIT] = { "conservative", "interruptible",
                                                               "none" };
const NameTable on_new_commit_names = NAME_TABLE(new_commit_modes);

static const char *const visibilities[N_VISIBILITY] = { "private", "internal", "public" };
const NameTable visibility_names = NAME_TABLE(visibilities);

static const char *const variable_types[N_VARIABLE_TYPES] = { "env_var", "file" };
const NameTable variable_type_names = NAME_TABLE(variable_types);

static const char *const environment_tiers[N_ENVIRONMENT_TIERS] = {
    "production", "staging", "testing", "development", "other",
};
const NameTable environment_tier_names = NAME_TABLE(environment_tiers);

static const char *const artifact_types[N_ARTIFACT_TYPES] = {
    [ARTIFACT_ARCHIVE] = "archive",
    [ARTIFACT_METADATA] = "metadata",
    [ARTIFACT_TRACE] = "trace",
    [ARTIFACT_JUNIT] = "junit",
    [ARTIFACT_DOTENV] = "dotenv",
    [ARTIFACT_CLUSTER_APPLICATIONS] = "cluster_applications",
    [ARTIFACT_COBERTURA] = "cobertura",
    [ARTIFACT_ACCESSIBILITY] = "accessibility",
    [ARTIFACT_ANNOTATIONS] = "annotations",
    [ARTIFACT_API_FUZZING] = "api_fuzzing",
    [ARTIFACT_BROWSER_PERFORMANCE] = "browser_performance",
    [ARTIFACT_CLUSTER_IMAGE_SCANNING] = "cluster_image_scanning",
    [ARTIFACT_CODEQUALITY] = "codequality",
    [ARTIFACT_CONTAINER_SCANNING] = "container_scanning",
    [ARTIFACT_COVERAGE_FUZZING] = "coverage_fuzzing",
    [ARTIFACT_CYCLONEDX] = "cyclonedx",
    [ARTIFACT_DAST] = "dast",
    [ARTIFACT_DEPENDENCY_SCANNING] = "dependency_scanning",
    [ARTIFACT_JACOCO] = "jacoco",
    [ARTIFACT_LICENSE_SCANNING] = "license_scanning",
    [ARTIFACT_LOAD_PERFORMANCE] = "load_performance",
    [ARTIFACT_LSIF] = "lsif",
    [ARTIFACT_METRICS] = "metrics",
    [ARTIFACT_METRICS_REFEREE] = "metrics_referee",
    [ARTIFACT_NETWORK_REFEREE] = "network_referee",
    [ARTIFACT_PERFORMANCE] = "performance",
    [ARTIFACT_REPOSITORY_XRAY] = "repository_xray",
    [ARTIFACT_REQUIREMENTS] = "requirements",
    [ARTIFACT_REQUIREMENTS_V2] = "requirements_v2",
    [ARTIFACT_SARIF] = "sarif",
    [ARTIFACT_SAST] = "sast",
    [ARTIFACT_SECRET_DETECTION] = "secret_detection",
    [ARTIFACT_TERRAFORM] = "terraform",
};
const NameTable artifact_type_names = NAME_TABLE(artifact_types);

static const char *const artifact_access[N_ARTIFACT_ACCESS] = { "all", "developer", "maintainer",
                                                                "none" };
const NameTable artifact_access_names = NAME_TABLE(artifact_access);

static const char *const strategies[N_BRIDGE_STRATEGIES] = { "none", "depend", "mirror" };
const NameTable bridge_strategy_names = NAME_TABLE(strategies);

static const char *const environment_states[N_ENVIRONMENT_STATES] = {
    [ENVIRONMENT_AVAILABLE] = "available",
    [ENVIRONMENT_STOPPING] = "stopping",
    [ENVIRONMENT_STOPPED] = "stopped",
};
const NameTable environment_state_names = NAME_TABLE(environment_states);

static const char *const deployment_statuses[N_DEPLOYMENT_STATUSES] = {
    [DEPLOYMENT_CREATED] = "created",   [DEPLOYMENT_RUNNING] = "running",
    [DEPLOYMENT_SUCCESS] = "success",   [DEPLOYMENT_FAILED] = "failed",
    [DEPLOYMENT_CANCELED] = "canceled", [DEPLOYMENT_SKIPPED] = "skipped",
    [DEPLOYMENT_BLOCKED] = "blocked",
};
const NameTable deployment_status_names = NAME_TABLE(deployment_statuses);

static const char *const catch_ups[N_CATCH_UPS] = {
    [CATCH_UP_LATEST] = "latest", [CATCH_UP_NONE] = "none", [CATCH_UP_ALL] = "all"
};
const NameTable catch_up_names = NAME_TABLE(catch_ups);

static const char *const overlap_policies[N_OVERLAP_POLICIES] = {
    [OVERLAP_ALLOW] = "allow",
    [OVERLAP_SKIP] = "skip",
    [OVERLAP_QUEUE] = "queue",
    [OVERLAP_CANCEL_PREVIOUS] = "cancel_previous",
};
const NameTable overlap_policy_names = NAME_TABLE(overlap_policies);
