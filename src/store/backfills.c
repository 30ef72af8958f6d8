/* backfills.c - the table backfills. */
#include "store/backfills.h"

static const char *const statuses[N_BACKFILL_STATUSES] = { "running", "finished", "canceled" };
const NameTable backfill_status_names = NAME_TABLE(statuses);

#define BACKFILL_COLS                                                                              \
    "id, schedule_id, user_id, from_at, to_at, max_parallel, status, created_at, finished_at"

const Column backfill_columns[] = { COL_INT(Backfill, id),
                                    COL_INT(Backfill, schedule_id),
                                    COL_INT(Backfill, user_id),
                                    COL_TIME(Backfill, from_at),
                                    COL_TIME(Backfill, to_at),
                                    COL_INT(Backfill, max_parallel),
                                    COL_ENUM(Backfill, status, backfill_status_names),
                                    COL_TIME(Backfill, created_at),
                                    COL_TIME(Backfill, finished_at),
                                    COL_END };

bool backfill_insert(Db *db, Backfill *b, bool *is_new, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    *is_new = db_get_int(db,
                         "INSERT INTO backfills (schedule_id, user_id, from_at, to_at,"
                         " max_parallel, status, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
                         " ON CONFLICT (schedule_id) WHERE status = 'running' DO NOTHING"
                         " RETURNING id",
                         DB_ARGS(DB_INT(b->schedule_id), DB_ID(b->user_id), DB_INT(b->from_at),
                                 DB_INT(b->to_at), DB_INT(b->max_parallel),
                                 DB_ENUM(backfill_status_names, b->status), DB_INT(b->created_at)),
                         &b->id, &failed);
    return *is_new || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

bool backfill_get(Db *db, Arena *arena, int64_t id, Backfill *backfill, Error *err)
{
    return db_get(db, arena, backfill_columns,
                  "SELECT " BACKFILL_COLS " FROM backfills WHERE id = $1", DB_ARGS(DB_INT(id)),
                  backfill, err);
}

bool backfill_get_in_schedule(Db *db, Arena *arena, int64_t schedule_id, int64_t id,
                              Backfill *backfill, Error *err)
{
    return db_get(db, arena, backfill_columns,
                  "SELECT " BACKFILL_COLS " FROM backfills WHERE id = $1 AND schedule_id = $2",
                  DB_ARGS(DB_INT(id), DB_INT(schedule_id)), backfill, err);
}

bool backfill_lock(Db *db, Arena *arena, int64_t id, Backfill *backfill, Error *err)
{
    return db_get(db, arena, backfill_columns,
                  "SELECT " BACKFILL_COLS " FROM backfills WHERE id = $1 {{FOR NO KEY UPDATE}}",
                  DB_ARGS(DB_INT(id)), backfill, err);
}

bool backfill_list(Db *db, Arena *arena, int64_t schedule_id, Slice slice, Backfill **backfills,
                   size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "backfills");
    query_and_arg(&q, "schedule_id = ?", DB_INT(schedule_id));
    query_finish_list(&q, BACKFILL_COLS, "id", false, NULL, slice);
    return SELECT_ROWS(db, arena, backfill_columns, query_sql(&q), query_args(&q), backfills, n,
                       err);
}

bool backfill_count(Db *db, int64_t schedule_id, int64_t *count, Error *err)
{
    return db_get_int(db, "SELECT COUNT(*) FROM backfills WHERE schedule_id = $1",
                      DB_ARGS(DB_INT(schedule_id)), count, err);
}

bool backfill_list_running(Db *db, Arena *arena, int64_t after_id, int64_t limit,
                           Backfill **backfills, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, backfill_columns,
                       "SELECT " BACKFILL_COLS " FROM backfills WHERE status = 'running'"
                       " AND id > $1 ORDER BY id LIMIT $2",
                       DB_ARGS(DB_INT(after_id), DB_INT(limit)), backfills, n, err);
}

bool backfill_end(Db *db, int64_t id, BackfillStatus status, int64_t now_us, bool *done, Error *err)
{
    return query_exec_one(
        db,
        "UPDATE backfills SET status = $2, finished_at = $3 WHERE id = $1 AND status = 'running'",
        DB_ARGS(DB_INT(id), DB_ENUM(backfill_status_names, status), DB_INT(now_us)), done, err);
}

typedef struct Tally {
    TickResult result;
    int64_t n;
} Tally;

static const Column tally_columns[] = { COL_ENUM(Tally, result, tick_result_names),
                                        COL_INT(Tally, n), COL_END };

bool backfill_tally(Db *db, Arena *arena, int64_t id, int64_t tally[N_TICK_RESULTS], Error *err)
{
    Tally *rows = NULL;
    size_t n = 0;

    if (!SELECT_ROWS(db, arena, tally_columns,
                     "SELECT result, COUNT(*) FROM schedule_ticks"
                     " WHERE backfill_id = $1 AND backfill_id <> 0 GROUP BY result",
                     DB_ARGS(DB_INT(id)), &rows, &n, err))
        return false;
    for (int i = 0; i < N_TICK_RESULTS; i++)
        tally[i] = 0;
    for (size_t i = 0; i < n; i++)
        tally[rows[i].result] = rows[i].n;
    return true;
}
