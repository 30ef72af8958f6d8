/* process.h - from rows to the engine's model and back, inside one write.
 *
 * operations.c and runner/ describe what is to happen as a function on a Process; process_run() loads, calls it, advances
 * the pipeline and saves what changed, all in one transaction, and then does what follows a commit.
 */
#ifndef PENSTOCK_PIPELINE_PROCESS_H
#define PENSTOCK_PIPELINE_PROCESS_H

#include "base/site.h"
#include "db/db.h"
#include "pipeline/model.h"
#include "store/jobs.h"
#include "store/pipelines.h"

typedef struct Process {
    const Site *site;
    Db *db;
    Arena *arena;
    Pipeline pipeline; /* as loaded */
    Job *jobs;         /* the latest attempts, and what runners have of earlier ones, as loaded */
    size_t n_jobs;
    EnginePipeline *engine;
    EngineJob **engine_jobs;  /* of jobs, in their order */
    int64_t *stage_positions; /* of engine->stages */
    /* What the save found. */
    bool wakes_runners;      /* a job became pending */
    GArray *ended_runs;      /* ids of jobs that a runner had; in the arena */
    bool owes;               /* work for bridges.h was written */
    GArray *resource_groups; /* ids: who is next there may have changed; in the arena */
    bool is_at_rest; /* the pipeline left its work behind: nothing will run unless a person acts */
} Process;

/* ERR_NO_RECORD: no such pipeline. */
bool process_load(Process *p, const Site *site, Db *db, Arena *arena, int64_t pipeline_id,
                  Error *err);

/* The engine's job of an attempt; NULL: an earlier one that no runner has. */
EngineJob *process_job(const Process *p, int64_t job_id);
Job *process_row(const Process *p, const EngineJob *job);

/* Advances, and writes what differs; may be called again after more was done.  ERR_CONFLICT: a row changed under us (never on SQLite). New attempts get their ids. */
bool process_save(Process *p, Error *err);

/* Writes that other pipelines have to do with this one, inside the same write (store/downstream.h):
 * its children are to be canceled; the job that started it, where it waits for it, waits again, and
 * @user_id is who did that. */
bool process_cancel_children(Process *p, Error *err);
bool process_reset_upstream(Process *p, int64_t user_id, Error *err);

/* What follows a commit; may be done twice without harm. */
/* Writes that other pipelines have to do with this one (store/downstream.h), inside the same write:
 * its children are canceled; the job that started it, if it waits, waits again, as @user_id acts. */
bool process_cancel_children(Process *p, Error *err);
bool process_reset_upstream(Process *p, int64_t user_id, Error *err);

void process_after_commit(const Process *p);

/* May run again from the start: it must keep nothing from an earlier call. */
typedef bool (*ProcessFunc)(Process *p, void *data, Error *err);

/* Load, @func, save, commit, after commit.  Blocks: worker threads only. */
bool process_run(const Site *site, int64_t pipeline_id, ProcessFunc func, void *data, Error *err);

#endif
