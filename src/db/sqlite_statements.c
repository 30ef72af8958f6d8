/* sqlite_statements.c - prepared statements kept by their text, and SQLite's errors as ours. */
#include "db/sqlite_statements.h"

#include <string.h>

struct SqliteStatements {
    sqlite3 *db;
    StatementCache *cache;
};

bool sqlite_error(sqlite3 *db, Error *err)
{
    int code = sqlite3_extended_errcode(db);
    const char *text = sqlite3_errmsg(db);

    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return error_set(err, ERR_DB_UNIQUE, "%s", text);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return error_set(err, ERR_DB_FOREIGN_KEY, "%s", text);
    }
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, ERR_DB_RETRY, "%s", text);
    }
    return error_set(err, ERR_DB, "%s (SQLite %d)", text, code);
}

static void drop(CachedStatement *cached, void *data)
{
    SqliteStatement *statement = (SqliteStatement *)cached;

    sqlite3_finalize(statement->stmt);
    g_free(statement->arg_numbers);
    g_free(statement);
}

SqliteStatements *sqlite_statements_new(sqlite3 *db)
{
    SqliteStatements *statements = g_new0(SqliteStatements, 1);

    statements->db = db;
    statements->cache = statement_cache_new(drop, NULL);
    return statements;
}

void sqlite_statements_free(SqliteStatements *statements)
{
    if (!statements)
        return;
    statement_cache_free(statements->cache);
    g_free(statements);
}

/* @sql without what stands in double braces. */
static char *without_braces(const char *sql)
{
    GString *out = g_string_new(NULL);

    for (const char *open; (open = strstr(sql, "{{")) != NULL;) {
        const char *close = strstr(open, "}}");
        if (!close)
            break;
        g_string_append_len(out, sql, open - sql);
        sql = close + 2;
    }
    g_string_append(out, sql);
    return g_string_free(out, FALSE);
}

static SqliteStatement *prepare(SqliteStatements *statements, const char *sql, Error *err)
{
    g_autofree char *own = strstr(sql, "{{") ? without_braces(sql) : NULL;
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(statements->db, own ? own : sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
                           NULL) != SQLITE_OK) {
        sqlite_error(statements->db, err);
        return NULL;
    }
    SqliteStatement *statement = g_new0(SqliteStatement, 1);
    statement->stmt = stmt;
    statement->n_params = sqlite3_bind_parameter_count(stmt);
    statement->arg_numbers = g_new0(int, (size_t)statement->n_params + 1);
    for (int i = 1; i <= statement->n_params; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        statement->arg_numbers[i] =
            name && name[0] == '$' ? (int)g_ascii_strtoll(name + 1, NULL, 10) : 0;
    }
    return statement;
}

SqliteStatement *sqlite_statement_get(SqliteStatements *statements, const char *sql, Error *err)
{
    CachedStatement *cached = statement_cache_find(statements->cache, sql);
    SqliteStatement *statement = (SqliteStatement *)cached;

    if (!statement) {
        statement = prepare(statements, sql, err);
        if (!statement)
            return NULL;
        statement_cache_add(statements->cache, sql, &statement->cached);
    }
    g_assert(!statement->cached.in_use);
    statement->cached.in_use = true;
    return statement;
}

static int bind_one(sqlite3_stmt *stmt, int i, const DbArg *arg)
{
    if (arg->is_null)
        return sqlite3_bind_null(stmt, i);
    switch (arg->type) {
    case DB_TYPE_NULL:
        return sqlite3_bind_null(stmt, i);
    case DB_TYPE_INT:
        return sqlite3_bind_int64(stmt, i, arg->i);
    case DB_TYPE_DOUBLE:
        return sqlite3_bind_double(stmt, i, arg->d);
    case DB_TYPE_TEXT:
        return sqlite3_bind_text(stmt, i, arg->p, -1, SQLITE_STATIC);
    case DB_TYPE_BYTES:
        /* A NULL pointer would be SQL NULL; no bytes are still bytes. */
        return sqlite3_bind_blob64(stmt, i, arg->n ? arg->p : "", arg->n, SQLITE_STATIC);
    case DB_END:
        break;
    }
    g_return_val_if_reached(SQLITE_MISUSE);
}

bool sqlite_statement_bind(SqliteStatement *statement, const DbArg *args, Error *err)
{
    int n_args = 0;

    while (args[n_args].type != DB_END)
        n_args++;
    for (int i = 1; i <= statement->n_params; i++) {
        int number = statement->arg_numbers[i];
        if (number < 1 || number > n_args)
            return error_set(err, ERR_INTERNAL, "no argument for $%d of: %s", number,
                             statement->cached.sql);
        if (bind_one(statement->stmt, i, &args[number - 1]) != SQLITE_OK)
            return sqlite_error(sqlite3_db_handle(statement->stmt), err);
    }
    return true;
}

void sqlite_statement_finish(SqliteStatement *statement)
{
    /* The answer repeats the step's failure, which has been told already. */
    (void)sqlite3_reset(statement->stmt);
    statement->cached.in_use = false;
}
