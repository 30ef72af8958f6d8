/* pipelines.c - the table pipelines. */
#include "store/pipelines.h"

#define PIPELINE_COLS                                                                              \
    "id, iid, project_id, user_id, ref, tag, sha, before_sha, source, status, failure_reason,"     \
    " name, yaml_errors, config_path, protected, cancel_on_job_failure, schedule_id, trigger_id,"  \
    " upstream_job_id, created_at, updated_at, started_at, finished_at,"                           \
    " COALESCE(duration_s, -1), committed_at, on_new_commit, mirrored,"                            \
    " auto_canceled_by_id, schedule_tick"

const Column pipeline_columns[] = { COL_INT(Pipeline, id),
                                    COL_INT(Pipeline, iid),
                                    COL_INT(Pipeline, project_id),
                                    COL_INT(Pipeline, user_id),
                                    COL_TEXT(Pipeline, ref),
                                    COL_BOOL(Pipeline, tag),
                                    COL_TEXT(Pipeline, sha),
                                    COL_TEXT(Pipeline, before_sha),
                                    COL_ENUM(Pipeline, source, pipeline_source_names),
                                    COL_ENUM(Pipeline, status, status_names),
                                    COL_ENUM(Pipeline, failure_reason, pipeline_failure_names),
                                    COL_TEXT(Pipeline, name),
                                    COL_TEXT(Pipeline, yaml_errors),
                                    COL_TEXT(Pipeline, config_path),
                                    COL_BOOL(Pipeline, protected),
                                    COL_BOOL(Pipeline, cancel_on_job_failure),
                                    COL_INT(Pipeline, schedule_id),
                                    COL_INT(Pipeline, trigger_id),
                                    COL_INT(Pipeline, upstream_job_id),
                                    COL_TIME(Pipeline, created_at),
                                    COL_TIME(Pipeline, updated_at),
                                    COL_TIME(Pipeline, started_at),
                                    COL_TIME(Pipeline, finished_at),
                                    COL_INT(Pipeline, duration_s),
                                    COL_TIME(Pipeline, committed_at),
                                    COL_ENUM(Pipeline, on_new_commit, on_new_commit_names),
                                    COL_BOOL(Pipeline, mirrored),
                                    COL_INT(Pipeline, auto_canceled_by_id),
                                    COL_TEXT(Pipeline, schedule_tick),
                                    COL_END };

/* -1: SQL NULL. */
static DbArg duration_arg(int64_t duration_s)
{
    return duration_s < 0 ? DB_NULL : DB_INT(duration_s);
}

bool pipeline_insert(Db *db, Pipeline *p, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO pipelines (iid, project_id, user_id, ref, tag, sha, before_sha, source, "
        "status,"
        " failure_reason, name, yaml_errors, config_path, protected, cancel_on_job_failure,"
        " schedule_id, trigger_id, upstream_job_id, created_at, updated_at, started_at,"
        " finished_at, duration_s, committed_at, on_new_commit, schedule_tick) VALUES ($1, $2, $3, "
        "$4, $5, $6, "
        "$7, $8, $9, $10,"
        " $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)"
        " RETURNING id",
        DB_ARGS(DB_INT(p->iid), DB_INT(p->project_id), DB_ID(p->user_id), DB_TEXT(p->ref),
                DB_BOOL(p->tag), DB_TEXT(p->sha), DB_TEXT(p->before_sha),
                DB_ENUM(pipeline_source_names, p->source), DB_ENUM(status_names, p->status),
                DB_ENUM(pipeline_failure_names, p->failure_reason), DB_TEXT(p->name),
                DB_TEXT(p->yaml_errors), DB_TEXT(p->config_path), DB_BOOL(p->protected),
                DB_BOOL(p->cancel_on_job_failure), DB_ID(p->schedule_id), DB_ID(p->trigger_id),
                DB_ID(p->upstream_job_id), DB_INT(p->created_at), DB_INT(p->updated_at),
                DB_TIME(p->started_at), DB_TIME(p->finished_at),
                p->finished_at ? duration_arg(p->duration_s) : DB_NULL, DB_TIME(p->committed_at),
                DB_ENUM(on_new_commit_names, p->on_new_commit), DB_TEXT(p->schedule_tick)),
        &p->id, err);
}

bool pipeline_get(Db *db, Arena *arena, int64_t id, Pipeline *pipeline, Error *err)
{
    return db_get(db, arena, pipeline_columns,
                  "SELECT " PIPELINE_COLS " FROM pipelines WHERE id = $1", DB_ARGS(DB_INT(id)),
                  pipeline, err);
}

bool pipeline_lock(Db *db, Arena *arena, int64_t id, Pipeline *pipeline, Error *err)
{
    return db_get(db, arena, pipeline_columns,
                  "SELECT " PIPELINE_COLS " FROM pipelines WHERE id = $1"
                  " {{FOR NO KEY UPDATE}}",
                  DB_ARGS(DB_INT(id)), pipeline, err);
}

bool pipeline_get_in_project(Db *db, Arena *arena, int64_t project_id, int64_t id,
                             Pipeline *pipeline, Error *err)
{
    return db_get(db, arena, pipeline_columns,
                  "SELECT " PIPELINE_COLS " FROM pipelines WHERE id = $1 AND project_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(project_id)), pipeline, err);
}

bool pipeline_latest(Db *db, Arena *arena, int64_t project_id, const char *ref, const char *sha,
                     Pipeline *pipeline, Error *err)
{
    if (sha)
        return db_get(db, arena, pipeline_columns,
                      "SELECT " PIPELINE_COLS " FROM pipelines WHERE project_id = $1 AND sha = $3"
                      " AND ref = $2 AND source <> 'parent_pipeline' ORDER BY id DESC LIMIT 1",
                      DB_ARGS(DB_INT(project_id), DB_TEXT(ref), DB_TEXT(sha)), pipeline, err);
    return db_get(db, arena, pipeline_columns,
                  "SELECT " PIPELINE_COLS " FROM pipelines WHERE project_id = $1 AND ref = $2"
                  " AND source <> 'parent_pipeline' ORDER BY id DESC LIMIT 1",
                  DB_ARGS(DB_INT(project_id), DB_TEXT(ref)), pipeline, err);
}

bool pipeline_latest_successful(Db *db, Arena *arena, int64_t project_id, const char *ref,
                                Pipeline *pipeline, Error *err)
{
    return db_get(db, arena, pipeline_columns,
                  "SELECT " PIPELINE_COLS " FROM pipelines WHERE project_id = $1 AND ref = $2"
                  " AND status = 'success' AND source <> 'parent_pipeline'"
                  " ORDER BY id DESC LIMIT 1",
                  DB_ARGS(DB_INT(project_id), DB_TEXT(ref)), pipeline, err);
}

bool pipeline_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                          Pipeline **pipelines, size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, pipeline_columns, sizeof(Pipeline), PIPELINE_COLS,
                             "pipelines", "id", ids, n_ids, (void **)pipelines, n, err);
}

bool pipeline_list_unfinished(Db *db, Arena *arena, int64_t after_id, int64_t limit,
                              Pipeline **pipelines, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, pipeline_columns,
                       "SELECT " PIPELINE_COLS " FROM pipelines"
                       " WHERE finished_at IS NULL AND id > $1 ORDER BY id LIMIT $2",
                       DB_ARGS(DB_INT(after_id), DB_INT(limit)), pipelines, n, err);
}

/* --- lists ----------------------------------------------------------------------------------- */

/* @statuses: said apart, since a list of several is looked up status by status. */
static void filter_pipelines(Query *q, const PipelineFilter *filter, unsigned statuses)
{
    query_init(q, NULL, NULL, "pipelines");
    query_and_id(q, "project_id = ?", filter->project_id);
    query_and_id(q, "schedule_id = ?", filter->schedule_id);
    query_and_names(q, "status", &status_names, statuses);
    if (filter->has_source)
        query_and_arg(q, "source = ?", DB_ENUM(pipeline_source_names, filter->source));
    else
        query_and(q, "source <> 'parent_pipeline'");
    query_and_text(q, "ref = ?", filter->ref);
    query_and_text(q, "sha = ?", filter->sha);
    query_and_text(q, "name = ?", filter->name);
    if (filter->username) {
        char *key = query_key(filter->username);
        q->owned = g_slist_prepend(q->owned, key);
        query_and_text(q, "user_id = (SELECT id FROM users WHERE username_key = ?)", key);
    }
    query_and_only(q, "yaml_errors IS NOT NULL", "yaml_errors IS NULL", filter->yaml_errors);
    query_and_id(q, "updated_at > ?", filter->updated_after);
    query_and_id(q, "updated_at < ?", filter->updated_before);
    query_and_id(q, "created_at > ?", filter->created_after);
    query_and_id(q, "created_at < ?", filter->created_before);
    if (filter->refs)
        query_and_texts(q, "ref", filter->refs);
    if (filter->latest_of != REFS_ANY)
        query_and_arg(q,
                      filter->latest_of == REFS_TAGS
                          ? "id IN (SELECT MAX(id) FROM pipelines WHERE project_id = ? AND tag = 1"
                            " AND source <> 'parent_pipeline' GROUP BY ref)"
                          : "id IN (SELECT MAX(id) FROM pipelines WHERE project_id = ? AND tag = 0"
                            " AND source <> 'parent_pipeline' GROUP BY ref)",
                      DB_INT(filter->project_id));
}

bool pipeline_list(Db *db, Arena *arena, const PipelineFilter *filter, Pipeline **pipelines,
                   size_t *n, Error *err)
{
    static const QueryOrder orders[] = { { "id", "id" },
                                         { "status", "status" IN_BYTES },
                                         { "ref", "ref" IN_BYTES },
                                         { "updated_at", "updated_at" },
                                         { "user_id", "user_id" },
                                         { 0 } };
    g_auto(Query) q = { 0 };
    const char *order;

    if (!query_order(orders, filter->order_by, &order, err))
        return false;
    bool by_id = order == orders[0].sql;
    bool several = by_id && filter->slice.limit > 0 && __builtin_popcount(filter->statuses) > 1;
    filter_pipelines(&q, filter, several ? 0 : filter->statuses);
    if (several)
        query_finish_list_by_names(&q, PIPELINE_COLS, "id", filter->ascending, filter->slice,
                                   "status", &status_names, filter->statuses);
    else
        query_finish_list(&q, PIPELINE_COLS, order, filter->ascending, by_id ? NULL : "id",
                          filter->slice);
    return SELECT_ROWS(db, arena, pipeline_columns, query_sql(&q), query_args(&q), pipelines, n,
                       err);
}

bool pipeline_count(Db *db, const PipelineFilter *filter, int64_t at_most, int64_t *count,
                    Error *err)
{
    g_auto(Query) q = { 0 };

    filter_pipelines(&q, filter, filter->statuses);
    query_finish_count(&q, at_most);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

/* --- small writes ---------------------------------------------------------------------------- */

bool pipeline_update_state(Db *db, int64_t id, Status before, const PipelineState *state,
                           bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE pipelines SET status = $3, started_at = $4, finished_at = $5,"
                          " duration_s = $6, updated_at = $7, auto_canceled_by_id ="
                          " CASE WHEN status = 'canceled' AND $3 <> 'canceled'"
                          " THEN NULL ELSE auto_canceled_by_id END"
                          " WHERE id = $1 AND status = $2",
                          DB_ARGS(DB_INT(id), DB_ENUM(status_names, before),
                                  DB_ENUM(status_names, state->status), DB_TIME(state->started_at),
                                  DB_TIME(state->finished_at), duration_arg(state->duration_s),
                                  DB_INT(state->updated_at)),
                          done, err);
}

bool pipeline_set_auto_canceled_by(Db *db, int64_t id, int64_t by_id, Error *err)
{
    return db_exec(db, "UPDATE pipelines SET auto_canceled_by_id = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_ID(by_id)), NULL, err);
}

/* Word by word the condition of the index. */
#define CANCELABLE                                                                                 \
    "(status = 'created' OR status = 'waiting_for_resource' OR status = 'preparing'"               \
    " OR status = 'waiting_for_callback' OR status = 'pending' OR status = 'running'"              \
    " OR status = 'scheduled')"

/* The newest of them by the index alone; then each is asked. */
#define OLDER                                                                                      \
    "(SELECT id FROM (SELECT id, sha, created_at FROM pipelines WHERE project_id = $1"             \
    " AND ref = $2 AND id < $3 AND " CANCELABLE " ORDER BY id DESC LIMIT $7) found"                \
    " WHERE found.sha <> $4 AND found.created_at < $5 AND found.created_at > $6)"

#define OLDER_ARGS(pipeline, since, limit)                                                         \
    DB_ARGS(DB_INT((pipeline)->project_id), DB_TEXT((pipeline)->ref), DB_INT((pipeline)->id),      \
            DB_TEXT((pipeline)->sha), DB_INT((pipeline)->created_at), DB_INT(since),               \
            DB_INT(limit))

bool pipeline_list_older(Db *db, Arena *arena, const Pipeline *pipeline, int64_t since,
                         int64_t limit, Pipeline **pipelines, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, pipeline_columns,
                       "SELECT " PIPELINE_COLS " FROM pipelines WHERE id IN " OLDER
                       " ORDER BY id DESC",
                       OLDER_ARGS(pipeline, since, limit), pipelines, n, err);
}

bool pipeline_has_older(Db *db, const Pipeline *pipeline, int64_t since, int64_t limit, bool *has,
                        Error *err)
{
    int64_t n = 0;

    if (!db_get_int(db, "SELECT COUNT(*) FROM (SELECT 1 FROM " OLDER " older LIMIT 1) counted",
                    OLDER_ARGS(pipeline, since, limit), &n, err))
        return false;
    *has = n > 0;
    return true;
}

bool pipeline_set_name(Db *db, int64_t id, const char *name, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE pipelines SET name = $2, updated_at = $3 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_TEXT(name), DB_INT(now_us)), NULL, err);
}

bool pipeline_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM pipelines WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

/* As the index has it. */
#define AT_WORK                                                                                    \
    "(status = 'created' OR status = 'waiting_for_resource' OR status = 'preparing'"               \
    " OR status = 'waiting_for_callback' OR status = 'pending' OR status = 'running'"              \
    " OR status = 'canceling' OR status = 'scheduled')"

bool pipeline_list_of_schedule_at_work(Db *db, Arena *arena, int64_t schedule_id,
                                       Pipeline **pipelines, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, pipeline_columns,
                       "SELECT " PIPELINE_COLS " FROM pipelines WHERE schedule_id = $1"
                       " AND schedule_id IS NOT NULL AND " AT_WORK
                       " AND NOT EXISTS (SELECT 1 FROM schedule_ticks t"
                       " WHERE t.pipeline_id = pipelines.id AND t.backfill_id <> 0) ORDER BY id",
                       DB_ARGS(DB_INT(schedule_id)), pipelines, n, err);
}

bool pipeline_latest_of_schedule(Db *db, Arena *arena, int64_t schedule_id, Pipeline *pipeline,
                                 Error *err)
{
    return db_get(db, arena, pipeline_columns,
                  "SELECT " PIPELINE_COLS " FROM pipelines WHERE schedule_id = $1"
                  " AND schedule_id IS NOT NULL ORDER BY id DESC LIMIT 1",
                  DB_ARGS(DB_INT(schedule_id)), pipeline, err);
}

bool pipeline_count_of_backfill_at_work(Db *db, int64_t schedule_id, int64_t backfill_id,
                                        int64_t *count, Error *err)
{
    return db_get_int(db,
                      "SELECT COUNT(*) FROM pipelines WHERE schedule_id = $1"
                      " AND schedule_id IS NOT NULL AND " AT_WORK
                      " AND EXISTS (SELECT 1 FROM schedule_ticks t WHERE t.pipeline_id ="
                      " pipelines.id AND t.backfill_id <> 0 AND t.backfill_id = $2)",
                      DB_ARGS(DB_INT(schedule_id), DB_INT(backfill_id)), count, err);
}

#undef AT_WORK
