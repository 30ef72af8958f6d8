/* db.h - the database behind one small interface; which one it is, nobody outside db/ knows.
 *
 * Two objects.  Database: the whole installation's, shared by all threads (reader pool, writer).
 * Db: one connection in use by one thread, either for reads or inside a write.  store/ writes SQL
 * against a Db and never asks which kind it is.
 *
 * SQL: portable, with $1 placeholders (a number may repeat).  `FOR UPDATE` and the like are written
 * as PostgreSQL has them inside {{…}}: the SQLite driver drops what stands in double braces, since
 * its one writer makes it true.  Times are BIGINT microseconds, booleans SMALLINT 0/1, enums TEXT.
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
    return (DbArg){ .type = s ? DB_TYPE_TEXT : DB_TYPE_NULL, .p = s };
}

static inline DbArg db_arg_nonzero(int64_t v)
{
    return (DbArg){ .type = v ? DB_TYPE_INT : DB_TYPE_NULL, .i = v };
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

/* --- reads and writes --------------------------------------------------------------------- */

/* Connections for reads at a time: far more than there are threads, since a thread that holds one may
 * want a second and must not wait for itself. */
enum { DATABASE_MAX_READERS = 256 };

/* A connection for reads, from the pool; every statement sees the last commit.  Blocks while all are
 * in use.  Give it back soon: never hold it over a wait. */
Db *database_reader(Database *database);
void database_reader_release(Db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, database_reader_release)

/* Inside: only SQL through @db, no I/O, no locks; it may run again from the start.  Returning false
 * undoes everything it did (and nothing of the other writes in the same batch). */
typedef bool (*DbWriteFunc)(Db *db, void *data, Error *err);

/* Runs @func in a transaction and returns when it is durable (true) or undone (false).  Blocks:
 * worker threads only, and never from inside another write.  SQLite: one writer thread takes what
 * waits as one batch, each under a savepoint, and commits once.  Besides @func's own errors:
 * ERR_DB (the batch could not be committed), ERR_UNAVAILABLE (closing). */
bool database_write(Database *database, DbWriteFunc func, void *data, Error *err);

/* --- the whole ---------------------------------------------------------------------------- */

/* One numbered schema file; {ID} and {BYTES} in it stand for the database's own types. */
typedef struct DbMigration {
    int64_t version; /* from 1, without a gap */
    const char *name;
    const char *sql;
} DbMigration;

/* @url: "sqlite:PATH".  Opens for a server: claims the database, checks that it is ours and not
 * newer than this program, runs missing migrations, starts the writer.  ERR_USAGE with a clear text
 * where another server has it, the file is not ours, damaged, or from a newer version. */
Database *database_open(const char *url, const DbMigration *migrations, size_t n, Error *err);

/* The same for a short command that may run beside a server: claims nothing.  Missing migrations
 * are run only if no server has the database, else ERR_USAGE. */
Database *database_open_beside(const char *url, const DbMigration *migrations, size_t n,
                               Error *err);

/* Finishes what waits, checkpoints, closes.  All readers have to be back.  Accepts NULL. */
void database_close(Database *database);

/* Since the start, for /metrics. */
typedef struct DatabaseStats {
    int64_t writes;         /* committed */
    int64_t writes_failed;  /* undone, for whatever reason */
    int64_t batches;        /* commits */
    int64_t largest_batch;  /* writes in one commit */
    int64_t commit_us;      /* time spent in COMMIT, in sum */
    int64_t writes_waiting; /* now */
    int64_t readers;        /* connections open now */
    int64_t readers_busy;   /* of these, in use now */
    int64_t checkpoints;
} DatabaseStats;
DatabaseStats database_stats(Database *database);

/* Calls @func with the text of each statement before it runs, from the thread that runs it: how a
 * test learns what SQL there is.  Set before other threads use @database. */
typedef void (*DbObserver)(const char *sql, void *data);
void database_observe(Database *database, DbObserver func, void *data);

#endif
