/* open_pushes.h - pushes that have begun and are not processed to the end. */
#ifndef PENSTOCK_STORE_OPEN_PUSHES_H
#define PENSTOCK_STORE_OPEN_PUSHES_H

#include "store/query.h"

typedef struct OpenPush {
    int64_t id;
    int64_t project_id;
    int64_t user_id;   /* who pushed; may be gone */
    int64_t server_id; /* which takes it in; 0: not known */
    int64_t created_at;
} OpenPush;

extern const Column open_push_columns[];

/* Sets @push->id. */
bool open_push_insert(Db *db, OpenPush *push, Error *err);
/* ERR_NO_RECORD: there is none. */
bool open_push_get(Db *db, Arena *arena, int64_t id, OpenPush *push, Error *err);
/* What these servers take in, or left; 0 among them: not known whose.  Oldest first. */
bool open_push_list_of(Db *db, Arena *arena, const int64_t *servers, size_t n_servers,
                       OpenPush **pushes, size_t *n, Error *err);
/* What nobody has in hand: left by its server, or begun by @server_id before @begun_before.  Oldest first. */
bool open_push_list_left(Db *db, Arena *arena, int64_t server_id, int64_t begun_before,
                         int64_t limit, OpenPush **pushes, size_t *n, Error *err);
/* It is nobody's for now. */
bool open_push_leave(Db *db, int64_t id, Error *err);
/* From the server that @push names to another. @done: false: some other was faster. */
bool open_push_take_over(Db *db, const OpenPush *push, int64_t server_id, bool *done, Error *err);
bool open_push_delete(Db *db, int64_t id, Error *err);

#endif
