/* mirrors.c - the table mirrors, and the mark of those that are mirrored. */
#include "store/mirrors.h"

#define MIRROR_COLS "job_id, pipeline_id"

const Column mirror_columns[] = { COL_INT(Mirror, job_id), COL_INT(Mirror, pipeline_id), COL_END };

bool mirror_insert(Db *db, const Mirror *mirror, bool *done, Error *err)
{
    if (!query_exec_one(db, "UPDATE pipelines SET mirrored = 1 WHERE id = $1",
                        DB_ARGS(DB_INT(mirror->pipeline_id)), done, err))
        return false;
    return !*done ||
           query_exec_one(db,
                          "INSERT INTO mirrors (" MIRROR_COLS ") VALUES ($1, $2)"
                          " ON CONFLICT DO NOTHING",
                          DB_ARGS(DB_INT(mirror->job_id), DB_INT(mirror->pipeline_id)), done, err);
}

bool mirror_get(Db *db, Arena *arena, int64_t job_id, Mirror *mirror, Error *err)
{
    return db_get(db, arena, mirror_columns,
                  "SELECT " MIRROR_COLS " FROM mirrors WHERE job_id = $1", DB_ARGS(DB_INT(job_id)),
                  mirror, err);
}

bool mirror_list(Db *db, Arena *arena, int64_t pipeline_id, Mirror **mirrors, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, mirror_columns,
                       "SELECT " MIRROR_COLS " FROM mirrors WHERE pipeline_id = $1",
                       DB_ARGS(DB_INT(pipeline_id)), mirrors, n, err);
}
