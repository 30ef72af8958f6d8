/* ability.c - the table of abilities and how a row is read. */
#include "access/ability.h"

#include <stddef.h>

/* Who has an ability besides those with the role. */
typedef enum Beyond {
    MEMBERS_ONLY,
    ALL_WHO_SEE,     /* everyone who sees the project */
    OPEN_PROJECTS,   /* everyone who sees it, unless it is private */
    WITH_PUBLIC_JOBS /* everyone who sees it, where its jobs are public */
} Beyond;

static const struct {
    AccessLevel role;
    Beyond beyond;
    bool ends_with_archive; /* changes what an archived project keeps as it is */
} rules[N_ABILITIES] = {
    [ABILITY_NONE] = { ACCESS_NONE, ALL_WHO_SEE },
    [CAN_READ_PROJECT] = { ACCESS_GUEST, ALL_WHO_SEE },
    [CAN_READ_CODE] = { ACCESS_REPORTER, OPEN_PROJECTS },
    [CAN_PUSH_CODE] = { ACCESS_DEVELOPER, MEMBERS_ONLY, true },
    [CAN_READ_PIPELINES] = { ACCESS_REPORTER, WITH_PUBLIC_JOBS },
    [CAN_READ_JOBS] = { ACCESS_REPORTER, WITH_PUBLIC_JOBS },
    [CAN_READ_SCHEDULES] = { ACCESS_REPORTER, WITH_PUBLIC_JOBS },
    [CAN_READ_ARTIFACTS] = { ACCESS_REPORTER, WITH_PUBLIC_JOBS },
    [CAN_READ_PRIVATE_ARTIFACTS] = { ACCESS_DEVELOPER, MEMBERS_ONLY },
    [CAN_READ_MAINTAINERS_ARTIFACTS] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_READ_DEBUG_TRACES] = { ACCESS_DEVELOPER, MEMBERS_ONLY },
    [CAN_CREATE_PIPELINES] = { ACCESS_DEVELOPER, MEMBERS_ONLY, true },
    [CAN_UPDATE_PIPELINES] = { ACCESS_DEVELOPER, MEMBERS_ONLY, true },
    [CAN_DELETE_PIPELINES] = { ACCESS_OWNER, MEMBERS_ONLY, true },
    [CAN_READ_PIPELINE_VARIABLES] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_CREATE_SCHEDULES] = { ACCESS_DEVELOPER, MEMBERS_ONLY, true },
    [CAN_ADMIN_SCHEDULES] = { ACCESS_MAINTAINER, MEMBERS_ONLY, true },
    [CAN_ADMIN_TRIGGERS] = { ACCESS_MAINTAINER, MEMBERS_ONLY, true },
    [CAN_ADMIN_ARTIFACTS] = { ACCESS_DEVELOPER, MEMBERS_ONLY, true },
    [CAN_ERASE_JOBS] = { ACCESS_MAINTAINER, MEMBERS_ONLY, true },
    [CAN_FORCE_CANCEL_JOBS] = { ACCESS_MAINTAINER, MEMBERS_ONLY, true },
    [CAN_SET_PRIORITIES] = { ACCESS_MAINTAINER, MEMBERS_ONLY, true },
    [CAN_USE_RESOURCE_GROUPS] = { ACCESS_DEVELOPER, MEMBERS_ONLY },
    [CAN_READ_ENVIRONMENTS] = { ACCESS_REPORTER, OPEN_PROJECTS },
    [CAN_DEPLOY] = { ACCESS_DEVELOPER, MEMBERS_ONLY, true },
    [CAN_ADMIN_DEPLOYMENTS] = { ACCESS_MAINTAINER, MEMBERS_ONLY, true },
    [CAN_ADMIN_RUNNERS] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_READ_MEMBERS] = { ACCESS_GUEST, ALL_WHO_SEE },
    [CAN_ADMIN_MEMBERS] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_ADMIN_PROTECTED_REFS] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_ADMIN_VARIABLES] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_ADMIN_PROJECT] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_REMOVE_PROJECT] = { ACCESS_OWNER, MEMBERS_ONLY },
    [CAN_READ_GROUP] = { ACCESS_GUEST, ALL_WHO_SEE },
    [CAN_CREATE_PROJECTS] = { ACCESS_DEVELOPER, MEMBERS_ONLY },
    [CAN_CREATE_SUBGROUPS] = { ACCESS_MAINTAINER, MEMBERS_ONLY },
    [CAN_ADMIN_GROUP] = { ACCESS_OWNER, MEMBERS_ONLY },
    [CAN_ADMIN_GROUP_VARIABLES] = { ACCESS_OWNER, MEMBERS_ONLY },
    [CAN_REMOVE_GROUP] = { ACCESS_OWNER, MEMBERS_ONLY },
};

bool access_sees(const Subject *subject)
{
    switch (subject->visibility) {
    case VISIBILITY_PUBLIC:
        return true;
    case VISIBILITY_INTERNAL:
        return subject->user_id != 0;
    case VISIBILITY_PRIVATE:
    case N_VISIBILITY:
        break;
    }
    return subject->admin || subject->level >= ACCESS_GUEST;
}

static bool is_open_beyond(const Subject *subject, Beyond beyond)
{
    switch (beyond) {
    case MEMBERS_ONLY:
        return false;
    case ALL_WHO_SEE:
        return true;
    case OPEN_PROJECTS:
        return subject->visibility != VISIBILITY_PRIVATE;
    case WITH_PUBLIC_JOBS:
        return subject->public_jobs;
    }
    return false;
}

bool access_can(const Subject *subject, Ability ability)
{
    if (subject->archived && rules[ability].ends_with_archive)
        return false;
    if (subject->admin)
        return true;
    if (!access_sees(subject))
        return false;
    return (rules[ability].role != ACCESS_NONE && subject->level >= rules[ability].role) ||
           is_open_beyond(subject, rules[ability].beyond);
}
