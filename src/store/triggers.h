/* triggers.h - trigger tokens of projects. */
#ifndef PENSTOCK_STORE_TRIGGERS_H
#define PENSTOCK_STORE_TRIGGERS_H

#include "store/query.h"

typedef struct Trigger {
    int64_t id;
    int64_t project_id;
    int64_t owner_id;
    const char *description;
    const char *token; /* sealed */
    const char *token_hash;
    const char *token_start; /* what others than the owner see */
    int64_t expires_at;      /* 0: never */
    int64_t last_used_at;    /* 0: never */
    int64_t created_at;
    int64_t updated_at;
} Trigger;

extern const Column trigger_columns[];

/* Sets @trigger->id. */
bool trigger_insert(Db *db, Trigger *trigger, Error *err);
/* ERR_NO_RECORD: there is none. */
bool trigger_get(Db *db, Arena *arena, int64_t project_id, int64_t id, Trigger *trigger,
                 Error *err);
bool trigger_by_hash(Db *db, Arena *arena, const char *hash, Trigger *trigger, Error *err);
/* By id. */
bool trigger_list(Db *db, Arena *arena, int64_t project_id, Slice slice, Trigger **triggers,
                  size_t *n, Error *err);
bool trigger_count(Db *db, int64_t project_id, int64_t *count, Error *err);
bool trigger_set_description(Db *db, int64_t id, const char *description, int64_t now_us,
                             Error *err);
bool trigger_touch(Db *db, int64_t id, int64_t now_us, Error *err); /* last_used_at */
bool trigger_delete(Db *db, int64_t id, Error *err);

#endif
