/* job_specs.h - what jobs do and what they need; the attempts of a job share one spec. */
#ifndef PENSTOCK_STORE_JOB_SPECS_H
#define PENSTOCK_STORE_JOB_SPECS_H

#include "store/query.h"

typedef struct JobSpec {
    int64_t id;
    int64_t pipeline_id;
    const char *options; /* JSON: pipeline/spec.h */
    const char *policy;  /* JSON: what the engine asks of it; NULL: nothing */
} JobSpec;

extern const Column job_spec_columns[];

/* Sets the id of each; all in one go. */
bool job_spec_insert_all(Db *db, JobSpec *rows, size_t n, Error *err);
static inline bool job_spec_insert(Db *db, JobSpec *row, Error *err)
{
    return job_spec_insert_all(db, row, 1, err);
}
/* ERR_NO_RECORD: there is none. */
bool job_spec_get(Db *db, Arena *arena, int64_t id, JobSpec *spec, Error *err);
/* Of a pipeline, by id. */
bool job_spec_list(Db *db, Arena *arena, int64_t pipeline_id, JobSpec **specs, size_t *n,
                   Error *err);
/* Those that have a policy, without their options, by id: what the engine reads. */
bool job_spec_list_policies(Db *db, Arena *arena, int64_t pipeline_id, JobSpec **specs, size_t *n,
                            Error *err);

typedef struct JobNeed {
    int64_t id;
    int64_t spec_id;
    const char *name; /* of the job */
    bool artifacts;   /* these are wanted, too */
} JobNeed;

extern const Column job_need_columns[];

/* Sets the id of each; all in one go. */
bool job_need_insert_all(Db *db, JobNeed *rows, size_t n, Error *err);
static inline bool job_need_insert(Db *db, JobNeed *row, Error *err)
{
    return job_need_insert_all(db, row, 1, err);
}
/* In the order they are written. */
bool job_need_list(Db *db, Arena *arena, int64_t spec_id, JobNeed **needs, size_t *n, Error *err);
/* Of all specs of a pipeline, by spec. */
bool job_need_list_by_pipeline(Db *db, Arena *arena, int64_t pipeline_id, JobNeed **needs,
                               size_t *n, Error *err);

/* Deletes up to @limit of a pipeline, with all that hangs on them; @n: how many. */
bool job_spec_delete_some(Db *db, int64_t pipeline_id, int64_t limit, int64_t *n, Error *err);

#endif
