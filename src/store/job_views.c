/* job_views.c - a few columns of the table jobs. */
#include "store/job_views.h"

static const Column status_columns[] = { COL_INT(JobStatusRow, id),
                                         COL_TEXT(JobStatusRow, name),
                                         COL_ENUM(JobStatusRow, status, status_names),
                                         COL_BOOL(JobStatusRow, retried),
                                         COL_TIME(JobStatusRow, updated_at),
                                         COL_END };

bool job_list_statuses(Db *db, Arena *arena, int64_t pipeline_id, int64_t since,
                       JobStatusRow **rows, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, status_columns,
                       "SELECT id, name, status, retried, updated_at FROM jobs"
                       " WHERE pipeline_id = $1 AND updated_at >= $2 ORDER BY id",
                       DB_ARGS(DB_INT(pipeline_id), DB_INT(since)), rows, n, err);
}

static const Column duration_columns[] = { COL_TEXT(JobDuration, name),
                                           COL_TIME(JobDuration, started_at),
                                           COL_TIME(JobDuration, finished_at), COL_END };

bool job_list_durations(Db *db, Arena *arena, int64_t project_id, int64_t limit, JobDuration **rows,
                        size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, duration_columns,
                       "SELECT name, started_at, finished_at FROM jobs WHERE project_id = $1"
                       " AND status = 'success' ORDER BY id DESC LIMIT $2",
                       DB_ARGS(DB_INT(project_id), DB_INT(limit)), rows, n, err);
}

static const Column fault_columns[] = { COL_INT(JobFault, pipeline_id),
                                        COL_INT(JobFault, stage_position),
                                        COL_BOOL(JobFault, allow_failure), COL_END };

bool job_list_faults(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, JobFault **rows,
                     size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    if (n_ids == 0) {
        *rows = NULL;
        *n = 0;
        return true;
    }
    query_init(&q, NULL, NULL, "jobs");
    query_and_ids(&q, "pipeline_id", ids, n_ids);
    query_and(&q, "retried = 0");
    query_and(&q, "(status = 'failed' OR (status = 'canceled' AND allow_failure = 1))");
    query_finish_list(&q, "pipeline_id, stage_position, allow_failure", "pipeline_id", true, "id",
                      (Slice){ 0 });
    return SELECT_ROWS(db, arena, fault_columns, query_sql(&q), query_args(&q), rows, n, err);
}
