/* instance_values.c - the table instance_values. */
#include "store/instance_values.h"

typedef struct InstanceValue {
    const char *value;
} InstanceValue;

bool instance_value_get(Db *db, Arena *arena, const char *key, const char **value, Error *err)
{
    static const Column columns[] = { COL_TEXT(InstanceValue, value), COL_END };
    InstanceValue row;

    if (!db_get(db, arena, columns, "SELECT value FROM instance_values WHERE key = $1",
                DB_ARGS(DB_TEXT(key)), &row, err))
        return false;
    *value = row.value;
    return true;
}

bool instance_value_set(Db *db, const char *key, const char *value, Error *err)
{
    return db_exec(db,
                   "INSERT INTO instance_values (key, value) VALUES ($1, $2)"
                   " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   DB_ARGS(DB_TEXT(key), DB_TEXT(value)), NULL, err);
}

bool instance_value_add(Db *db, const char *key, const char *value, bool *is_new, Error *err)
{
    return query_exec_one(db,
                          "INSERT INTO instance_values (key, value) VALUES ($1, $2)"
                          " ON CONFLICT (key) DO NOTHING",
                          DB_ARGS(DB_TEXT(key), DB_TEXT(value)), is_new, err);
}

bool instance_value_delete(Db *db, const char *key, Error *err)
{
    return db_exec(db, "DELETE FROM instance_values WHERE key = $1", DB_ARGS(DB_TEXT(key)), NULL,
                   err);
}
