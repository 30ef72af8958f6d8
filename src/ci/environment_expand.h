/* environment_expand.h - the values of `environment` for one run; inside the compiler. */
#ifndef PENSTOCK_CI_ENVIRONMENT_EXPAND_H
#define PENSTOCK_CI_ENVIRONMENT_EXPAND_H

#include "ci/ci.h"

/* Whether one of its values refers to a variable. */
bool environment_refers(const CiEnvironment *environment);

/* A copy of @written with its references resolved by @variables, of which the last of a name wins; name,
 * address, tier and time see CI_ENVIRONMENT_NAME, _SLUG and _ACTION as well, but for the name itself.
 * Unknown names become nothing; in the address they stay, since only the job may find them out.  NULL:
 * a value would be longer than CI_EXPANDED_MAX. */
const CiEnvironment *environment_expand(Arena *arena, const CiEnvironment *written,
                                        CiVariables variables);

#endif
