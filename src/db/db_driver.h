/* db_driver.h - what a database has to be able to do; inside db/ only.
 *
 * Everything but the drivers' own files (db_sqlite.c, db_postgres.c and what they are made of) knows
 * nothing but these tables.
 */
#ifndef PENSTOCK_DB_DB_DRIVER_H
#define PENSTOCK_DB_DB_DRIVER_H

#include "db/db.h"

/* Each driver has structs of its own behind these and casts. */
typedef struct DbConnection DbConnection;
typedef struct DbStatement DbStatement;
typedef struct DbSignals DbSignals;
typedef struct DbCopying DbCopying; /* copying.h */

typedef enum DbConnectionUse {
    DB_FOR_WRITES, /* checks whose the database is, and sets it up if it is new */
    DB_FOR_READS,  /* of the pool; where there are many writers, for writes too */
    DB_FOR_CHECKPOINTS,
    DB_FOR_LOOKING /* checks whose it is, and changes nothing */
} DbConnectionUse;

typedef enum DbStep { DB_STEP_ROW, DB_STEP_DONE, DB_STEP_ERROR } DbStep;

/* What came of a transaction. */
typedef enum DbOutcome {
    DB_COMMITTED,
    DB_UNDONE, /* certain */
    DB_UNKNOWN /* the connection was lost while it was being committed */
} DbOutcome;

/* What a transaction leaves in the database if, and only if, it is committed.  Numbers of a session
 * only grow. */
typedef struct DbMark {
    int64_t session; /* random: of one connection */
    int64_t number;
} DbMark;

/* Why a transaction that did not work out may work if it is run again. */
typedef enum DbTrouble {
    DB_NO_TROUBLE,
    DB_TROUBLE_CONFLICT, /* others were in the way: serialization, deadlock */
    DB_TROUBLE_LOST      /* the connection was lost */
} DbTrouble;

/* What a database has that is reached over a connection and takes many writers at once. */
typedef struct DbRemote {
    /* A transaction that writes. */
    bool (*begin)(DbConnection *conn, Error *err);
    DbOutcome (*commit)(DbConnection *conn, Error *err);
    void (*roll_back)(DbConnection *conn);

    /* Since its begin. */
    DbTrouble (*trouble)(DbConnection *conn);
    DbMark (*mark)(DbConnection *conn);

    /* What became of the last transaction of a connection that is lost, asked on another one: waits
     * for its end, and fails where that takes too long.  DB_COMMITTED or DB_UNDONE. */
    bool (*outcome)(DbConnection *other, DbMark mark, DbOutcome *outcome, Error *err);

    /* Of one that lies idle: whether it is good no more.  Cheap. */
    bool (*is_lost)(DbConnection *conn);

    /* One server at a time migrates: waits for the others. */
    bool (*lock_schema)(DbConnection *conn, Error *err);
    void (*unlock_schema)(DbConnection *conn);

    DbSignals *(*signals_start)(const char *where, DbSignalFunc func, void *data, Error *err);
    void (*signals_send)(DbSignals *signals, const char *text);
    void (*signals_stop)(DbSignals *signals); /* accepts NULL */
} DbRemote;

typedef struct DbDriver {
    const char *const *schemes; /* of URLs, each with its colon; NULL-terminated */
    bool whole_url;             /* connect() wants the URL with its scheme */
    const char *id_type;        /* {ID} */
    const char *bytes_type;     /* {BYTES} */
    const char *begin;          /* starts a transaction that writes */

    /* NULL: a file in this process, with one writer at a time. */
    const DbRemote *remote;

    const DbCopying *copying;

    /* Claims the database at @where for one server.  *@claim: -1 on failure; ERR_USAGE: another
     * server has it.  Both NULL where servers share it. */
    bool (*claim)(const char *where, int *claim, Error *err);
    void (*release)(int claim); /* accepts -1 */

    DbConnection *(*connect)(const char *where, DbConnectionUse use, Error *err);
    void (*disconnect)(DbConnection *conn); /* accepts NULL */

    /* Several statements, no arguments, no rows. */
    bool (*script)(DbConnection *conn, const char *sql, Error *err);
    bool (*in_transaction)(DbConnection *conn);

    /* The table that remembers migrations, if it is not there. */
    bool (*make_migrations_table)(DbConnection *conn, Error *err);
    bool (*has_migrations_table)(DbConnection *conn, bool *has, Error *err);

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

    /* One statement for each of @n rows of arguments; @values: an integer from each, NULL: no rows
     * are wanted.  NULL where a statement is a function call: one after the other then. */
    bool (*each)(DbConnection *conn, const char *sql, const DbArg *const *rows, size_t n,
                 int64_t *values, Error *err);

    /* Pages that the last commit left for a checkpoint, and the checkpoint: @wait: until readers
     * and writer let it finish.  Both NULL where the database looks after itself. */
    int64_t (*backlog)(DbConnection *conn);
    bool (*checkpoint)(DbConnection *conn, bool wait, Error *err);
} DbDriver;

extern const DbDriver db_sqlite_driver;
extern const DbDriver db_postgres_driver;

/* A connection with what its statements need.  Owned by the pool or the writer. */
struct Db {
    const DbDriver *driver;
    DbConnection *conn; /* NULL: there is none to be had, each statement says so */
    Database *database;
    bool writing; /* in a write: a lost connection has undone what came before */
    bool still;   /* in a transaction that reads */
};

/* The driver for @url; @where: what its connect() wants, in @url.  NULL with ERR_USAGE: none. */
const DbDriver *db_driver_of(const char *url, const char **where, Error *err);

/* @database may be NULL: nothing is observed. */
Db *db_new(Database *database, const DbDriver *driver, const char *where, DbConnectionUse use,
           Error *err);
void db_free(Db *db); /* accepts NULL */

/* Tells the observer, if there is one.  @database may be NULL. */
void database_observed(const Database *database, const char *sql, const DbArg *args);

/* Gives a reader whose connection was lost another one.  false: it was not lost, or there is none. */
bool database_renew(Database *database, Db *db);

/* BEGIN, COMMIT and the like: no arguments, nothing observed. */
bool db_control(Db *db, const char *sql, Error *err);

/* The last migration that has run; 0: none.  Changes nothing. */
bool db_schema_version(Db *db, int64_t *version, Error *err);

/* Brings the schema up to date, each migration in its own transaction.  @may_change: false: a
 * missing migration is ERR_USAGE.  @before: the version it had; may be NULL. */
bool db_migrate(Db *db, const DbMigration *migrations, size_t n, bool may_change, int64_t *before,
                Error *err);

#endif
