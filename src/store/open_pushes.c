/* open_pushes.c - the table open_pushes. */
#include "store/open_pushes.h"

#define OPEN_PUSH_COLS "id, project_id, user_id, server_id, created_at"

const Column open_push_columns[] = { COL_INT(OpenPush, id),          COL_INT(OpenPush, project_id),
                                     COL_INT(OpenPush, user_id),     COL_INT(OpenPush, server_id),
                                     COL_TIME(OpenPush, created_at), COL_END };

bool open_push_insert(Db *db, OpenPush *push, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO open_pushes (project_id, user_id, server_id, created_at)"
                      " VALUES ($1, $2, $3, $4) RETURNING id",
                      DB_ARGS(DB_INT(push->project_id), DB_INT(push->user_id),
                              DB_ID(push->server_id), DB_INT(push->created_at)),
                      &push->id, err);
}

bool open_push_get(Db *db, Arena *arena, int64_t id, OpenPush *push, Error *err)
{
    return db_get(db, arena, open_push_columns,
                  "SELECT " OPEN_PUSH_COLS " FROM open_pushes WHERE id = $1", DB_ARGS(DB_INT(id)),
                  push, err);
}

bool open_push_list_of(Db *db, Arena *arena, const int64_t *servers, size_t n_servers,
                       OpenPush **pushes, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "open_pushes");
    query_and_ids(&q, "COALESCE(server_id, 0)", servers, n_servers);
    query_finish_list(&q, OPEN_PUSH_COLS, "id", true, NULL, (Slice){ 0 });
    return SELECT_ROWS(db, arena, open_push_columns, query_sql(&q), query_args(&q), pushes, n, err);
}

bool open_push_list_left(Db *db, Arena *arena, int64_t server_id, int64_t begun_before,
                         int64_t limit, OpenPush **pushes, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, open_push_columns,
                       "SELECT " OPEN_PUSH_COLS " FROM open_pushes WHERE server_id IS NULL"
                       " OR (server_id = $1 AND created_at < $2) ORDER BY id LIMIT $3",
                       DB_ARGS(DB_INT(server_id), DB_INT(begun_before), DB_INT(limit)), pushes, n,
                       err);
}

bool open_push_leave(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "UPDATE open_pushes SET server_id = NULL WHERE id = $1", DB_ARGS(DB_INT(id)),
                   NULL, err);
}

bool open_push_take_over(Db *db, const OpenPush *push, int64_t server_id, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE open_pushes SET server_id = $2 WHERE id = $1"
                          " AND COALESCE(server_id, 0) = $3",
                          DB_ARGS(DB_INT(push->id), DB_ID(server_id), DB_INT(push->server_id)),
                          done, err);
}

bool open_push_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM open_pushes WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
