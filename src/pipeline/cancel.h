/* cancel.h - canceling a job or what is left of a pipeline.
 *
 * engine_advance() is left to the caller.
 */
#ifndef PENSTOCK_PIPELINE_CANCEL_H
#define PENSTOCK_PIPELINE_CANCEL_H

#include "base/error.h"
#include "pipeline/model.h"

/* A running job whose runner can do so cancels gracefully (canceling), any other at once.
 * false: it is in no state to be canceled; nothing changed (the API answers as if it had). */
bool engine_cancel_job(EnginePipeline *p, EngineJob *job);

/* Ends a canceling job now.  false: it is not canceling. */
bool engine_force_cancel_job(EnginePipeline *p, EngineJob *job);

/* Cancels every latest job in a cancelable status; manual jobs stay.  The number of them. */
int engine_cancel_jobs(EnginePipeline *p);

/* The same, of the last ones (the latest stage first) no more than @at_most: fewer were canceled when none is
 * left.  What they wait for is canceled after them, so no advance between sets one of them off. */
int engine_cancel_last_jobs(EnginePipeline *p, int at_most);

/* The same as a person's wish.  Errors: ERR_UNPROCESSABLE (no job is cancelable). */
bool engine_cancel_pipeline(EnginePipeline *p, Error *err);

#endif
