/* pathglob.h - the path patterns of `changes` and `exists`, as GitLab's File.fnmatch reads them.
 *
 * "*" and "?" stay within a part of the path and match a leading dot, "**" followed by "/" stands
 * for any number of folders, "[a-z]" and "[!a]" (or "[^a]") are sets, "{a,b}" alternatives, "\"
 * takes the meaning away.  Case matters; nothing is normalised.
 */
#ifndef PENSTOCK_CI_PATHGLOB_H
#define PENSTOCK_CI_PATHGLOB_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct PathGlob PathGlob;

/* NULL: its braces stand for too many patterns. */
const PathGlob *path_glob_new(Arena *arena, const char *pattern);

/* How many patterns its braces stand for. */
size_t path_glob_alternatives(const PathGlob *glob);

bool path_glob_matches(const PathGlob *glob, const char *path);

/* Whether @pattern has none of the characters "*", "?", "[" and "{". */
bool path_glob_is_plain(const char *pattern);

#endif
