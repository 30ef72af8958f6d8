/* run.h - a schedule's run: by its tick or by hand. */
#ifndef PENSTOCK_SCHEDULE_RUN_H
#define PENSTOCK_SCHEDULE_RUN_H

#include "base/site.h"
#include "store/pipeline_schedules.h"
#include "store/pipelines.h"

/* Fills next_run_at from cron, zone and now; checks both.
 * Errors: ERR_INVALID with the fields that are wrong. */
bool schedule_plan_next(PipelineSchedule *schedule, int64_t now_us, Error *err);

/* Creates the schedule's pipeline as @user_id.  @tick_id: the tick that is settled in the same transaction; 0: by hand.
 * Errors: as pipeline_create(); ERR_CONFIG too where the user or ref is gone. */
bool schedule_run(const Site *site, Arena *arena, const PipelineSchedule *schedule, int64_t user_id,
                  int64_t tick_id, Pipeline *out, Error *err);

/* Records a tick at this very time and runs the schedule as @user_id; a run that its configuration, ref or owner does
 * not allow is the tick's recorded reason, and no error. */
bool schedule_play(const Site *site, const PipelineSchedule *schedule, int64_t user_id, Error *err);

/* schedule_run() for a recorded tick, which is settled whatever comes of it.  false: our own trouble; the tick stays open. */
bool schedule_fire(const Site *site, const PipelineSchedule *schedule, int64_t user_id,
                   int64_t tick_id, Error *err);

#endif
