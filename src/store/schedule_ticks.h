/* schedule_ticks.h - one row a due tick: what became of it. */
#ifndef PENSTOCK_STORE_SCHEDULE_TICKS_H
#define PENSTOCK_STORE_SCHEDULE_TICKS_H

#include "store/query.h"

typedef enum TickResult {
    TICK_DUE,     /* not settled yet */
    TICK_CREATED, /* a pipeline */
    TICK_FAILED,  /* for a reason */
    TICK_SKIPPED, /* by what the schedule says of late and overlapping ticks */
    TICK_WAITING, /* for its turn; not settled yet either */
    N_TICK_RESULTS
} TickResult;
extern const NameTable tick_result_names;

typedef struct ScheduleTick {
    int64_t id;
    int64_t schedule_id;
    int64_t tick_at;
    int64_t pipeline_id; /* 0: none made */
    TickResult result;
    const char *reason; /* why none was made; NULL: made, or still due */
    int64_t recorded_at;
    int64_t settled_at;  /* 0: still due */
    int64_t server_id;   /* which makes its pipeline; 0: not known */
    int64_t taken_at;    /* since when; 0: not known.  An insert sets it to recorded_at */
    int64_t backfill_id; /* which runs it again; 0: the schedule's own tick */
} ScheduleTick;

extern const Column schedule_tick_columns[];

/* Records a tick of the schedule itself, once. @is_new: whether this call did it; then @tick->id is set. */
bool schedule_tick_insert(Db *db, ScheduleTick *tick, bool *is_new, Error *err);
/* The same for many; the ids of those that were there are 0 then. */
bool schedule_tick_insert_all(Db *db, ScheduleTick *ticks, size_t n, Error *err);
/* @done: false: it was settled before, and nothing changed. */
bool schedule_tick_settle(Db *db, int64_t id, TickResult result, int64_t pipeline_id,
                          const char *reason, int64_t now_us, bool *done, Error *err);
/* A due one waits from now on. */
bool schedule_tick_wait(Db *db, int64_t id, bool *done, Error *err);
/* Those that @backfill_id has to run, all waiting; sets their ids. */
bool schedule_tick_insert_backfill(Db *db, ScheduleTick *ticks, size_t n, Error *err);
/* The oldest of a backfill that waits; ERR_NO_RECORD: none does. */
bool schedule_tick_next_of_backfill(Db *db, Arena *arena, int64_t backfill_id, ScheduleTick *tick,
                                    Error *err);
/* Those of a backfill that are due, and not settled. */
bool schedule_tick_count_due_of_backfill(Db *db, int64_t backfill_id, int64_t *count, Error *err);
/* A waiting one becomes due, for one server; changes @tick then. */
bool schedule_tick_start(Db *db, ScheduleTick *tick, int64_t server_id, int64_t now_us, bool *done,
                         Error *err);
/* All of a backfill that wait are skipped. */
bool schedule_tick_skip_backfill(Db *db, int64_t backfill_id, const char *reason, int64_t now_us,
                                 Error *err);
/* Waiting ones of all schedules, but for backfills; the oldest tick of each schedule. */
bool schedule_tick_list_waiting(Db *db, Arena *arena, int64_t limit, ScheduleTick **ticks,
                                size_t *n, Error *err);
/* Of one schedule, but for backfills; counts no further than @at_most. */
bool schedule_tick_count_waiting(Db *db, int64_t schedule_id, int64_t at_most, int64_t *count,
                                 Error *err);
/* Still due; those that were taken up longest ago first. */
bool schedule_tick_list_open(Db *db, Arena *arena, int64_t limit, ScheduleTick **ticks, size_t *n,
                             Error *err);
/* Takes it up (again), for one server from now on; changes @tick then. @done: false: some other was
 * faster, or it is settled. */
bool schedule_tick_take_over(Db *db, ScheduleTick *tick, int64_t server_id, int64_t now_us,
                             bool *done, Error *err);
/* Of one schedule, the newest tick first. @backfill_id: 0: whoever runs them. */
bool schedule_tick_list(Db *db, Arena *arena, int64_t schedule_id, int64_t backfill_id, Slice slice,
                        ScheduleTick **ticks, size_t *n, Error *err);
bool schedule_tick_count(Db *db, int64_t schedule_id, int64_t backfill_id, int64_t *count,
                         Error *err);

#endif
