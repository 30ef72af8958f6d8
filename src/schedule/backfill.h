/* backfill.h - runs past ticks of a schedule again, oldest first.
 *
 * A backfill is a row, and each of its ticks is one, written together: nothing of it is only in
 * memory.  A round of the ticker moves each one on: while fewer than max_parallel of its pipelines
 * are at work and none of its ticks is being made, the oldest that waits is taken, under the
 * backfill's lock, and fired as any due tick is.  So ticks start in their order, on however many
 * servers, and one that fails for a trouble of ours is tried again before the next.
 */
#ifndef PENSTOCK_SCHEDULE_BACKFILL_H
#define PENSTOCK_SCHEDULE_BACKFILL_H

#include "base/site.h"
#include "store/backfills.h"
#include "store/pipeline_schedules.h"

/* Pipelines of one backfill at the same time. */
enum { BACKFILL_MAX_PARALLEL = 100 };

/* Plans @schedule's ticks from @backfill->from_at to to_at (included), as user_id and with
 * max_parallel at once; sets the rest of @backfill.
 * Errors: ERR_INVALID (the span holds no tick, or more than max-backfill-ticks), ERR_CONFLICT (one of
 * the schedule is running). */
bool backfill_start(const Site *site, const PipelineSchedule *schedule, Backfill *backfill,
                    Error *err);

/* What waits is skipped; pipelines that exist go on. @done: false: it had ended before. */
bool backfill_cancel(const Site *site, int64_t id, bool *done, Error *err);

/* Moves all running ones on, on the calling thread: makes as many pipelines as may start now, until
 * @no_more (atomic) is set.  What goes wrong with one is logged, and tried again in the next round. */
bool backfill_round(const Site *site, const int *no_more, Error *err);

#endif
