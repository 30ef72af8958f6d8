/* model.h - one pipeline in memory: what the engine works on.
 *
 * The database side loads the latest jobs of a pipeline into a model, runs one operation and then
 * engine_advance() (advance.h), and writes each stage, job and pipeline that changed, with
 * `WHERE status = <before>`; a row that is gone by then means: load and run again.  The tests drive
 * the same functions.  Nothing here knows a database or a clock: the time is a field.
 */
#ifndef PENSTOCK_PIPELINE_MODEL_H
#define PENSTOCK_PIPELINE_MODEL_H

#include "base/arena.h"
#include "base/enums.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `retry`: how often a failed job is run again by itself. */
typedef struct EngineRetry {
    int max;          /* 0: never */
    bool always;      /* for any reason; else for those in @reasons and @exit_codes */
    uint64_t reasons; /* bit 1 << FailureReason */
    const int *exit_codes;
    size_t n_exit_codes;
} EngineRetry;

/* One run of a job. */
typedef struct EngineJob {
    /* Set by who adds it. */
    int64_t id;       /* 0: a new row, made by a retry */
    const char *name; /* what needs refer to; one latest run a name */
    int stage;        /* index in EnginePipeline.stages */
    Status status;
    JobWhen when;
    bool allow_failure;
    bool by_needs;    /* scheduled by its needs, even if it has none, and not by its stage */
    bool bridge;      /* it starts another pipeline: no runner has it */
    bool retried;     /* a later run of the same name exists */
    bool processed;   /* the engine has seen its present status */
    bool enqueue_now; /* `when` asks for a person or a delay; a person has spoken */
    bool can_cancel_gracefully; /* its runner said so */
    bool has_environment;       /* it deploys to one, stops it, or only looks at it */
    bool needs_resource;        /* before it is pending it waits for its resource group */
    const char *const *needs;   /* @n_needs names; those not in the pipeline count as not written */
    size_t n_needs;
    int64_t start_in_s; /* of a delayed job */
    EngineRetry retry;
    int n_retried;                       /* earlier runs of this name, by hand or by itself */
    const int *allow_failure_exit_codes; /* ending with one of them turns allow_failure on */
    size_t n_allow_failure_exit_codes;
    int64_t user_id; /* who acts: the pipeline's user, later who played or retried it */
    FailureReason failure;
    int exit_code; /* 0 to 32767, where has_exit_code */
    bool has_exit_code;
    int64_t created_at, queued_at, started_at, finished_at, scheduled_at; /* us; 0: never */

    /* The engine's. */
    Status before;              /* as added: for `WHERE status = ` */
    bool changed;               /* something but `processed` is to be written */
    struct EngineJob *retry_of; /* of a new row: the run whose spec and tags it shares */
    int slot;                   /* the name's, in EnginePipeline.slots; -1: retried when added */
} EngineJob;

typedef struct EngineStage {
    int64_t id;
    const char *name;
    Status status;
    Status before; /* as added; what differs is to be written */
    int *order;    /* the engine's: slots, each after those of this stage that it needs */
    int n_order;
} EngineStage;

/* A job name with its latest run: what needs, and who needs it, lead from name to name. */
typedef struct EngineSlot {
    EngineJob *latest;
    int *needs; /* slots */
    int n_needs;
    int *needed_by; /* slots */
    int n_needed_by;
} EngineSlot;

typedef struct EnginePipeline {
    Arena *arena;   /* borrowed; owns every pointer below */
    int64_t now_us; /* the caller's: what "now" is for the next operation */
    Status status;
    Status before;
    bool changed;               /* status, times or duration are to be written */
    bool cancel_on_job_failure; /* workflow:auto_cancel:on_job_failure: all */
    int64_t created_at, started_at, finished_at;
    int64_t duration_s; /* -1: none */

    EngineStage *stages; /* by position */
    int n_stages;
    EngineJob **jobs; /* as added, new rows at the end; a job never moves in memory */
    int n_jobs;

    /* The engine's. */
    int n_jobs_allocated;
    EngineSlot *slots;
    int n_slots;
    bool cancel_is_due; /* a job failed that cancels the rest; engine_advance() does it */
} EnginePipeline;

/* A pipeline with @n_stages stages for the caller to fill (id, name, status); everything in
 * @arena.  The caller sets the status and times as well. */
EnginePipeline *engine_pipeline_new(Arena *arena, int n_stages, int64_t now_us);

/* Adds a copy of @job.  Its strings and arrays are borrowed for the life of the arena. */
EngineJob *engine_pipeline_add(EnginePipeline *p, const EngineJob *job);

/* To be called once after the last stage and job: finds the latest runs, joins needs to names and
 * puts each stage in order.  Linear in jobs and needs. */
void engine_pipeline_ready(EnginePipeline *p);

/* The latest run of a name; NULL: no such name.  A walk over all names: for the odd look-up. */
EngineJob *engine_pipeline_find(const EnginePipeline *p, const char *name);

/* Takes the place of @old as the latest run of its name: @old counts as retried from now on. */
EngineJob *engine_pipeline_replace(EnginePipeline *p, EngineJob *old, const EngineJob *job);

/* Nothing goes on any more until a person plays a job: not final, nothing active, scheduled or
 * being canceled, and a manual job is there. */
bool engine_waits_for_person(const EnginePipeline *p);

#endif
