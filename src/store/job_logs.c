/* job_logs.c - what is to be packed, by the index that holds only that. */
#include "store/job_logs.h"

bool ended_log_list_unpacked(Db *db, Arena *arena, int64_t until_us, const EndedLog *after,
                             int64_t limit, EndedLog **logs, size_t *n, Error *err)
{
    static const Column columns[] = { COL_INT(EndedLog, job_id), COL_INT(EndedLog, size),
                                      COL_TIME(EndedLog, finished_at), COL_END };

    return SELECT_ROWS(db, arena, columns,
                       "SELECT id, trace_size, finished_at FROM jobs"
                       " WHERE log_packed = 0 AND finished_at IS NOT NULL AND finished_at <= $1"
                       " AND (finished_at, id) > ($2, $3) ORDER BY finished_at, id LIMIT $4",
                       DB_ARGS(DB_INT(until_us), DB_INT(after ? after->finished_at : G_MININT64),
                               DB_INT(after ? after->job_id : 0), DB_INT(limit)),
                       logs, n, err);
}

bool ended_log_set_packed(Db *db, const EndedLog *logs, size_t n_logs, Error *err)
{
    for (size_t i = 0; i < n_logs; i++)
        if (!db_exec(db, "UPDATE jobs SET log_packed = 1 WHERE id = $1",
                     DB_ARGS(DB_INT(logs[i].job_id)), NULL, err))
            return false;
    return true;
}
