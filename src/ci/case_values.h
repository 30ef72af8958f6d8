/* case_values.h - the values of a job's keywords as a tree, for the cases of tests/ci. */
#ifndef PENSTOCK_CI_CASE_VALUES_H
#define PENSTOCK_CI_CASE_VALUES_H

#include "ci/ci.h"
#include "ci/node.h"

/* Puts what @job has of: services, cache, environment, dependencies, hooks, interruptible,
 * resource_group, coverage, identity, manual_confirmation, publish; and as texts of JSON id_tokens,
 * secrets, release, pages, inputs, run, dast_configuration. */
void case_put_values(Arena *arena, Node *map, const CiJob *job);

/* Puts the members of an image that are given. */
void case_put_image(Arena *arena, Node *map, const CiImage *image);

#endif
