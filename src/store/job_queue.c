/* job_queue.c - the table jobs as runners and their watchers see it.
 *
 * The statuses stand in the SQL as constants, so that the indexes of the jobs in flight serve.
 */
#include "store/job_queue.h"

/* What the index jobs_queue has, and its order. */
#define QUEUED  "q.status = 'pending' AND q.bridge = 0 AND q.confirm_by IS NULL"
#define RANK(t) "(" t "created_at - " t "priority * 60000000)"

/* Each queue with its first job, by a look into the index. */
#define HEADS                                                                                      \
    "job_queues k JOIN projects p ON p.id = k.project_id"                                          \
    " JOIN jobs j ON j.id = (SELECT q.id FROM jobs q WHERE " QUEUED                                \
    " AND q.project_id = k.project_id AND q.protected = k.protected AND q.tags = k.tags"           \
    " AND $1 NOT LIKE '%,' || q.id || ',%' ORDER BY " RANK("q.") ", q.id LIMIT 1)"

/* How many jobs of a project runners have. */
#define HELD                                                                                       \
    "WITH held (project_id, n) AS (SELECT project_id, COUNT(*) FROM ("                             \
    "SELECT project_id FROM jobs WHERE status = 'running' AND bridge = 0"                          \
    " UNION ALL SELECT project_id FROM jobs WHERE confirm_by IS NOT NULL) taken"                   \
    " GROUP BY project_id) "

bool job_list_heads(Db *db, Arena *arena, const Runner *runner, const char *passed,
                    PendingJob **jobs, size_t *n, Error *err)
{
    static const Column columns[] = { COL_INT(PendingJob, id),
                                      COL_INT(PendingJob, pipeline_id),
                                      COL_INT(PendingJob, project_id),
                                      COL_INT(PendingJob, user_id),
                                      COL_TEXT(PendingJob, tags),
                                      COL_BOOL(PendingJob, protected),
                                      COL_BOOL(PendingJob, jobs_enabled),
                                      COL_BOOL(PendingJob, archived),
                                      COL_END };
    g_auto(Query) q = { 0 };

    query_init(&q, HELD, DB_ARGS(DB_TEXT(passed)),
               HEADS " LEFT JOIN held ON held.project_id = k.project_id");
    switch (runner->kind) {
    case RUNNER_INSTANCE:
        query_and(&q, "p.shared_runners_enabled = 1");
        break;
    case RUNNER_GROUP:
        query_and_arg(&q,
                      "p.group_runners_enabled = 1 AND p.namespace_id IN ("
                      "WITH RECURSIVE below (id) AS (SELECT id FROM namespaces WHERE id = ?"
                      " UNION ALL SELECT n.id FROM below JOIN namespaces n"
                      " ON n.parent_id = below.id) SELECT id FROM below)",
                      DB_INT(runner->namespace_id));
        break;
    case RUNNER_PROJECT:
        query_and_arg(&q, "p.id IN (SELECT project_id FROM runner_projects WHERE runner_id = ?)",
                      DB_INT(runner->id));
        break;
    case N_RUNNER_KINDS:
        break;
    }
    if (g_strcmp0(runner->access_level, "ref_protected") == 0)
        query_and(&q, "k.protected = 1");
    query_finish_list(&q,
                      "j.id, j.pipeline_id, j.project_id, j.user_id, j.tags, j.protected,"
                      " p.jobs_enabled, p.archived",
                      "COALESCE(held.n, 0), " RANK("j."), true, "j.id", (Slice){ 0 });
    return SELECT_ROWS(db, arena, columns, query_sql(&q), query_args(&q), jobs, n, err);
}

bool job_queue_place(Db *db, const Job *job, int64_t at_most, int64_t *before, int64_t *length,
                     Error *err)
{
    const DbArg args[] = {
        DB_INT(job->project_id), DB_TEXT(job->tags),
        DB_INT(at_most),         DB_INT(job->created_at - job->priority * 60000000),
        DB_INT(job->id),         { .type = DB_END }
    };

    return db_get_int(db,
                      "SELECT COUNT(*) FROM (SELECT 1 FROM jobs q WHERE " QUEUED
                      " AND q.project_id = $1 AND q.protected IN (0, 1) AND q.tags = $2"
                      " AND (" RANK("q.") ", q.id) < ($4, $5) LIMIT $3) counted",
                      args, before, err) &&
           db_get_int(db,
                      "SELECT COUNT(*) FROM (SELECT 1 FROM jobs q WHERE " QUEUED
                      " AND q.project_id = $1 AND q.protected IN (0, 1) AND q.tags = $2"
                      " LIMIT $3) counted",
                      DB_ARGS(DB_INT(job->project_id), DB_TEXT(job->tags), DB_INT(at_most)), length,
                      err);
}

bool job_count_in_flight(Db *db, Status status, int64_t *count, Error *err)
{
    return db_get_int(
        db,
        "SELECT COUNT(*) FROM jobs WHERE status = $1 AND bridge = 0 AND (status = 'pending'"
        " OR status = 'running' OR status = 'canceling' OR status = 'scheduled')",
        DB_ARGS(DB_ENUM(status_names, status)), count, err);
}

/* --- hand-out -------------------------------------------------------------------------------- */

bool job_hand_out(Db *db, int64_t id, const JobHandout *handout, bool *done, Error *err)
{
    return query_exec_one(
        db,
        "UPDATE jobs SET runner_id = $2, manager_id = $3, token_hash = $4, confirm_by = $5,"
        " asked_timeout_s = COALESCE(asked_timeout_s, timeout_s),"
        " timeout_s = CASE WHEN $6 > 0 THEN $6 ELSE timeout_s END, graceful = $7, updated_at = $8"
        " WHERE id = (SELECT id FROM jobs WHERE id = $1 AND status = 'pending'"
        " AND token_hash IS NULL {{FOR NO KEY UPDATE SKIP LOCKED}})"
        " AND EXISTS (SELECT 1 FROM runners r WHERE r.id = $2 AND r.paused = 0)",
        DB_ARGS(DB_INT(id), DB_INT(handout->runner_id), DB_ID(handout->manager_id),
                DB_TEXT(handout->token_hash), DB_TIME(handout->confirm_by),
                DB_INT(handout->timeout_s), DB_BOOL(handout->graceful),
                DB_INT(handout->updated_at)),
        done, err);
}

bool job_confirm(Db *db, int64_t id, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE jobs SET confirm_by = NULL"
                          " WHERE id = $1 AND confirm_by IS NOT NULL",
                          DB_ARGS(DB_INT(id)), done, err);
}

#define END_HANDOUT                                                                                \
    "UPDATE jobs SET runner_id = NULL, manager_id = NULL, token_hash = NULL,"                      \
    " confirm_by = NULL, graceful = 0 WHERE id = $1 AND token_hash = $2"

bool job_end_handout(Db *db, int64_t id, const char *token_hash, bool *done, Error *err)
{
    return query_exec_one(db, END_HANDOUT, DB_ARGS(DB_INT(id), DB_TEXT(token_hash)), done, err);
}

bool job_end_unconfirmed(Db *db, int64_t id, const char *token_hash, int64_t now_us, bool *done,
                         Error *err)
{
    return query_exec_one(db, END_HANDOUT " AND confirm_by <= $3",
                          DB_ARGS(DB_INT(id), DB_TEXT(token_hash), DB_INT(now_us)), done, err);
}

/* --- signs of life --------------------------------------------------------------------------- */

bool job_touch(Db *db, int64_t id, const char *token_hash, int64_t now_us, int64_t confirm_by,
               Error *err)
{
    return db_exec(
        db,
        "UPDATE jobs SET updated_at = $3,"
        " confirm_by = CASE WHEN confirm_by IS NOT NULL THEN $4 END"
        " WHERE id = $1 AND token_hash = $2 AND status IN ('pending', 'running', 'canceling')",
        DB_ARGS(DB_INT(id), DB_TEXT(token_hash), DB_INT(now_us), DB_TIME(confirm_by)), NULL, err);
}

bool job_move_trace_end(Db *db, int64_t id, const char *token_hash, int64_t old_size, int64_t size,
                        bool debug_trace, int64_t now_us, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE jobs SET trace_size = $4, debug_trace = $5, updated_at = $6"
                          " WHERE id = $1 AND token_hash = $2 AND trace_size = $3"
                          " AND status IN ('pending', 'running', 'canceling')",
                          DB_ARGS(DB_INT(id), DB_TEXT(token_hash), DB_INT(old_size), DB_INT(size),
                                  DB_BOOL(debug_trace), DB_INT(now_us)),
                          done, err);
}

/* --- watching -------------------------------------------------------------------------------- */

/* Each takes $1 and the limit as $2. */
static bool list_jobs(Db *db, Arena *arena, const char *sql, int64_t arg, int64_t limit, Job **jobs,
                      size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_columns, sql, DB_ARGS(DB_INT(arg), DB_INT(limit)), jobs, n,
                       err);
}

bool job_list_unconfirmed(Db *db, Arena *arena, int64_t now_us, int64_t limit, Job **jobs,
                          size_t *n, Error *err)
{
    return list_jobs(db, arena,
                     "SELECT " JOB_COLS " FROM jobs j WHERE j.confirm_by <= $1"
                     " ORDER BY j.confirm_by, j.id LIMIT $2",
                     now_us, limit, jobs, n, err);
}

/* Constants, each the start of an index of its own; IN would not be seen to be in the index. */
#define RUNNING_OR_CANCELING "(j.status = 'running' OR j.status = 'canceling') AND j.bridge = 0"

bool job_list_silent(Db *db, Arena *arena, int64_t since, int64_t limit, Job **jobs, size_t *n,
                     Error *err)
{
    return list_jobs(db, arena,
                     "SELECT " JOB_COLS " FROM jobs j WHERE " RUNNING_OR_CANCELING
                     " AND j.updated_at < $1 ORDER BY j.id LIMIT $2",
                     since, limit, jobs, n, err);
}

bool job_list_overdue(Db *db, Arena *arena, int64_t now_us, int64_t grace_s, int64_t limit,
                      Job **jobs, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_columns,
                       "SELECT " JOB_COLS " FROM jobs j WHERE " RUNNING_OR_CANCELING
                       " AND j.started_at + (j.timeout_s + $2) * 1000000 < $1 ORDER BY j.id"
                       " LIMIT $3",
                       DB_ARGS(DB_INT(now_us), DB_INT(grace_s), DB_INT(limit)), jobs, n, err);
}

bool job_list_stuck(Db *db, Arena *arena, int64_t since, int64_t after_id, int64_t limit,
                    Job **jobs, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_columns,
                       "SELECT " JOB_COLS " FROM jobs j WHERE j.status = 'pending'"
                       " AND j.bridge = 0 AND j.confirm_by IS NULL AND j.queued_at < $1"
                       " AND j.id > $2 ORDER BY j.id LIMIT $3",
                       DB_ARGS(DB_INT(since), DB_INT(after_id), DB_INT(limit)), jobs, n, err);
}

bool job_list_delayed_due(Db *db, Arena *arena, int64_t now_us, int64_t limit, Job **jobs,
                          size_t *n, Error *err)
{
    return list_jobs(db, arena,
                     "SELECT " JOB_COLS " FROM jobs j WHERE j.status = 'scheduled'"
                     " AND j.scheduled_at <= $1 ORDER BY j.id LIMIT $2",
                     now_us, limit, jobs, n, err);
}

bool job_next_delayed(Db *db, int64_t *at, Error *err)
{
    return db_get_int(db,
                      "SELECT COALESCE(MIN(scheduled_at), 0) FROM jobs WHERE status = 'scheduled'",
                      DB_NO_ARGS, at, err);
}

bool job_list_held_by_runner(Db *db, Arena *arena, int64_t runner_id, Job **jobs, size_t *n,
                             Error *err)
{
    return SELECT_ROWS(db, arena, job_columns,
                       "SELECT " JOB_COLS " FROM jobs j WHERE j.runner_id = $1"
                       " AND j.token_hash IS NOT NULL AND (j.status = 'pending'"
                       " OR j.status = 'running' OR j.status = 'canceling') ORDER BY j.id",
                       DB_ARGS(DB_INT(runner_id)), jobs, n, err);
}
