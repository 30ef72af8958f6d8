/* pipelines.h - pipelines: one row each, lists by every filter of the API. */
#ifndef PENSTOCK_STORE_PIPELINES_H
#define PENSTOCK_STORE_PIPELINES_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Pipeline {
    int64_t id;
    int64_t iid;
    int64_t project_id;
    int64_t user_id; /* 0: gone */
    const char *ref; /* short name, or the SHA of a run on a bare commit */
    bool tag;
    const char *sha;
    const char *before_sha; /* 40 zeros: none */
    PipelineSource source;
    Status status;
    PipelineFailure failure_reason;
    const char *name;        /* NULL: none */
    const char *yaml_errors; /* NULL: the configuration was valid */
    const char *config_path;
    bool protected;
    bool cancel_on_job_failure;
    int64_t schedule_id;       /* 0: not from a schedule */
    const char *schedule_tick; /* the tick's time, in the schedule's zone; NULL: none */
    int64_t trigger_id;        /* 0: not from a trigger */
    int64_t upstream_job_id;   /* 0: not from a job */
    int64_t created_at;
    int64_t updated_at;
    int64_t started_at;  /* 0: not yet */
    int64_t finished_at; /* 0: not yet */
    int64_t duration_s;  /* -1: not finished */
    int64_t committed_at;
    OnNewCommit on_new_commit;   /* what a newer pipeline of its ref does to it */
    bool mirrored;               /* jobs of other projects show its status */
    int64_t auto_canceled_by_id; /* the newer pipeline that canceled it; 0: none did */
} Pipeline;

extern const Column pipeline_columns[];

/* Sets @pipeline->id.  iid: project_next_iid() in the same write. */
bool pipeline_insert(Db *db, Pipeline *pipeline, Error *err);

/* ERR_NO_RECORD: there is none. */
bool pipeline_get(Db *db, Arena *arena, int64_t id, Pipeline *pipeline, Error *err);
/* The same inside a write, where nobody else changes its jobs until the write ends. */
bool pipeline_lock(Db *db, Arena *arena, int64_t id, Pipeline *pipeline, Error *err);
bool pipeline_get_in_project(Db *db, Arena *arena, int64_t project_id, int64_t id,
                             Pipeline *pipeline, Error *err);
/* The newest of a branch or tag, no child pipeline.  @sha: NULL: whatever commit. */
bool pipeline_latest(Db *db, Arena *arena, int64_t project_id, const char *ref, const char *sha,
                     Pipeline *pipeline, Error *err);
/* The newest that succeeded: where artifacts by ref are looked for. */
bool pipeline_latest_successful(Db *db, Arena *arena, int64_t project_id, const char *ref,
                                Pipeline *pipeline, Error *err);

bool pipeline_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                          Pipeline **pipelines, size_t *n, Error *err);
/* All that are not final, of whatever project, by id: what a start of the server looks through.
 * From after @after_id on. */
bool pipeline_list_unfinished(Db *db, Arena *arena, int64_t after_id, int64_t limit,
                              Pipeline **pipelines, size_t *n, Error *err);

typedef enum PipelineRefs { REFS_ANY, REFS_BRANCHES, REFS_TAGS } PipelineRefs;

typedef struct PipelineFilter {
    int64_t project_id;
    unsigned statuses;       /* STATUS_BIT()s; 0: any */
    PipelineRefs latest_of;  /* only the newest of each branch or tag */
    const char *const *refs; /* among these, NULL-terminated; NULL: any */
    bool has_source;         /* without: child pipelines are left out */
    PipelineSource source;
    const char *ref;
    const char *sha;
    const char *name;
    const char *username; /* who started it */
    Only yaml_errors;
    int64_t updated_after, updated_before; /* strict; 0: any */
    int64_t created_after, created_before;
    int64_t schedule_id;
    const char *order_by; /* id, status, ref, updated_at, user_id; NULL: id */
    bool ascending;
    Slice slice;
} PipelineFilter;

bool pipeline_list(Db *db, Arena *arena, const PipelineFilter *filter, Pipeline **pipelines,
                   size_t *n, Error *err);
/* @at_most: counts no further than that; 0: all. */
bool pipeline_count(Db *db, const PipelineFilter *filter, int64_t at_most, int64_t *count,
                    Error *err);

/* What the engine decides. */
typedef struct PipelineState {
    Status status;
    int64_t started_at, finished_at; /* 0: not yet */
    int64_t duration_s;              /* -1: none */
    int64_t updated_at;
} PipelineState;

/* Writes @state if the status is still @before; @done says whether it was.  Who leaves canceled is nobody's
 * auto-canceled any more. */
bool pipeline_update_state(Db *db, int64_t id, Status before, const PipelineState *state,
                           bool *done, Error *err);
bool pipeline_set_auto_canceled_by(Db *db, int64_t id, int64_t by_id, Error *err);
/* Those of the ref of @pipeline that can be canceled, are older than it but newer than @since, and
 * are of another commit than it; of the newest @limit. */
bool pipeline_list_older(Db *db, Arena *arena, const Pipeline *pipeline, int64_t since,
                         int64_t limit, Pipeline **pipelines, size_t *n, Error *err);
bool pipeline_has_older(Db *db, const Pipeline *pipeline, int64_t since, int64_t limit, bool *has,
                        Error *err);
bool pipeline_set_name(Db *db, int64_t id, const char *name, int64_t now_us, Error *err);
bool pipeline_delete(Db *db, int64_t id, Error *err);

/* The newest that a schedule made.  ERR_NO_RECORD: there is none. */
bool pipeline_latest_of_schedule(Db *db, Arena *arena, int64_t schedule_id, Pipeline *pipeline,
                                 Error *err);
/* The pipelines of a schedule that run or are going to without a person, the oldest first; without those of
 * backfills. */
bool pipeline_list_of_schedule_at_work(Db *db, Arena *arena, int64_t schedule_id,
                                       Pipeline **pipelines, size_t *n, Error *err);
/* The same of one backfill of that schedule, counted. */
bool pipeline_count_of_backfill_at_work(Db *db, int64_t schedule_id, int64_t backfill_id,
                                        int64_t *count, Error *err);

#endif
