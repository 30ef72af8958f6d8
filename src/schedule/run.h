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

#endif
