/* advance.h - the processing pass: which jobs may start, wait or be skipped now.
 *
 * Runs after creation and after every operation of events.h, retry.h and cancel.h; it is the
 * engine's only way from one job to the next.  Pure, and linear in the jobs and needs of the
 * pipeline.
 */
#ifndef PENSTOCK_PIPELINE_ADVANCE_H
#define PENSTOCK_PIPELINE_ADVANCE_H

#include "pipeline/model.h"

/* Decides every created job whose turn has come, lets stages and pipeline follow their jobs, and
 * cancels the rest where a failure asks for that; afterwards every latest job is processed.  May
 * be called at any time: without an unprocessed job nothing happens. */
void engine_advance(EnginePipeline *p);

#endif
