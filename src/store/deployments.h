/* deployments.h - each time that a job, or a script by the API, brought a commit to an environment. */
#ifndef PENSTOCK_STORE_DEPLOYMENTS_H
#define PENSTOCK_STORE_DEPLOYMENTS_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Deployment {
    int64_t id;
    int64_t iid; /* counts in the project */
    int64_t project_id;
    int64_t environment_id;
    int64_t job_id;  /* 0: made by the API, or the job is gone */
    int64_t user_id; /* 0: gone */
    const char *ref;
    bool tag;
    const char *sha;
    DeploymentStatus status;
    int64_t created_at;
    int64_t updated_at;
    int64_t finished_at; /* 0: not yet */
} Deployment;

extern const Column deployment_columns[];

/* Sets @deployment->id and iid, whose counter stays locked until the write ends. */
bool deployment_insert(Db *db, Deployment *deployment, Error *err);
/* ERR_NO_RECORD: there is none. */
bool deployment_get(Db *db, Arena *arena, int64_t project_id, int64_t id, Deployment *deployment,
                    Error *err);
bool deployment_by_job(Db *db, Arena *arena, int64_t job_id, Deployment *deployment, Error *err);
/* The last that succeeded; ERR_NO_RECORD: none did. */
bool deployment_last(Db *db, Arena *arena, int64_t environment_id, Deployment *deployment,
                     Error *err);

typedef struct DeploymentFilter {
    int64_t project_id;
    const char *environment; /* by name; NULL: any */
    const char *status;      /* NULL: any */
    int64_t updated_after, updated_before;
    int64_t finished_after, finished_before;
    const char *order_by; /* id, iid, created_at, updated_at, finished_at, ref; NULL: id */
    bool descending;
    Slice slice;
} DeploymentFilter;

bool deployment_list(Db *db, Arena *arena, const DeploymentFilter *filter, Deployment **deployments,
                     size_t *n, Error *err);
bool deployment_count(Db *db, const DeploymentFilter *filter, int64_t *count, Error *err);

/* Of a job or by id; an ended one has the time.  Nothing where it is in @status already. */
bool deployment_set_status(Db *db, int64_t id, DeploymentStatus status, int64_t now_us, Error *err);
bool deployment_delete(Db *db, int64_t id, Error *err);

#endif
