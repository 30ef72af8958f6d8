/* servers.c - the table servers. */
#include "store/servers.h"

#define SERVER_COLS "id, identity, host, started_at, heard_at"

const Column server_columns[] = { COL_INT(ServerRow, id),        COL_TEXT(ServerRow, identity),
                                  COL_TEXT(ServerRow, host),     COL_TIME(ServerRow, started_at),
                                  COL_TIME(ServerRow, heard_at), COL_END };

bool server_join(Db *db, ServerRow *server, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO servers (identity, host, started_at, heard_at)"
                      " VALUES ($1, $2, $3, $4) ON CONFLICT (identity) DO UPDATE SET"
                      " host = excluded.host, started_at = excluded.started_at,"
                      " heard_at = excluded.heard_at RETURNING id",
                      DB_ARGS(DB_TEXT(server->identity), DB_TEXT(server->host),
                              DB_INT(server->started_at), DB_INT(server->heard_at)),
                      &server->id, err);
}

bool server_beat(Db *db, int64_t id, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE servers SET heard_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_INT(now_us)), NULL, err);
}

bool server_list(Db *db, Arena *arena, ServerRow **servers, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, server_columns, "SELECT " SERVER_COLS " FROM servers ORDER BY id",
                       DB_NO_ARGS, servers, n, err);
}
