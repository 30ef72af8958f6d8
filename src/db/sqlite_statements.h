/* sqlite_statements.h - one connection's prepared statements; inside db/ only. */
#ifndef PENSTOCK_DB_SQLITE_STATEMENTS_H
#define PENSTOCK_DB_SQLITE_STATEMENTS_H

#include "db/db_driver.h"
#include "db/statement_cache.h"

#include <sqlite3.h>

/* The statements of one connection, the latest used kept prepared. */
typedef struct SqliteStatements SqliteStatements;

typedef struct SqliteStatement {
    CachedStatement cached;
    sqlite3_stmt *stmt;
    int *arg_numbers; /* of each of SQLite's parameters, from 1 */
    int n_params;
} SqliteStatement;

SqliteStatements *sqlite_statements_new(sqlite3 *db);
void sqlite_statements_free(SqliteStatements *statements); /* accepts NULL */

/* Prepares @sql or takes it from the kept ones.  NULL with @err set: it is no SQL. */
SqliteStatement *sqlite_statement_get(SqliteStatements *statements, const char *sql, Error *err);

/* $1 is the first of @args, whatever number SQLite gave it. */
bool sqlite_statement_bind(SqliteStatement *statement, const DbArg *args, Error *err);

/* Ready for its next use. */
void sqlite_statement_finish(SqliteStatement *statement);

/* What is behind a connection of the driver's.  (db_sqlite.c) */
sqlite3 *sqlite_connection(DbConnection *conn);

/* Sets @err from the last failure of @db; returns false. */
bool sqlite_error(sqlite3 *db, Error *err);

#endif
