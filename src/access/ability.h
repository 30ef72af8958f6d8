/* ability.h - who may do what in a project or group: one table.
 *
 * Routes name an ability, never a role.  Pure: the caller has looked up the role.  Source: GitLab's
 * public permission tables (doc/user/permissions.md) and app/policies/.
 */
#ifndef PENSTOCK_ACCESS_ABILITY_H
#define PENSTOCK_ACCESS_ABILITY_H

#include "base/enums.h"

#include <stdint.h>

typedef enum Ability {
    ABILITY_NONE, /* nothing is asked for: the route has no project or group */
    CAN_READ_PROJECT,
    CAN_READ_CODE,
    CAN_PUSH_CODE,
    CAN_READ_PIPELINES,
    CAN_READ_JOBS,
    CAN_READ_SCHEDULES,
    CAN_READ_ARTIFACTS,
    CAN_READ_PRIVATE_ARTIFACTS, /* artifacts:access: developer */
    CAN_READ_MAINTAINERS_ARTIFACTS,
    CAN_READ_DEBUG_TRACES, /* logs of jobs that run with CI_DEBUG_TRACE */
    CAN_CREATE_PIPELINES,
    CAN_UPDATE_PIPELINES, /* retry, cancel, play: of pipelines and of jobs */
    CAN_DELETE_PIPELINES,
    CAN_READ_PIPELINE_VARIABLES, /* of anyone's pipeline; one's own need no more than creating it */
    CAN_CREATE_SCHEDULES,
    CAN_ADMIN_SCHEDULES, /* delete, take over, see the variables of others' */
    CAN_ADMIN_TRIGGERS,
    CAN_ADMIN_ARTIFACTS, /* keep */
    CAN_ERASE_JOBS,      /* anyone's; a developer may erase the job that they ran */
    CAN_FORCE_CANCEL_JOBS,
    CAN_SET_PRIORITIES,      /* of jobs, by CI_JOB_PRIORITY */
    CAN_USE_RESOURCE_GROUPS, /* see and order them */
    CAN_READ_ENVIRONMENTS,   /* and deployments */
    CAN_DEPLOY,              /* make, change, stop environments, deployments by the API */
    CAN_ADMIN_DEPLOYMENTS,   /* delete them, stop what is stale */
    CAN_ADMIN_RUNNERS,
    CAN_READ_MEMBERS,
    CAN_ADMIN_MEMBERS,
    CAN_ADMIN_PROTECTED_REFS,
    CAN_ADMIN_VARIABLES,
    CAN_ADMIN_PROJECT,
    CAN_REMOVE_PROJECT,
    /* of groups */
    CAN_READ_GROUP,
    CAN_CREATE_PROJECTS,
    CAN_CREATE_SUBGROUPS,
    CAN_ADMIN_GROUP, /* change it, and who is a member */
    CAN_ADMIN_GROUP_VARIABLES,
    CAN_REMOVE_GROUP,
    N_ABILITIES
} Ability;

/* A caller beside one project (or group). */
typedef struct Subject {
    int64_t user_id; /* 0: nobody */
    bool admin;
    AccessLevel level; /* of the user there, inherited ones too */
    Visibility visibility;
    bool public_jobs; /* the project's setting; false for a group */
    bool archived;    /* it is read only; false for a group */
} Subject;

/* Whether it exists for the caller at all: if not, the answer is "not found". */
bool access_sees(const Subject *subject);

/* Implies access_sees(). */
bool access_can(const Subject *subject, Ability ability);

#endif
