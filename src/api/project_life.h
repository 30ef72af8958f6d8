/* project_life.h - the beginning and the end of projects: row, repository, import, files.
 *
 * Knows no HTTP.  A project is made row first, since the repository is named by the row's id, and
 * the row says import_status "scheduled" until the repository is there (pipeline/left_over.h).  It ends row first, too:
 * what a crash leaves then is files that nobody reaches. */
#ifndef PENSTOCK_API_PROJECT_LIFE_H
#define PENSTOCK_API_PROJECT_LIFE_H

#include "api/caller.h"

/* Where a project's content comes from. */
typedef struct ProjectOrigin {
    const char *url; /* may hold credentials; NULL: it starts empty */
    bool allow_file; /* file:// may be read */
} ProjectOrigin;

/* Stores @project in @space (access/spaces.h says what is set), makes its repository, starts its
 * import.  Errors: ERR_INVALID with the fields. */
bool project_life_create(Api *api, Arena *arena, const Namespace *space, Project *project,
                         const ProjectOrigin *origin, Error *err);

/* What waits or runs is not left: with its row a job loses its token. */
bool project_life_remove(Api *api, int64_t project_id, Error *err);

/* The same of all projects in a group and below it, then the group. */
bool project_life_remove_group(Api *api, int64_t group_id, Error *err);

/* The same of all projects in the user's own namespace, then the user.  ERR_CONFLICT: a group would
 * be left without an owner. */
bool project_life_remove_user(Api *api, int64_t user_id, Error *err);

#endif
