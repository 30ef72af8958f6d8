/* vars.h - the environment of a job's scripts: its variables with the runner's own around them.
 *
 * Pure.  Of equal keys the last put wins, at the place of the first.  vars_resolve() replaces "$X"
 * and "${X}" in the values, in one pass over the values as they came.
 */
#ifndef PENSTOCK_EXEC_VARS_H
#define PENSTOCK_EXEC_VARS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Var {
    char *key;
    char *value; /* what scripts see: of a file variable the path */
    char *file;  /* the content of a file variable; NULL: none */
    bool raw;
    bool masked;
} Var;

typedef struct Vars Vars;

Vars *vars_new(void);
void vars_free(Vars *vars);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vars, vars_free)

/* A variable of the runner's own, not expanded. */
void vars_put(Vars *vars, const char *key, const char *value);

/* Takes over the strings of @var. */
void vars_take(Vars *vars, Var var);

void vars_resolve(Vars *vars);

size_t vars_count(const Vars *vars);
const Var *vars_at(const Vars *vars, size_t i);

/* NULL: not set. */
const char *vars_get(const Vars *vars, const char *key);

/* "1" and "true", in any case. */
bool vars_is_true(const Vars *vars, const char *key);

/* "$X", "${X}" and "$$" replaced; unknown names become empty.  Owned by the caller. */
char *vars_expand(const Vars *vars, const char *text);

#endif
