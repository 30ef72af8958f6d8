/* job_views.h - a few columns of many jobs: what pages draw. */
#ifndef PENSTOCK_STORE_JOB_VIEWS_H
#define PENSTOCK_STORE_JOB_VIEWS_H

#include "base/enums.h"
#include "store/query.h"

typedef struct JobStatusRow {
    int64_t id;
    const char *name;
    Status status;
    bool retried;
    int64_t updated_at;
} JobStatusRow;

/* The jobs of a pipeline that changed at @since or later, by id. */
bool job_list_statuses(Db *db, Arena *arena, int64_t pipeline_id, int64_t since,
                       JobStatusRow **rows, size_t *n, Error *err);

typedef struct JobDuration {
    const char *name;
    int64_t started_at;
    int64_t finished_at;
} JobDuration;

/* Of the last @limit jobs of a project that succeeded, the newest first. */
bool job_list_durations(Db *db, Arena *arena, int64_t project_id, int64_t limit, JobDuration **rows,
                        size_t *n, Error *err);

typedef struct JobFault {
    int64_t pipeline_id;
    int64_t stage_position;
    bool
        allow_failure; /* it failed, or was canceled, and was allowed to; else it failed and was not */
} JobFault;

/* The latest attempts of the pipelines @ids that are faults in that sense, by pipeline. */
bool job_list_faults(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, JobFault **rows,
                     size_t *n, Error *err);

#endif
