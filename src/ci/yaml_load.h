/* yaml_load.h - a YAML text as a tree of nodes, with GitLab's limits and messages. */
#ifndef PENSTOCK_CI_YAML_LOAD_H
#define PENSTOCK_CI_YAML_LOAD_H

#include "ci/ci.h"
#include "ci/node.h"

typedef struct YamlError {
    const char *text; /* GitLab's message, in the arena */
    int line;         /* of the file, from 1; 0: unknown */
    int column;
} YamlError;

/* The mapping that the text describes, with the documents of the text told apart as GitLab does: a
 * second document is ignored where there is no header.
 *
 * @file: for the nodes' places; it must live as long as @arena.  NULL and @error otherwise.
 * @limits: all set. */
const Node *yaml_load(Arena *arena, const char *file, const char *bytes, size_t size,
                      const CiLimits *limits, YamlError *error);

#endif
