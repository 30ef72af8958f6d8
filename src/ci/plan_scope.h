/* plan_scope.h - the variables that the workflow and each job of a plan see; inside the compiler.
 *
 * What is given wins over the file, and the file over what is predefined.  Of what is given, variables of an
 * environment scope are seen only by jobs whose environment the scope covers.
 */
#ifndef PENSTOCK_CI_PLAN_SCOPE_H
#define PENSTOCK_CI_PLAN_SCOPE_H

#include "ci/ci.h"

#include <glib.h>

/* Of one plan. */
typedef struct PlanVariables {
    Arena *arena;
    CiVariables all_given;        /* whatever their environment scope */
    CiVariables given;            /* those of every environment */
    CiVariables predefined;       /* weaker than the file */
    CiVariables root;             /* of the file, with the workflow rule's over them */
    GHashTable *given_table;      /* name -> const CiVariable * */
    GHashTable *predefined_table; /* likewise */
    GHashTable *root_table;       /* likewise, into root.items */
    size_t n_made;                /* in sum of the lists made for jobs: hostile files multiply */
} PlanVariables;

/* What one job sees, or the workflow. */
typedef struct Scope {
    PlanVariables *plan;
    const CiJob *job;        /* NULL: the workflow */
    CiVariables given;       /* the plan's, or with those of the job's environment */
    GHashTable *given_table; /* of that */
    bool owns_given;         /* given_table is not the plan's */
    GHashTable *of_job;      /* the job's own variables, where they are many; NULL: walk them */
    bool in_environment;     /* expanding a value of the environment, which does not see itself */
    GHashTable *expanded;    /* all with their references resolved; NULL: not needed yet */
} Scope;

void plan_variables_init(PlanVariables *plan, Arena *arena, CiVariables root, CiVariables run);
void plan_variables_clear(PlanVariables *plan);

/* @over over what the file says for all jobs. */
void plan_variables_put_root(PlanVariables *plan, CiVariables over);

/* The workflow's variables as one list, the weaker first. */
CiVariables plan_variables_all(PlanVariables *plan);

void scope_init(Scope *scope, PlanVariables *plan, const CiJob *job);
void scope_clear(Scope *scope);

/* ExpressionLookup, of a Scope: conditions see values as they are written. */
const char *scope_lookup(void *scope, const char *name);

/* ExpandLookup for paths, of a Scope: references in values are resolved, too. */
const char *scope_expand_path(void *scope, const char *text);

/* The file's variables that @scope's job inherits, with @own over them. */
CiVariables scope_variables(Scope *scope, CiVariables own);

/* All that a job with @variables (of scope_variables()) has, as one list, the weaker first. */
CiVariables scope_all(Scope *scope, CiVariables variables);

/* @over over @base: a key that is there keeps its place. */
CiVariables variables_overlay(Arena *arena, CiVariables base, CiVariables over);

/* ExpandLookup over a table of expand_table(). */
const char *table_value(void *table, const char *name);

#endif
