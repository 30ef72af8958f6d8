/* schedule_variables.h - variables of a schedule. */
#ifndef PENSTOCK_STORE_SCHEDULE_VARIABLES_H
#define PENSTOCK_STORE_SCHEDULE_VARIABLES_H

#include "base/enums.h"
#include "store/query.h"

typedef struct ScheduleVariable {
    int64_t id;
    int64_t schedule_id;
    const char *key;
    const char *value; /* sealed */
    VariableType variable_type;
    bool raw;
} ScheduleVariable;

extern const Column schedule_variable_columns[];

/* Sets @variable->id.  ERR_DB_UNIQUE: there is one of that key. */
bool schedule_variable_insert(Db *db, ScheduleVariable *variable, Error *err);
/* ERR_NO_RECORD: there is none. */
bool schedule_variable_by_key(Db *db, Arena *arena, int64_t schedule_id, const char *key,
                              ScheduleVariable *variable, Error *err);
/* By id. */
bool schedule_variable_list(Db *db, Arena *arena, int64_t schedule_id, ScheduleVariable **variables,
                            size_t *n, Error *err);
/* key, value, variable_type, raw. */
bool schedule_variable_update(Db *db, const ScheduleVariable *variable, Error *err);
bool schedule_variable_delete(Db *db, int64_t id, Error *err);

#endif
