/* rules.h - conditions as the compiler reads them and the plan evaluates them. */
#ifndef PENSTOCK_CI_RULES_H
#define PENSTOCK_CI_RULES_H

#include "base/regex.h"
#include "ci/ci.h"
#include "ci/expression.h"

/* `changes` and `exists`. */
typedef struct CiPathsClause {
    CiStrings paths;        /* unexpanded; NULL: @regexp counts */
    const Regex *regexp;    /* any path that it is found in */
    const char *compare_to; /* of changes; NULL: not given */
    const char *project;    /* of exists; NULL: the run's own */
    const char *ref;
} CiPathsClause;

struct CiRule {
    const char *file; /* where it stands */
    int line;
    int column;
    const char *text;             /* `if` as written */
    const Expression *condition;  /* `if`; NULL: always holds */
    const CiPathsClause *changes; /* NULL: none */
    const CiPathsClause *exists;  /* NULL: none */
    bool has_when;
    JobWhen when;
    int64_t start_in_s;
    bool has_allow_failure;
    bool allow_failure;
    CiTruth interruptible;
    CiVariables variables;
    const CiNeed *needs; /* in place of the job's, where there are any */
    size_t n_needs;
    bool has_on_new_commit; /* auto_cancel of a workflow's rule */
    CiOnNewCommit on_new_commit;
    CiTruth cancel_on_job_failure;
};

/* One entry of `refs`: a keyword, a name or a pattern, perhaps of one project only. */
typedef struct CiPolicyRef {
    const char *text;    /* without "@group/project" */
    const Regex *regexp; /* NULL: text */
    const char *project; /* NULL: any */
} CiPolicyRef;

/* `only` or `except`: the groups that are given. */
struct CiPolicy {
    bool has_refs;
    const CiPolicyRef *refs;
    size_t n_refs;
    bool has_variables;
    const Expression *const *variables;
    size_t n_variables;
    CiStrings changes; /* NULL: not given */
    bool kubernetes;
};

#endif
