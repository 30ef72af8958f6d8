/* dotenv_variables.c - the table dotenv_variables. */
#include "store/dotenv_variables.h"

#include <string.h>

const Column dotenv_variable_columns[] = { COL_INT(DotenvVariable, id),
                                           COL_INT(DotenvVariable, job_id),
                                           COL_TEXT(DotenvVariable, key),
                                           COL_TEXT(DotenvVariable, value), COL_END };

static void insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const DotenvVariable *variable = row;
    const DbArg all[] = { DB_INT(variable->job_id),
                          DB_TEXT(variable->key),
                          DB_TEXT(variable->value),
                          { .type = DB_END } };

    G_STATIC_ASSERT(sizeof all <= sizeof(DbArg[INSERT_MAX_ARGS + 1]));
    memcpy(args, all, sizeof all);
}

bool dotenv_variable_insert_all(Db *db, DotenvVariable *rows, size_t n, Error *err)
{
    return query_insert_all(
        db, "INSERT INTO dotenv_variables (job_id, key, value) VALUES ($1, $2, $3) RETURNING id",
        insert_args, rows, sizeof *rows, n, err);
}

bool dotenv_variable_list_by_jobs(Db *db, Arena *arena, const int64_t *job_ids, size_t n_ids,
                                  DotenvVariable **variables, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "dotenv_variables");
    query_and_ids(&q, "job_id", job_ids, n_ids);
    query_finish_list(&q, "id, job_id, key, value", "job_id", true, "id", (Slice){ 0 });
    return SELECT_ROWS(db, arena, dotenv_variable_columns, query_sql(&q), query_args(&q), variables,
                       n, err);
}
