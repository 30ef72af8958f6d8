/* pipeline_schedules.h - schedules of projects. */
#ifndef PENSTOCK_STORE_PIPELINE_SCHEDULES_H
#define PENSTOCK_STORE_PIPELINE_SCHEDULES_H

#include "base/enums.h"
#include "store/query.h"

typedef struct PipelineSchedule {
    int64_t id;
    int64_t project_id;
    int64_t owner_id; /* 0: gone */
    const char *description;
    const char *ref; /* full */
    const char *cron;
    const char *cron_timezone;
    bool active;
    int64_t next_run_at; /* 0: never again */
    int64_t created_at;
    int64_t updated_at;
    CatchUp catch_up;
    OverlapPolicy overlap_policy;
    int64_t max_start_delay_s; /* 0: none */
    bool has_variables;        /* when it was read */
    bool has_inputs;
} PipelineSchedule;

extern const Column pipeline_schedule_columns[];

/* Sets @schedule->id. */
bool pipeline_schedule_insert(Db *db, PipelineSchedule *schedule, Error *err);
/* ERR_NO_RECORD: there is none. */
bool pipeline_schedule_get(Db *db, Arena *arena, int64_t id, PipelineSchedule *schedule,
                           Error *err);
bool pipeline_schedule_get_in_project(Db *db, Arena *arena, int64_t project_id, int64_t id,
                                      PipelineSchedule *schedule, Error *err);
/* Newest first. */
bool pipeline_schedule_list(Db *db, Arena *arena, int64_t project_id, Only active, Slice slice,
                            PipelineSchedule **schedules, size_t *n, Error *err);
bool pipeline_schedule_count(Db *db, int64_t project_id, Only active, int64_t *count, Error *err);
/* Active ones whose time has come, the most overdue first; inside a write, which has them for itself
 * until its end: those that another write has are left out. */
bool pipeline_schedule_lock_due(Db *db, Arena *arena, int64_t now_us, int64_t limit,
                                PipelineSchedule **schedules, size_t *n, Error *err);
/* When the next active one is due; 0: none is. */
bool pipeline_schedule_next_due(Db *db, int64_t *at, Error *err);

/* owner_id, description, ref, cron, cron_timezone, active, next_run_at, updated_at, catch_up,
 * overlap_policy, max_start_delay_s. */
bool pipeline_schedule_update(Db *db, const PipelineSchedule *schedule, Error *err);
/* From the tick that is due to the next; 0: never again. */
typedef struct ScheduleMove {
    int64_t id;
    int64_t tick_at;
    int64_t next_run_at;
} ScheduleMove;
/* A schedule that was changed meanwhile keeps its new time. */
bool pipeline_schedule_move_on(Db *db, const ScheduleMove *moves, size_t n, Error *err);
bool pipeline_schedule_delete(Db *db, int64_t id, Error *err);

#endif
