/* triggers.c - the table triggers. */
#include "store/triggers.h"

#define TRIGGER_COLS                                                                               \
    "id, project_id, owner_id, description, token, token_hash, token_start, expires_at,"           \
    " last_used_at, created_at, updated_at"

const Column trigger_columns[] = {
    COL_INT(Trigger, id),           COL_INT(Trigger, project_id),  COL_INT(Trigger, owner_id),
    COL_TEXT(Trigger, description), COL_TEXT(Trigger, token),      COL_TEXT(Trigger, token_hash),
    COL_TEXT(Trigger, token_start), COL_TIME(Trigger, expires_at), COL_TIME(Trigger, last_used_at),
    COL_TIME(Trigger, created_at),  COL_TIME(Trigger, updated_at), COL_END
};

bool trigger_insert(Db *db, Trigger *trigger, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO triggers (project_id, owner_id, description, token, token_hash, token_start,"
        " expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " RETURNING id",
        DB_ARGS(
            DB_INT(trigger->project_id), DB_INT(trigger->owner_id), DB_TEXT(trigger->description),
            DB_TEXT(trigger->token), DB_TEXT(trigger->token_hash), DB_TEXT(trigger->token_start),
            DB_TIME(trigger->expires_at), DB_INT(trigger->created_at), DB_INT(trigger->updated_at)),
        &trigger->id, err);
}

bool trigger_get(Db *db, Arena *arena, int64_t project_id, int64_t id, Trigger *trigger, Error *err)
{
    return db_get(db, arena, trigger_columns,
                  "SELECT " TRIGGER_COLS " FROM triggers WHERE id = $1 AND project_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(project_id)), trigger, err);
}

bool trigger_by_hash(Db *db, Arena *arena, const char *hash, Trigger *trigger, Error *err)
{
    return db_get(db, arena, trigger_columns,
                  "SELECT " TRIGGER_COLS " FROM triggers WHERE token_hash = $1",
                  DB_ARGS(DB_TEXT(hash)), trigger, err);
}

bool trigger_list(Db *db, Arena *arena, int64_t project_id, Slice slice, Trigger **triggers,
                  size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "triggers");
    query_and_arg(&q, "project_id = ?", DB_INT(project_id));
    query_finish_list(&q, TRIGGER_COLS, "id", true, NULL, slice);
    return SELECT_ROWS(db, arena, trigger_columns, query_sql(&q), query_args(&q), triggers, n, err);
}

bool trigger_count(Db *db, int64_t project_id, int64_t *count, Error *err)
{
    return db_get_int(db, "SELECT COUNT(*) FROM triggers WHERE project_id = $1",
                      DB_ARGS(DB_INT(project_id)), count, err);
}

bool trigger_set_description(Db *db, int64_t id, const char *description, int64_t now_us,
                             Error *err)
{
    return db_exec(db, "UPDATE triggers SET description = $2, updated_at = $3 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_TEXT(description), DB_INT(now_us)), NULL, err);
}

bool trigger_touch(Db *db, int64_t id, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE triggers SET last_used_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_INT(now_us)), NULL, err);
}

bool trigger_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM triggers WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
