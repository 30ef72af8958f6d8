/* jobs.c - the table jobs: reads, and the writes of engine and API. */
#include "store/jobs.h"

#include <string.h>

const Column job_columns[] = { COL_INT(Job, id),
                               COL_INT(Job, pipeline_id),
                               COL_INT(Job, project_id),
                               COL_INT(Job, spec_id),
                               COL_TEXT(Job, stage),
                               COL_INT(Job, stage_position),
                               COL_TEXT(Job, name),
                               COL_ENUM(Job, status, status_names),
                               COL_ENUM(Job, when_kind, job_when_names),
                               COL_BOOL(Job, allow_failure),
                               COL_BOOL(Job, by_needs),
                               COL_BOOL(Job, bridge),
                               COL_BOOL(Job, retried),
                               COL_BOOL(Job, processed),
                               COL_INT(Job, user_id),
                               COL_TEXT(Job, tags),
                               COL_TEXT(Job, icon),
                               COL_INT(Job, timeout_s),
                               COL_INT(Job, asked_timeout_s),
                               COL_INT(Job, start_in_s),
                               COL_BOOL(Job, enqueue_now),
                               COL_ENUM(Job, failure_reason, failure_reason_names),
                               COL_TEXT(Job, failure_text),
                               COL_INT(Job, exit_code),
                               COL_DOUBLE(Job, coverage),
                               COL_INT(Job, runner_id),
                               COL_INT(Job, manager_id),
                               COL_TEXT(Job, token_hash),
                               COL_TIME(Job, confirm_by),
                               COL_BOOL(Job, graceful),
                               COL_INT(Job, trace_size),
                               COL_BOOL(Job, debug_trace),
                               COL_TIME(Job, created_at),
                               COL_TIME(Job, updated_at),
                               COL_TIME(Job, queued_at),
                               COL_TIME(Job, started_at),
                               COL_TIME(Job, finished_at),
                               COL_TIME(Job, scheduled_at),
                               COL_TIME(Job, erased_at),
                               COL_TIME(Job, artifacts_expire_at),
                               COL_INT(Job, resource_group_id),
                               COL_BOOL(Job, interruptible),
                               COL_BOOL(Job, protected),
                               COL_INT(Job, priority),
                               COL_END };

static void job_insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const Job *job = row;
    const DbArg all[] = { DB_INT(job->pipeline_id),
                          DB_INT(job->project_id),
                          DB_INT(job->spec_id),
                          DB_TEXT(job->stage),
                          DB_INT(job->stage_position),
                          DB_TEXT(job->name),
                          DB_ENUM(status_names, job->status),
                          DB_ENUM(job_when_names, job->when_kind),
                          DB_BOOL(job->allow_failure),
                          DB_BOOL(job->by_needs),
                          DB_BOOL(job->bridge),
                          DB_BOOL(job->retried),
                          DB_BOOL(job->processed),
                          DB_ID(job->user_id),
                          DB_TEXT(job->tags ? job->tags : ""),
                          DB_TEXT(job->icon),
                          DB_INT(job->timeout_s),
                          DB_INT(job->start_in_s),
                          DB_BOOL(job->enqueue_now),
                          DB_ENUM(failure_reason_names, job->failure_reason),
                          DB_BOOL(job->debug_trace),
                          DB_INT(job->created_at),
                          DB_INT(job->updated_at),
                          DB_TIME(job->queued_at),
                          DB_TIME(job->started_at),
                          DB_TIME(job->finished_at),
                          DB_TIME(job->scheduled_at),
                          DB_ID(job->resource_group_id),
                          DB_BOOL(job->interruptible),
                          DB_BOOL(job->protected),
                          DB_INT(job->priority),
                          { .type = DB_END } };

    G_STATIC_ASSERT(sizeof all <= sizeof(DbArg[INSERT_MAX_ARGS + 1]));
    memcpy(args, all, sizeof all);
}

static bool is_of_same_queue(const Job *a, const Job *b)
{
    return !a->bridge && !b->bridge && a->project_id == b->project_id &&
           a->protected == b->protected && g_strcmp0(a->tags, b->tags) == 0;
}

/* What runners look through: once for each queue among @rows. */
static bool ensure_queues(Db *db, const Job *rows, size_t n, Error *err)
{
    for (size_t i = 0; i < n; i++) {
        bool is_first = !rows[i].bridge;
        for (size_t k = 0; is_first && k < i; k++)
            is_first = !is_of_same_queue(&rows[k], &rows[i]);
        if (is_first &&
            !db_exec(db,
                     "INSERT INTO job_queues (project_id, protected, tags) VALUES ($1, $2, $3)"
                     " ON CONFLICT DO NOTHING",
                     DB_ARGS(DB_INT(rows[i].project_id), DB_BOOL(rows[i].protected),
                             DB_TEXT(rows[i].tags ? rows[i].tags : "")),
                     NULL, err))
            return false;
    }
    return true;
}

bool job_insert_all(Db *db, Job *rows, size_t n, Error *err)
{
    return ensure_queues(db, rows, n, err) &&
           query_insert_all(db,
                            "INSERT INTO jobs (pipeline_id, project_id, spec_id, stage, "
                            "stage_position, name, status,"
                            " when_kind, allow_failure, by_needs, bridge, retried, processed, "
                            "user_id, tags, icon, "
                            "timeout_s,"
                            " start_in_s, enqueue_now, failure_reason, debug_trace, created_at, "
                            "updated_at, queued_at,"
                            " started_at, finished_at, scheduled_at, resource_group_id, "
                            "interruptible, protected, "
                            "priority) VALUES ($1, $2,"
                            " $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
                            "$18, $19, $20, $21,"
                            " $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)"
                            " RETURNING id",
                            job_insert_args, rows, sizeof *rows, n, err);
}

bool job_get(Db *db, Arena *arena, int64_t id, Job *job, Error *err)
{
    return db_get(db, arena, job_columns, "SELECT " JOB_COLS " FROM jobs j WHERE j.id = $1",
                  DB_ARGS(DB_INT(id)), job, err);
}

bool job_get_in_project(Db *db, Arena *arena, int64_t project_id, int64_t id, Job *job, Error *err)
{
    return db_get(db, arena, job_columns,
                  "SELECT " JOB_COLS " FROM jobs j WHERE j.id = $1 AND j.project_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(project_id)), job, err);
}

bool job_by_token(Db *db, Arena *arena, const char *token_hash, Job *job, Error *err)
{
    return db_get(db, arena, job_columns, "SELECT " JOB_COLS " FROM jobs j WHERE j.token_hash = $1",
                  DB_ARGS(DB_TEXT(token_hash)), job, err);
}

bool job_by_name(Db *db, Arena *arena, int64_t pipeline_id, const char *name, Job *job, Error *err)
{
    return db_get(db, arena, job_columns,
                  "SELECT " JOB_COLS " FROM jobs j WHERE j.pipeline_id = $1 AND j.name = $2"
                  " AND j.retried = 0 ORDER BY j.id DESC LIMIT 1",
                  DB_ARGS(DB_INT(pipeline_id), DB_TEXT(name)), job, err);
}

bool job_by_name_in_children(Db *db, Arena *arena, int64_t pipeline_id, const char *name, Job *job,
                             Error *err)
{
    return db_get(db, arena, job_columns,
                  "SELECT " JOB_COLS " FROM jobs j WHERE j.pipeline_id IN"
                  " (SELECT d.pipeline_id FROM downstream_pipelines d"
                  " WHERE d.upstream_pipeline_id = $1 AND d.child = 1"
                  " UNION SELECT e.pipeline_id FROM downstream_pipelines d"
                  " JOIN downstream_pipelines e ON e.upstream_pipeline_id = d.pipeline_id"
                  " WHERE d.upstream_pipeline_id = $1 AND d.child = 1 AND e.child = 1)"
                  " AND j.name = $2 AND j.retried = 0 ORDER BY j.pipeline_id, j.id DESC LIMIT 1",
                  DB_ARGS(DB_INT(pipeline_id), DB_TEXT(name)), job, err);
}

bool job_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Job **jobs, size_t *n,
                     Error *err)
{
    return query_rows_by_ids(db, arena, job_columns, sizeof(Job), JOB_COLS, "jobs j", "j.id", ids,
                             n_ids, (void **)jobs, n, err);
}

/* --- lists ----------------------------------------------------------------------------------- */

/* @statuses: said apart, since a list of several is looked up status by status. */
static void filter_jobs(Query *q, const JobFilter *filter, unsigned statuses)
{
    query_init(q, NULL, NULL, "jobs j");
    query_and_id(q, "j.project_id = ?", filter->project_id);
    query_and_id(q, "j.pipeline_id = ?", filter->pipeline_id);
    query_and_id(q, "j.runner_id = ?", filter->runner_id);
    query_and_names(q, "j.status", &status_names, statuses);
    query_and(q, filter->bridges ? "j.bridge = 1" : "j.bridge = 0");
    if (filter->latest_only)
        query_and(q, "j.retried = 0");
    query_and_id(q, "j.id < ?", filter->before_id);
}

bool job_list(Db *db, Arena *arena, const JobFilter *filter, Job **jobs, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };
    /* A pipeline's jobs are few: there one walk does. */
    bool several =
        !filter->pipeline_id && filter->slice.limit > 0 && __builtin_popcount(filter->statuses) > 1;

    filter_jobs(&q, filter, several ? 0 : filter->statuses);
    if (several)
        query_finish_list_by_names(&q, JOB_COLS, "j.id", filter->ascending, filter->slice,
                                   "j.status", &status_names, filter->statuses);
    else
        query_finish_list(&q, JOB_COLS, "j.id", filter->ascending, NULL, filter->slice);
    return SELECT_ROWS(db, arena, job_columns, query_sql(&q), query_args(&q), jobs, n, err);
}

bool job_count(Db *db, const JobFilter *filter, int64_t at_most, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_jobs(&q, filter, filter->statuses);
    query_finish_count(&q, at_most);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool job_list_first(Db *db, Arena *arena, int64_t pipeline_id, int64_t limit, Job **jobs, size_t *n,
                    Error *err)
{
    return SELECT_ROWS(db, arena, job_columns,
                       "SELECT " JOB_COLS " FROM jobs j WHERE j.pipeline_id = $1"
                       " ORDER BY j.id LIMIT $2",
                       DB_ARGS(DB_INT(pipeline_id), DB_INT(limit)), jobs, n, err);
}

bool job_delete_all(Db *db, const int64_t *ids, size_t n_ids, Error *err)
{
    for (size_t i = 0; i < n_ids; i++)
        if (!db_exec(db, "DELETE FROM jobs WHERE id = $1", DB_ARGS(DB_INT(ids[i])), NULL, err))
            return false;
    return true;
}

bool job_list_latest(Db *db, Arena *arena, int64_t pipeline_id, Job **jobs, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_columns,
                       "SELECT " JOB_COLS " FROM jobs j WHERE j.pipeline_id = $1 AND j.retried = 0"
                       " ORDER BY j.id",
                       DB_ARGS(DB_INT(pipeline_id)), jobs, n, err);
}

bool job_list_at_work(Db *db, Arena *arena, int64_t pipeline_id, Job **jobs, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_columns,
                       "SELECT " JOB_COLS " FROM jobs j WHERE j.pipeline_id = $1"
                       " AND (j.retried = 0 OR j.status = 'canceling') ORDER BY j.id",
                       DB_ARGS(DB_INT(pipeline_id)), jobs, n, err);
}

bool job_count_retries(Db *db, Arena *arena, int64_t pipeline_id, RetryCount **counts, size_t *n,
                       Error *err)
{
    static const Column columns[] = { COL_TEXT(RetryCount, name), COL_INT(RetryCount, n), COL_END };

    return SELECT_ROWS(db, arena, columns,
                       "SELECT name, COUNT(*) FROM jobs WHERE pipeline_id = $1 AND retried = 1"
                       " GROUP BY name",
                       DB_ARGS(DB_INT(pipeline_id)), counts, n, err);
}

static void filter_holding_back(Query *q, const Job *job)
{
    query_init(q, NULL, NULL, "jobs j");
    query_and_id(q, "j.pipeline_id = ?", job->pipeline_id);
    query_and(q, "j.retried = 0 AND j.status NOT IN ('success', 'failed', 'canceled', 'skipped')"
                 " AND NOT (j.status = 'manual' AND j.allow_failure = 1)");
    if (job->by_needs)
        query_and_arg(q, "j.name IN (SELECT name FROM job_needs WHERE spec_id = ?)",
                      DB_INT(job->spec_id));
    else
        query_and_arg(q, "j.stage_position < ?", DB_INT(job->stage_position));
}

bool job_list_holding_back(Db *db, Arena *arena, const Job *job, int64_t limit, Job **jobs,
                           size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_holding_back(&q, job);
    query_finish_list(&q, JOB_COLS, "j.stage_position", true, "j.id", (Slice){ .limit = limit });
    return SELECT_ROWS(db, arena, job_columns, query_sql(&q), query_args(&q), jobs, n, err);
}

bool job_count_holding_back(Db *db, const Job *job, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_holding_back(&q, job);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

typedef struct Coverage {
    double mean;
} Coverage;

bool job_mean_coverage(Db *db, Arena *arena, int64_t pipeline_id, double *coverage, Error *err)
{
    static const Column columns[] = { COL_DOUBLE(Coverage, mean), COL_END };
    Coverage row;

    if (!db_get(db, arena, columns,
                "SELECT COALESCE(AVG(coverage), -1) FROM jobs"
                " WHERE pipeline_id = $1 AND retried = 0 AND coverage IS NOT NULL",
                DB_ARGS(DB_INT(pipeline_id)), &row, err))
        return false;
    *coverage = row.mean;
    return true;
}

bool job_has_started_for_good(Db *db, int64_t pipeline_id, bool *started, Error *err)
{
    int64_t n = 0;

    if (!db_get_int(db,
                    "SELECT COUNT(*) FROM jobs WHERE pipeline_id = $1 AND interruptible = 0"
                    " AND bridge = 0 AND status IN ('running', 'success', 'failed')",
                    DB_ARGS(DB_INT(pipeline_id)), &n, err))
        return false;
    *started = n > 0;
    return true;
}

bool job_has_warnings(Db *db, int64_t pipeline_id, bool *warnings, Error *err)
{
    int64_t n = 0;

    if (!db_get_int(db,
                    "SELECT COUNT(*) FROM jobs WHERE pipeline_id = $1 AND retried = 0"
                    " AND allow_failure = 1 AND status IN ('failed', 'canceled')",
                    DB_ARGS(DB_INT(pipeline_id)), &n, err))
        return false;
    *warnings = n > 0;
    return true;
}

/* --- writes ---------------------------------------------------------------------------------- */

/* In these a runner may hold the job, or have held it: its late reports are told the status. */
#define STATUSES_OF_A_RUNNER                                                                       \
    (STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_CANCELING) |      \
     STATUSES_COMPLETED)

bool job_is_held(const Job *job)
{
    return job->status == STATUS_RUNNING || job->status == STATUS_CANCELING ||
           (job->status == STATUS_PENDING && job->confirm_by != 0);
}

bool job_update_state(Db *db, int64_t id, Status before, const JobState *state, bool *done,
                      Error *err)
{
    bool keeps_token = STATUS_IN(state->status, STATUSES_OF_A_RUNNER);

    return query_exec_one(
        db,
        "UPDATE jobs SET status = $3, allow_failure = $4, retried = $5, processed = $6,"
        " user_id = $7, enqueue_now = $8, failure_reason = $9, exit_code = $10, queued_at = $11,"
        " started_at = $12, finished_at = $13, scheduled_at = $14, updated_at = $15,"
        " graceful = $16, token_hash = CASE WHEN $17 = 1 THEN token_hash END,"
        " confirm_by = CASE WHEN $3 = 'pending' THEN confirm_by END"
        " WHERE id = $1 AND status = $2",
        DB_ARGS(DB_INT(id), DB_ENUM(status_names, before), DB_ENUM(status_names, state->status),
                DB_BOOL(state->allow_failure), DB_BOOL(state->retried), DB_BOOL(state->processed),
                DB_ID(state->user_id), DB_BOOL(state->enqueue_now),
                DB_ENUM(failure_reason_names, state->failure_reason),
                state->exit_code < 0 ? DB_NULL : DB_INT(state->exit_code),
                DB_TIME(state->queued_at), DB_TIME(state->started_at), DB_TIME(state->finished_at),
                DB_TIME(state->scheduled_at), DB_INT(state->updated_at), DB_BOOL(state->graceful),
                DB_BOOL(keeps_token)),
        done, err);
}

bool job_set_processed(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "UPDATE jobs SET processed = 1 WHERE id = $1", DB_ARGS(DB_INT(id)), NULL,
                   err);
}

bool job_set_failure_text(Db *db, int64_t id, const char *text, Error *err)
{
    return db_exec(db, "UPDATE jobs SET failure_text = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_TEXT(text)), NULL, err);
}

bool job_set_coverage(Db *db, int64_t id, double coverage, Error *err)
{
    return db_exec(db, "UPDATE jobs SET coverage = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_DOUBLE(coverage)), NULL, err);
}

bool job_set_artifacts_expire_at(Db *db, int64_t id, int64_t expire_at, Error *err)
{
    return db_exec(db, "UPDATE jobs SET artifacts_expire_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_TIME(expire_at)), NULL, err);
}

bool job_set_erased(Db *db, int64_t id, int64_t user_id, int64_t now_us, bool *done, Error *err)
{
    return query_exec_one(
        db,
        "UPDATE jobs SET erased_at = $2, updated_at = $2, erased_by_id = $3,"
        " trace_size = 0, artifacts_expire_at = NULL WHERE id = $1 AND erased_at IS NULL",
        DB_ARGS(DB_INT(id), DB_INT(now_us), DB_ID(user_id)), done, err);
}
