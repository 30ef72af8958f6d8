/* servers.h - the servers that share this database, and what each has begun.
 *
 * How it is used: runner/presence.h.
 */
#ifndef PENSTOCK_STORE_SERVERS_H
#define PENSTOCK_STORE_SERVERS_H

#include "store/query.h"

typedef struct ServerRow {
    int64_t id;
    const char *identity; /* random; kept in its data folder */
    const char *host;
    int64_t started_at;
    int64_t heard_at; /* by its own clock */
} ServerRow;

extern const Column server_columns[];

/* A start: makes the row of that identity, or finds it again.  Sets @server->id. */
bool server_join(Db *db, ServerRow *server, Error *err);
/* A sign of life. */
bool server_beat(Db *db, int64_t id, int64_t now_us, Error *err);
/* By id. */
bool server_list(Db *db, Arena *arena, ServerRow **servers, size_t *n, Error *err);

#endif
