/* open_pushes.h - pushes that have begun and are not processed to the end. */
#ifndef PENSTOCK_STORE_OPEN_PUSHES_H
#define PENSTOCK_STORE_OPEN_PUSHES_H

#include "store/query.h"

typedef struct OpenPush {
    int64_t id;
    int64_t project_id;
    int64_t user_id; /* who pushed; may be gone */
    int64_t created_at;
} OpenPush;

extern const Column open_push_columns[];

/* Sets @push->id. */
bool open_push_insert(Db *db, OpenPush *push, Error *err);
/* ERR_NO_RECORD: there is none. */
bool open_push_get(Db *db, Arena *arena, int64_t id, OpenPush *push, Error *err);
/* All, oldest first. */
bool open_push_list(Db *db, Arena *arena, OpenPush **pushes, size_t *n, Error *err);
bool open_push_delete(Db *db, int64_t id, Error *err);

#endif
