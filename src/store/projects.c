/* projects.c - the table projects. */
#include "store/projects.h"

#include "store/membership.h"

#define PROJECT_COLS                                                                               \
    "p.id, p.namespace_id, p.creator_id, p.name, p.path, p.full_path, p.description,"              \
    " p.visibility, p.default_branch, p.public_jobs, p.jobs_enabled, p.shared_runners_enabled,"    \
    " p.group_runners_enabled, p.archived, p.ci_config_path, p.build_timeout_s, p.import_status,"  \
    " p.import_url, p.import_error, p.variables_role, p.runners_token_hash, p.created_at,"         \
    " p.updated_at, p.last_activity_at, p.server_id, p.resource_group_mode, "                      \
    "p.auto_cancel_pending, p.forward_deployment_enabled,"                                         \
    " p.keep_latest_artifact"

const Column project_columns[] = { COL_INT(Project, id),
                                   COL_INT(Project, namespace_id),
                                   COL_INT(Project, creator_id),
                                   COL_TEXT(Project, name),
                                   COL_TEXT(Project, path),
                                   COL_TEXT(Project, full_path),
                                   COL_TEXT(Project, description),
                                   COL_ENUM(Project, visibility, visibility_names),
                                   COL_TEXT(Project, default_branch),
                                   COL_BOOL(Project, public_jobs),
                                   COL_BOOL(Project, jobs_enabled),
                                   COL_BOOL(Project, shared_runners_enabled),
                                   COL_BOOL(Project, group_runners_enabled),
                                   COL_BOOL(Project, archived),
                                   COL_TEXT(Project, ci_config_path),
                                   COL_INT(Project, build_timeout_s),
                                   COL_TEXT(Project, import_status),
                                   COL_TEXT(Project, import_url),
                                   COL_TEXT(Project, import_error),
                                   COL_TEXT(Project, variables_role),
                                   COL_TEXT(Project, runners_token_hash),
                                   COL_TIME(Project, created_at),
                                   COL_TIME(Project, updated_at),
                                   COL_TIME(Project, last_activity_at),
                                   COL_INT(Project, server_id),
                                   COL_ENUM(Project, resource_group_mode, process_mode_names),
                                   COL_BOOL(Project, auto_cancel_pending),
                                   COL_BOOL(Project, forward_deployment_enabled),
                                   COL_BOOL(Project, keep_latest_artifact),
                                   COL_END };

/* $1 to $19; the two writes share them. */
#define PROJECT_ARGS(p, key)                                                                       \
    DB_INT((p)->namespace_id), DB_TEXT((p)->name), DB_TEXT((p)->path), DB_TEXT((p)->full_path),    \
        DB_TEXT(key), DB_TEXT((p)->description), DB_ENUM(visibility_names, (p)->visibility),       \
        DB_TEXT((p)->default_branch), DB_BOOL((p)->public_jobs), DB_BOOL((p)->jobs_enabled),       \
        DB_BOOL((p)->shared_runners_enabled), DB_BOOL((p)->group_runners_enabled),                 \
        DB_BOOL((p)->archived), DB_TEXT((p)->ci_config_path), DB_INT((p)->build_timeout_s),        \
        DB_TEXT((p)->variables_role), DB_INT((p)->updated_at),                                     \
        DB_ENUM(process_mode_names, (p)->resource_group_mode), DB_BOOL((p)->auto_cancel_pending)

bool project_insert(Db *db, Project *project, Error *err)
{
    g_autofree char *key = query_key(project->full_path);

    return db_get_int(
        db,
        "INSERT INTO projects (namespace_id, name, path, full_path, path_key, description,"
        " visibility, default_branch, public_jobs, jobs_enabled, shared_runners_enabled,"
        " group_runners_enabled, archived, ci_config_path, build_timeout_s, variables_role,"
        " updated_at, resource_group_mode, auto_cancel_pending, import_status, import_url,"
        " import_error, runners_token_hash, creator_id, created_at, last_activity_at, server_id,"
        " keep_latest_artifact, forward_deployment_enabled)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
        " $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29) RETURNING id",
        DB_ARGS(PROJECT_ARGS(project, key), DB_TEXT(project->import_status),
                DB_TEXT(project->import_url), DB_TEXT(project->import_error),
                DB_TEXT(project->runners_token_hash), DB_ID(project->creator_id),
                DB_INT(project->created_at), DB_INT(project->last_activity_at),
                DB_ID(project->server_id), DB_BOOL(project->keep_latest_artifact),
                DB_BOOL(project->forward_deployment_enabled)),
        &project->id, err);
}

bool project_update(Db *db, const Project *project, Error *err)
{
    g_autofree char *key = query_key(project->full_path);

    return db_exec(
        db,
        "UPDATE projects SET namespace_id = $1, name = $2, path = $3, full_path = $4,"
        " path_key = $5, description = $6, visibility = $7, default_branch = $8, public_jobs = $9,"
        " jobs_enabled = $10, shared_runners_enabled = $11, group_runners_enabled = $12,"
        " archived = $13, ci_config_path = $14, build_timeout_s = $15, variables_role = $16,"
        " updated_at = $17, resource_group_mode = $18, auto_cancel_pending = $19,"
        " keep_latest_artifact = $21, forward_deployment_enabled = $22 WHERE id = $20",
        DB_ARGS(PROJECT_ARGS(project, key), DB_INT(project->id),
                DB_BOOL(project->keep_latest_artifact),
                DB_BOOL(project->forward_deployment_enabled)),
        NULL, err);
}

#undef PROJECT_ARGS

bool project_get(Db *db, Arena *arena, int64_t id, Project *project, Error *err)
{
    return db_get(db, arena, project_columns,
                  "SELECT " PROJECT_COLS " FROM projects p WHERE p.id = $1", DB_ARGS(DB_INT(id)),
                  project, err);
}

bool project_lock(Db *db, Arena *arena, int64_t id, Project *project, Error *err)
{
    return db_get(db, arena, project_columns,
                  "SELECT " PROJECT_COLS " FROM projects p WHERE p.id = $1 {{FOR NO KEY UPDATE}}",
                  DB_ARGS(DB_INT(id)), project, err);
}

bool project_by_path(Db *db, Arena *arena, const char *path, Project *project, Error *err)
{
    g_autofree char *key = query_key(path);

    return db_get(db, arena, project_columns,
                  "SELECT " PROJECT_COLS " FROM projects p WHERE p.path_key = $1",
                  DB_ARGS(DB_TEXT(key)), project, err);
}

bool project_by_runners_token(Db *db, Arena *arena, const char *hash, Project *project, Error *err)
{
    return db_get(db, arena, project_columns,
                  "SELECT " PROJECT_COLS " FROM projects p WHERE p.runners_token_hash = $1",
                  DB_ARGS(DB_TEXT(hash)), project, err);
}

bool project_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Project **projects,
                         size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, project_columns, sizeof(Project), PROJECT_COLS,
                             "projects p", "p.id", ids, n_ids, (void **)projects, n, err);
}

/* --- lists ----------------------------------------------------------------------------------- */

/* A role of at least ? in the project or above it. */
#define HAS_ROLE                                                                                   \
    "(p.namespace_id IN (SELECT id FROM mine WHERE level >= ?) OR p.id IN ("                       \
    "SELECT m.project_id FROM members m WHERE m.user_id = $1 AND m.project_id IS NOT NULL"         \
    " AND m.access_level >= ? AND " MEMBER_COUNTS("m") "))"

static void filter_by_caller(Query *q, const ProjectFilter *filter)
{
    int64_t least = MAX(filter->min_access_level, filter->owned        ? ACCESS_OWNER
                                                  : filter->membership ? ACCESS_MINIMAL
                                                                       : 0);

    if (least > 0)
        query_and_arg(q, HAS_ROLE, DB_INT(least));
    else if (!filter->admin && filter->user_id)
        query_and_arg(q, "(p.visibility IN ('public', 'internal') OR " HAS_ROLE ")",
                      DB_INT(ACCESS_MINIMAL));
    else if (!filter->admin)
        query_and(q, "p.visibility = 'public'");
}

static void filter_by_place(Query *q, const ProjectFilter *filter)
{
    if (!filter->namespace_id)
        return;
    if (filter->include_subgroups)
        query_and_arg(q,
                      "p.namespace_id IN (WITH RECURSIVE below (id) AS ("
                      "SELECT id FROM namespaces WHERE id = ? UNION ALL"
                      " SELECT n.id FROM below JOIN namespaces n ON n.parent_id = below.id)"
                      " SELECT id FROM below)",
                      DB_INT(filter->namespace_id));
    else
        query_and_arg(q, "p.namespace_id = ?", DB_INT(filter->namespace_id));
}

static void filter_projects(Query *q, const ProjectFilter *filter)
{
    query_init(q, WITH_MINE, DB_ARGS(DB_INT(filter->user_id), DB_INT(filter->now_us)),
               "projects p");
    filter_by_caller(q, filter);
    filter_by_place(q, filter);
    query_and_contains(
        q,
        filter->search_namespaces
            ? "(LOWER(p.name) LIKE ? ESCAPE '\\' OR p.path_key LIKE ? ESCAPE '\\')"
            : "(LOWER(p.name) LIKE ? ESCAPE '\\' OR LOWER(p.path) LIKE ? ESCAPE '\\')",
        filter->search);
    if (filter->has_visibility)
        query_and_arg(q, "p.visibility = ?", DB_ENUM(visibility_names, filter->visibility));
    query_and_only(q, "p.archived = 1", "p.archived = 0", filter->archived);
    query_and_id(q, "p.id > ?", filter->id_after);
    query_and_id(q, "p.id < ?", filter->id_before);
    query_and_id(q, "p.last_activity_at > ?", filter->last_activity_after);
    query_and_id(q, "p.last_activity_at < ?", filter->last_activity_before);
    query_and_id(q, "p.updated_at > ?", filter->updated_after);
    query_and_id(q, "p.updated_at < ?", filter->updated_before);
}

bool project_list(Db *db, Arena *arena, const ProjectFilter *filter, Project **projects, size_t *n,
                  Error *err)
{
    static const QueryOrder orders[] = { { "created_at", "p.created_at" },
                                         { "id", "p.id" },
                                         { "name", "p.name" IN_BYTES },
                                         { "path", "p.path" IN_BYTES },
                                         { "updated_at", "p.updated_at" },
                                         { "last_activity_at", "p.last_activity_at" },
                                         { 0 } };
    g_auto(Query) q = { 0 };
    const char *order;

    if (!query_order(orders, filter->order_by, &order, err))
        return false;
    filter_projects(&q, filter);
    query_finish_list(&q, PROJECT_COLS, order, filter->ascending, "p.id", filter->slice);
    return SELECT_ROWS(db, arena, project_columns, query_sql(&q), query_args(&q), projects, n, err);
}

bool project_count(Db *db, const ProjectFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_projects(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool project_id_by_name(Db *db, int64_t namespace_id, const char *name, int64_t *id, Error *err)
{
    return db_get_int(db,
                      "SELECT COALESCE(MIN(id), 0) FROM projects WHERE namespace_id = $1"
                      " AND name = $2",
                      DB_ARGS(DB_INT(namespace_id), DB_TEXT(name)), id, err);
}

bool project_list_unfinished(Db *db, Arena *arena, const int64_t *servers, size_t n_servers,
                             Project **projects, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "projects p");
    query_and(&q, "(p.import_status = 'scheduled' OR p.import_status = 'started')");
    query_and_ids(&q, "COALESCE(p.server_id, 0)", servers, n_servers);
    query_finish_list(&q, PROJECT_COLS, "p.id", true, NULL, (Slice){ 0 });
    return SELECT_ROWS(db, arena, project_columns, query_sql(&q), query_args(&q), projects, n, err);
}

/* --- small writes ---------------------------------------------------------------------------- */

bool project_touch(Db *db, int64_t id, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE projects SET last_activity_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_INT(now_us)), NULL, err);
}

bool project_set_import(Db *db, int64_t id, const ProjectImport *import, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE projects SET import_status = $2, import_error = $3,"
                          " default_branch = COALESCE($4, default_branch),"
                          " updated_at = CASE WHEN $5 > 0 THEN $5 ELSE updated_at END"
                          " WHERE id = $1",
                          DB_ARGS(DB_INT(id), DB_TEXT(import->status), DB_TEXT(import->error),
                                  DB_TEXT(import->default_branch), DB_INT(import->updated_at)),
                          done, err);
}

bool project_take_over(Db *db, const Project *project, int64_t server_id, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE projects SET server_id = $2 WHERE id = $1"
                          " AND COALESCE(server_id, 0) = $3 AND import_status = $4",
                          DB_ARGS(DB_INT(project->id), DB_ID(server_id), DB_INT(project->server_id),
                                  DB_TEXT(project->import_status)),
                          done, err);
}

bool project_set_runners_token(Db *db, int64_t id, const char *hash, Error *err)
{
    return db_exec(db, "UPDATE projects SET runners_token_hash = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_TEXT(hash)), NULL, err);
}

bool project_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM projects WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

bool project_next_iid(Db *db, int64_t id, int64_t *iid, Error *err)
{
    return db_get_int(db,
                      "UPDATE projects SET next_pipeline_iid = next_pipeline_iid + 1 WHERE id = $1"
                      " RETURNING next_pipeline_iid - 1",
                      DB_ARGS(DB_INT(id)), iid, err);
}
