/* expand.h - references to variables in text, inside the compiler. */
#ifndef PENSTOCK_CI_EXPAND_H
#define PENSTOCK_CI_EXPAND_H

#include "ci/ci.h"

/* Gives the value of a name; NULL: unknown. */
typedef const char *(*ExpandLookup)(void *data, const char *name);

/* As ci_expand(), by a callback.  @keep_unknown: an unknown reference stays as it is written. */
const char *expand_text(Arena *arena, const char *text, bool keep_unknown, ExpandLookup lookup,
                        void *data);

/* Whether @text may hold a reference at all. */
bool expand_has_reference(const char *text);

/* The names by their values, a later one over an earlier one: name -> const CiVariable *. */
GHashTable *expand_table(CiVariables variables);

#endif
