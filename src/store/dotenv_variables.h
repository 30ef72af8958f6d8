/* dotenv_variables.h - variables that jobs leave to the jobs after them. */
#ifndef PENSTOCK_STORE_DOTENV_VARIABLES_H
#define PENSTOCK_STORE_DOTENV_VARIABLES_H

#include "store/query.h"

typedef struct DotenvVariable {
    int64_t id;
    int64_t job_id; /* that left it */
    const char *key;
    const char *value; /* sealed */
} DotenvVariable;

extern const Column dotenv_variable_columns[];

/* Sets the id of each, in one go. */
bool dotenv_variable_insert_all(Db *db, DotenvVariable *rows, size_t n, Error *err);
/* Of many jobs, by job and id. */
bool dotenv_variable_list_by_jobs(Db *db, Arena *arena, const int64_t *job_ids, size_t n_ids,
                                  DotenvVariable **variables, size_t *n, Error *err);

#endif
