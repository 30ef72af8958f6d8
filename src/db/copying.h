/* copying.h - what a database has to be able to do to be copied from and to; inside db/ only.
 *
 * The statements speak of tables and columns as the database's own catalog knows them, so that no
 * list kept by hand can miss one.
 */
#ifndef PENSTOCK_DB_COPYING_H
#define PENSTOCK_DB_COPYING_H

#include "db/db_driver.h"

/* Rows on their way out, and in.  Each driver has structs of its own behind these. */
typedef struct DbRows DbRows;
typedef struct DbSink DbSink;

struct DbCopying {
    /* A text that is the same for two names of one database.  Owned by the caller. */
    bool (*identity)(const char *where, char **identity, Error *err);

    /* A URL to show: who, where, which; nothing else that the real one may hold.  Owned. */
    char *(*shown)(const char *where, Error *err);

    /* Before a transaction: no time limits, references are looked at later. */
    const char *prepare;
    /* Starts a transaction that sees one state of all tables. */
    const char *begin_reading;

    /* One text: who else uses the database; empty: nobody.  NULL: who uses it claims it. */
    const char *others;

    /* (name): all tables but our own record of migrations, by name. */
    const char *tables;
    /* Of the table $1, in its order: (name, type in lower case, place in the primary key from 1 or
     * 0, whether it numbers itself). */
    const char *columns;
    /* After a text in ORDER BY: by bytes. */
    const char *text_order;

    /* (statement that drops a reference between tables, statement that makes it again); NULL: they
     * need not be dropped. */
    const char *references;
    /* How many rows refer to none; NULL: making them again has found that out. */
    const char *lost_references;

    /* Of the table $1, whose column $2 numbers itself: the last number given, and the statements
     * that set it to $3 (each is run; NULL-terminated). */
    const char *last_number;
    const char *const *set_last_number;

    /* Before a table's name: looks at what it holds, for the planner's sake.  NULL: no need. */
    const char *analyze;

    /* All rows of @sql, one in memory at a time.  @values[i] is of @types[i], and good until the
     * next step; a text has its size in n too.  ERR_DB: the database holds another type there. */
    DbRows *(*rows_open)(DbConnection *conn, const char *sql, Error *err);
    DbStep (*rows_step)(DbRows *rows, const DbType *types, size_t n, DbArg *values, Error *err);
    void (*rows_close)(DbRows *rows);

    /* Rows into @table (both quoted, the columns with commas); failures may show as late as the
     * end. It is to be ended in any case: @ok: false: they are not wanted. */
    DbSink *(*sink_open)(DbConnection *conn, const char *table, const char *columns, size_t n,
                         Error *err);
    bool (*sink_put)(DbSink *sink, const DbArg *values, Error *err);
    bool (*sink_end)(DbSink *sink, bool ok, Error *err);
};

extern const DbCopying sqlite_copying;
extern const DbCopying postgres_copying;

#endif
