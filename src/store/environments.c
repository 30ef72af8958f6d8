/* environments.c - the table environments. */
#include "store/environments.h"

#define ENVIRONMENT_COLS                                                                           \
    "e.id, e.project_id, e.name, e.slug, e.tier, e.state, e.external_url, e.description,"          \
    " e.auto_stop_setting, e.auto_stop_at, e.created_at, e.updated_at"

const Column environment_columns[] = { COL_INT(Environment, id),
                                       COL_INT(Environment, project_id),
                                       COL_TEXT(Environment, name),
                                       COL_TEXT(Environment, slug),
                                       COL_ENUM(Environment, tier, environment_tier_names),
                                       COL_ENUM(Environment, state, environment_state_names),
                                       COL_TEXT(Environment, external_url),
                                       COL_TEXT(Environment, description),
                                       COL_TEXT(Environment, auto_stop_setting),
                                       COL_TIME(Environment, auto_stop_at),
                                       COL_TIME(Environment, created_at),
                                       COL_TIME(Environment, updated_at),
                                       COL_END };

#define INSERT                                                                                     \
    "INSERT INTO environments (project_id, name, slug, tier, state, external_url, description,"    \
    " auto_stop_setting, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
#define INSERT_ARGS(e)                                                                             \
    DB_ARGS(DB_INT((e)->project_id), DB_TEXT((e)->name), DB_TEXT((e)->slug),                       \
            DB_ENUM(environment_tier_names, (e)->tier),                                            \
            DB_ENUM(environment_state_names, (e)->state), DB_TEXT((e)->external_url),              \
            DB_TEXT((e)->description), DB_TEXT((e)->auto_stop_setting), DB_INT((e)->created_at),   \
            DB_INT((e)->updated_at))

bool environment_insert(Db *db, Environment *environment, Error *err)
{
    return db_get_int(db, INSERT " RETURNING id", INSERT_ARGS(environment), &environment->id, err);
}

bool environment_ensure(Db *db, Arena *arena, Environment *environment, Error *err)
{
    return db_exec(db, INSERT " ON CONFLICT (project_id, name) DO NOTHING",
                   INSERT_ARGS(environment), NULL, err) &&
           environment_by_name(db, arena, environment->project_id, environment->name, environment,
                               err);
}

bool environment_get(Db *db, Arena *arena, int64_t project_id, int64_t id, Environment *environment,
                     Error *err)
{
    return db_get(db, arena, environment_columns,
                  "SELECT " ENVIRONMENT_COLS " FROM environments e"
                  " WHERE e.id = $1 AND e.project_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(project_id)), environment, err);
}

bool environment_by_name(Db *db, Arena *arena, int64_t project_id, const char *name,
                         Environment *environment, Error *err)
{
    return db_get(db, arena, environment_columns,
                  "SELECT " ENVIRONMENT_COLS " FROM environments e"
                  " WHERE e.project_id = $1 AND e.name = $2",
                  DB_ARGS(DB_INT(project_id), DB_TEXT(name)), environment, err);
}

bool environment_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                             Environment **environments, size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, environment_columns, sizeof(Environment), ENVIRONMENT_COLS,
                             "environments e", "e.id", ids, n_ids, (void **)environments, n, err);
}

static void filter_environments(Query *q, const EnvironmentFilter *filter)
{
    query_init(q, NULL, NULL, "environments e");
    query_and_id(q, "e.project_id = ?", filter->project_id);
    query_and_text(q, "e.name = ?", filter->name);
    query_and_contains(q, "LOWER(e.name) LIKE ? ESCAPE '\\'", filter->search);
    query_and_text(q, "e.state = ?", filter->state);
    query_and_id(q,
                 "NOT EXISTS (SELECT 1 FROM deployments d WHERE d.environment_id = e.id"
                 " AND d.status = 'success' AND d.created_at >= ?)",
                 filter->idle_before);
    query_and_id(q, "e.created_at < ?", filter->idle_before);
    if (filter->reviews)
        query_and(q, "e.name LIKE 'review/%'");
}

bool environment_list(Db *db, Arena *arena, const EnvironmentFilter *filter,
                      Environment **environments, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_environments(&q, filter);
    query_finish_list(&q, ENVIRONMENT_COLS, "e.name" IN_BYTES, true, NULL, filter->slice);
    return SELECT_ROWS(db, arena, environment_columns, query_sql(&q), query_args(&q), environments,
                       n, err);
}

bool environment_count(Db *db, const EnvironmentFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_environments(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool environment_list_to_stop(Db *db, Arena *arena, int64_t now_us, int64_t limit,
                              Environment **environments, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, environment_columns,
                       "SELECT " ENVIRONMENT_COLS " FROM environments e"
                       " WHERE e.auto_stop_at IS NOT NULL AND e.auto_stop_at <= $1"
                       " AND e.state = 'available' ORDER BY e.auto_stop_at LIMIT $2",
                       DB_ARGS(DB_INT(now_us), DB_INT(limit)), environments, n, err);
}

bool environment_update(Db *db, const Environment *e, Error *err)
{
    return db_exec(db,
                   "UPDATE environments SET tier = $2, external_url = $3, description = $4,"
                   " auto_stop_setting = $5, updated_at = $6 WHERE id = $1",
                   DB_ARGS(DB_INT(e->id), DB_ENUM(environment_tier_names, e->tier),
                           DB_TEXT(e->external_url), DB_TEXT(e->description),
                           DB_TEXT(e->auto_stop_setting), DB_INT(e->updated_at)),
                   NULL, err);
}

bool environment_move(Db *db, int64_t id, EnvironmentState from, EnvironmentState to,
                      int64_t now_us, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE environments SET state = $3, auto_stop_at = NULL, updated_at = $4"
                          " WHERE id = $1 AND state = $2",
                          DB_ARGS(DB_INT(id), DB_ENUM(environment_state_names, from),
                                  DB_ENUM(environment_state_names, to), DB_INT(now_us)),
                          done, err);
}

bool environment_deployed(Db *db, int64_t id, const char *external_url, int64_t auto_stop_at,
                          int64_t now_us, Error *err)
{
    return db_exec(
        db,
        "UPDATE environments SET state = 'available', auto_stop_at = $3,"
        " external_url = COALESCE($2, external_url), updated_at = $4 WHERE id = $1",
        DB_ARGS(DB_INT(id), DB_TEXT(external_url), DB_TIME(auto_stop_at), DB_INT(now_us)), NULL,
        err);
}

bool environment_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM environments WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
