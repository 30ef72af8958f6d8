/* job_variables.c - the table job_variables. */
#include "store/job_variables.h"

const Column job_variable_columns[] = { COL_INT(JobVariable, id), COL_INT(JobVariable, job_id),
                                        COL_TEXT(JobVariable, key), COL_TEXT(JobVariable, value),
                                        COL_END };

bool job_variable_insert(Db *db, JobVariable *variable, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO job_variables (job_id, key, value) VALUES ($1, $2, $3)"
        " RETURNING id",
        DB_ARGS(DB_INT(variable->job_id), DB_TEXT(variable->key), DB_TEXT(variable->value)),
        &variable->id, err);
}

bool job_variable_copy_all(Db *db, int64_t from_job_id, int64_t to_job_id, Error *err)
{
    return db_exec(db,
                   "INSERT INTO job_variables (job_id, key, value)"
                   " SELECT $2, key, value FROM job_variables WHERE job_id = $1 ORDER BY id",
                   DB_ARGS(DB_INT(from_job_id), DB_INT(to_job_id)), NULL, err);
}

bool job_variable_delete_all(Db *db, int64_t job_id, Error *err)
{
    return db_exec(db, "DELETE FROM job_variables WHERE job_id = $1", DB_ARGS(DB_INT(job_id)), NULL,
                   err);
}

bool job_variable_list(Db *db, Arena *arena, int64_t job_id, JobVariable **variables, size_t *n,
                       Error *err)
{
    return SELECT_ROWS(db, arena, job_variable_columns,
                       "SELECT id, job_id, key, value FROM job_variables WHERE job_id = $1"
                       " ORDER BY id",
                       DB_ARGS(DB_INT(job_id)), variables, n, err);
}
