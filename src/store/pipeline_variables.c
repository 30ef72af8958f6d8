/* pipeline_variables.c - the table pipeline_variables. */
#include "store/pipeline_variables.h"

#include <string.h>

const Column pipeline_variable_columns[] = { COL_INT(PipelineVariable, id),
                                             COL_INT(PipelineVariable, pipeline_id),
                                             COL_TEXT(PipelineVariable, key),
                                             COL_TEXT(PipelineVariable, value),
                                             COL_ENUM(PipelineVariable, variable_type,
                                                      variable_type_names),
                                             COL_BOOL(PipelineVariable, raw),
                                             COL_END };

static void pipeline_variable_insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const PipelineVariable *v = row;
    const DbArg all[] = { DB_INT(v->pipeline_id), DB_TEXT(v->key),
                          DB_TEXT(v->value),      DB_ENUM(variable_type_names, v->variable_type),
                          DB_BOOL(v->raw),        { .type = DB_END } };

    G_STATIC_ASSERT(sizeof all <= sizeof(DbArg[INSERT_MAX_ARGS + 1]));
    memcpy(args, all, sizeof all);
}

bool pipeline_variable_insert_all(Db *db, PipelineVariable *rows, size_t n, Error *err)
{
    return query_insert_all(
        db,
        "INSERT INTO pipeline_variables (pipeline_id, key, value, variable_type, raw)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        pipeline_variable_insert_args, rows, sizeof *rows, n, err);
}

bool pipeline_variable_list(Db *db, Arena *arena, int64_t pipeline_id, PipelineVariable **variables,
                            size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, pipeline_variable_columns,
                       "SELECT id, pipeline_id, key, value, variable_type, raw"
                       " FROM pipeline_variables WHERE pipeline_id = $1 ORDER BY id",
                       DB_ARGS(DB_INT(pipeline_id)), variables, n, err);
}
