/* schedule_ticks.c - the table schedule_ticks. */
#include "store/schedule_ticks.h"

#include <string.h>

static const char *const results[N_TICK_RESULTS] = { "due", "created", "failed", "skipped",
                                                     "waiting" };
const NameTable tick_result_names = NAME_TABLE(results);

#define TICK_COLS                                                                                  \
    "id, schedule_id, tick_at, pipeline_id, result, reason, recorded_at, settled_at, server_id,"   \
    " taken_at, backfill_id"

const Column schedule_tick_columns[] = { COL_INT(ScheduleTick, id),
                                         COL_INT(ScheduleTick, schedule_id),
                                         COL_TIME(ScheduleTick, tick_at),
                                         COL_INT(ScheduleTick, pipeline_id),
                                         COL_ENUM(ScheduleTick, result, tick_result_names),
                                         COL_TEXT(ScheduleTick, reason),
                                         COL_TIME(ScheduleTick, recorded_at),
                                         COL_TIME(ScheduleTick, settled_at),
                                         COL_INT(ScheduleTick, server_id),
                                         COL_TIME(ScheduleTick, taken_at),
                                         COL_INT(ScheduleTick, backfill_id),
                                         COL_END };

bool schedule_tick_insert(Db *db, ScheduleTick *tick, bool *is_new, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    *is_new = db_get_int(
        db,
        "INSERT INTO schedule_ticks (schedule_id, tick_at, pipeline_id, result, reason,"
        " recorded_at, settled_at, server_id, taken_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6)"
        " ON CONFLICT (schedule_id, tick_at, backfill_id) DO NOTHING RETURNING id",
        DB_ARGS(DB_INT(tick->schedule_id), DB_INT(tick->tick_at), DB_ID(tick->pipeline_id),
                DB_ENUM(tick_result_names, tick->result), DB_TEXT(tick->reason),
                DB_INT(tick->recorded_at), DB_TIME(tick->settled_at), DB_ID(tick->server_id)),
        &tick->id, &failed);
    return *is_new || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

static void due_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const ScheduleTick *tick = row;
    const DbArg values[] = { DB_INT(tick->schedule_id),
                             DB_INT(tick->tick_at),
                             DB_ENUM(tick_result_names, tick->result),
                             DB_TEXT(tick->reason),
                             DB_INT(tick->recorded_at),
                             DB_TIME(tick->settled_at),
                             DB_ID(tick->server_id),
                             { .type = DB_END } };

    memcpy(args, values, sizeof values);
}

bool schedule_tick_insert_all(Db *db, ScheduleTick *ticks, size_t n, Error *err)
{
    /* One that was there answers as well, so that there is an answer for each. */
    return query_insert_all(
        db,
        "INSERT INTO schedule_ticks (schedule_id, tick_at, result, reason, recorded_at, settled_at,"
        " server_id, taken_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $5)"
        " ON CONFLICT (schedule_id, tick_at, backfill_id)"
        " DO UPDATE SET schedule_id = excluded.schedule_id"
        " RETURNING CASE WHEN recorded_at = $5 THEN id ELSE 0 END",
        due_args, ticks, sizeof *ticks, n, err);
}

bool schedule_tick_settle(Db *db, int64_t id, TickResult result, int64_t pipeline_id,
                          const char *reason, int64_t now_us, bool *done, Error *err)
{
    return query_exec_one(
        db,
        "UPDATE schedule_ticks SET result = $2, pipeline_id = $3, reason = $4,"
        " settled_at = $5 WHERE id = $1 AND (result = 'due' OR result = 'waiting')",
        DB_ARGS(DB_INT(id), DB_ENUM(tick_result_names, result), DB_ID(pipeline_id), DB_TEXT(reason),
                DB_INT(now_us)),
        done, err);
}

bool schedule_tick_wait(Db *db, int64_t id, bool *done, Error *err)
{
    return query_exec_one(db,
                          "UPDATE schedule_ticks SET result = 'waiting'"
                          " WHERE id = $1 AND result = 'due'",
                          DB_ARGS(DB_INT(id)), done, err);
}

bool schedule_tick_list_waiting(Db *db, Arena *arena, int64_t limit, ScheduleTick **ticks,
                                size_t *n, Error *err)
{
    return SELECT_ROWS(
        db, arena, schedule_tick_columns,
        "SELECT " TICK_COLS " FROM schedule_ticks t WHERE t.result = 'waiting'"
        " AND t.backfill_id = 0"
        " AND NOT EXISTS (SELECT 1 FROM schedule_ticks o WHERE o.result = 'waiting'"
        " AND o.backfill_id = 0 AND o.schedule_id = t.schedule_id AND o.tick_at < t.tick_at)"
        " ORDER BY t.schedule_id LIMIT $1",
        DB_ARGS(DB_INT(limit)), ticks, n, err);
}

bool schedule_tick_count_waiting(Db *db, int64_t schedule_id, int64_t at_most, int64_t *count,
                                 Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "schedule_ticks");
    query_and_arg(&q, "schedule_id = ?", DB_INT(schedule_id));
    query_and(&q, "result = 'waiting' AND backfill_id = 0");
    query_finish_count(&q, at_most);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool schedule_tick_list_open(Db *db, Arena *arena, int64_t limit, ScheduleTick **ticks, size_t *n,
                             Error *err)
{
    return SELECT_ROWS(db, arena, schedule_tick_columns,
                       "SELECT " TICK_COLS " FROM schedule_ticks WHERE result = 'due'"
                       " ORDER BY taken_at, id LIMIT $1",
                       DB_ARGS(DB_INT(limit)), ticks, n, err);
}

bool schedule_tick_take_over(Db *db, ScheduleTick *tick, int64_t server_id, int64_t now_us,
                             bool *done, Error *err)
{
    if (!query_exec_one(db,
                        "UPDATE schedule_ticks SET server_id = $2, taken_at = $3 WHERE id = $1"
                        " AND result = 'due' AND COALESCE(server_id, 0) = $4"
                        " AND COALESCE(taken_at, 0) = $5",
                        DB_ARGS(DB_INT(tick->id), DB_ID(server_id), DB_INT(now_us),
                                DB_INT(tick->server_id), DB_INT(tick->taken_at)),
                        done, err))
        return false;
    if (*done) {
        tick->server_id = server_id;
        tick->taken_at = now_us;
    }
    return true;
}

static void filter_ticks(Query *q, int64_t schedule_id, int64_t backfill_id)
{
    query_init(q, NULL, NULL, "schedule_ticks");
    query_and_arg(q, "schedule_id = ?", DB_INT(schedule_id));
    query_and_id(q, "backfill_id = ? AND backfill_id <> 0", backfill_id);
}

bool schedule_tick_list(Db *db, Arena *arena, int64_t schedule_id, int64_t backfill_id, Slice slice,
                        ScheduleTick **ticks, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_ticks(&q, schedule_id, backfill_id);
    query_finish_list(&q, TICK_COLS, "tick_at", false, "backfill_id", slice);
    return SELECT_ROWS(db, arena, schedule_tick_columns, query_sql(&q), query_args(&q), ticks, n,
                       err);
}

bool schedule_tick_count(Db *db, int64_t schedule_id, int64_t backfill_id, int64_t *count,
                         Error *err)
{
    g_auto(Query) q = { 0 };

    filter_ticks(&q, schedule_id, backfill_id);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

/* --- of backfills ---------------------------------------------------------------------------- */

static void insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const ScheduleTick *tick = row;
    const DbArg values[] = { DB_INT(tick->schedule_id),
                             DB_INT(tick->tick_at),
                             DB_INT(tick->recorded_at),
                             DB_INT(tick->backfill_id),
                             { .type = DB_END } };

    memcpy(args, values, sizeof values);
}

bool schedule_tick_insert_backfill(Db *db, ScheduleTick *ticks, size_t n, Error *err)
{
    return query_insert_all(db,
                            "INSERT INTO schedule_ticks (schedule_id, tick_at, result, recorded_at,"
                            " taken_at, backfill_id) VALUES ($1, $2, 'waiting', $3, $3, $4)"
                            " RETURNING id",
                            insert_args, ticks, sizeof *ticks, n, err);
}

bool schedule_tick_next_of_backfill(Db *db, Arena *arena, int64_t backfill_id, ScheduleTick *tick,
                                    Error *err)
{
    return db_get(db, arena, schedule_tick_columns,
                  "SELECT " TICK_COLS " FROM schedule_ticks WHERE backfill_id = $1"
                  " AND backfill_id <> 0 AND result = 'waiting' ORDER BY tick_at LIMIT 1",
                  DB_ARGS(DB_INT(backfill_id)), tick, err);
}

bool schedule_tick_count_due_of_backfill(Db *db, int64_t backfill_id, int64_t *count, Error *err)
{
    return db_get_int(db,
                      "SELECT COUNT(*) FROM schedule_ticks WHERE backfill_id = $1"
                      " AND backfill_id <> 0 AND result = 'due'",
                      DB_ARGS(DB_INT(backfill_id)), count, err);
}

bool schedule_tick_start(Db *db, ScheduleTick *tick, int64_t server_id, int64_t now_us, bool *done,
                         Error *err)
{
    if (!query_exec_one(db,
                        "UPDATE schedule_ticks SET result = 'due', server_id = $2, taken_at = $3"
                        " WHERE id = $1 AND result = 'waiting'",
                        DB_ARGS(DB_INT(tick->id), DB_ID(server_id), DB_INT(now_us)), done, err))
        return false;
    if (*done) {
        tick->result = TICK_DUE;
        tick->server_id = server_id;
        tick->taken_at = now_us;
    }
    return true;
}

bool schedule_tick_skip_backfill(Db *db, int64_t backfill_id, const char *reason, int64_t now_us,
                                 Error *err)
{
    return db_exec(db,
                   "UPDATE schedule_ticks SET result = 'skipped', reason = $2, settled_at = $3"
                   " WHERE backfill_id = $1 AND backfill_id <> 0 AND result = 'waiting'",
                   DB_ARGS(DB_INT(backfill_id), DB_TEXT(reason), DB_INT(now_us)), NULL, err);
}
