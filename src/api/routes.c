/* routes.c - where each table of routes hangs. */
#include "api/routes.h"

const Mount api_mounts[] = {
    { "/api/v4", artifact_routes },
    { "/api/v4", group_routes },
    { "/api/v4", instance_routes },
    { "/api/v4", job_routes },
    { "/api/v4", lint_routes },
    { "/api/v4", member_routes },
    { "/api/v4", pipeline_routes },
    { "/api/v4", project_routes },
    { "/api/v4", protected_ref_routes },
    { "/api/v4", resource_group_routes },
    { "/api/v4", runner_job_routes },
    { "/api/v4", runner_protocol_routes },
    { "/api/v4", runner_routes },
    { "/api/v4", schedule_routes },
    { "/api/v4", schedule_variable_routes },
    { "/api/v4", test_report_routes },
    { "/api/v4", token_routes },
    { "/api/v4", trigger_routes },
    { "/api/v4", user_routes },
    { "/api/v4", variable_routes },
    { "", front_routes },
    { "", health_routes },
    { "", git_routes },
    { 0 },
};
