/* rules.h - a rule as the compiler reads it and the plan evaluates it. */
#ifndef PENSTOCK_CI_RULES_H
#define PENSTOCK_CI_RULES_H

#include "ci/ci.h"
#include "ci/expression.h"

struct CiRule {
    const Expression *condition; /* `if`; NULL: always holds */
    bool has_when;
    JobWhen when;
    int64_t start_in_s;
    bool has_allow_failure;
    bool allow_failure;
    CiVariables variables;
};

#endif
