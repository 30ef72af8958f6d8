/* matrix.h - `parallel`: one job of the file, several of the pipeline. */
#ifndef PENSTOCK_CI_MATRIX_H
#define PENSTOCK_CI_MATRIX_H

#include "ci/compiler.h"

/* One entry of a matrix: each name with each of its values. */
typedef struct MatrixRow {
    const char *const *names;
    const CiStrings *values;
    size_t n;
    int combinations;
} MatrixRow;

struct CiParallel {
    int total;             /* how many instances */
    const MatrixRow *rows; /* NULL: by number */
    size_t n_rows;
};

/* @numbers: whether a plain number will do.  NULL: reported. */
const CiParallel *entry_parallel(Compiler *c, const char *location, const Node *value,
                                 bool numbers);

/* Puts the instances in the place of parallel jobs, and of their names in needs and dependencies.
 * false: reported. */
bool matrix_expand(Compiler *c, CiConfig *config);

#endif
