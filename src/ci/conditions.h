/* conditions.h - whether rules, `only` and `except` hold for one run, and what they looked at. */
#ifndef PENSTOCK_CI_CONDITIONS_H
#define PENSTOCK_CI_CONDITIONS_H

#include "ci/ci.h"
#include "ci/expression.h"
#include "ci/rules.h"

/* Of one plan: the run, and what its callbacks have answered. */
typedef struct Conditions Conditions;

Conditions *conditions_new(const CiConfig *config, const CiRun *run);
void conditions_free(Conditions *c);

/* What one job, or the workflow, sees. */
typedef struct Sight {
    ExpressionLookup lookup;
    /* Expands references in a path; unknown ones stay. */
    const char *(*expand)(void *data, const char *text);
    void *data; /* of both */
    /* What was looked at, with CiRun.explain. */
    GArray *rules;   /* of CiRuleSeen */
    GHashTable *saw; /* names */
    GArray *values;  /* of CiVariable */
} Sight;

void sight_init(Sight *sight, const CiRun *run, ExpressionLookup lookup,
                const char *(*expand)(void *data, const char *text), void *data);
void sight_clear(Sight *sight);
/* Moves what was looked at into @out; in @arena. */
void sight_tell(Sight *sight, Arena *arena, CiExplained *out);

/* The first rule that matches; NULL: none, or *@error says what is wrong with one. */
const CiRule *conditions_match(Conditions *c, Sight *sight, const CiRule *rules, size_t n,
                               const char **error);

/* Whether @only (NULL: anything will do) and @except let a job in.  *@because: CI_BECAUSE_ONLY_MET,
 * _ONLY, _EXCEPT, _ERROR; *@group: which group decided, or what is wrong. */
bool conditions_let_in(Conditions *c, Sight *sight, const CiPolicy *only, const CiPolicy *except,
                       CiBecause *because, const char **group);

#endif
