/* environment.h - what follows from the name of an environment. */
#ifndef PENSTOCK_CI_ENVIRONMENT_H
#define PENSTOCK_CI_ENVIRONMENT_H

#include "base/enums.h"

#include <stdbool.h>

enum { ENVIRONMENT_NAME_MAX = 255 }; /* bytes */

#define ENVIRONMENT_NAME_TEXT                                                                      \
    "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, but it "     \
    "cannot start or end with '/'"

/* Of the letters that a name has, not at its ends a "/"; says nothing of its length. */
bool environment_name_has_form(const char *name);

/* CI_ENVIRONMENT_SLUG, GitLab's: at most 24 of a-z, 0-9 and "-"; where that is not the name itself,
 * six characters of its hash tell it from others.  Owned by the caller. */
char *environment_slug(const char *name);

/* Whether a scope, in which "*" stands for any characters, covers the environment of that name (NULL: of
 * a job without one, which only "*" covers). */
bool environment_is_in_scope(const char *name, const char *scope);

/* The tier of an environment that names none, by words in its name. */
EnvironmentTier environment_guess_tier(const char *name);

#endif
