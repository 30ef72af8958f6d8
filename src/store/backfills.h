/* backfills.h - past ticks of a schedule that somebody had run; the ticks themselves are rows of
 * schedule_ticks. */
#ifndef PENSTOCK_STORE_BACKFILLS_H
#define PENSTOCK_STORE_BACKFILLS_H

#include "store/schedule_ticks.h"

typedef enum BackfillStatus {
    BACKFILL_RUNNING,
    BACKFILL_FINISHED, /* all of its ticks are settled, and their pipelines have ended */
    BACKFILL_CANCELED,
    N_BACKFILL_STATUSES
} BackfillStatus;
extern const NameTable backfill_status_names;

typedef struct Backfill {
    int64_t id;
    int64_t schedule_id;
    int64_t user_id; /* whose runs they are; 0: gone */
    int64_t from_at;
    int64_t to_at; /* included */
    int64_t max_parallel;
    BackfillStatus status;
    int64_t created_at;
    int64_t finished_at; /* 0: running */
} Backfill;

extern const Column backfill_columns[];

/* Sets @backfill->id. @is_new: false: one of the schedule is running, and nothing was written. */
bool backfill_insert(Db *db, Backfill *backfill, bool *is_new, Error *err);
/* ERR_NO_RECORD: there is none. */
bool backfill_get(Db *db, Arena *arena, int64_t id, Backfill *backfill, Error *err);
bool backfill_get_in_schedule(Db *db, Arena *arena, int64_t schedule_id, int64_t id,
                              Backfill *backfill, Error *err);
/* The same inside a write, where no other starts a tick of it until the write ends. */
bool backfill_lock(Db *db, Arena *arena, int64_t id, Backfill *backfill, Error *err);
/* Of one schedule, newest first. */
bool backfill_list(Db *db, Arena *arena, int64_t schedule_id, Slice slice, Backfill **backfills,
                   size_t *n, Error *err);
bool backfill_count(Db *db, int64_t schedule_id, int64_t *count, Error *err);
/* Of all schedules, by id, from after @after_id on. */
bool backfill_list_running(Db *db, Arena *arena, int64_t after_id, int64_t limit,
                           Backfill **backfills, size_t *n, Error *err);
/* @done: false: it had ended before. */
bool backfill_end(Db *db, int64_t id, BackfillStatus status, int64_t now_us, bool *done,
                  Error *err);

/* How many of its ticks came to what: an entry of each TickResult. */
bool backfill_tally(Db *db, Arena *arena, int64_t id, int64_t tally[N_TICK_RESULTS], Error *err);

#endif
