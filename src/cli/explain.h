/* explain.h - the options of `penstock lint --explain` and what it prints. */
#ifndef PENSTOCK_CLI_EXPLAIN_H
#define PENSTOCK_CLI_EXPLAIN_H

#include "ci/ci.h"

typedef struct LintOptions {
    bool explain;
    const char *branch;   /* that a push is assumed to; borrowed from argv */
    GPtrArray *variables; /* of "KEY=VALUE", likewise */
} LintOptions;

void lint_options_clear(LintOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LintOptions, lint_options_clear)

/* Takes --explain, --branch NAME and --var KEY=VALUE out of @argv; @rest is what is left, with NULL
 * at its end.  ERR_USAGE. */
bool explain_take_options(char **argv, LintOptions *options, GPtrArray *rest, Error *err);

/* What the file sees: a push to the branch, and the variables given over it. */
CiVariables explain_variables(Arena *arena, const LintOptions *options);

/* For each job, on stdout, whether it is in, the rule that decided and the values that it saw. */
void explain_print(const CiPlan *plan);

#endif
