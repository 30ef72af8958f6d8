/* database.c - opens a database for all threads: readers from a pool, the writer, checkpoints. */
#include "db/checkpointer.h"
#include "db/db_driver.h"
#include "db/writer.h"

#include <string.h>

/* Each costs some hundred kB once it is used; they are opened when more are wanted at once. */
enum { MAX_READERS = DATABASE_MAX_READERS };

struct Database {
    const DbDriver *driver;
    char *where; /* the URL without its scheme */
    int claim;   /* -1: none */
    Writer *writer;
    Checkpointer *checkpointer; /* NULL: the database looks after itself */
    DbObserver observer;
    void *observer_data;

    GMutex mutex; /* of the pool */
    GCond returned;
    Db *idle[MAX_READERS]; /* the latest used last: the others may stay cold */
    int n_idle;
    int n_open;
};

static const DbDriver *const drivers[] = { &db_sqlite_driver };

void database_observe(Database *database, DbObserver func, void *data)
{
    database->observer = func;
    database->observer_data = data;
}

void database_observed(const Database *database, const char *sql)
{
    if (database->observer)
        database->observer(sql, database->observer_data);
}

Db *db_new(Database *database, const DbDriver *driver, const char *where, DbConnectionUse use,
           Error *err)
{
    DbConnection *conn = driver->connect(where, use, err);

    if (!conn)
        return NULL;
    Db *db = g_new0(Db, 1);
    *db = (Db){ driver, conn, database };
    return db;
}

void db_free(Db *db)
{
    if (!db)
        return;
    db->driver->disconnect(db->conn);
    g_free(db);
}

/* --- readers --------------------------------------------------------------------------------- */

/* An idle reader, or NULL with n_open counted up for the one to open, or waits. */
static Db *take_idle(Database *database, bool may_open)
{
    Db *db = NULL;

    g_mutex_lock(&database->mutex);
    while (!database->n_idle && !(may_open && database->n_open < MAX_READERS))
        g_cond_wait(&database->returned, &database->mutex);
    if (database->n_idle)
        db = database->idle[--database->n_idle];
    else
        database->n_open++;
    g_mutex_unlock(&database->mutex);
    return db;
}

Db *database_reader(Database *database)
{
    Db *db = take_idle(database, true);

    if (db)
        return db;
    db = db_new(database, database->driver, database->where, DB_FOR_READS, NULL);
    if (db)
        return db;
    /* Out of descriptors, say.  One is open since the start, so waiting comes to an end. */
    g_mutex_lock(&database->mutex);
    database->n_open--;
    g_mutex_unlock(&database->mutex);
    return take_idle(database, false);
}

void database_reader_release(Db *db)
{
    Database *database = db->database;

    g_mutex_lock(&database->mutex);
    database->idle[database->n_idle++] = db;
    g_cond_signal(&database->returned);
    g_mutex_unlock(&database->mutex);
}

static bool open_first_reader(Database *database, Error *err)
{
    Db *db = db_new(database, database->driver, database->where, DB_FOR_READS, err);

    if (!db)
        return false;
    database->n_open = 1;
    database->idle[database->n_idle++] = db;
    return true;
}

/* --- opening and closing --------------------------------------------------------------------- */

static void after_commit(Db *db, void *data)
{
    Database *database = data;

    if (database->checkpointer)
        checkpointer_tell(database->checkpointer, db->driver->backlog(db->conn));
}

static bool start_threads(Database *database, Db *writer_db, Error *err)
{
    const DbDriver *driver = database->driver;
    Db *checkpoints = NULL;

    if (driver->checkpoint) {
        checkpoints = db_new(database, driver, database->where, DB_FOR_CHECKPOINTS, err);
        if (!checkpoints)
            return false;
    }
    if (!open_first_reader(database, err)) {
        db_free(checkpoints);
        return false;
    }
    if (checkpoints)
        database->checkpointer = checkpointer_start(checkpoints);
    database->writer = writer_start(writer_db, after_commit, database);
    return true;
}

static void drop_claim(Database *database)
{
    database->driver->release(database->claim);
    database->claim = -1;
}

/* @alone: a server; else the claim is only for migrating, where nobody else has it. */
static bool bring_up(Database *database, bool alone, const DbMigration *migrations, size_t n,
                     Error *err)
{
    const DbDriver *driver = database->driver;

    bool claimed = driver->claim(database->where, &database->claim, alone ? err : NULL);
    if (!claimed && alone)
        return false;
    Db *db = db_new(database, driver, database->where, DB_FOR_WRITES, err);
    if (!db)
        return false;
    bool ok = db_migrate(db, migrations, n, claimed, err);
    if (!alone)
        drop_claim(database);
    if (ok && start_threads(database, db, err))
        return true;
    db_free(db);
    return false;
}

static const DbDriver *driver_of(const char *url)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (g_str_has_prefix(url, drivers[i]->scheme))
            return drivers[i];
    }
    return NULL;
}

static Database *open_database(const char *url, bool alone, const DbMigration *migrations, size_t n,
                               Error *err)
{
    const DbDriver *driver = driver_of(url);

    if (!driver) {
        /* The URL may hold a password: only what precedes it is shown. */
        g_autofree char *scheme = g_strndup(url, strcspn(url, ":"));
        error_set(err, ERR_USAGE, "database \"%s:...\": only sqlite:PATH is known", scheme);
        return NULL;
    }
    Database *database = g_new0(Database, 1);
    database->driver = driver;
    database->where = g_strdup(url + strlen(driver->scheme));
    database->claim = -1;
    g_mutex_init(&database->mutex);
    g_cond_init(&database->returned);
    if (!bring_up(database, alone, migrations, n, err)) {
        database_close(database);
        return NULL;
    }
    return database;
}

Database *database_open(const char *url, const DbMigration *migrations, size_t n, Error *err)
{
    return open_database(url, true, migrations, n, err);
}

Database *database_open_beside(const char *url, const DbMigration *migrations, size_t n, Error *err)
{
    return open_database(url, false, migrations, n, err);
}

void database_close(Database *database)
{
    if (!database)
        return;
    writer_stop(database->writer);
    g_assert(database->n_idle == database->n_open); /* all readers are back */
    while (database->n_idle)
        db_free(database->idle[--database->n_idle]);
    checkpointer_stop(database->checkpointer); /* last: nothing is in its way now */
    database->driver->release(database->claim);
    g_mutex_clear(&database->mutex);
    g_cond_clear(&database->returned);
    g_free(database->where);
    g_free(database);
}

bool database_write(Database *database, DbWriteFunc func, void *data, Error *err)
{
    return writer_run(database->writer, func, data, err);
}

DatabaseStats database_stats(Database *database)
{
    DatabaseStats stats = { 0 };

    writer_add_stats(database->writer, &stats);
    if (database->checkpointer)
        stats.checkpoints = checkpointer_count(database->checkpointer);
    g_mutex_lock(&database->mutex);
    stats.readers = database->n_open;
    stats.readers_busy = database->n_open - database->n_idle;
    g_mutex_unlock(&database->mutex);
    return stats;
}
