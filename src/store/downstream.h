/* downstream.h - pipelines that jobs started, and what pipelines owe each other.
 *
 * Work is written in the transaction of the change that asks for it, and deleted in the one that
 * does it: a crash in between leaves it to be done once.
 */
#ifndef PENSTOCK_STORE_DOWNSTREAM_H
#define PENSTOCK_STORE_DOWNSTREAM_H

#include "base/enums.h"
#include "store/query.h"

/* --- links ----------------------------------------------------------------------------------- */

typedef struct DownstreamPipeline {
    int64_t pipeline_id;
    int64_t job_id; /* the bridge, or the job whose token was used */
    int64_t upstream_pipeline_id;
    int64_t upstream_project_id;
    int64_t root_pipeline_id; /* the first of the tree */
    bool bridge;              /* job_id is one */
    bool child;               /* it runs in its upstream's project, on its commit */
    BridgeStrategy strategy;
} DownstreamPipeline;

extern const Column downstream_pipeline_columns[];

/* @is_new: false: the bridge has a pipeline; nothing was written. */
bool downstream_insert(Db *db, const DownstreamPipeline *link, bool *is_new, Error *err);
/* ERR_NO_RECORD: no job started it. */
bool downstream_get(Db *db, Arena *arena, int64_t pipeline_id, DownstreamPipeline *link,
                    Error *err);
/* Likewise; *@link NULL: no job started it. */
bool downstream_find(Db *db, Arena *arena, int64_t pipeline_id, const DownstreamPipeline **link,
                     Error *err);
/* Of a bridge.  ERR_NO_RECORD: it has started none. */
bool downstream_of_bridge(Db *db, Arena *arena, int64_t job_id, DownstreamPipeline *link,
                          Error *err);
/* Of several bridges, in any order. */
bool downstream_of_bridges(Db *db, Arena *arena, const int64_t *job_ids, size_t n_ids,
                           DownstreamPipeline **links, size_t *n, Error *err);
/* How many pipelines the tree has below its first. */
bool downstream_count_tree(Db *db, int64_t root_pipeline_id, int64_t *count, Error *err);

/* When a job ran. */
typedef struct DownstreamRun {
    int64_t started_at;
    int64_t finished_at; /* 0: it runs */
} DownstreamRun;
/* Of the latest jobs of all pipelines that @pipeline_id has started, and those of these. */
bool downstream_list_runs(Db *db, Arena *arena, int64_t pipeline_id, DownstreamRun **runs,
                          size_t *n, Error *err);

/* --- work ------------------------------------------------------------------------------------ */

typedef enum DownstreamTask {
    DOWNSTREAM_START,       /* the bridge's turn has come: make its pipeline */
    DOWNSTREAM_FOLLOW,      /* the pipeline changed: the bridge may have to */
    DOWNSTREAM_RESET,       /* something of the pipeline runs again: the bridge waits again */
    DOWNSTREAM_CANCEL,      /* the bridge's pipeline was canceled: so is the child */
    DOWNSTREAM_CANCEL_REST, /* a pipeline is being canceled in parts: go on */
    DOWNSTREAM_AUTO_CANCEL, /* a new pipeline: cancel what it makes redundant */
    N_DOWNSTREAM_TASKS
} DownstreamTask;
extern const NameTable downstream_task_names;

typedef struct DownstreamWork {
    int64_t id;
    DownstreamTask kind;
    int64_t job_id;      /* the bridge; 0: it is about a pipeline */
    int64_t pipeline_id; /* of cancel_rest and auto_cancel; else 0 */
    int64_t user_id;     /* who acts, of a reset */
    int64_t attempts;    /* that came to no end */
    int64_t server_id;
    int64_t taken_at;
} DownstreamWork;

extern const Column downstream_work_columns[];

/* Sets @work->id. */
bool downstream_work_insert(Db *db, DownstreamWork *work, Error *err);
/* DOWNSTREAM_CANCEL for each child of a pipeline. */
bool downstream_work_cancel_children(Db *db, int64_t pipeline_id, int64_t server_id, int64_t now_us,
                                     Error *err);
/* DOWNSTREAM_FOLLOW for each bridge and mirror elsewhere that waits for a pipeline of a project, which
 * is to be deleted in the same write, and locked. */
bool downstream_work_forsake(Db *db, int64_t project_id, int64_t server_id, int64_t now_us,
                             Error *err);
/* Those that were taken the longest ago come first. */
bool downstream_work_list(Db *db, Arena *arena, int64_t limit, DownstreamWork **work, size_t *n,
                          Error *err);
/* Makes it @server_id's from now on, and counts an attempt. @done: false: another has it, or it is
 * done. */
bool downstream_work_take(Db *db, DownstreamWork *work, int64_t server_id, int64_t now_us,
                          bool *done, Error *err);
/* @done: false: somebody else did it. */
bool downstream_work_end(Db *db, int64_t id, bool *done, Error *err);
/* The same as a write of its own. */
bool downstream_work_drop(Database *database, int64_t id, Error *err);

#endif
