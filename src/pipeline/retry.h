/* retry.h - running jobs again, and waking what was skipped because of them.
 *
 * A retry adds a row of the same name; the old one keeps its status and log and counts as retried.
 * Each function leaves the final engine_advance() to the caller.
 */
#ifndef PENSTOCK_PIPELINE_RETRY_H
#define PENSTOCK_PIPELINE_RETRY_H

#include "base/error.h"
#include "pipeline/model.h"

/* A person starts a manual, delayed or ended action job; what waited for it is looked at again.
 * *@played: @job itself, or the new run where @job had ended before.
 * Errors: ERR_BAD_REQUEST (not playable). */
bool engine_play_job(EnginePipeline *p, EngineJob *job, int64_t user_id, EngineJob **played,
                     Error *err);

/* A new run of @job as @user_id, started at once if it is an action.  Advances once in between, as
 * dependents are woken only after the new run has its place.
 * Errors: ERR_FORBIDDEN (not retryable). */
bool engine_retry_job(EnginePipeline *p, EngineJob *job, int64_t user_id, EngineJob **retry,
                      Error *err);

/* The same with a new run of all that follows @job and has ended, whatever it came to: what depends on it by needs, and
 * where stages decide the later ones.  Manual ones come back as manual; what runs now goes on. */
bool engine_rerun_from(EnginePipeline *p, EngineJob *job, int64_t user_id, EngineJob **retry,
                       Error *err);

/* A new run of every latest failed or canceled job (manual ones come back as manual); all skipped
 * jobs are looked at again.  Successful jobs stay.  The number of new runs. */
int engine_retry_pipeline(EnginePipeline *p, int64_t user_id);

/* Whether the failed @job is run again by itself: its `retry`, or the engine's own rule for the
 * reason, and not too often yet. */
bool engine_auto_retry_is_due(const EngineJob *job);

/* That new run, as the job's own user. */
EngineJob *engine_auto_retry(EnginePipeline *p, EngineJob *job);

/* Looks again at the skipped among: what needs @job, directly or through others, and every job of
 * a later stage.  Those whose turn has still not come are skipped again by the next pass. */
void engine_reset_skipped(EnginePipeline *p, const EngineJob *job, int64_t user_id);

#endif
