/* spaces.c - checks names and paths, and writes groups and the rows of projects.
 *
 * What could be taken meanwhile is looked at inside the write, which begins by locking the groups
 * above from the top downwards: so nothing above is renamed, and nothing else is put beside what is
 * made, until it ends. */
#include "access/spaces.h"

#include "access/paths.h"
#include "store/checked_write.h"
#include "store/members.h"

#include <string.h>

static const char *const TAKEN = "has already been taken";

bool space_path_is_taken(Db *db, const char *full_path, bool *taken, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Namespace space;
    Project project;

    *taken = namespace_by_path(db, arena, full_path, &space, &failed);
    if (!*taken && failed.code == ERR_NO_RECORD) {
        error_clear(&failed);
        *taken = project_by_path(db, arena, full_path, &project, &failed);
    }
    return *taken || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

static bool same_path(const char *a, const char *b)
{
    return a && b && g_ascii_strcasecmp(a, b) == 0;
}

/* "parent/path", or @path alone at the top. */
static const char *join(Arena *arena, const char *parent, const char *separator, const char *name)
{
    return parent ? arena_printf(arena, "%s%s%s", parent, separator, name) : name;
}

/* --- groups ---------------------------------------------------------------------------------- */

typedef struct GroupWrite {
    Namespace *group;
    Arena *arena;
    int64_t owner_id;
} GroupWrite;

static bool check_group(const Namespace *group, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const char *name = name_fault(PATH_GROUP, group->name);
    const char *path = path_fault(arena, group->parent_id ? PATH_GROUP : PATH_TOP, group->path);
    bool ok = true;

    if (name)
        ok = error_field(err, "name", "%s", name);
    if (path)
        ok = error_field(err, "path", "%s", path);
    return ok;
}

static bool check_group_under(const Namespace *group, const Namespace *parent, Error *err)
{
    if (group->visibility > parent->visibility)
        return error_field(err, "visibility_level",
                           "%s is not allowed since the parent group has a %s visibility.",
                           name_of(&visibility_names, (int)group->visibility),
                           name_of(&visibility_names, (int)parent->visibility));
    return true;
}

/* Fills in the full path and name from the parent's, which stay locked. */
static bool place_group(Db *db, GroupWrite *write, Error *err)
{
    Namespace *group = write->group;
    Namespace parent = { 0 };

    if (group->parent_id &&
        (!namespace_lock_upwards(db, write->arena, group->parent_id, &parent, err) ||
         !check_group_under(group, &parent, err)))
        return false;
    group->full_path = join(write->arena, parent.full_path, "/", group->path);
    group->full_name = join(write->arena, parent.full_name, " / ", group->name);
    return true;
}

static bool check_group_path(Db *db, const Namespace *group, Error *err)
{
    bool taken;

    if (!space_path_is_taken(db, group->full_path, &taken, err))
        return false;
    return !taken || error_field(err, "path", "%s", TAKEN);
}

static bool insert_group(Db *db, void *data, Error *err)
{
    GroupWrite *write = data;

    if (!place_group(db, write, err) || !check_group_path(db, write->group, err) ||
        !namespace_insert(db, write->group, err))
        return false;
    Member owner = { .user_id = write->owner_id,
                     .namespace_id = write->group->id,
                     .access_level = ACCESS_OWNER,
                     .created_by = write->owner_id,
                     .created_at = write->group->created_at };
    return member_insert(db, &owner, err);
}

/* The texts that @group gets point into @arena. */
bool space_create_group(const Site *site, Arena *arena, int64_t owner_id, Namespace *group,
                        Error *err)
{
    GroupWrite write = { group, arena, owner_id };

    group->kind = NAMESPACE_GROUP;
    group->owner_id = 0;
    group->created_at = clock_now(site->clock);
    return check_group(group, err) && checked_write(site->database, insert_group, &write, err);
}

/* What is in a group is seen by no more than the group. */
static bool check_group_over(Db *db, const Namespace *group, Error *err)
{
    for (int v = (int)group->visibility + 1; v < N_VISIBILITY; v++) {
        ProjectFilter projects = { .admin = true,
                                   .has_visibility = true,
                                   .visibility = (Visibility)v,
                                   .namespace_id = group->id,
                                   .include_subgroups = true };
        NamespaceFilter groups = { .admin = true,
                                   .has_visibility = true,
                                   .visibility = (Visibility)v,
                                   .below_id = group->id };
        int64_t n_projects, n_groups;
        if (!project_count(db, &projects, &n_projects, err) ||
            !namespace_count(db, &groups, &n_groups, err))
            return false;
        if (n_projects + n_groups > 0)
            return error_field(err, "visibility_level",
                               "%s is not allowed since this group contains %s with higher "
                               "visibility.",
                               name_of(&visibility_names, (int)group->visibility),
                               n_projects > 0 ? "projects" : "sub-groups");
    }
    return true;
}

static bool update_group(Db *db, void *data, Error *err)
{
    GroupWrite *write = data;
    Namespace old;

    return namespace_lock_upwards(db, write->arena, write->group->id, &old, err) &&
           place_group(db, write, err) && check_group_over(db, write->group, err) &&
           (same_path(old.full_path, write->group->full_path) ||
            check_group_path(db, write->group, err)) &&
           namespace_update(db, write->group, &old, err);
}

bool space_update_group(const Site *site, Arena *arena, Namespace *group, Error *err)
{
    GroupWrite write = { group, arena, 0 };

    return check_group(group, err) && checked_write(site->database, update_group, &write, err);
}

bool space_move(Db *db, Namespace *space, const char *name, const char *path, Error *err)
{
    Namespace old = *space;

    space->name = space->full_name = name;
    space->path = space->full_path = path;
    return namespace_update(db, space, &old, err);
}

/* --- projects -------------------------------------------------------------------------------- */

typedef struct ProjectWrite {
    int64_t space_id;
    Project *project;
    Arena *arena; /* the caller's: for the full path */
    int64_t now_us;
    Namespace space; /* as the write found it */
} ProjectWrite;

static bool check_project(const Namespace *space, const Project *project, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const char *name = name_fault(PATH_PROJECT, project->name);
    const char *path = path_fault(arena, PATH_PROJECT, project->path);
    bool ok = true;

    if (name)
        ok = error_field(err, "name", "%s", name);
    if (path)
        ok = error_field(err, "path", "%s", path);
    if (space->kind == NAMESPACE_GROUP && project->visibility > space->visibility)
        ok = error_field(err, "visibility_level", "%s is not allowed in a %s group.",
                         name_of(&visibility_names, (int)project->visibility),
                         name_of(&visibility_names, (int)space->visibility));
    return ok;
}

/* @path_is_its_own: the project has this path already. */
static bool check_project_is_free(Db *db, const ProjectWrite *write, bool path_is_its_own,
                                  Error *err)
{
    const Project *project = write->project;
    bool path_taken = false;
    int64_t same_name;

    if (!path_is_its_own && !space_path_is_taken(db, project->full_path, &path_taken, err))
        return false;
    if (!project_id_by_name(db, write->space.id, project->name, &same_name, err))
        return false;
    bool name_taken = same_name != 0 && same_name != project->id;
    if (name_taken) {
        (void)error_field(err, "project_namespace.name", "%s", TAKEN);
        (void)error_field(err, "name", "%s", TAKEN);
    }
    if (path_taken)
        (void)error_field(err, "path", "%s", TAKEN);
    return !name_taken && !path_taken;
}

/* Locks the space and puts the project in it. */
static bool place_project(Db *db, ProjectWrite *write, Error *err)
{
    if (!namespace_lock_upwards(db, write->arena, write->space_id, &write->space, err))
        return false;
    write->project->full_path =
        join(write->arena, write->space.full_path, "/", write->project->path);
    return check_project(&write->space, write->project, err);
}

/* The owner of a personal project is listed among its members. */
static bool insert_owner(Db *db, const ProjectWrite *write, Error *err)
{
    if (write->space.kind != NAMESPACE_USER)
        return true;
    Member owner = { .user_id = write->space.owner_id,
                     .project_id = write->project->id,
                     .access_level = ACCESS_OWNER,
                     .created_by = write->project->creator_id,
                     .created_at = write->now_us };
    return member_insert(db, &owner, err);
}

static bool insert_project(Db *db, void *data, Error *err)
{
    ProjectWrite *write = data;

    write->project->id = 0; /* this may run again */
    return place_project(db, write, err) && check_project_is_free(db, write, false, err) &&
           project_insert(db, write->project, err) && insert_owner(db, write, err);
}

bool space_create_project(const Site *site, Arena *arena, const Namespace *space, Project *project,
                          Error *err)
{
    ProjectWrite write = {
        .space_id = space->id, .project = project, .arena = arena, .now_us = clock_now(site->clock)
    };

    project->namespace_id = space->id;
    project->created_at = project->updated_at = project->last_activity_at = write.now_us;
    return checked_write(site->database, insert_project, &write, err);
}

static bool update_project(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    ProjectWrite *write = data;
    Project old;

    return place_project(db, write, err) &&
           project_lock(db, arena, write->project->id, &old, err) &&
           check_project_is_free(db, write, same_path(old.full_path, write->project->full_path),
                                 err) &&
           project_update(db, write->project, err);
}

bool space_update_project(const Site *site, Arena *arena, const Namespace *space, Project *project,
                          Error *err)
{
    ProjectWrite write = {
        .space_id = space->id, .project = project, .arena = arena, .now_us = clock_now(site->clock)
    };

    project->updated_at = write.now_us;
    return checked_write(site->database, update_project, &write, err);
}
