/* stages.c - the table stages. */
#include "store/stages.h"

#include <string.h>

#define STAGE_COLS "id, pipeline_id, name, position, status"

const Column stage_columns[] = {
    COL_INT(Stage, id),       COL_INT(Stage, pipeline_id),           COL_TEXT(Stage, name),
    COL_INT(Stage, position), COL_ENUM(Stage, status, status_names), COL_END
};

static void stage_insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const Stage *stage = row;
    const DbArg all[] = { DB_INT(stage->pipeline_id),
                          DB_TEXT(stage->name),
                          DB_INT(stage->position),
                          DB_ENUM(status_names, stage->status),
                          { .type = DB_END } };

    G_STATIC_ASSERT(sizeof all <= sizeof(DbArg[INSERT_MAX_ARGS + 1]));
    memcpy(args, all, sizeof all);
}

bool stage_insert_all(Db *db, Stage *rows, size_t n, Error *err)
{
    return query_insert_all(db,
                            "INSERT INTO stages (pipeline_id, name, position, status)"
                            " VALUES ($1, $2, $3, $4) RETURNING id",
                            stage_insert_args, rows, sizeof *rows, n, err);
}

bool stage_list(Db *db, Arena *arena, int64_t pipeline_id, Stage **stages, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, stage_columns,
                       "SELECT " STAGE_COLS " FROM stages WHERE pipeline_id = $1 ORDER BY position",
                       DB_ARGS(DB_INT(pipeline_id)), stages, n, err);
}

bool stage_list_by_pipelines(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Stage **stages,
                             size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "stages");
    query_and_ids(&q, "pipeline_id", ids, n_ids);
    query_finish_list(&q, STAGE_COLS, "pipeline_id", true, "position", (Slice){ 0 });
    return SELECT_ROWS(db, arena, stage_columns, query_sql(&q), query_args(&q), stages, n, err);
}

bool stage_update_status(Db *db, int64_t id, Status status, Error *err)
{
    return db_exec(db, "UPDATE stages SET status = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_ENUM(status_names, status)), NULL, err);
}
