/* pooled_writes.c - each write in a transaction of its own, run again where that may help.
 *
 * What the caller is told is certain.  A connection lost before COMMIT was sent has undone
 * everything.  One lost after that may have committed: on another connection is looked whether the
 * transaction's mark is there.
 */
#include "db/pooled_writes.h"

#include "base/log.h"

#include <stdatomic.h>

enum {
    MAX_CONFLICTS = 30, /* with growing pauses: some seconds */
    MAX_LOSSES = 5,
    FIRST_PAUSE_US = 500,
    MAX_PAUSE_US = 200000,
    ASK_AGAIN_US = 100000,
    ASK_FOR_US = 20 * G_USEC_PER_SEC /* how long an unknown end is looked into */
};

struct PooledWrites {
    Pool *pool;
    atomic_int_least64_t done;
    atomic_int_least64_t failed;
    atomic_int_least64_t commit_us;
    atomic_int_least64_t running;
    atomic_int_least64_t retries;
};

typedef struct Attempt {
    DbOutcome outcome;
    DbTrouble trouble; /* of DB_UNDONE */
} Attempt;

static Attempt undone(const DbRemote *remote, Db *db)
{
    Attempt attempt = { DB_UNDONE, remote->trouble(db->conn) };

    if (attempt.trouble != DB_TROUBLE_LOST)
        remote->roll_back(db->conn);
    return attempt;
}

/* @mark: of its transaction, once there is one. */
static Attempt run_on(PooledWrites *writes, Db *db, DbWriteFunc func, void *data, DbMark *mark,
                      Error *err)
{
    const DbRemote *remote = db->driver->remote;

    if (!remote->begin(db->conn, err) || !func(db, data, err))
        return undone(remote, db);
    *mark = remote->mark(db->conn);
    int64_t from = g_get_monotonic_time();
    DbOutcome outcome = remote->commit(db->conn, err);
    writes->commit_us += g_get_monotonic_time() - from;
    return outcome == DB_UNDONE ? undone(remote, db) : (Attempt){ outcome, DB_NO_TROUBLE };
}

static bool ask(PooledWrites *writes, DbMark mark, DbOutcome *outcome)
{
    Db *db = pool_take(writes->pool, NULL);

    if (!db)
        return false;
    bool ok = db->driver->remote->outcome(db->conn, mark, outcome, NULL);
    pool_give_back(writes->pool, db);
    return ok;
}

/* The server may still be finding out itself that we have gone, or be away. */
static DbOutcome find_out(PooledWrites *writes, DbMark mark)
{
    int64_t until = g_get_monotonic_time() + ASK_FOR_US;

    do {
        DbOutcome outcome;
        if (ask(writes, mark, &outcome))
            return outcome;
        g_usleep(ASK_AGAIN_US);
    } while (g_get_monotonic_time() < until);
    log_line(LOG_ERROR,
             "whether a write was committed before its connection was lost is not known");
    return DB_UNKNOWN;
}

static Attempt run_once(PooledWrites *writes, DbWriteFunc func, void *data, Error *err)
{
    DbMark mark = { 0 };
    Db *db = pool_take(writes->pool, err);

    if (!db)
        return (Attempt){ DB_UNDONE, DB_NO_TROUBLE };
    db->writing = true;
    Attempt attempt = run_on(writes, db, func, data, &mark, err);
    db->writing = false;
    pool_give_back(writes->pool, db);
    if (attempt.outcome == DB_UNKNOWN)
        attempt = (Attempt){ find_out(writes, mark), DB_TROUBLE_LOST };
    if (attempt.outcome == DB_UNDONE && attempt.trouble == DB_TROUBLE_LOST)
        error_set(err, ERR_DB_AWAY, "the connection to the database was lost");
    return attempt;
}

/* A random part of a time that doubles, so that those who met do not meet again. */
static void pause_after(int n)
{
    int64_t longest = MIN((int64_t)FIRST_PAUSE_US << MIN(n, 20), MAX_PAUSE_US);

    g_usleep((gulong)g_random_int_range(FIRST_PAUSE_US / 2, (gint32)longest + 1));
}

/* Whether the write is worth another attempt. */
static bool may_try_again(Attempt attempt, int *conflicts, int *losses)
{
    switch (attempt.trouble) {
    case DB_NO_TROUBLE:
        return false;
    case DB_TROUBLE_CONFLICT:
        pause_after(*conflicts);
        return ++*conflicts < MAX_CONFLICTS;
    case DB_TROUBLE_LOST:
        return ++*losses < MAX_LOSSES;
    }
    g_return_val_if_reached(false);
}

static bool run(PooledWrites *writes, DbWriteFunc func, void *data, Error *err)
{
    int conflicts = 0;
    int losses = 0;

    for (;;) {
        g_auto(Error) why = ERROR_INIT;
        Attempt attempt = run_once(writes, func, data, &why);
        if (attempt.outcome == DB_COMMITTED)
            return true;
        if (attempt.outcome == DB_UNKNOWN)
            return error_set(err, ERR_DB_AWAY,
                             "the connection to the database was lost, and whether this was "
                             "written is not known");
        if (!may_try_again(attempt, &conflicts, &losses))
            return error_move(err, &why);
        writes->retries++;
    }
}

bool pooled_writes_run(PooledWrites *writes, DbWriteFunc func, void *data, Error *err)
{
    writes->running++;
    bool ok = run(writes, func, data, err);
    writes->running--;
    if (ok)
        writes->done++;
    else
        writes->failed++;
    return ok;
}

PooledWrites *pooled_writes_new(Pool *pool)
{
    PooledWrites *writes = g_new0(PooledWrites, 1);

    writes->pool = pool;
    return writes;
}

void pooled_writes_free(PooledWrites *writes)
{
    g_free(writes);
}

void pooled_writes_add_stats(PooledWrites *writes, DatabaseStats *stats)
{
    stats->writes = writes->done;
    stats->batches = writes->done;
    stats->largest_batch = writes->done ? 1 : 0;
    stats->writes_failed = writes->failed;
    stats->commit_us = writes->commit_us;
    stats->writes_waiting = writes->running;
    stats->retries = writes->retries;
}
