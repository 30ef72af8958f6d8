/* move.h - carries out one move of a job, a stage or a pipeline: status and times together.
 *
 * The only place that writes a status.  state.h decides, move.c does; advance.c and the operations
 * call it.  Inside the engine only.
 */
#ifndef PENSTOCK_PIPELINE_MOVE_H
#define PENSTOCK_PIPELINE_MOVE_H

#include "pipeline/model.h"
#include "pipeline/state.h"

/* false: the table has no such move; nothing changed. */
bool engine_move_job(EnginePipeline *p, EngineJob *job, JobEvent event);

/* A bridge takes the status that its pipeline gives it, from whatever it has.  false: it has it. */
bool engine_move_bridge(EnginePipeline *p, EngineJob *job, Status to);

/* Follow what the jobs compute to (N_STATUS: nothing). */
void engine_move_stage(EngineStage *stage, Status computed);
void engine_move_pipeline(EnginePipeline *p, Status computed);

#endif
