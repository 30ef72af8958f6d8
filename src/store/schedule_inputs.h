/* schedule_inputs.h - inputs that a schedule gives to its pipelines. */
#ifndef PENSTOCK_STORE_SCHEDULE_INPUTS_H
#define PENSTOCK_STORE_SCHEDULE_INPUTS_H

#include "store/query.h"

typedef struct ScheduleInput {
    int64_t id;
    int64_t schedule_id;
    const char *name;
    const char *value; /* JSON, sealed */
} ScheduleInput;

extern const Column schedule_input_columns[];

/* Adds it, or changes the value of the one of that name. */
bool schedule_input_put(Db *db, const ScheduleInput *input, Error *err);
/* By id. */
bool schedule_input_list(Db *db, Arena *arena, int64_t schedule_id, ScheduleInput **inputs,
                         size_t *n, Error *err);
bool schedule_input_delete(Db *db, int64_t schedule_id, const char *name, Error *err);

#endif
