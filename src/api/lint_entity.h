/* lint_entity.h - what a look at a configuration answers. */
#ifndef PENSTOCK_API_LINT_ENTITY_H
#define PENSTOCK_API_LINT_ENTITY_H

#include "api/caller.h"
#include "pipeline/lint.h"

typedef struct LintView {
    const LintResult *result;
    const char *project_path;
    bool dry_run;
    bool jobs; /* they are wanted */
} LintView;

void lint_entity_write(Req *rq, const LintView *view);

#endif
