/* deployments.c - the tables deployments and deployment_counters. */
#include "store/deployments.h"

#define DEPLOYMENT_COLS                                                                            \
    "d.id, d.iid, d.project_id, d.environment_id, d.job_id, d.user_id, d.ref, d.tag, d.sha,"       \
    " d.status, d.created_at, d.updated_at, d.finished_at"

const Column deployment_columns[] = {
    COL_INT(Deployment, id),           COL_INT(Deployment, iid),
    COL_INT(Deployment, project_id),   COL_INT(Deployment, environment_id),
    COL_INT(Deployment, job_id),       COL_INT(Deployment, user_id),
    COL_TEXT(Deployment, ref),         COL_BOOL(Deployment, tag),
    COL_TEXT(Deployment, sha),         COL_ENUM(Deployment, status, deployment_status_names),
    COL_TIME(Deployment, created_at),  COL_TIME(Deployment, updated_at),
    COL_TIME(Deployment, finished_at), COL_END
};

bool deployment_insert(Db *db, Deployment *d, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO deployment_counters (project_id, last_iid) VALUES ($1, 1)"
                      " ON CONFLICT (project_id) DO UPDATE SET last_iid ="
                      " deployment_counters.last_iid + 1 RETURNING last_iid",
                      DB_ARGS(DB_INT(d->project_id)), &d->iid, err) &&
           db_get_int(db,
                      "INSERT INTO deployments (iid, project_id, environment_id, job_id, user_id,"
                      " ref, tag, sha, status, created_at, updated_at, finished_at) VALUES ($1, $2,"
                      " $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
                      DB_ARGS(DB_INT(d->iid), DB_INT(d->project_id), DB_INT(d->environment_id),
                              DB_ID(d->job_id), DB_ID(d->user_id), DB_TEXT(d->ref), DB_BOOL(d->tag),
                              DB_TEXT(d->sha), DB_ENUM(deployment_status_names, d->status),
                              DB_INT(d->created_at), DB_INT(d->updated_at),
                              DB_TIME(d->finished_at)),
                      &d->id, err);
}

bool deployment_get(Db *db, Arena *arena, int64_t project_id, int64_t id, Deployment *deployment,
                    Error *err)
{
    return db_get(db, arena, deployment_columns,
                  "SELECT " DEPLOYMENT_COLS " FROM deployments d"
                  " WHERE d.id = $1 AND d.project_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(project_id)), deployment, err);
}

bool deployment_by_job(Db *db, Arena *arena, int64_t job_id, Deployment *deployment, Error *err)
{
    return db_get(db, arena, deployment_columns,
                  "SELECT " DEPLOYMENT_COLS " FROM deployments d WHERE d.job_id = $1",
                  DB_ARGS(DB_INT(job_id)), deployment, err);
}

bool deployment_last(Db *db, Arena *arena, int64_t environment_id, Deployment *deployment,
                     Error *err)
{
    return db_get(db, arena, deployment_columns,
                  "SELECT " DEPLOYMENT_COLS " FROM deployments d WHERE d.environment_id = $1"
                  " AND d.status = 'success' ORDER BY d.id DESC LIMIT 1",
                  DB_ARGS(DB_INT(environment_id)), deployment, err);
}

static const QueryOrder orders[] = {
    { "id", "d.id" },
    { "iid", "d.iid" },
    { "created_at", "d.created_at" },
    { "updated_at", "d.updated_at" },
    { "finished_at", "d.finished_at" },
    { "ref", "d.ref" IN_BYTES },
    { NULL, NULL },
};

static void filter_deployments(Query *q, const DeploymentFilter *filter)
{
    query_init(q, NULL, NULL, "deployments d");
    query_and_id(q, "d.project_id = ?", filter->project_id);
    if (filter->environment) {
        query_and_text(q,
                       "d.environment_id IN (SELECT e.id FROM environments e WHERE"
                       " e.project_id = d.project_id AND e.name = ?)",
                       filter->environment);
    }
    query_and_text(q, "d.status = ?", filter->status);
    query_and_id(q, "d.updated_at >= ?", filter->updated_after);
    query_and_id(q, "d.updated_at <= ?", filter->updated_before);
    query_and_id(q, "d.finished_at >= ?", filter->finished_after);
    query_and_id(q, "d.finished_at <= ?", filter->finished_before);
}

bool deployment_list(Db *db, Arena *arena, const DeploymentFilter *filter, Deployment **deployments,
                     size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };
    const char *order;

    if (!query_order(orders, filter->order_by, &order, err))
        return false;
    filter_deployments(&q, filter);
    query_finish_list(&q, DEPLOYMENT_COLS, order, !filter->descending, "d.id", filter->slice);
    return SELECT_ROWS(db, arena, deployment_columns, query_sql(&q), query_args(&q), deployments, n,
                       err);
}

bool deployment_count(Db *db, const DeploymentFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_deployments(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool deployment_set_status(Db *db, int64_t id, DeploymentStatus status, int64_t now_us, Error *err)
{
    bool ended = status == DEPLOYMENT_SUCCESS || status == DEPLOYMENT_FAILED ||
                 status == DEPLOYMENT_CANCELED;

    return db_exec(db,
                   "UPDATE deployments SET status = $2, updated_at = $3, finished_at = $4"
                   " WHERE id = $1 AND status <> $2",
                   DB_ARGS(DB_INT(id), DB_ENUM(deployment_status_names, status), DB_INT(now_us),
                           DB_TIME(ended ? now_us : 0)),
                   NULL, err);
}

bool deployment_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM deployments WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
