/* ci_variables.c - the table ci_variables. */
#include "store/ci_variables.h"

#include "store/instance_values.h"

#define VARIABLE_COLS                                                                              \
    "id, key, value, variable_type, environment_scope, protected, masked, hidden, raw, "           \
    "description"

const Column ci_variable_columns[] = { COL_INT(CiVariableRow, id),
                                       COL_TEXT(CiVariableRow, key),
                                       COL_TEXT(CiVariableRow, value),
                                       COL_ENUM(CiVariableRow, variable_type, variable_type_names),
                                       COL_TEXT(CiVariableRow, environment_scope),
                                       COL_BOOL(CiVariableRow, protected),
                                       COL_BOOL(CiVariableRow, masked),
                                       COL_BOOL(CiVariableRow, hidden),
                                       COL_BOOL(CiVariableRow, raw),
                                       COL_TEXT(CiVariableRow, description),
                                       COL_END };

#define OF_INSTANCE "project_id IS NULL AND namespace_id IS NULL"

bool ci_variable_insert(Db *db, CiOwner owner, CiVariableRow *row, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO ci_variables (project_id, namespace_id, key, value, variable_type,"
        " environment_scope, protected, masked, hidden, raw, description)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        DB_ARGS(DB_ID(owner.kind == CI_OWNER_PROJECT ? owner.id : 0),
                DB_ID(owner.kind == CI_OWNER_GROUP ? owner.id : 0), DB_TEXT(row->key),
                DB_TEXT(row->value), DB_ENUM(variable_type_names, row->variable_type),
                DB_TEXT(row->environment_scope), DB_BOOL(row->protected), DB_BOOL(row->masked),
                DB_BOOL(row->hidden), DB_BOOL(row->raw), DB_TEXT(row->description)),
        &row->id, err);
}

bool ci_variable_update(Db *db, const CiVariableRow *row, Error *err)
{
    return db_exec(db,
                   "UPDATE ci_variables SET value = $2, variable_type = $3, environment_scope = $4,"
                   " protected = $5, masked = $6, raw = $7, description = $8 WHERE id = $1",
                   DB_ARGS(DB_INT(row->id), DB_TEXT(row->value),
                           DB_ENUM(variable_type_names, row->variable_type),
                           DB_TEXT(row->environment_scope), DB_BOOL(row->protected),
                           DB_BOOL(row->masked), DB_BOOL(row->raw), DB_TEXT(row->description)),
                   NULL, err);
}

bool ci_variable_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM ci_variables WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

static void of_owner(Query *q, CiOwner owner)
{
    query_init(q, NULL, NULL, "ci_variables");
    switch (owner.kind) {
    case CI_OWNER_INSTANCE:
        query_and(q, OF_INSTANCE);
        break;
    case CI_OWNER_GROUP:
        query_and_arg(q, "namespace_id = ?", DB_INT(owner.id));
        break;
    case CI_OWNER_PROJECT:
        query_and_arg(q, "project_id = ?", DB_INT(owner.id));
        break;
    }
}

bool ci_variable_list(Db *db, Arena *arena, CiOwner owner, const char *key, Slice slice,
                      CiVariableRow **rows, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    of_owner(&q, owner);
    if (key)
        query_and_arg(&q, "key = ?", DB_TEXT(key));
    query_finish_list(&q, VARIABLE_COLS, "id", true, NULL, slice);
    return SELECT_ROWS(db, arena, ci_variable_columns, query_sql(&q), query_args(&q), rows, n, err);
}

bool ci_variable_count(Db *db, CiOwner owner, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    of_owner(&q, owner);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool ci_variable_lock_owner(Db *db, CiOwner owner, Error *err)
{
    int64_t locked;

    switch (owner.kind) {
    case CI_OWNER_INSTANCE:
        /* No row stands for the instance: one is made, or written again. */
        return instance_value_set(db, "ci_variables", "", err);
    case CI_OWNER_GROUP:
        return db_get_int(db, "SELECT id FROM namespaces WHERE id = $1 {{FOR NO KEY UPDATE}}",
                          DB_ARGS(DB_INT(owner.id)), &locked, err);
    case CI_OWNER_PROJECT:
        return db_get_int(db, "SELECT id FROM projects WHERE id = $1 {{FOR NO KEY UPDATE}}",
                          DB_ARGS(DB_INT(owner.id)), &locked, err);
    }
    return false;
}

#define V_COLS                                                                                     \
    "v.id, v.key, v.value, v.variable_type, v.environment_scope, v.protected, v.masked,"           \
    " v.hidden, v.raw, v.description"

bool ci_variable_list_for_project(Db *db, Arena *arena, int64_t project_id, int64_t namespace_id,
                                  CiVariableRow **rows, size_t *n, Error *err)
{
    return SELECT_ROWS(
        db, arena, ci_variable_columns,
        "WITH RECURSIVE up (id, height) AS ("
        " SELECT CAST($2 AS BIGINT), CAST(1 AS BIGINT)"
        " UNION ALL SELECT n.parent_id, up.height + 1 FROM up JOIN namespaces n ON n.id = up.id"
        " WHERE n.parent_id IS NOT NULL),"
        " found AS (SELECT " V_COLS ", CAST(1000000 AS BIGINT) AS height FROM ci_variables v"
        " WHERE v.project_id IS NULL AND v.namespace_id IS NULL"
        " UNION ALL SELECT " V_COLS ", up.height"
        " FROM up JOIN ci_variables v ON v.namespace_id = up.id"
        " UNION ALL SELECT " V_COLS ", CAST(0 AS BIGINT) FROM ci_variables v"
        " WHERE v.project_id = $1)"
        " SELECT " VARIABLE_COLS " FROM found ORDER BY height DESC,"
        " CASE WHEN environment_scope = '*' THEN 0 WHEN environment_scope LIKE '%*%' THEN 1"
        " ELSE 2 END, LENGTH(environment_scope), id",
        DB_ARGS(DB_INT(project_id), DB_INT(namespace_id)), rows, n, err);
}
