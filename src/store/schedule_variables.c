/* schedule_variables.c - the table schedule_variables. */
#include "store/schedule_variables.h"

#define VARIABLE_COLS "id, schedule_id, key, value, variable_type, raw"

const Column schedule_variable_columns[] = { COL_INT(ScheduleVariable, id),
                                             COL_INT(ScheduleVariable, schedule_id),
                                             COL_TEXT(ScheduleVariable, key),
                                             COL_TEXT(ScheduleVariable, value),
                                             COL_ENUM(ScheduleVariable, variable_type,
                                                      variable_type_names),
                                             COL_BOOL(ScheduleVariable, raw),
                                             COL_END };

bool schedule_variable_insert(Db *db, ScheduleVariable *v, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO schedule_variables (schedule_id, key, value, variable_type, raw)"
                      " VALUES ($1, $2, $3, $4, $5) RETURNING id",
                      DB_ARGS(DB_INT(v->schedule_id), DB_TEXT(v->key), DB_TEXT(v->value),
                              DB_ENUM(variable_type_names, v->variable_type), DB_BOOL(v->raw)),
                      &v->id, err);
}

bool schedule_variable_by_key(Db *db, Arena *arena, int64_t schedule_id, const char *key,
                              ScheduleVariable *variable, Error *err)
{
    return db_get(db, arena, schedule_variable_columns,
                  "SELECT " VARIABLE_COLS " FROM schedule_variables"
                  " WHERE schedule_id = $1 AND key = $2",
                  DB_ARGS(DB_INT(schedule_id), DB_TEXT(key)), variable, err);
}

bool schedule_variable_list(Db *db, Arena *arena, int64_t schedule_id, ScheduleVariable **variables,
                            size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, schedule_variable_columns,
                       "SELECT " VARIABLE_COLS " FROM schedule_variables WHERE schedule_id = $1"
                       " ORDER BY id",
                       DB_ARGS(DB_INT(schedule_id)), variables, n, err);
}

bool schedule_variable_update(Db *db, const ScheduleVariable *v, Error *err)
{
    return db_exec(db,
                   "UPDATE schedule_variables SET key = $2, value = $3, variable_type = $4,"
                   " raw = $5 WHERE id = $1",
                   DB_ARGS(DB_INT(v->id), DB_TEXT(v->key), DB_TEXT(v->value),
                           DB_ENUM(variable_type_names, v->variable_type), DB_BOOL(v->raw)),
                   NULL, err);
}

bool schedule_variable_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM schedule_variables WHERE id = $1", DB_ARGS(DB_INT(id)), NULL,
                   err);
}
