/* lint.h - what is to be said of a configuration, without a pipeline of it. */
#ifndef PENSTOCK_PIPELINE_LINT_H
#define PENSTOCK_PIPELINE_LINT_H

#include "pipeline/create.h"

typedef struct LintRequest {
    const Project *project;
    const User *user;       /* NULL: nobody signed in */
    const Subject *subject; /* that user beside that project */
    const char *content;    /* NULL: the project's file at @at */
    size_t size;
    const char *at;  /* branch, tag or commit whose files count; NULL: the default branch */
    bool dry_run;    /* go through all that a push to @ref would, but for the write */
    const char *ref; /* of the dry run, a branch or tag; NULL: the default branch */
    bool explain;
    const CiGivenInput *inputs; /* for the header of the file */
    size_t n_inputs;
} LintRequest;

typedef struct LintResult {
    CiStrings errors; /* none: it is valid */
    const char *sha;  /* whose files were read; NULL: the project has no commit */
    ConfigReport report;
} LintResult;

/* @out lives in @arena.
 * Errors: ERR_NOT_FOUND ("Repository", "Commit"), only where there is no content.
 * Blocks on the repository and the database: call it from a worker thread. */
bool pipeline_lint(const Site *site, Arena *arena, const LintRequest *request, LintResult *out,
                   Error *err);

#endif
