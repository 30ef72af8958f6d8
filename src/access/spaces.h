/* spaces.h - groups, users' own namespaces, and the rows of projects: names, paths, visibility.
 *
 * Errors of all that write: ERR_INVALID, with one detail a field and the texts that GitLab has.
 * What is set in a row beside its id lives in @arena. */
#ifndef PENSTOCK_ACCESS_SPACES_H
#define PENSTOCK_ACCESS_SPACES_H

#include "base/site.h"
#include "db/db.h"
#include "store/namespaces.h"
#include "store/projects.h"

/* Stores a group; @owner_id becomes its first owner.  From @group: parent_id (0: at the top), name,
 * path, description, visibility; sets the rest.  ERR_NO_RECORD: the parent is gone. */
bool space_create_group(const Site *site, Arena *arena, int64_t owner_id, Namespace *group,
                        Error *err);

/* Stores name, path, description and visibility; another path moves all below it. */
bool space_update_group(const Site *site, Arena *arena, Namespace *group, Error *err);

/* Stores the row of a project in @space.  @project: everything but id, namespace_id, full_path and
 * times, which are set. */
bool space_create_project(const Site *site, Arena *arena, const Namespace *space, Project *project,
                          Error *err);

/* Stores a changed row of a project in @space; sets full_path and updated_at. */
bool space_update_project(const Site *site, Arena *arena, const Namespace *space, Project *project,
                          Error *err);

/* Inside a write: gives a namespace at the top another name and path, with all below it. */
bool space_move(Db *db, Namespace *space, const char *name, const char *path, Error *err);

/* Whether a user's namespace, a group or a project has this full path, in whatever case. */
bool space_path_is_taken(Db *db, const char *full_path, bool *taken, Error *err);

#endif
