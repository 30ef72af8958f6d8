/* glob.h - the path patterns of artifacts and caches ("doublestar" globs).  Pure.
 *
 * "*" and "?" stay within a part, "**" as a whole part stands for any number of parts, "[a-z]" and
 * "[!x]" are sets, "{a,b}" alternatives, "\" takes the meaning away.
 */
#ifndef PENSTOCK_EXEC_GLOB_H
#define PENSTOCK_EXEC_GLOB_H

#include <glib.h>
#include <stdbool.h>

typedef struct Glob Glob;

/* NULL: the pattern is malformed or has more than 1,000 alternatives. */
Glob *glob_new(const char *pattern);
void glob_free(Glob *glob);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Glob, glob_free)

/* @path: relative, parts separated by one "/". */
bool glob_matches(const Glob *glob, const char *path);

/* Whether something below the folder @path ("" is the root) could match: else nobody need look. */
bool glob_may_match_below(const Glob *glob, const char *path);

#endif
