/* runners.c - the tables runners and runner_projects. */
#include "store/runners.h"

#include "store/membership.h"

static const char *const kinds[N_RUNNER_KINDS] = { "instance_type", "group_type", "project_type" };
const NameTable runner_kind_names = NAME_TABLE(kinds);

#define RUNNER_COLS                                                                                \
    "r.id, r.kind, r.token_hash, r.token_start, r.description, r.maintenance_note, r.tags,"        \
    " r.run_untagged, r.locked, r.paused, r.access_level, r.maximum_timeout_s, r.embedded,"        \
    " r.creator_id, r.namespace_id, r.contacted_at, r.created_at,"                                 \
    " r.server_id"

const Column runner_columns[] = { COL_INT(Runner, id),
                                  COL_ENUM(Runner, kind, runner_kind_names),
                                  COL_TEXT(Runner, token_hash),
                                  COL_TEXT(Runner, token_start),
                                  COL_TEXT(Runner, description),
                                  COL_TEXT(Runner, maintenance_note),
                                  COL_TEXT(Runner, tags),
                                  COL_BOOL(Runner, run_untagged),
                                  COL_BOOL(Runner, locked),
                                  COL_BOOL(Runner, paused),
                                  COL_TEXT(Runner, access_level),
                                  COL_INT(Runner, maximum_timeout_s),
                                  COL_BOOL(Runner, embedded),
                                  COL_INT(Runner, creator_id),
                                  COL_INT(Runner, namespace_id),
                                  COL_TIME(Runner, contacted_at),
                                  COL_TIME(Runner, created_at),
                                  COL_INT(Runner, server_id),
                                  COL_END };

/* $1 to $8; the two writes share them. */
#define RUNNER_ARGS(r)                                                                             \
    DB_TEXT((r)->description ? (r)->description : ""), DB_TEXT((r)->maintenance_note),             \
        DB_TEXT((r)->tags ? (r)->tags : ""), DB_BOOL((r)->run_untagged), DB_BOOL((r)->locked),     \
        DB_BOOL((r)->paused), DB_TEXT((r)->access_level), DB_ID((r)->maximum_timeout_s)

bool runner_insert(Db *db, Runner *runner, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO runners (description, maintenance_note, tags, run_untagged, locked, paused,"
        " access_level, maximum_timeout_s, kind, token_hash, token_start, embedded, creator_id,"
        " namespace_id, contacted_at, created_at, server_id) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "$8,"
        " $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id",
        DB_ARGS(RUNNER_ARGS(runner), DB_ENUM(runner_kind_names, runner->kind),
                DB_TEXT(runner->token_hash), DB_TEXT(runner->token_start),
                DB_BOOL(runner->embedded), DB_ID(runner->creator_id), DB_ID(runner->namespace_id),
                DB_TIME(runner->contacted_at), DB_INT(runner->created_at),
                DB_ID(runner->server_id)),
        &runner->id, err);
}

bool runner_update(Db *db, const Runner *runner, Error *err)
{
    return db_exec(db,
                   "UPDATE runners SET description = $1, maintenance_note = $2, tags = $3,"
                   " run_untagged = $4, locked = $5, paused = $6, access_level = $7,"
                   " maximum_timeout_s = $8 WHERE id = $9",
                   DB_ARGS(RUNNER_ARGS(runner), DB_INT(runner->id)), NULL, err);
}

#undef RUNNER_ARGS

bool runner_get(Db *db, Arena *arena, int64_t id, Runner *runner, Error *err)
{
    return db_get(db, arena, runner_columns,
                  "SELECT " RUNNER_COLS " FROM runners r WHERE r.id = $1", DB_ARGS(DB_INT(id)),
                  runner, err);
}

bool runner_by_token(Db *db, Arena *arena, const char *token_hash, Runner *runner, Error *err)
{
    return db_get(db, arena, runner_columns,
                  "SELECT " RUNNER_COLS " FROM runners r WHERE r.token_hash = $1",
                  DB_ARGS(DB_TEXT(token_hash)), runner, err);
}

bool runner_lock(Db *db, Arena *arena, int64_t id, Runner *runner, Error *err)
{
    return db_get(db, arena, runner_columns,
                  "SELECT " RUNNER_COLS " FROM runners r WHERE r.id = $1 {{FOR NO KEY UPDATE}}",
                  DB_ARGS(DB_INT(id)), runner, err);
}

bool runner_of_server(Db *db, Arena *arena, int64_t server_id, Runner *runner, Error *err)
{
    return db_get(db, arena, runner_columns,
                  "SELECT " RUNNER_COLS " FROM runners r WHERE r.server_id = $1",
                  DB_ARGS(DB_INT(server_id)), runner, err);
}

bool runner_adopt_embedded(Db *db, int64_t server_id, Error *err)
{
    return db_exec(db,
                   "UPDATE runners SET server_id = $1 WHERE id = (SELECT id FROM runners"
                   " WHERE embedded = 1 AND server_id IS NULL ORDER BY id LIMIT 1"
                   " {{FOR NO KEY UPDATE}}) AND server_id IS NULL"
                   " AND NOT EXISTS (SELECT 1 FROM runners own WHERE own.server_id = $1)",
                   DB_ARGS(DB_INT(server_id)), NULL, err);
}

bool runner_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Runner **runners,
                        size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, runner_columns, sizeof(Runner), RUNNER_COLS, "runners r",
                             "r.id", ids, n_ids, (void **)runners, n, err);
}

/* --- lists ----------------------------------------------------------------------------------- */

/* Namespaces from one upwards. */
#define UPWARDS(start)                                                                             \
    "(WITH RECURSIVE up (id, parent_id) AS (SELECT n.id, n.parent_id FROM namespaces n WHERE "     \
    "n.id = " start " UNION ALL SELECT n.id, n.parent_id FROM up JOIN namespaces n"                \
    " ON n.id = up.parent_id) SELECT id FROM up)"

static void filter_runners(Query *q, const RunnerFilter *filter)
{
    query_init(q, WITH_MINE, DB_ARGS(DB_INT(filter->administered_by), DB_INT(filter->now_us)),
               "runners r");
    query_and_id(q,
                 "(r.kind = 'instance_type' OR r.namespace_id IN " UPWARDS(
                     "(SELECT namespace_id FROM projects WHERE id = ?)") " OR r.id IN (SELECT "
                                                                         "runner_id FROM "
                                                                         "runner_projects WHERE "
                                                                         "project_id = ?))",
                 filter->usable_in_project);
    query_and_id(q, "(r.kind = 'instance_type' OR r.namespace_id IN " UPWARDS("?") ")",
                 filter->usable_in_group);
    if (filter->administered_by)
        query_and(q, "(r.namespace_id IN (SELECT id FROM mine WHERE level >= 50)"
                     " OR r.id IN (SELECT rp.runner_id FROM runner_projects rp"
                     " JOIN projects p ON p.id = rp.project_id"
                     " WHERE p.namespace_id IN (SELECT id FROM mine WHERE level >= 40)"
                     " OR p.id IN (SELECT m.project_id FROM members m WHERE m.user_id = $1"
                     " AND m.access_level >= 40 AND " MEMBER_COUNTS("m") ")))");
    if (filter->has_kind)
        query_and_arg(q, "r.kind = ?", DB_ENUM(runner_kind_names, filter->kind));
    query_and_only(q, "r.paused = 1", "r.paused = 0", filter->paused);
    query_and_id(q, "r.contacted_at > ?", filter->contacted_after);
    query_and_id(q, "r.contacted_at <= ?", filter->contacted_before);
    if (filter->never_contacted)
        query_and(q, "r.contacted_at IS NULL");
}

bool runner_list(Db *db, Arena *arena, const RunnerFilter *filter, Runner **runners, size_t *n,
                 Error *err)
{
    g_auto(Query) q = { 0 };

    filter_runners(&q, filter);
    query_finish_list(&q, RUNNER_COLS, "r.id", false, NULL, filter->slice);
    return SELECT_ROWS(db, arena, runner_columns, query_sql(&q), query_args(&q), runners, n, err);
}

bool runner_count(Db *db, const RunnerFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_runners(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

/* --- small writes ---------------------------------------------------------------------------- */

bool runner_set_token(Db *db, int64_t id, const char *token_hash, const char *token_start,
                      Error *err)
{
    return db_exec(db, "UPDATE runners SET token_hash = $2, token_start = $3 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_TEXT(token_hash), DB_TEXT(token_start)), NULL, err);
}

bool runner_touch(Db *db, int64_t id, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE runners SET contacted_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_INT(now_us)), NULL, err);
}

bool runner_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM runners WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

bool runner_assign(Db *db, int64_t runner_id, int64_t project_id, Error *err)
{
    return db_exec(db, "INSERT INTO runner_projects (runner_id, project_id) VALUES ($1, $2)",
                   DB_ARGS(DB_INT(runner_id), DB_INT(project_id)), NULL, err);
}

bool runner_unassign(Db *db, int64_t runner_id, int64_t project_id, bool *done, Error *err)
{
    return query_exec_one(db,
                          "DELETE FROM runner_projects WHERE runner_id = $1 AND project_id = $2",
                          DB_ARGS(DB_INT(runner_id), DB_INT(project_id)), done, err);
}

bool runner_list_projects(Db *db, Arena *arena, int64_t runner_id, RunnerProject **rows, size_t *n,
                          Error *err)
{
    static const Column columns[] = { COL_INT(RunnerProject, runner_id),
                                      COL_INT(RunnerProject, project_id), COL_END };

    return SELECT_ROWS(db, arena, columns,
                       "SELECT runner_id, project_id FROM runner_projects WHERE runner_id = $1"
                       " ORDER BY project_id",
                       DB_ARGS(DB_INT(runner_id)), rows, n, err);
}
