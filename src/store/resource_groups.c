/* resource_groups.c - the table resource_groups, and its jobs. */
#include "store/resource_groups.h"

#define GROUP_COLS "g.id, g.project_id, g.key, g.process_mode, g.created_at, g.updated_at"

const Column resource_group_columns[] = { COL_INT(ResourceGroup, id),
                                          COL_INT(ResourceGroup, project_id),
                                          COL_TEXT(ResourceGroup, key),
                                          COL_ENUM(ResourceGroup, process_mode, process_mode_names),
                                          COL_TIME(ResourceGroup, created_at),
                                          COL_TIME(ResourceGroup, updated_at),
                                          COL_END };

bool resource_group_ensure(Db *db, ResourceGroup *group, Error *err)
{
    return db_exec(db,
                   "INSERT INTO resource_groups (project_id, key, process_mode, created_at,"
                   " updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project_id, key)"
                   " DO NOTHING",
                   DB_ARGS(DB_INT(group->project_id), DB_TEXT(group->key),
                           DB_ENUM(process_mode_names, group->process_mode),
                           DB_INT(group->created_at), DB_INT(group->updated_at)),
                   NULL, err) &&
           db_get_int(db, "SELECT id FROM resource_groups WHERE project_id = $1 AND key = $2",
                      DB_ARGS(DB_INT(group->project_id), DB_TEXT(group->key)), &group->id, err);
}

bool resource_group_get(Db *db, Arena *arena, int64_t id, ResourceGroup *group, Error *err)
{
    return db_get(db, arena, resource_group_columns,
                  "SELECT " GROUP_COLS " FROM resource_groups g WHERE g.id = $1",
                  DB_ARGS(DB_INT(id)), group, err);
}

bool resource_group_lock(Db *db, Arena *arena, int64_t id, ResourceGroup *group, Error *err)
{
    return db_get(db, arena, resource_group_columns,
                  "SELECT " GROUP_COLS " FROM resource_groups g WHERE g.id = $1"
                  " {{FOR NO KEY UPDATE}}",
                  DB_ARGS(DB_INT(id)), group, err);
}

bool resource_group_by_key(Db *db, Arena *arena, int64_t project_id, const char *key,
                           ResourceGroup *group, Error *err)
{
    return db_get(db, arena, resource_group_columns,
                  "SELECT " GROUP_COLS " FROM resource_groups g"
                  " WHERE g.project_id = $1 AND g.key = $2",
                  DB_ARGS(DB_INT(project_id), DB_TEXT(key)), group, err);
}

bool resource_group_list(Db *db, Arena *arena, int64_t project_id, Slice slice,
                         ResourceGroup **groups, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "resource_groups g");
    query_and_id(&q, "g.project_id = ?", project_id);
    query_finish_list(&q, GROUP_COLS, "g.id", true, NULL, slice);
    return SELECT_ROWS(db, arena, resource_group_columns, query_sql(&q), query_args(&q), groups, n,
                       err);
}

bool resource_group_count(Db *db, int64_t project_id, int64_t *n, Error *err)
{
    return db_get_int(db, "SELECT COUNT(*) FROM resource_groups WHERE project_id = $1",
                      DB_ARGS(DB_INT(project_id)), n, err);
}

bool resource_group_set_mode(Db *db, int64_t id, ProcessMode mode, int64_t now_us, Error *err)
{
    return db_exec(
        db, "UPDATE resource_groups SET process_mode = $2, updated_at = $3 WHERE id = $1",
        DB_ARGS(DB_INT(id), DB_ENUM(process_mode_names, mode), DB_INT(now_us)), NULL, err);
}

/* --- its jobs -------------------------------------------------------------------------------- */

bool resource_group_holder(Db *db, Arena *arena, int64_t id, Job *job, Error *err)
{
    return db_get(db, arena, job_columns,
                  "SELECT " JOB_COLS " FROM jobs j WHERE j.resource_group_id = $1"
                  " AND (j.status = 'pending' OR j.status = 'running' OR j.status = 'canceling')",
                  DB_ARGS(DB_INT(id)), job, err);
}

/* Who comes in question, in what order: by pipelines, and of one pipeline those that wait before
 * those that are still to come. */
static const struct {
    unsigned statuses;
    const char *order;
} turns[N_PROCESS_MODES] = {
    [PROCESS_UNORDERED] = { STATUS_BIT(STATUS_WAITING_FOR_RESOURCE), "j.id" },
    [PROCESS_OLDEST_FIRST] = { STATUS_BIT(STATUS_WAITING_FOR_RESOURCE) |
                                   STATUS_BIT(STATUS_CREATED) | STATUS_BIT(STATUS_SCHEDULED),
                               "j.pipeline_id, CASE WHEN j.status = 'waiting_for_resource' THEN 0"
                               " ELSE 1 END, j.id" },
    [PROCESS_NEWEST_FIRST] = { STATUS_BIT(STATUS_WAITING_FOR_RESOURCE) |
                                   STATUS_BIT(STATUS_CREATED) | STATUS_BIT(STATUS_SCHEDULED),
                               "j.pipeline_id DESC, CASE WHEN j.status = 'waiting_for_resource'"
                               " THEN 0 ELSE 1 END, j.id" },
    [PROCESS_NEWEST_READY_FIRST] = { STATUS_BIT(STATUS_WAITING_FOR_RESOURCE),
                                     "j.pipeline_id DESC, j.id" },
};

static void filter_upcoming(Query *q, const ResourceGroup *group)
{
    query_init(q, NULL, NULL, "jobs j");
    query_and_arg(q, "j.resource_group_id = ?", DB_INT(group->id));
    query_and_names(q, "j.status", &status_names, turns[group->process_mode].statuses);
}

bool resource_group_upcoming(Db *db, Arena *arena, const ResourceGroup *group, Slice slice,
                             Job **jobs, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_upcoming(&q, group);
    query_finish_list(&q, JOB_COLS, turns[group->process_mode].order, true, NULL, slice);
    return SELECT_ROWS(db, arena, job_columns, query_sql(&q), query_args(&q), jobs, n, err);
}

bool resource_group_count_upcoming(Db *db, const ResourceGroup *group, int64_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_upcoming(&q, group);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), n, err);
}

bool resource_group_next(Db *db, Arena *arena, const ResourceGroup *group, Job *job, bool *found,
                         Error *err)
{
    Job *first = NULL;
    size_t n = 0;

    if (!resource_group_upcoming(db, arena, group, (Slice){ .limit = 1 }, &first, &n, err))
        return false;
    *found = n > 0;
    if (*found)
        *job = first[0];
    return true;
}

bool resource_group_list_free(Db *db, Arena *arena, int64_t after_id, int64_t limit,
                              ResourceGroup **groups, size_t *n, Error *err)
{
    return SELECT_ROWS(
        db, arena, resource_group_columns,
        "SELECT " GROUP_COLS " FROM resource_groups g WHERE g.id > $1 AND g.id IN ("
        "SELECT w.resource_group_id FROM jobs w WHERE w.status = 'waiting_for_resource'"
        " AND w.resource_group_id > $1) AND NOT EXISTS (SELECT 1 FROM jobs j"
        " WHERE j.resource_group_id = g.id"
        " AND (j.status = 'pending' OR j.status = 'running' OR j.status = 'canceling'))"
        " ORDER BY g.id LIMIT $2",
        DB_ARGS(DB_INT(after_id), DB_INT(limit)), groups, n, err);
}
