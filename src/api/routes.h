/* routes.h - every table of routes, and the list of them that a server mounts. */
#ifndef PENSTOCK_API_ROUTES_H
#define PENSTOCK_API_ROUTES_H

#include "http/server.h"

/* Under /api/v4. */
extern const Route artifact_routes[];
extern const Route deployment_routes[];
extern const Route environment_routes[];
extern const Route group_routes[];
extern const Route instance_routes[];
extern const Route job_routes[];
extern const Route lint_routes[];
extern const Route live_routes[];
extern const Route member_routes[];
extern const Route pipeline_routes[];
extern const Route pipeline_view_routes[];
extern const Route project_routes[];
extern const Route protected_ref_routes[];
extern const Route resource_group_routes[];
extern const Route runner_job_routes[];
extern const Route runner_protocol_routes[];
extern const Route runner_routes[];
extern const Route schedule_routes[];
extern const Route schedule_tick_routes[];
extern const Route schedule_variable_routes[];
extern const Route test_report_routes[];
extern const Route token_routes[];
extern const Route trigger_routes[];
extern const Route user_routes[];
extern const Route variable_routes[];

/* At the root. */
extern const Route git_routes[];
extern const Route health_routes[];
extern const Route openid_routes[];
extern const Route page_routes[];
extern const Route session_routes[];

/* All of the above.  Ends with a row without routes. */
extern const Mount api_mounts[];

#endif
