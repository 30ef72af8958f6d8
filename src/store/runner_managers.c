/* runner_managers.c - the table runner_managers. */
#include "store/runner_managers.h"

#define MANAGER_COLS                                                                               \
    "id, runner_id, system_id, version, revision, platform, architecture, executor, ip_address,"   \
    " contacted_at, created_at"

const Column runner_manager_columns[] = { COL_INT(RunnerManager, id),
                                          COL_INT(RunnerManager, runner_id),
                                          COL_TEXT(RunnerManager, system_id),
                                          COL_TEXT(RunnerManager, version),
                                          COL_TEXT(RunnerManager, revision),
                                          COL_TEXT(RunnerManager, platform),
                                          COL_TEXT(RunnerManager, architecture),
                                          COL_TEXT(RunnerManager, executor),
                                          COL_TEXT(RunnerManager, ip_address),
                                          COL_TIME(RunnerManager, contacted_at),
                                          COL_TIME(RunnerManager, created_at),
                                          COL_END };

static DbArg text_or_empty(const char *text)
{
    return DB_TEXT(text ? text : "");
}

bool runner_manager_upsert(Db *db, RunnerManager *m, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO runner_managers (runner_id, system_id, version, revision, platform,"
        " architecture, executor, ip_address, contacted_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (runner_id, system_id) DO UPDATE SET version = excluded.version,"
        " revision = excluded.revision, platform = excluded.platform,"
        " architecture = excluded.architecture, executor = excluded.executor,"
        " ip_address = excluded.ip_address, contacted_at = excluded.contacted_at RETURNING id",
        DB_ARGS(DB_INT(m->runner_id), DB_TEXT(m->system_id), text_or_empty(m->version),
                text_or_empty(m->revision), text_or_empty(m->platform),
                text_or_empty(m->architecture), text_or_empty(m->executor),
                text_or_empty(m->ip_address), DB_TIME(m->contacted_at), DB_INT(m->created_at)),
        &m->id, err);
}

bool runner_manager_by_system(Db *db, Arena *arena, int64_t runner_id, const char *system_id,
                              RunnerManager *manager, Error *err)
{
    return db_get(db, arena, runner_manager_columns,
                  "SELECT " MANAGER_COLS " FROM runner_managers WHERE runner_id = $1"
                  " AND system_id = $2",
                  DB_ARGS(DB_INT(runner_id), DB_TEXT(system_id)), manager, err);
}

bool runner_manager_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                                RunnerManager **managers, size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, runner_manager_columns, sizeof(RunnerManager), MANAGER_COLS,
                             "runner_managers", "id", ids, n_ids, (void **)managers, n, err);
}

bool runner_manager_list_by_runners(Db *db, Arena *arena, const int64_t *runner_ids, size_t n_ids,
                                    RunnerManager **managers, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "runner_managers");
    query_and_ids(&q, "runner_id", runner_ids, n_ids);
    query_finish_list(&q, MANAGER_COLS, "runner_id", false, "id", (Slice){ 0 });
    return SELECT_ROWS(db, arena, runner_manager_columns, query_sql(&q), query_args(&q), managers,
                       n, err);
}

bool runner_manager_delete(Db *db, int64_t runner_id, const char *system_id, bool *done, Error *err)
{
    return query_exec_one(db, "DELETE FROM runner_managers WHERE runner_id = $1 AND system_id = $2",
                          DB_ARGS(DB_INT(runner_id), DB_TEXT(system_id)), done, err);
}
