/* pool.c - connections that threads borrow.
 *
 * The latest used is lent first: the others may stay cold.  Where a database can go away, a failed
 * attempt to reach it is answered to all at once until the next attempt is due: while it is away,
 * nobody waits.
 */
#include "db/pool.h"

#include "base/log.h"

enum {
    WAIT_US = 10 * G_USEC_PER_SEC, /* for a connection, before the caller is told */
    FIRST_BACK_OFF_US = 50000,
    MAX_BACK_OFF_US = 2 * G_USEC_PER_SEC,
    RENEW_US =
        5 * G_USEC_PER_SEC, /* how long who has a lost connection in hand tries for another */
    RENEW_PAUSE_US = 50000
};

struct Pool {
    Database *database;
    const DbDriver *driver;
    const char *where;
    int max;

    GMutex mutex; /* of all below */
    GCond returned;
    Db **idle;
    int n_idle;
    int n_open;
    int64_t back_off_us; /* 0: the last attempt to connect was good */
    int64_t retry_at;    /* monotonic */
    int64_t available_since;
    int64_t n_lost;
};

/* --- opening --------------------------------------------------------------------------------- */

/* Under the mutex.  Whether this attempt ended differently from the one before. */
static bool note_attempt(Pool *pool, bool good)
{
    bool was_away = pool->back_off_us != 0;

    if (good) {
        pool->back_off_us = 0;
        if (was_away)
            pool->available_since = g_get_real_time();
        return was_away;
    }
    pool->back_off_us = was_away ? MIN(pool->back_off_us * 2, MAX_BACK_OFF_US) : FIRST_BACK_OFF_US;
    pool->retry_at = g_get_monotonic_time() + pool->back_off_us;
    return !was_away;
}

/* n_open counts it already. */
static Db *open_one(Pool *pool, Error *err)
{
    g_auto(Error) why = ERROR_INIT;
    Db *db = db_new(pool->database, pool->driver, pool->where, DB_FOR_READS, &why);

    g_mutex_lock(&pool->mutex);
    if (!db)
        pool->n_open--;
    bool changed = pool->driver->remote && note_attempt(pool, db != NULL);
    g_cond_signal(&pool->returned);
    g_mutex_unlock(&pool->mutex);
    if (changed && db)
        log_line(LOG_INFO, "the database is back");
    else if (changed)
        log_error(&why, "the database is away");
    if (!db)
        error_move(err, &why);
    return db;
}

/* --- lending --------------------------------------------------------------------------------- */

/* Under the mutex. */
static void close_one(Pool *pool, Db *db)
{
    pool->n_open--;
    pool->n_lost++;
    g_mutex_unlock(&pool->mutex);
    db_free(db);
    g_mutex_lock(&pool->mutex);
}

static bool is_lost(const Pool *pool, const Db *db)
{
    return pool->driver->remote && pool->driver->remote->is_lost(db->conn);
}

/* Under the mutex: one that is idle and good; NULL: there is none. */
static Db *take_idle(Pool *pool)
{
    while (pool->n_idle) {
        Db *db = pool->idle[--pool->n_idle];
        if (!is_lost(pool, db))
            return db;
        close_one(pool, db);
    }
    return NULL;
}

/* Under the mutex. */
static bool may_not_try(const Pool *pool)
{
    return pool->back_off_us && g_get_monotonic_time() < pool->retry_at;
}

/* An idle one; or NULL with *@open: n_open is counted up for the one to open; or NULL with @err. */
static Db *take_or_reserve(Pool *pool, bool may_open, bool *open, Error *err)
{
    int64_t until = g_get_monotonic_time() + WAIT_US;
    Db *db = NULL;

    *open = false;
    g_mutex_lock(&pool->mutex);
    while (!(db = take_idle(pool))) {
        if (may_open && may_not_try(pool)) {
            error_set(err, ERR_DB_AWAY, "the database cannot be reached");
            break;
        }
        if (may_open && pool->n_open < pool->max) {
            pool->n_open++;
            *open = true;
            break;
        }
        if (!g_cond_wait_until(&pool->returned, &pool->mutex, until)) {
            error_set(err, ERR_DB_AWAY, "all %d connections to the database are in use",
                      pool->n_open);
            break;
        }
    }
    g_mutex_unlock(&pool->mutex);
    return db;
}

Db *pool_take(Pool *pool, Error *err)
{
    g_auto(Error) why = ERROR_INIT;
    bool open;
    Db *db = take_or_reserve(pool, true, &open, err);

    if (!open)
        return db;
    db = open_one(pool, &why);
    if (db)
        return db;
    /* A file that cannot be opened once more is out of descriptors, say: others come back. */
    if (!pool->driver->remote)
        return take_or_reserve(pool, false, &open, err);
    error_set(err, ERR_DB_AWAY, "the database cannot be reached: %s", error_text(&why));
    return NULL;
}

/* For a moment one more than there are. */
static Db *open_another(Pool *pool)
{
    g_mutex_lock(&pool->mutex);
    bool may = !may_not_try(pool);
    if (may)
        pool->n_open++;
    g_mutex_unlock(&pool->mutex);
    return may ? open_one(pool, NULL) : NULL;
}

bool pool_renew(Pool *pool, Db *db)
{
    int64_t until = g_get_monotonic_time() + RENEW_US;
    Db *other = NULL;

    if (!is_lost(pool, db))
        return false;
    while (!(other = open_another(pool)) && g_get_monotonic_time() < until)
        g_usleep(RENEW_PAUSE_US);
    if (!other)
        return false;
    DbConnection *lost = db->conn;
    db->conn = other->conn;
    other->conn = lost;
    g_mutex_lock(&pool->mutex);
    pool->n_open--;
    pool->n_lost++;
    g_mutex_unlock(&pool->mutex);
    db_free(other);
    return true;
}

void pool_give_back(Pool *pool, Db *db)
{
    bool good = !is_lost(pool, db) && !pool->driver->in_transaction(db->conn);

    g_mutex_lock(&pool->mutex);
    if (good)
        pool->idle[pool->n_idle++] = db;
    else
        close_one(pool, db);
    g_cond_signal(&pool->returned);
    g_mutex_unlock(&pool->mutex);
}

/* --- the whole ------------------------------------------------------------------------------- */

Pool *pool_new(Database *database, const DbDriver *driver, const char *where, int max, Error *err)
{
    Db *first = db_new(database, driver, where, DB_FOR_READS, err);

    if (!first)
        return NULL;
    Pool *pool = g_new0(Pool, 1);
    pool->database = database;
    pool->driver = driver;
    pool->where = where;
    pool->max = max;
    g_mutex_init(&pool->mutex);
    g_cond_init(&pool->returned);
    pool->idle = g_new0(Db *, max);
    pool->idle[pool->n_idle++] = first;
    pool->n_open = 1;
    return pool;
}

void pool_free(Pool *pool)
{
    if (!pool)
        return;
    g_assert(pool->n_idle == pool->n_open); /* all are back */
    while (pool->n_idle)
        db_free(pool->idle[--pool->n_idle]);
    g_mutex_clear(&pool->mutex);
    g_cond_clear(&pool->returned);
    g_free(pool->idle);
    g_free(pool);
}

bool pool_is_away(Pool *pool)
{
    g_mutex_lock(&pool->mutex);
    bool away = pool->back_off_us != 0;
    g_mutex_unlock(&pool->mutex);
    return away;
}

int64_t pool_available_since(Pool *pool)
{
    g_mutex_lock(&pool->mutex);
    int64_t since = pool->available_since;
    g_mutex_unlock(&pool->mutex);
    return since;
}

void pool_add_stats(Pool *pool, DatabaseStats *stats)
{
    g_mutex_lock(&pool->mutex);
    stats->connections = pool->n_open;
    stats->connections_busy = pool->n_open - pool->n_idle;
    stats->lost_connections = pool->n_lost;
    g_mutex_unlock(&pool->mutex);
}
