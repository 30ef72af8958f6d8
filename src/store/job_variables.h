/* job_variables.h - variables given when a manual job was played. */
#ifndef PENSTOCK_STORE_JOB_VARIABLES_H
#define PENSTOCK_STORE_JOB_VARIABLES_H

#include "store/query.h"

typedef struct JobVariable {
    int64_t id;
    int64_t job_id;
    const char *key;
    const char *value; /* sealed */
} JobVariable;

extern const Column job_variable_columns[];

/* Sets @variable->id. */
bool job_variable_insert(Db *db, JobVariable *variable, Error *err);
/* Those of one attempt for another one, too. */
bool job_variable_copy_all(Db *db, int64_t from_job_id, int64_t to_job_id, Error *err);
bool job_variable_delete_all(Db *db, int64_t job_id, Error *err);
/* In the order they were given. */
bool job_variable_list(Db *db, Arena *arena, int64_t job_id, JobVariable **variables, size_t *n,
                       Error *err);

#endif
