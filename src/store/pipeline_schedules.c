/* pipeline_schedules.c - the table pipeline_schedules. */
#include "store/pipeline_schedules.h"

#define SCHEDULE_COLS                                                                              \
    "id, project_id, owner_id, description, ref, cron, cron_timezone, active, next_run_at,"        \
    " created_at, updated_at, catch_up, overlap_policy, max_start_delay,"                          \
    " CASE WHEN EXISTS (SELECT 1 FROM schedule_variables v"                                        \
    " WHERE v.schedule_id = pipeline_schedules.id) THEN 1 ELSE 0 END,"                             \
    " CASE WHEN EXISTS (SELECT 1 FROM schedule_inputs i"                                           \
    " WHERE i.schedule_id = pipeline_schedules.id) THEN 1 ELSE 0 END"

const Column pipeline_schedule_columns[] = { COL_INT(PipelineSchedule, id),
                                             COL_INT(PipelineSchedule, project_id),
                                             COL_INT(PipelineSchedule, owner_id),
                                             COL_TEXT(PipelineSchedule, description),
                                             COL_TEXT(PipelineSchedule, ref),
                                             COL_TEXT(PipelineSchedule, cron),
                                             COL_TEXT(PipelineSchedule, cron_timezone),
                                             COL_BOOL(PipelineSchedule, active),
                                             COL_TIME(PipelineSchedule, next_run_at),
                                             COL_TIME(PipelineSchedule, created_at),
                                             COL_TIME(PipelineSchedule, updated_at),
                                             COL_ENUM(PipelineSchedule, catch_up, catch_up_names),
                                             COL_ENUM(PipelineSchedule, overlap_policy,
                                                      overlap_policy_names),
                                             COL_INT(PipelineSchedule, max_start_delay_s),
                                             COL_BOOL(PipelineSchedule, has_variables),
                                             COL_BOOL(PipelineSchedule, has_inputs),
                                             COL_END };

bool pipeline_schedule_insert(Db *db, PipelineSchedule *s, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO pipeline_schedules (project_id, owner_id, description, ref, cron,"
        " cron_timezone, active, next_run_at, created_at, updated_at,"
        " catch_up, overlap_policy, max_start_delay)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
        DB_ARGS(DB_INT(s->project_id), DB_ID(s->owner_id), DB_TEXT(s->description), DB_TEXT(s->ref),
                DB_TEXT(s->cron), DB_TEXT(s->cron_timezone), DB_BOOL(s->active),
                DB_TIME(s->next_run_at), DB_INT(s->created_at), DB_INT(s->updated_at),
                DB_ENUM(catch_up_names, s->catch_up),
                DB_ENUM(overlap_policy_names, s->overlap_policy), DB_ID(s->max_start_delay_s)),
        &s->id, err);
}

bool pipeline_schedule_get(Db *db, Arena *arena, int64_t id, PipelineSchedule *schedule, Error *err)
{
    return db_get(db, arena, pipeline_schedule_columns,
                  "SELECT " SCHEDULE_COLS " FROM pipeline_schedules WHERE id = $1",
                  DB_ARGS(DB_INT(id)), schedule, err);
}

bool pipeline_schedule_get_in_project(Db *db, Arena *arena, int64_t project_id, int64_t id,
                                      PipelineSchedule *schedule, Error *err)
{
    return db_get(db, arena, pipeline_schedule_columns,
                  "SELECT " SCHEDULE_COLS " FROM pipeline_schedules"
                  " WHERE id = $1 AND project_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(project_id)), schedule, err);
}

static void filter_schedules(Query *q, int64_t project_id, Only active)
{
    query_init(q, NULL, NULL, "pipeline_schedules");
    query_and_arg(q, "project_id = ?", DB_INT(project_id));
    query_and_only(q, "active = 1", "active = 0", active);
}

bool pipeline_schedule_list(Db *db, Arena *arena, int64_t project_id, Only active, Slice slice,
                            PipelineSchedule **schedules, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_schedules(&q, project_id, active);
    query_finish_list(&q, SCHEDULE_COLS, "id", false, NULL, slice);
    return SELECT_ROWS(db, arena, pipeline_schedule_columns, query_sql(&q), query_args(&q),
                       schedules, n, err);
}

bool pipeline_schedule_count(Db *db, int64_t project_id, Only active, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_schedules(&q, project_id, active);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool pipeline_schedule_lock_due(Db *db, Arena *arena, int64_t now_us, int64_t limit,
                                PipelineSchedule **schedules, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, pipeline_schedule_columns,
                       "SELECT " SCHEDULE_COLS " FROM pipeline_schedules"
                       " WHERE active = 1 AND next_run_at <= $1 ORDER BY next_run_at, id LIMIT $2"
                       " {{FOR NO KEY UPDATE SKIP LOCKED}}",
                       DB_ARGS(DB_INT(now_us), DB_INT(limit)), schedules, n, err);
}

bool pipeline_schedule_next_due(Db *db, int64_t *at, Error *err)
{
    return db_get_int(db,
                      "SELECT COALESCE(MIN(next_run_at), 0) FROM pipeline_schedules"
                      " WHERE active = 1",
                      DB_NO_ARGS, at, err);
}

bool pipeline_schedule_update(Db *db, const PipelineSchedule *s, Error *err)
{
    return db_exec(db,
                   "UPDATE pipeline_schedules SET owner_id = $2, description = $3, ref = $4,"
                   " cron = $5, cron_timezone = $6, active = $7, next_run_at = $8, updated_at = $9,"
                   " catch_up = $10, overlap_policy = $11, max_start_delay = $12"
                   " WHERE id = $1",
                   DB_ARGS(DB_INT(s->id), DB_ID(s->owner_id), DB_TEXT(s->description),
                           DB_TEXT(s->ref), DB_TEXT(s->cron), DB_TEXT(s->cron_timezone),
                           DB_BOOL(s->active), DB_TIME(s->next_run_at), DB_INT(s->updated_at),
                           DB_ENUM(catch_up_names, s->catch_up),
                           DB_ENUM(overlap_policy_names, s->overlap_policy),
                           DB_ID(s->max_start_delay_s)),
                   NULL, err);
}

bool pipeline_schedule_move_on(Db *db, const ScheduleMove *moves, size_t n, Error *err)
{
    enum { WIDTH = 4 };
    g_autofree DbArg *args = g_new(DbArg, n * WIDTH + 1);
    g_autofree const DbArg **rows = g_new(const DbArg *, n + 1);

    for (size_t i = 0; i < n; i++) {
        DbArg *row = args + i * WIDTH;
        row[0] = DB_INT(moves[i].id);
        row[1] = DB_INT(moves[i].tick_at);
        row[2] = DB_TIME(moves[i].next_run_at);
        row[3] = (DbArg){ .type = DB_END };
        rows[i] = row;
    }
    return db_exec_each(db,
                        "UPDATE pipeline_schedules SET next_run_at = $3"
                        " WHERE id = $1 AND next_run_at = $2",
                        rows, n, err);
}

bool pipeline_schedule_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM pipeline_schedules WHERE id = $1", DB_ARGS(DB_INT(id)), NULL,
                   err);
}
