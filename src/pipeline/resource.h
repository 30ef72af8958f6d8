/* resource.h - resource groups: which group a job is of, and whose turn it is.
 *
 * A job of a group waits (waiting_for_resource) until it is given the resource, which is when it
 * becomes pending; it has it until it ends.  store/resource_groups.h says who has it.
 */
#ifndef PENSTOCK_PIPELINE_RESOURCE_H
#define PENSTOCK_PIPELINE_RESOURCE_H

#include "pipeline/variables.h"

enum { RESOURCE_KEY_MAX = 255 };

/* The key of @planned's group with @variables (of the run) and its own expanded, in @arena.  NULL:
 * it has none, or, as in GitLab, what it comes to is no key. */
const char *resource_key(Arena *arena, const CiPlannedJob *planned, const Variables *variables);

/* Gives the resource of that group to whose turn it is, if it is free.  To be called after a commit that
 * changed who has it or who waits; may be done twice without harm.  Errors are logged: the sweep
 * comes back to the group.  Blocks: worker threads only. */
void resource_give(const Site *site, int64_t group_id);

/* The same for every group that somebody waits for while nobody has it: after a crash, say. */
bool resource_sweep(const Site *site, Error *err);

#endif
