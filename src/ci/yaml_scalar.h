/* yaml_scalar.h - which type a plain YAML scalar has, by GitLab's (YAML 1.1, Ruby) rules. */
#ifndef PENSTOCK_CI_YAML_SCALAR_H
#define PENSTOCK_CI_YAML_SCALAR_H

#include "ci/node.h"

/* Why a scalar cannot be loaded: the message is GitLab's. */
#define YAML_NO_DATE  "Tried to load unspecified class: Date"
#define YAML_NO_TIME  "Tried to load unspecified class: Time"
#define YAML_TOO_BIG  "The parsed YAML is too big"
#define YAML_BAD_ARGS "Invalid YAML syntax"

/* Sets kind, text and truth of @node from the plain scalar @text, which lives as long as @arena.
 * NULL: done.  Else the message of a scalar that may not be loaded. */
const char *yaml_type_plain(Arena *arena, const char *text, Node *node);

/* As for the tags !!int and !!float.  @node keeps its string where the text is no such number. */
const char *yaml_type_int(Arena *arena, const char *text, Node *node);
const char *yaml_type_float(Arena *arena, const char *text, Node *node);

/* Ruby's text of a float: the shortest digits that read back, always with a point. */
const char *yaml_float_text(Arena *arena, double value);

#endif
