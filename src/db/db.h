/* db.h - the database behind one small interface; which one it is, nobody outside db/ knows.
 *
 * Two objects.  Database: the whole installation's, shared by all threads (reader pool, writer).
 * Db: one connection in use by one thread, either for reads or inside a write.  store/ writes SQL
 * against a Db and never asks which kind it is.
 *
 * SQL: portable, with $1 placeholders (a number may repeat).  `FOR UPDATE` and the like are written
 * as PostgreSQL has them inside {{…}}: the SQLite driver drops what stands in double braces, since
 * its one writer makes it true.  A text order that is seen outside is `ORDER BY x COLLATE "C"`: by
 * bytes, on both.  Times are BIGINT microseconds, booleans SMALLINT 0/1, enums TEXT.
 */
#ifndef PENSTOCK_DB_DB_H
#define PENSTOCK_DB_DB_H

#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Database Database;
typedef struct Db Db;

/* --- arguments ---------------------------------------------------------------------------- */

typedef enum DbType {
    DB_END,
    DB_TYPE_NULL,
    DB_TYPE_INT,
    DB_TYPE_DOUBLE,
    DB_TYPE_TEXT,
    DB_TYPE_BYTES
} DbType;

typedef struct DbArg {
    DbType type;
    bool
        is_null; /* SQL NULL of that type; DB_TYPE_NULL is one that takes its type from its place */
    int64_t i;
    double d;
    const void *p; /* borrowed until the call returns */
    size_t n;      /* bytes of DB_TYPE_BYTES */
} DbArg;

#define DB_INT(v)         ((DbArg){ .type = DB_TYPE_INT, .i = (v) })
#define DB_BOOL(v)        ((DbArg){ .type = DB_TYPE_INT, .i = (v) ? 1 : 0 })
#define DB_DOUBLE(v)      ((DbArg){ .type = DB_TYPE_DOUBLE, .d = (v) })
#define DB_TEXT(s)        db_arg_text(s) /* NULL: SQL NULL */
#define DB_BYTES(ptr, sz) ((DbArg){ .type = DB_TYPE_BYTES, .p = (ptr), .n = (sz) })
#define DB_ID(v)          db_arg_nonzero(v) /* 0: SQL NULL */
#define DB_TIME(v)        db_arg_nonzero(v) /* 0: SQL NULL */
#define DB_ENUM(table, v) db_arg_text(name_of(&(table), (int)(v)))
#define DB_NULL           ((DbArg){ .type = DB_TYPE_NULL })
#define DB_ARGS(...)      ((const DbArg[]){ __VA_ARGS__, { .type = DB_END } })
#define DB_NO_ARGS        ((const DbArg[]){ { .type = DB_END } })

static inline DbArg db_arg_text(const char *s)
{
    return (DbArg){ .type = DB_TYPE_TEXT, .is_null = s == NULL, .p = s };
}

static inline DbArg db_arg_nonzero(int64_t v)
{
    return (DbArg){ .type = DB_TYPE_INT, .is_null = v == 0, .i = v };
}

/* --- columns: one result column to one struct member --------------------------------------- */

typedef enum ColumnKind {
    COLUMN_INT,  /* int64_t; NULL: 0.  Ids, times, counts */
    COLUMN_BOOL, /* bool */
    COLUMN_DOUBLE,
    COLUMN_TEXT,  /* const char *, in the arena; NULL: NULL */
    COLUMN_BYTES, /* struct DbBytes, in the arena */
    COLUMN_ENUM   /* an enum of int's size, by its name table; an unknown text is an error */
} ColumnKind;

typedef struct DbBytes {
    const void *data;
    size_t size;
} DbBytes;

typedef struct Column {
    const char *name; /* of the member, for error texts */
    ColumnKind kind;
    size_t offset;
    const NameTable *names; /* COLUMN_ENUM */
} Column;

/* The compiler checks the member's type against the kind. */
#define COLUMN_AT(row, member, kind, type, table)                                                  \
    {                                                                                              \
#member, kind,                                                                             \
            offsetof(row, member) +                                                                \
                0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((row *)0)->member), type) \
                                    ? 1                                                            \
                                    : -1]),                                                        \
            table                                                                                  \
    }
#define COL_INT(row, member)    COLUMN_AT(row, member, COLUMN_INT, int64_t, NULL)
#define COL_TIME(row, member)   COLUMN_AT(row, member, COLUMN_INT, int64_t, NULL)
#define COL_BOOL(row, member)   COLUMN_AT(row, member, COLUMN_BOOL, bool, NULL)
#define COL_DOUBLE(row, member) COLUMN_AT(row, member, COLUMN_DOUBLE, double, NULL)
#define COL_TEXT(row, member)   COLUMN_AT(row, member, COLUMN_TEXT, const char *, NULL)
#define COL_BYTES(row, member)  COLUMN_AT(row, member, COLUMN_BYTES, DbBytes, NULL)
/* Enums are checked by size only: each has a type of its own. */
#define COL_ENUM(row, member, table)                                                               \
    {                                                                                              \
#member, COLUMN_ENUM,                                                                      \
            offsetof(row, member) +                                                                \
                0 * sizeof(char[sizeof(((row *)0)->member) == sizeof(int) ? 1 : -1]),              \
            &(table)                                                                               \
    }
#define COL_END                                                                                    \
    {                                                                                              \
        NULL, COLUMN_INT, 0, NULL                                                                  \
    }

/* --- statements --------------------------------------------------------------------------- */

/* Runs a query; @items: an array of @n rows of @row_size bytes in @arena, NULL for none. */
bool db_select(Db *db, Arena *arena, const Column *columns, size_t row_size, const char *sql,
               const DbArg *args, void **items, size_t *n, Error *err);

/* The first row of a query into @row.  No row: false with ERR_NO_RECORD and no message. */
bool db_get(Db *db, Arena *arena, const Column *columns, const char *sql, const DbArg *args,
            void *row, Error *err);

/* One integer of one row (a count, an id of `INSERT … RETURNING id`).  No row: ERR_NO_RECORD. */
bool db_get_int(Db *db, const char *sql, const DbArg *args, int64_t *value, Error *err);

/* INSERT, UPDATE, DELETE; @n_changed may be NULL. */
bool db_exec(Db *db, const char *sql, const DbArg *args, int64_t *n_changed, Error *err);

/* The same statement for each of @n rows of arguments, in one round trip where there are round trips.
 * The first failure ends it: as with any statement inside a write, the write has to fail then. */
bool db_exec_each(Db *db, const char *sql, const DbArg *const *rows, size_t n, Error *err);

/* The same with one integer from each (`INSERT … RETURNING id`), into @values[n]. */
bool db_get_int_each(Db *db, const char *sql, const DbArg *const *rows, size_t n, int64_t *values,
                     Error *err);

/* --- reads and writes --------------------------------------------------------------------- */

/* A connection for reads, from the pool; every statement sees the last commit.  Blocks while all are
 * in use.  Give it back soon: never hold it over a wait.  Never NULL: where the database is away,
 * every statement on it is ERR_DB_AWAY. */
Db *database_reader(Database *database);
void database_reader_release(Db *db);

/* From its first statement on, @db sees one commit until it is given back: for who only reads, since
 * a file is then locked once and not for each statement.  Does nothing where it would cost a round
 * trip. */
void database_reader_hold_still(Db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, database_reader_release)

/* Inside: only SQL through @db, no I/O, no locks in memory; it may run again from the start.  A
 * statement that fails ends it: it returns false, which undoes all it did (and nothing of others'
 * writes).  Other writes may run at the same time: what it reads in order to decide, it locks first
 * (`SELECT … {{FOR NO KEY UPDATE}}`), or it decides inside one statement. */
typedef bool (*DbWriteFunc)(Db *db, void *data, Error *err);

/* Runs @func in a transaction and returns when it is durable (true) or undone (false).  Blocks:
 * worker threads only, and never from inside another write.
 *
 * SQLite: one writer thread takes what waits as one batch, each under a savepoint, and commits once.
 * PostgreSQL: a READ COMMITTED transaction of its own on a pooled connection, run again where it met
 * a deadlock, a serialization failure or a connection lost before the commit; a connection lost in
 * the middle of the commit is looked into afterwards, so that true and false are both certain.
 *
 * Besides @func's own errors: ERR_DB (it could not be committed), ERR_DB_RETRY (others were in the
 * way too often), ERR_UNAVAILABLE (closing), ERR_DB_AWAY. */
bool database_write(Database *database, DbWriteFunc func, void *data, Error *err);

/* --- the whole ---------------------------------------------------------------------------- */

/* One numbered schema file; {ID} and {BYTES} in it stand for the database's own types. */
typedef struct DbMigration {
    int64_t version; /* from 1; each more than the one before */
    const char *name;
    const char *sql;
} DbMigration;

typedef struct DatabaseOptions {
    const char *url; /* "sqlite:PATH", or "postgresql://…" as libpq has it */
    const DbMigration *migrations;
    size_t n_migrations;
    int max_connections; /* PostgreSQL: of this process; 0: 32.  More than threads that use it, since
                            one that holds a reader may want a second */
} DatabaseOptions;

/* Opens for a server: checks that the database is ours and not newer than this program, runs missing
 * migrations, starts what threads it needs.  SQLite: claims the file, one server at a time;
 * PostgreSQL: any number of servers, of which one at a time migrates.  ERR_USAGE with a clear text
 * where another server has it, the database is not ours, damaged, from a newer version, or cannot be
 * reached. */
Database *database_open(const DatabaseOptions *options, Error *err);

/* The same for a short command that may run beside a server: claims nothing.  Missing migrations
 * are run only on a SQLite file that no server has, else ERR_USAGE. */
Database *database_open_beside(const DatabaseOptions *options, Error *err);

/* Where a database stands among the migrations. */
typedef struct DatabaseSchema {
    int64_t version; /* the last migration that has run; 0: none, the database is new */
    int64_t known;   /* the last this program has */
} DatabaseSchema;

/* Looks only.  ERR_USAGE: not ours, not there (a SQLite file is not made), not reachable. */
bool database_schema(const DatabaseOptions *options, DatabaseSchema *schema, Error *err);

/* Runs what is missing and leaves.  @before: how it was.  SQLite: no server may have the file. */
bool database_migrate(const DatabaseOptions *options, DatabaseSchema *before, Error *err);

/* Finishes what waits, checkpoints, closes.  All readers have to be back.  Accepts NULL. */
void database_close(Database *database);

/* Whether a statement is a function call and not a round trip: bounded reads by index may then run
 * on a thread that must not wait. */
bool database_is_local(const Database *database);

/* Whether the last attempt to reach it failed. */
bool database_is_away(Database *database);

/* When the database was last away and came back, in microseconds of the wall clock: what others
 * could not tell us before that is no silence of theirs.  0: it has always been there. */
int64_t database_available_since(Database *database);

/* --- signals between the servers of one database ------------------------------------------- */

/* @text: as another server sent it; NULL: some may have been missed, so everything has to be looked
 * at.  Runs on a thread of db/; short, no SQL. */
typedef void (*DbSignalFunc)(const char *text, void *data);

/* Calls @func for each signal of other servers until the database is closed.  Once, before the first
 * signal.  SQLite: nobody else is there, nothing is started. */
bool database_listen(Database *database, DbSignalFunc func, void *data, Error *err);

/* Tells the other servers, after a commit.  Returns at once; the first goes out at once, others of
 * the same text within 20 ms as one.  Best effort: who is told still looks for itself, and who hears
 * nothing looks now and then.  @text: a few words, without a quote; it is copied. */
void database_signal(Database *database, const char *text);

/* Since the start, for /metrics. */
typedef struct DatabaseStats {
    int64_t writes;           /* committed */
    int64_t writes_failed;    /* undone, for whatever reason */
    int64_t batches;          /* commits */
    int64_t largest_batch;    /* writes in one commit */
    int64_t commit_us;        /* time spent in COMMIT, in sum */
    int64_t writes_waiting;   /* now */
    int64_t connections;      /* of the pool, open now */
    int64_t connections_busy; /* of these, in use now */
    int64_t checkpoints;
    int64_t retries; /* writes run again from the start */
    int64_t lost_connections;
} DatabaseStats;
DatabaseStats database_stats(Database *database);

/* Calls @func with each statement before it runs, from the thread that runs it: how a test learns
 * what SQL there is.  Set before other threads use @database. */
typedef void (*DbObserver)(const char *sql, const DbArg *args, void *data);
void database_observe(Database *database, DbObserver func, void *data);

#endif
