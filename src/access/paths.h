/* paths.h - what may be a name or a path of users, groups and projects.  Pure. */
#ifndef PENSTOCK_ACCESS_PATHS_H
#define PENSTOCK_ACCESS_PATHS_H

#include "base/arena.h"

#include <stdbool.h>

typedef enum PathKind {
    PATH_TOP,   /* of a user, or a group at the top: beside the server's own pages */
    PATH_GROUP, /* a subgroup */
    PATH_PROJECT,
    N_PATH_KINDS
} PathKind;

/* What is wrong with @path, as the text behind the field's name ("is too long ..."); NULL: nothing.
 * The text is a constant or in @arena. */
const char *path_fault(Arena *arena, PathKind kind, const char *path);

/* The same of a display name. */
const char *name_fault(PathKind kind, const char *name);

/* The path that a project gets which was given a name only: lower case, "-" in place of what a path
 * cannot hold.  "" where nothing is left. */
const char *path_from_name(Arena *arena, const char *name);

#endif
