/* events.h - what happens to a job from outside: runners report, time passes.
 *
 * All answer false where the job is in no state for it, and then nothing changed: so a late report
 * for an attempt that has ended is harmless.  engine_advance() is left to the caller.
 */
#ifndef PENSTOCK_PIPELINE_EVENTS_H
#define PENSTOCK_PIPELINE_EVENTS_H

#include "pipeline/model.h"

/* A runner has it.  The caller knows whether that runner can cancel gracefully. */
bool engine_run_job(EnginePipeline *p, EngineJob *job, bool can_cancel_gracefully);

bool engine_succeed_job(EnginePipeline *p, EngineJob *job);

/* It failed.  @exit_code: NULL where it is not known.  A failure is allowed if `allow_failure`
 * says so of the exit code; a retry by itself is added at once, so that the failed run is never
 * part of a status; a failure that counts cancels the rest of a pipeline that asked for it. */
bool engine_drop_job(EnginePipeline *p, EngineJob *job, FailureReason reason, const int *exit_code);

/* The runner it was handed to never confirmed: it goes back to its old place in the queue. */
bool engine_take_back_job(EnginePipeline *p, EngineJob *job);

/* Starts a delayed job whose time has come; false before scheduled_at. */
bool engine_start_scheduled_job(EnginePipeline *p, EngineJob *job);

/* The pipeline of a bridge stands at @downstream: the bridge follows as @strategy says, from
 * whatever it came to before. */
bool engine_follow_downstream(EnginePipeline *p, EngineJob *bridge, BridgeStrategy strategy,
                              Status downstream);

/* Something of the bridge's pipeline runs again: it waits again, and what was skipped after it gets
 * another chance.  @user_id: who did that. */
bool engine_wait_again(EnginePipeline *p, EngineJob *bridge, int64_t user_id);

/* Makes a delayed job wait for a person instead. */
bool engine_unschedule_job(EnginePipeline *p, EngineJob *job);

#endif
