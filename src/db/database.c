/* database.c - opens a database for all threads: its pool, its writes, checkpoints, signals. */
#include "db/checkpointer.h"
#include "db/pool.h"
#include "db/pooled_writes.h"
#include "db/writer.h"

#include <string.h>

/* Of a file: each costs some hundred kB once it is used, and is opened when more are wanted at
 * once.  Far more than there are threads. */
enum { MAX_FILE_CONNECTIONS = 256, MAX_REMOTE_CONNECTIONS = 32 };

struct Database {
    const DbDriver *driver;
    char *where; /* what the driver connects to */
    int claim;   /* -1: none */
    Pool *pool;
    Writer *writer; /* of a file; NULL: pooled_writes */
    PooledWrites *pooled_writes;
    Checkpointer *checkpointer; /* NULL: the database looks after itself */
    DbSignals *signals;         /* NULL: nobody listens */
    DbObserver observer;
    void *observer_data;
};

void database_observe(Database *database, DbObserver func, void *data)
{
    database->observer = func;
    database->observer_data = data;
}

void database_observed(const Database *database, const char *sql, const DbArg *args)
{
    if (database && database->observer)
        database->observer(sql, args, database->observer_data);
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

/* --- reads and writes ------------------------------------------------------------------------ */

Db *database_reader(Database *database)
{
    Db *db = pool_take(database->pool, NULL);

    if (db)
        return db;
    db = g_new0(Db, 1);
    *db = (Db){ .driver = database->driver, .database = database };
    return db;
}

void database_reader_hold_still(Db *db)
{
    if (db->conn && !db->driver->remote)
        db->still = db_control(db, "BEGIN", NULL);
}

void database_reader_release(Db *db)
{
    if (db->still)
        (void)db_control(db, "COMMIT", NULL); /* failing, it is closed */
    db->still = false;
    if (db->conn)
        pool_give_back(db->database->pool, db);
    else
        g_free(db);
}

bool database_write(Database *database, DbWriteFunc func, void *data, Error *err)
{
    return database->writer ? writer_run(database->writer, func, data, err)
                            : pooled_writes_run(database->pooled_writes, func, data, err);
}

bool database_renew(Database *database, Db *db)
{
    return database && database->pool && !db->writing && pool_renew(database->pool, db);
}

/* --- opening and closing --------------------------------------------------------------------- */

static bool take_claim(const DbDriver *driver, const char *where, int *claim, Error *err)
{
    *claim = -1;
    return !driver->claim || driver->claim(where, claim, err);
}

static void drop_claim(const DbDriver *driver, int *claim)
{
    if (driver->release)
        driver->release(*claim);
    *claim = -1;
}

static void after_commit(Db *db, void *data)
{
    Database *database = data;

    if (database->checkpointer)
        checkpointer_tell(database->checkpointer, db->driver->backlog(db->conn));
}

/* Takes @db over, for whatever it is of use now. */
static bool start_parts(Database *database, Db *db, int max_connections, Error *err)
{
    const DbDriver *driver = database->driver;
    Db *checkpoints = NULL;
    int max = driver->remote ? max_connections ? max_connections : MAX_REMOTE_CONNECTIONS
                             : MAX_FILE_CONNECTIONS;

    if (driver->checkpoint)
        checkpoints = db_new(database, driver, database->where, DB_FOR_CHECKPOINTS, err);
    if (!driver->checkpoint || checkpoints)
        database->pool = pool_new(database, driver, database->where, max, err);
    if (!database->pool) {
        db_free(checkpoints);
        db_free(db);
        return false;
    }
    if (checkpoints)
        database->checkpointer = checkpointer_start(checkpoints);
    if (driver->remote) {
        database->pooled_writes = pooled_writes_new(database->pool);
        db_free(db);
    } else {
        database->writer = writer_start(db, after_commit, database);
    }
    return true;
}

/* @alone: a server; else what is claimed is only for migrating, where nobody else has it. */
static bool bring_up(Database *database, const DatabaseOptions *options, bool alone, Error *err)
{
    const DbDriver *driver = database->driver;
    bool claimed = take_claim(driver, database->where, &database->claim, alone ? err : NULL);

    if (!claimed && alone)
        return false;
    /* Where servers share a database, a passing command is not the one to change it. */
    bool may_change = alone || (claimed && !driver->remote);
    Db *db = db_new(database, driver, database->where, DB_FOR_WRITES, err);
    if (!db)
        return false;
    bool ok = db_migrate(db, options->migrations, options->n_migrations, may_change, NULL, err);
    if (!alone)
        drop_claim(driver, &database->claim);
    if (!ok) {
        db_free(db);
        return false;
    }
    return start_parts(database, db, options->max_connections, err);
}

static Database *open_database(const DatabaseOptions *options, bool alone, Error *err)
{
    const char *where;
    const DbDriver *driver = db_driver_of(options->url, &where, err);

    if (!driver)
        return NULL;
    Database *database = g_new0(Database, 1);
    database->driver = driver;
    database->where = g_strdup(where);
    database->claim = -1;
    if (!bring_up(database, options, alone, err)) {
        database_close(database);
        return NULL;
    }
    return database;
}

Database *database_open(const DatabaseOptions *options, Error *err)
{
    return open_database(options, true, err);
}

Database *database_open_beside(const DatabaseOptions *options, Error *err)
{
    return open_database(options, false, err);
}

void database_close(Database *database)
{
    if (!database)
        return;
    if (database->signals)
        database->driver->remote->signals_stop(database->signals);
    writer_stop(database->writer);
    pooled_writes_free(database->pooled_writes);
    pool_free(database->pool);
    checkpointer_stop(database->checkpointer); /* last: nothing is in its way now */
    drop_claim(database->driver, &database->claim);
    g_free(database->where);
    g_free(database);
}

/* --- looking and migrating ------------------------------------------------------------------- */

bool database_schema(const DatabaseOptions *options, DatabaseSchema *schema, Error *err)
{
    const char *where;
    const DbDriver *driver = db_driver_of(options->url, &where, err);
    size_t n = options->n_migrations;

    if (!driver)
        return false;
    Db *db = db_new(NULL, driver, where, DB_FOR_LOOKING, err);
    if (!db)
        return false;
    bool ok = db_schema_version(db, &schema->version, err);
    schema->known = n ? options->migrations[n - 1].version : 0;
    db_free(db);
    return ok;
}

bool database_migrate(const DatabaseOptions *options, DatabaseSchema *before, Error *err)
{
    const char *where;
    const DbDriver *driver = db_driver_of(options->url, &where, err);
    size_t n = options->n_migrations;
    int claim;

    if (!driver || !take_claim(driver, where, &claim, err))
        return false;
    Db *db = db_new(NULL, driver, where, DB_FOR_WRITES, err);
    bool ok = db && db_migrate(db, options->migrations, n, true, &before->version, err);
    before->known = n ? options->migrations[n - 1].version : 0;
    db_free(db);
    drop_claim(driver, &claim);
    return ok;
}

/* --- what it is like ------------------------------------------------------------------------- */

bool database_is_local(const Database *database)
{
    return database->driver->remote == NULL;
}

bool database_is_away(Database *database)
{
    return pool_is_away(database->pool);
}

int64_t database_available_since(Database *database)
{
    return pool_available_since(database->pool);
}

DatabaseStats database_stats(Database *database)
{
    DatabaseStats stats = { 0 };

    if (database->writer)
        writer_add_stats(database->writer, &stats);
    else
        pooled_writes_add_stats(database->pooled_writes, &stats);
    if (database->checkpointer)
        stats.checkpoints = checkpointer_count(database->checkpointer);
    pool_add_stats(database->pool, &stats);
    return stats;
}

/* --- signals --------------------------------------------------------------------------------- */

bool database_listen(Database *database, DbSignalFunc func, void *data, Error *err)
{
    const DbRemote *remote = database->driver->remote;

    if (!remote)
        return true;
    database->signals = remote->signals_start(database->where, func, data, err);
    return database->signals != NULL;
}

void database_signal(Database *database, const char *text)
{
    if (database->signals)
        database->driver->remote->signals_send(database->signals, text);
}
