/* schedule_inputs.h - `inputs` of schedules: what requests ask for, and how replies show them. */
#ifndef PENSTOCK_API_SCHEDULE_INPUTS_H
#define PENSTOCK_API_SCHEDULE_INPUTS_H

#include "api/caller.h"

/* The members of `inputs`, for PARAM_LIST: of a new schedule, and of a change. */
extern const Param schedule_new_input_params[];
extern const Param schedule_input_params[];

typedef struct InputChange {
    const char *name;
    const char *value; /* JSON, sealed; NULL: the input goes */
} InputChange;

typedef struct InputChanges {
    InputChange *items;
    size_t n;
    int64_t max; /* inputs of a schedule */
} InputChanges;

/* `inputs` of the request, in its arena; absent: none.
 * Errors: ERR_PARAM, ERR_INVALID with GitLab's texts. */
bool input_changes_read(Req *rq, InputChanges *changes, Error *err);

/* Inside a write that has the schedule's row for itself.  ERR_INVALID: too many. */
bool input_changes_write(Db *db, int64_t schedule_id, const InputChanges *changes, Error *err);

/* A stored one as replies show it. */
typedef struct InputView {
    const char *name;
    const char *value; /* JSON */
} InputView;

/* In rq->arena. */
bool input_views_load(Req *rq, int64_t schedule_id, InputView **views, size_t *n, Error *err);
/* [{name, value}, ...] */
void input_views_write(JsonWriter *w, const InputView *views, size_t n);

#endif
