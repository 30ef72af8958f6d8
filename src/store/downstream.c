/* downstream.c - the tables downstream_pipelines and downstream_work. */
#include "store/downstream.h"

static const char *const tasks[N_DOWNSTREAM_TASKS] = { "start",  "follow",      "reset",
                                                       "cancel", "cancel_rest", "auto_cancel" };
const NameTable downstream_task_names = NAME_TABLE(tasks);

/* --- links ----------------------------------------------------------------------------------- */

#define LINK_COLS                                                                                  \
    "pipeline_id, job_id, upstream_pipeline_id, upstream_project_id, root_pipeline_id, bridge,"    \
    " child, strategy"

const Column downstream_pipeline_columns[] = { COL_INT(DownstreamPipeline, pipeline_id),
                                               COL_INT(DownstreamPipeline, job_id),
                                               COL_INT(DownstreamPipeline, upstream_pipeline_id),
                                               COL_INT(DownstreamPipeline, upstream_project_id),
                                               COL_INT(DownstreamPipeline, root_pipeline_id),
                                               COL_BOOL(DownstreamPipeline, bridge),
                                               COL_BOOL(DownstreamPipeline, child),
                                               COL_ENUM(DownstreamPipeline, strategy,
                                                        bridge_strategy_names),
                                               COL_END };

bool downstream_insert(Db *db, const DownstreamPipeline *link, bool *is_new, Error *err)
{
    return query_exec_one(db,
                          "INSERT INTO downstream_pipelines (" LINK_COLS ")"
                          " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                          " ON CONFLICT (job_id) WHERE bridge = 1 DO NOTHING",
                          DB_ARGS(DB_INT(link->pipeline_id), DB_INT(link->job_id),
                                  DB_INT(link->upstream_pipeline_id),
                                  DB_INT(link->upstream_project_id), DB_INT(link->root_pipeline_id),
                                  DB_BOOL(link->bridge), DB_BOOL(link->child),
                                  DB_ENUM(bridge_strategy_names, link->strategy)),
                          is_new, err);
}

bool downstream_get(Db *db, Arena *arena, int64_t pipeline_id, DownstreamPipeline *link, Error *err)
{
    return db_get(db, arena, downstream_pipeline_columns,
                  "SELECT " LINK_COLS " FROM downstream_pipelines WHERE pipeline_id = $1",
                  DB_ARGS(DB_INT(pipeline_id)), link, err);
}

bool downstream_find(Db *db, Arena *arena, int64_t pipeline_id, const DownstreamPipeline **link,
                     Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    DownstreamPipeline *found = arena_new0(arena, DownstreamPipeline, 1);

    *link = downstream_get(db, arena, pipeline_id, found, &failed) ? found : NULL;
    return *link || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

bool downstream_of_bridge(Db *db, Arena *arena, int64_t job_id, DownstreamPipeline *link,
                          Error *err)
{
    return db_get(db, arena, downstream_pipeline_columns,
                  "SELECT " LINK_COLS " FROM downstream_pipelines WHERE job_id = $1 AND bridge = 1",
                  DB_ARGS(DB_INT(job_id)), link, err);
}

bool downstream_of_bridges(Db *db, Arena *arena, const int64_t *job_ids, size_t n_ids,
                           DownstreamPipeline **links, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "downstream_pipelines");
    query_and(&q, "bridge = 1");
    query_and_ids(&q, "job_id", job_ids, n_ids);
    query_finish_list(&q, LINK_COLS, "pipeline_id", true, NULL, (Slice){ 0 });
    return SELECT_ROWS(db, arena, downstream_pipeline_columns, query_sql(&q), query_args(&q), links,
                       n, err);
}

bool downstream_count_tree(Db *db, int64_t root_pipeline_id, int64_t *count, Error *err)
{
    return db_get_int(db, "SELECT COUNT(*) FROM downstream_pipelines WHERE root_pipeline_id = $1",
                      DB_ARGS(DB_INT(root_pipeline_id)), count, err);
}

bool downstream_list_runs(Db *db, Arena *arena, int64_t pipeline_id, DownstreamRun **runs,
                          size_t *n, Error *err)
{
    static const Column columns[] = { COL_TIME(DownstreamRun, started_at),
                                      COL_TIME(DownstreamRun, finished_at), COL_END };

    return SELECT_ROWS(
        db, arena, columns,
        "WITH RECURSIVE below (id) AS (SELECT pipeline_id FROM downstream_pipelines"
        " WHERE upstream_pipeline_id = $1 UNION SELECT d.pipeline_id FROM below JOIN"
        " downstream_pipelines d ON d.upstream_pipeline_id = below.id)"
        " SELECT j.started_at, j.finished_at FROM below JOIN jobs j ON j.pipeline_id = below.id"
        " WHERE j.retried = 0 AND j.bridge = 0 AND j.started_at IS NOT NULL"
        " AND j.status IN ('success', 'failed', 'running', 'canceled')",
        DB_ARGS(DB_INT(pipeline_id)), runs, n, err);
}

/* --- work ------------------------------------------------------------------------------------ */

#define WORK_COLS "id, kind, job_id, pipeline_id, user_id, attempts, server_id, taken_at"

const Column downstream_work_columns[] = { COL_INT(DownstreamWork, id),
                                           COL_ENUM(DownstreamWork, kind, downstream_task_names),
                                           COL_INT(DownstreamWork, job_id),
                                           COL_INT(DownstreamWork, pipeline_id),
                                           COL_INT(DownstreamWork, user_id),
                                           COL_INT(DownstreamWork, attempts),
                                           COL_INT(DownstreamWork, server_id),
                                           COL_TIME(DownstreamWork, taken_at),
                                           COL_END };

bool downstream_work_insert(Db *db, DownstreamWork *work, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO downstream_work (kind, job_id, user_id, server_id, taken_at,"
                      " pipeline_id, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                      DB_ARGS(DB_ENUM(downstream_task_names, work->kind), DB_INT(work->job_id),
                              DB_ID(work->user_id), DB_ID(work->server_id), DB_INT(work->taken_at),
                              DB_ID(work->pipeline_id), DB_INT(work->attempts)),
                      &work->id, err);
}

bool downstream_work_cancel_children(Db *db, int64_t pipeline_id, int64_t server_id, int64_t now_us,
                                     Error *err)
{
    return db_exec(db,
                   "INSERT INTO downstream_work (kind, job_id, server_id, taken_at)"
                   " SELECT 'cancel', job_id, $2, $3 FROM downstream_pipelines"
                   " WHERE upstream_pipeline_id = $1 AND child = 1",
                   DB_ARGS(DB_INT(pipeline_id), DB_ID(server_id), DB_INT(now_us)), NULL, err);
}

#define WAITING " AND j.status IN ('pending', 'running', 'manual', 'scheduled')"

bool downstream_work_forsake(Db *db, int64_t project_id, int64_t server_id, int64_t now_us,
                             Error *err)
{
    return db_exec(db,
                   "INSERT INTO downstream_work (kind, job_id, server_id, taken_at)"
                   " SELECT 'follow', j.id, $2, $3 FROM pipelines p"
                   " JOIN downstream_pipelines d ON d.pipeline_id = p.id"
                   " JOIN jobs j ON j.id = d.job_id"
                   " WHERE p.project_id = $1 AND j.project_id <> $1 AND d.bridge = 1" WAITING
                   " UNION ALL SELECT 'follow', j.id, $2, $3 FROM pipelines p"
                   " JOIN mirrors m ON m.pipeline_id = p.id JOIN jobs j ON j.id = m.job_id"
                   " WHERE p.project_id = $1 AND j.project_id <> $1" WAITING,
                   DB_ARGS(DB_INT(project_id), DB_ID(server_id), DB_INT(now_us)), NULL, err);
}

bool downstream_work_list(Db *db, Arena *arena, int64_t limit, DownstreamWork **work, size_t *n,
                          Error *err)
{
    return SELECT_ROWS(db, arena, downstream_work_columns,
                       "SELECT " WORK_COLS " FROM downstream_work ORDER BY taken_at, id LIMIT $1",
                       DB_ARGS(DB_INT(limit)), work, n, err);
}

bool downstream_work_take(Db *db, DownstreamWork *work, int64_t server_id, int64_t now_us,
                          bool *done, Error *err)
{
    if (!query_exec_one(
            db,
            "UPDATE downstream_work SET server_id = $2, taken_at = $3,"
            " attempts = attempts + 1 WHERE id = $1 AND attempts = $4",
            DB_ARGS(DB_INT(work->id), DB_ID(server_id), DB_INT(now_us), DB_INT(work->attempts)),
            done, err))
        return false;
    if (*done) {
        work->server_id = server_id;
        work->taken_at = now_us;
        work->attempts++;
    }
    return true;
}

bool downstream_work_end(Db *db, int64_t id, bool *done, Error *err)
{
    return query_exec_one(db, "DELETE FROM downstream_work WHERE id = $1", DB_ARGS(DB_INT(id)),
                          done, err);
}

typedef struct Drop {
    int64_t id;
} Drop;

static bool drop_in_write(Db *db, void *data, Error *err)
{
    bool done;

    return downstream_work_end(db, ((const Drop *)data)->id, &done, err);
}

bool downstream_work_drop(Database *database, int64_t id, Error *err)
{
    return database_write(database, drop_in_write, &(Drop){ id }, err);
}
