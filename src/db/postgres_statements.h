/* postgres_statements.h - one connection's prepared statements; inside db/ only. */
#ifndef PENSTOCK_DB_POSTGRES_STATEMENTS_H
#define PENSTOCK_DB_POSTGRES_STATEMENTS_H

#include "db/db.h"

#include <libpq-fe.h>

/* The statements of one connection, the latest used kept prepared on the server. */
typedef struct PostgresStatements PostgresStatements;

PostgresStatements *postgres_statements_new(PGconn *pg);
/* With its connection, which is closed before or after.  Accepts NULL. */
void postgres_statements_free(PostgresStatements *statements);

/* Runs @sql with @args, prepared at its first use.  The result is good (rows or none); NULL with
 * @err set otherwise.  Owned by the caller. */
PGresult *postgres_statement_run(PostgresStatements *statements, const char *sql, const DbArg *args,
                                 Error *err);

/* Runs @sql for each of @n rows of arguments in pipeline mode; @values: see DbDriver.each. */
bool postgres_statement_run_each(PostgresStatements *statements, const char *sql,
                                 const DbArg *const *rows, size_t n, int64_t *values, Error *err);

/* An integer as PostgreSQL writes one; its booleans are 0 and 1. */
int64_t postgres_int(const char *text);

#endif
