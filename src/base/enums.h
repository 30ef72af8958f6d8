/* enums.h - the vocabulary that JSON, SQL, YAML and the runner protocol share.
 *
 * Names and meaning follow GitLab (app/models/concerns/ci/has_status.rb,
 * the enums beside it, lib/gitlab/access.rb).  Each enum has its one name table; the
 * database stores the names.
 */
#ifndef PENSTOCK_BASE_ENUMS_H
#define PENSTOCK_BASE_ENUMS_H

#include "base/names.h"

#include <glib.h>

/* Of pipelines, stages and jobs alike. */
typedef enum Status {
    STATUS_CREATED,
    STATUS_WAITING_FOR_RESOURCE,
    STATUS_PREPARING,
    STATUS_WAITING_FOR_CALLBACK,
    STATUS_PENDING,
    STATUS_RUNNING,
    STATUS_SUCCESS,
    STATUS_FAILED,
    STATUS_CANCELING,
    STATUS_CANCELED,
    STATUS_SKIPPED,
    STATUS_MANUAL,
    STATUS_SCHEDULED,
    N_STATUS
} Status;
extern const NameTable status_names;

/* Sets of statuses as bit masks: STATUS_IN(status, STATUSES_COMPLETED). */
#define STATUS_BIT(status)      (1u << (status))
#define STATUS_IN(status, mask) ((STATUS_BIT(status) & (mask)) != 0)
#define STATUSES_COMPLETED                                                                         \
    (STATUS_BIT(STATUS_SUCCESS) | STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_CANCELED) |        \
     STATUS_BIT(STATUS_SKIPPED))
#define STATUSES_BLOCKED (STATUS_BIT(STATUS_MANUAL) | STATUS_BIT(STATUS_SCHEDULED))
#define STATUSES_ACTIVE                                                                            \
    (STATUS_BIT(STATUS_WAITING_FOR_RESOURCE) | STATUS_BIT(STATUS_PREPARING) |                      \
     STATUS_BIT(STATUS_WAITING_FOR_CALLBACK) | STATUS_BIT(STATUS_PENDING) |                        \
     STATUS_BIT(STATUS_RUNNING))
#define STATUSES_ALIVE (STATUSES_ACTIVE | STATUS_BIT(STATUS_CREATED) | STATUS_BIT(STATUS_CANCELING))
#define STATUSES_CANCELABLE                                                                        \
    ((STATUSES_ALIVE | STATUS_BIT(STATUS_SCHEDULED)) & ~STATUS_BIT(STATUS_CANCELING))
#define STATUSES_STARTED                                                                           \
    (STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_SUCCESS) | STATUS_BIT(STATUS_FAILED))

/* A job's `when`. */
typedef enum JobWhen {
    WHEN_ON_SUCCESS,
    WHEN_ON_FAILURE,
    WHEN_ALWAYS,
    WHEN_MANUAL,
    WHEN_DELAYED,
    WHEN_NEVER, /* in rules only: such a job is not in the pipeline */
    N_JOB_WHEN
} JobWhen;
extern const NameTable job_when_names;

/* Why a job failed; FAILURE_NONE where it did not. */
typedef enum FailureReason {
    FAILURE_NONE,
    FAILURE_UNKNOWN,
    FAILURE_SCRIPT,
    FAILURE_API,
    FAILURE_STUCK_OR_TIMEOUT,
    FAILURE_RUNNER_SYSTEM,
    FAILURE_MISSING_DEPENDENCY,
    FAILURE_RUNNER_UNSUPPORTED,
    FAILURE_STALE_SCHEDULE,
    FAILURE_JOB_TIMEOUT,
    FAILURE_ARCHIVED,
    FAILURE_UNMET_PREREQUISITES,
    FAILURE_SCHEDULER,
    FAILURE_DATA_INTEGRITY,
    FAILURE_FORWARD_DEPLOYMENT,
    FAILURE_USER_BLOCKED,
    FAILURE_PROJECT_DELETED,
    FAILURE_QUOTA_EXCEEDED,
    FAILURE_PIPELINE_LOOP,
    FAILURE_NO_MATCHING_RUNNER,
    FAILURE_TRACE_SIZE,
    FAILURE_BUILDS_DISABLED,
    FAILURE_ENVIRONMENT_CREATION,
    FAILURE_DEPLOYMENT_REJECTED,
    FAILURE_OUTDATED_DEPLOYMENT,
    FAILURE_SERVER_TIMEOUT,
    FAILURE_STUCK_PENDING_WITH_RUNNERS,
    FAILURE_STUCK_PENDING_NO_RUNNERS,
    FAILURE_NO_UPDATES_RUNNING,
    FAILURE_NO_UPDATES_CANCELING,
    FAILURE_SERVER_TIMEOUT_RUNNING,
    FAILURE_SERVER_TIMEOUT_CANCELING,
    FAILURE_RUNNER_CONFIGURATION,
    FAILURE_RUNNER_DEPENDENCY,
    FAILURE_RUNNER_INTERRUPTED,
    FAILURE_IMAGE_PULL,
    FAILURE_JOB_CANCELED,
    /* Of bridges. */
    FAILURE_BRIDGE_PERMISSIONS,
    FAILURE_DOWNSTREAM_PROJECT,
    FAILURE_BRIDGE_TRIGGER,
    FAILURE_UPSTREAM_PROJECT,
    FAILURE_UPSTREAM_PERMISSIONS,
    FAILURE_DOWNSTREAM_CREATION,
    FAILURE_DOWNSTREAM_DEPTH,
    FAILURE_DOWNSTREAM_TREE_SIZE,
    N_FAILURE_REASONS
} FailureReason;
extern const NameTable failure_reason_names;

/* Why a pipeline could not run at all. */
typedef enum PipelineFailure {
    PIPELINE_FAILURE_NONE,
    PIPELINE_FAILURE_UNKNOWN,
    PIPELINE_FAILURE_CONFIG,
    PIPELINE_FAILURE_SIZE_LIMIT,
    PIPELINE_FAILURE_DEPLOYMENTS_LIMIT,
    N_PIPELINE_FAILURES
} PipelineFailure;
extern const NameTable pipeline_failure_names;

/* What a pipeline was created by. */
typedef enum PipelineSource {
    SOURCE_UNKNOWN,
    SOURCE_PUSH,
    SOURCE_WEB,
    SOURCE_TRIGGER,
    SOURCE_SCHEDULE,
    SOURCE_API,
    SOURCE_EXTERNAL,
    SOURCE_PIPELINE,
    SOURCE_CHAT,
    SOURCE_WEBIDE,
    SOURCE_MERGE_REQUEST,
    SOURCE_EXTERNAL_PULL_REQUEST,
    SOURCE_PARENT_PIPELINE,
    SOURCE_ONDEMAND_DAST_SCAN,
    SOURCE_ONDEMAND_DAST_VALIDATION,
    SOURCE_SECURITY_POLICY,
    SOURCE_CONTAINER_REGISTRY_PUSH,
    SOURCE_DUO_WORKFLOW,
    SOURCE_POLICY_SCHEDULE,
    N_PIPELINE_SOURCES
} PipelineSource;
extern const NameTable pipeline_source_names;

/* Which of the jobs that wait for a resource gets it next. */
typedef enum ProcessMode {
    PROCESS_UNORDERED,
    PROCESS_OLDEST_FIRST,
    PROCESS_NEWEST_FIRST,
    PROCESS_NEWEST_READY_FIRST,
    N_PROCESS_MODES
} ProcessMode;
extern const NameTable process_mode_names;

/* What a new pipeline does to an older one of its ref. */
typedef enum OnNewCommit {
    ON_NEW_COMMIT_CONSERVATIVE, /* cancels it, unless a job that is not interruptible has started */
    ON_NEW_COMMIT_INTERRUPTIBLE, /* cancels its interruptible jobs */
    ON_NEW_COMMIT_NONE,
    N_ON_NEW_COMMIT
} OnNewCommit;
extern const NameTable on_new_commit_names;

/* What a bridge waits for. */
typedef enum BridgeStrategy {
    STRATEGY_NONE,   /* that the pipeline is made */
    STRATEGY_DEPEND, /* that it ends */
    STRATEGY_MIRROR, /* its status is that of the pipeline, always */
    N_BRIDGE_STRATEGIES
} BridgeStrategy;
extern const NameTable bridge_strategy_names;

/* Roles, with GitLab's numbers.  ACCESS_ADMIN is beyond every role. */
typedef enum AccessLevel {
    ACCESS_NONE = 0,
    ACCESS_MINIMAL = 5,
    ACCESS_GUEST = 10,
    ACCESS_PLANNER = 15,
    ACCESS_REPORTER = 20,
    ACCESS_DEVELOPER = 30,
    ACCESS_MAINTAINER = 40,
    ACCESS_OWNER = 50,
    ACCESS_ADMIN = 60
} AccessLevel;

/* Who sees a project or group. */
typedef enum Visibility {
    VISIBILITY_PRIVATE,
    VISIBILITY_INTERNAL,
    VISIBILITY_PUBLIC,
    N_VISIBILITY
} Visibility;
extern const NameTable visibility_names;

/* Of a variable. */
typedef enum VariableType { VARIABLE_ENV_VAR, VARIABLE_FILE, N_VARIABLE_TYPES } VariableType;
extern const NameTable variable_type_names;

/* Of an environment. */
typedef enum EnvironmentTier {
    TIER_PRODUCTION,
    TIER_STAGING,
    TIER_TESTING,
    TIER_DEVELOPMENT,
    TIER_OTHER,
    N_ENVIRONMENT_TIERS
} EnvironmentTier;
extern const NameTable environment_tier_names;

/* What becomes of a schedule's ticks that were missed. */
typedef enum CatchUp { CATCH_UP_LATEST, CATCH_UP_NONE, CATCH_UP_ALL, N_CATCH_UPS } CatchUp;
extern const NameTable catch_up_names;

/* What becomes of a tick while an earlier run of its schedule is at work. */
typedef enum OverlapPolicy {
    OVERLAP_ALLOW,
    OVERLAP_SKIP,
    OVERLAP_QUEUE, /* it waits until that has ended */
    OVERLAP_CANCEL_PREVIOUS,
    N_OVERLAP_POLICIES
} OverlapPolicy;
extern const NameTable overlap_policy_names;

typedef enum EnvironmentState {
    ENVIRONMENT_AVAILABLE,
    ENVIRONMENT_STOPPING, /* the job that stops it has been started */
    ENVIRONMENT_STOPPED,
    N_ENVIRONMENT_STATES
} EnvironmentState;
extern const NameTable environment_state_names;

typedef enum DeploymentStatus {
    DEPLOYMENT_CREATED,
    DEPLOYMENT_RUNNING,
    DEPLOYMENT_SUCCESS,
    DEPLOYMENT_FAILED,
    DEPLOYMENT_CANCELED,
    DEPLOYMENT_SKIPPED,
    DEPLOYMENT_BLOCKED, /* it waits for a person */
    N_DEPLOYMENT_STATUSES
} DeploymentStatus;
extern const NameTable deployment_status_names;

/* What an artifact file holds; the names of `file_type` and of the runner's artifact_type. */
typedef enum ArtifactType {
    ARTIFACT_ARCHIVE,
    ARTIFACT_METADATA,
    ARTIFACT_TRACE,
    ARTIFACT_JUNIT,
    ARTIFACT_DOTENV,
    ARTIFACT_CLUSTER_APPLICATIONS,
    ARTIFACT_COBERTURA,
    ARTIFACT_ACCESSIBILITY,
    ARTIFACT_ANNOTATIONS,
    ARTIFACT_API_FUZZING,
    ARTIFACT_BROWSER_PERFORMANCE,
    ARTIFACT_CLUSTER_IMAGE_SCANNING,
    ARTIFACT_CODEQUALITY,
    ARTIFACT_CONTAINER_SCANNING,
    ARTIFACT_COVERAGE_FUZZING,
    ARTIFACT_CYCLONEDX,
    ARTIFACT_DAST,
    ARTIFACT_DEPENDENCY_SCANNING,
    ARTIFACT_JACOCO,
    ARTIFACT_LICENSE_SCANNING,
    ARTIFACT_LOAD_PERFORMANCE,
    ARTIFACT_LSIF,
    ARTIFACT_METRICS,
    ARTIFACT_METRICS_REFEREE,
    ARTIFACT_NETWORK_REFEREE,
    ARTIFACT_PERFORMANCE,
    ARTIFACT_REPOSITORY_XRAY,
    ARTIFACT_REQUIREMENTS,
    ARTIFACT_REQUIREMENTS_V2,
    ARTIFACT_SARIF,
    ARTIFACT_SAST,
    ARTIFACT_SECRET_DETECTION,
    ARTIFACT_TERRAFORM,
    N_ARTIFACT_TYPES
} ArtifactType;
extern const NameTable artifact_type_names;

/* Who may have what a job made: artifacts:access. */
typedef enum ArtifactAccess {
    ARTIFACTS_FOR_ALL, /* who may read the job */
    ARTIFACTS_FOR_DEVELOPERS,
    ARTIFACTS_FOR_MAINTAINERS,
    ARTIFACTS_FOR_NOBODY, /* only jobs of the project */
    N_ARTIFACT_ACCESS
} ArtifactAccess;
extern const NameTable artifact_access_names;

#endif
