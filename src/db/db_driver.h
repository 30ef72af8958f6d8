/* db_driver.h - what a database has to be able to do; inside db/ only.
 *
 * database.c, writer.c, statements.c and migrate.c know nothing but this table, so a second database
 * is one more file with one more table.
 */
#ifndef PENSTOCK_DB_DB_DRIVER_H
#define PENSTOCK_DB_DB_DRIVER_H

#include "db/db.h"

/* Each driver has structs of its own behind these two and casts. */
typedef struct DbConnection DbConnection;
typedef struct DbStatement DbStatement;

typedef enum DbConnectionUse {
    DB_FOR_WRITES, /* checks whose the database is, and sets it up if it is new */
    DB_FOR_READS,
    DB_FOR_CHECKPOINTS
} DbConnectionUse;

typedef enum DbStep { DB_STEP_ROW, DB_STEP_DONE, DB_STEP_ERROR } DbStep;

typedef struct DbDriver {
    const char *scheme;     /* of the URL, with its colon */
    const char *id_type;    /* {ID} */
    const char *bytes_type; /* {BYTES} */
    const char *begin;      /* starts a transaction that writes */

    /* Claims the database at @where for one server. *@claim: -1 on failure; ERR_USAGE: another
     * server has it. */
    bool (*claim)(const char *where, int *claim, Error *err);
    void (*release)(int claim); /* accepts -1 */

    DbConnection *(*connect)(const char *where, DbConnectionUse use, Error *err);
    void (*disconnect)(DbConnection *conn); /* accepts NULL */

    /* Several statements, no arguments, no rows. */
    bool (*script)(DbConnection *conn, const char *sql, Error *err);
    bool (*in_transaction)(DbConnection *conn);

    /* One statement: start, step until it is not a row, finish.  @args have to live until then;
     * texts and bytes of a row, until the next step.  Columns count from 0. */
    DbStatement *(*start)(DbConnection *conn, const char *sql, const DbArg *args, Error *err);
    DbStep (*step)(DbStatement *statement, Error *err);
    void (*finish)(DbStatement *statement);
    int (*n_columns)(DbStatement *statement);
    int64_t (*n_changed)(DbStatement *statement);
    bool (*is_null)(DbStatement *statement, int column);
    int64_t (*get_int)(DbStatement *statement, int column);
    double (*get_double)(DbStatement *statement, int column);
    const char *(*get_text)(DbStatement *statement, int column, size_t *n);
    const void *(*get_bytes)(DbStatement *statement, int column, size_t *n);

    /* Pages that the last commit left for a checkpoint, and the checkpoint: @wait: until readers
     * and writer let it finish.  Both NULL where the database looks after itself. */
    int64_t (*backlog)(DbConnection *conn);
    bool (*checkpoint)(DbConnection *conn, bool wait, Error *err);
} DbDriver;

extern const DbDriver db_sqlite_driver;

/* A connection with what its statements need.  Owned by the pool or the writer. */
struct Db {
    const DbDriver *driver;
    DbConnection *conn;
    Database *database;
};

Db *db_new(Database *database, const DbDriver *driver, const char *where, DbConnectionUse use,
           Error *err);
void db_free(Db *db); /* accepts NULL */

/* Tells the observer, if there is one. */
void database_observed(const Database *database, const char *sql);

/* BEGIN, COMMIT and the like: no arguments, nothing observed. */
bool db_control(Db *db, const char *sql, Error *err);

/* Brings the schema up to date, each migration in its own transaction.  @may_change: false: a
 * missing migration is ERR_USAGE. */
bool db_migrate(Db *db, const DbMigration *migrations, size_t n, bool may_change, Error *err);

#endif
