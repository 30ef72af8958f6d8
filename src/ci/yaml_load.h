/* yaml_load.h - a YAML text as a tree of nodes, with GitLab's limits and messages. */
#ifndef PENSTOCK_CI_YAML_LOAD_H
#define PENSTOCK_CI_YAML_LOAD_H

#include "ci/ci.h"
#include "ci/node.h"

/* How a load went; all zero before it. */
typedef struct YamlError {
    const char *text; /* GitLab's message, in the arena */
    int line;         /* of the file, from 1; 0: unknown */
    int column;
    size_t nodes; /* that were made, with or without an error */
} YamlError;

/* A part of a text between two dividers. */
typedef struct YamlPiece {
    const char *bytes;
    size_t size;
    int first_line; /* of it in the text, from 0 */
} YamlPiece;

/* In all of these limits->total_nodes is what one document may still have of it.
 *
 * Whether the text has a header: then *@header is the first document, a mapping with the key
 * "spec", and *@content the last one, not parsed.  Else *@header is NULL.  false: @error. */
bool yaml_load_header(Arena *arena, const char *file, const char *bytes, size_t size,
                      const CiLimits *limits, const Node **header, YamlPiece *content,
                      YamlError *error);

/* The mapping that a piece describes, as yaml_load(). */
const Node *yaml_load_piece(Arena *arena, const char *file, const YamlPiece *piece,
                            const CiLimits *limits, YamlError *error);

/* The mapping that a text without a header describes: its first document, the others are ignored.
 *
 * @file: for the nodes' places; it must live as long as @arena.  NULL and @error otherwise.
 * @limits: all set. */
const Node *yaml_load(Arena *arena, const char *file, const char *bytes, size_t size,
                      const CiLimits *limits, YamlError *error);

#endif
