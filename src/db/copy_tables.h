/* copy_tables.h - the tables of a database as its catalog has them, to be copied; inside db/ only.
 */
#ifndef PENSTOCK_DB_COPY_TABLES_H
#define PENSTOCK_DB_COPY_TABLES_H

#include "db/copying.h"

typedef struct CopyTable {
    const char *name;
    const char *quoted;
    const DbType *types;   /* of its columns, which are in the order of their names */
    const char *columns;   /* quoted, with commas */
    const char *key;       /* for ORDER BY: the primary key, texts by bytes */
    const char *numbering; /* the column that numbers itself; NULL: none */
    size_t n_columns;
} CopyTable;

typedef struct CopyTables {
    const CopyTable *items; /* by name */
    size_t n;
} CopyTables;

/* In @arena.  ERR_DB: a table that cannot be copied (no primary key, a type we do not know). */
bool copy_tables_read(Db *db, Arena *arena, CopyTables *tables, Error *err);

/* The one of that name; NULL: none. */
const CopyTable *copy_tables_find(const CopyTables *tables, const char *name);

/* ERR_DB: the two have not the same tables with the same columns. */
bool copy_tables_agree(const CopyTables *from, const CopyTables *to, Error *err);

/* What a table holds. */
typedef struct CopySum {
    int64_t n_rows;
    char text[17]; /* a checksum, in hexadecimal digits */
} CopySum;

/* Reads all of @table, puts it into @sink (NULL: nowhere) and sums it up. */
bool copy_table_read(Db *db, const CopyTable *table, const DbCopying *to, DbSink *sink,
                     CopySum *sum, Error *err);

/* The last number that the table gave to a row, whether the row is there or not; 0: none, or it
 * does not number its rows. */
bool copy_table_last_number(Db *db, const CopyTable *table, int64_t *number, Error *err);
bool copy_table_set_last_number(Db *db, const CopyTable *table, int64_t number, Error *err);

#endif
