/* inside.h - paths below an open folder, one part after the other, through no symbolic link. */
#ifndef PENSTOCK_EXEC_INSIDE_H
#define PENSTOCK_EXEC_INSIDE_H

#include <stdbool.h>

/* Opens the folder that contains @path (relative); @leaf points into @path.  @make: makes what is
 * missing.  -1 and errno (EINVAL: the path has "..", is absolute or empty). */
int inside_open_parent(int root, const char *path, bool make, const char **leaf);

/* Opens a regular file for reading.  -1 and errno. */
int inside_open_file(int root, const char *path);

/* Whether a link at @path to @target stays below the root, by its text.  @root_path: what absolute
 * targets are held against. */
bool inside_link_stays(const char *root_path, const char *path, const char *target);

#endif
