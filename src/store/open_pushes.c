/* open_pushes.c - the table open_pushes. */
#include "store/open_pushes.h"

#define OPEN_PUSH_COLS "id, project_id, user_id, created_at"

const Column open_push_columns[] = { COL_INT(OpenPush, id), COL_INT(OpenPush, project_id),
                                     COL_INT(OpenPush, user_id), COL_TIME(OpenPush, created_at),
                                     COL_END };

bool open_push_insert(Db *db, OpenPush *push, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO open_pushes (project_id, user_id, created_at)"
        " VALUES ($1, $2, $3) RETURNING id",
        DB_ARGS(DB_INT(push->project_id), DB_INT(push->user_id), DB_INT(push->created_at)),
        &push->id, err);
}

bool open_push_get(Db *db, Arena *arena, int64_t id, OpenPush *push, Error *err)
{
    return db_get(db, arena, open_push_columns,
                  "SELECT " OPEN_PUSH_COLS " FROM open_pushes WHERE id = $1", DB_ARGS(DB_INT(id)),
                  push, err);
}

bool open_push_list(Db *db, Arena *arena, OpenPush **pushes, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, open_push_columns,
                       "SELECT " OPEN_PUSH_COLS " FROM open_pushes ORDER BY id", DB_NO_ARGS, pushes,
                       n, err);
}

bool open_push_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM open_pushes WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
