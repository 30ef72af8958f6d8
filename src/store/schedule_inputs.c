/* schedule_inputs.c - the table schedule_inputs. */
#include "store/schedule_inputs.h"

const Column schedule_input_columns[] = { COL_INT(ScheduleInput, id),
                                          COL_INT(ScheduleInput, schedule_id),
                                          COL_TEXT(ScheduleInput, name),
                                          COL_TEXT(ScheduleInput, value), COL_END };

bool schedule_input_put(Db *db, const ScheduleInput *input, Error *err)
{
    return db_exec(db,
                   "INSERT INTO schedule_inputs (schedule_id, name, value) VALUES ($1, $2, $3)"
                   " ON CONFLICT (schedule_id, name) DO UPDATE SET value = excluded.value",
                   DB_ARGS(DB_INT(input->schedule_id), DB_TEXT(input->name), DB_TEXT(input->value)),
                   NULL, err);
}

bool schedule_input_list(Db *db, Arena *arena, int64_t schedule_id, ScheduleInput **inputs,
                         size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, schedule_input_columns,
                       "SELECT id, schedule_id, name, value FROM schedule_inputs"
                       " WHERE schedule_id = $1 ORDER BY id",
                       DB_ARGS(DB_INT(schedule_id)), inputs, n, err);
}

bool schedule_input_delete(Db *db, int64_t schedule_id, const char *name, Error *err)
{
    return db_exec(db, "DELETE FROM schedule_inputs WHERE schedule_id = $1 AND name = $2",
                   DB_ARGS(DB_INT(schedule_id), DB_TEXT(name)), NULL, err);
}
