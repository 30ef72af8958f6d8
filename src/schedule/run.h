/* run.h - a schedule's run: by its tick or by hand. */
#ifndef PENSTOCK_SCHEDULE_RUN_H
#define PENSTOCK_SCHEDULE_RUN_H

#include "base/site.h"
#include "store/pipeline_schedules.h"
#include "store/schedule_ticks.h"

/* Fills next_run_at from cron, zone and now; checks both.
 * Errors: ERR_INVALID with the fields that are wrong. */
bool schedule_plan_next(PipelineSchedule *schedule, int64_t now_us, Error *err);

/* Records a tick at this very time and runs the schedule as @user_id; a run that its configuration, ref or owner does
 * not allow is the tick's recorded reason, and no error. */
bool schedule_play(const Site *site, const PipelineSchedule *schedule, int64_t user_id, Error *err);

/* Makes the pipeline of a recorded tick of the schedule's cron, as its owner, or settles the tick with the reason why there is none, or
 * lets it wait for the run before it.  That of a backfill runs as whoever asked for it, and no policy holds it back.  false: our own trouble; the tick stays open. */
bool schedule_fire(const Site *site, const PipelineSchedule *schedule, const ScheduleTick *tick,
                   Error *err);

#endif
