/* sqlite_statements.c - prepared statements kept by their text, and SQLite's errors as ours. */
#include "db/sqlite_statements.h"

#include <string.h>

/* Queries with filters come in many forms; the least used ones go. */
enum { MAX_KEPT = 192, N_SLOTS = 256 };

struct SqliteStatements {
    sqlite3 *db;
    GHashTable *by_sql; /* text -> SqliteStatement, owns both */
    GQueue by_use;      /* links inside the statements, the latest used first */
    /* By the address of the text, to spare hashing a long one; a hit is compared, since an address
     * on the heap may come back with another text. */
    SqliteStatement *slots[N_SLOTS];
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

static void statement_free(void *p)
{
    SqliteStatement *statement = p;

    sqlite3_finalize(statement->stmt);
    g_free(statement->sql);
    g_free(statement->arg_numbers);
    g_free(statement);
}

SqliteStatements *sqlite_statements_new(sqlite3 *db)
{
    SqliteStatements *statements = g_new0(SqliteStatements, 1);

    statements->db = db;
    statements->by_sql = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, statement_free);
    g_queue_init(&statements->by_use);
    return statements;
}

void sqlite_statements_free(SqliteStatements *statements)
{
    if (!statements)
        return;
    g_hash_table_unref(statements->by_sql);
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
    statement->sql = g_strdup(sql);
    statement->link.data = statement;
    statement->n_params = sqlite3_bind_parameter_count(stmt);
    statement->arg_numbers = g_new0(int, (size_t)statement->n_params + 1);
    for (int i = 1; i <= statement->n_params; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        statement->arg_numbers[i] =
            name && name[0] == '$' ? (int)g_ascii_strtoll(name + 1, NULL, 10) : 0;
    }
    return statement;
}

static void drop_least_used(SqliteStatements *statements)
{
    for (GList *l = statements->by_use.tail; l; l = l->prev) {
        SqliteStatement *oldest = l->data;
        if (oldest->in_use)
            continue;
        for (size_t i = 0; i < N_SLOTS; i++) {
            if (statements->slots[i] == oldest)
                statements->slots[i] = NULL;
        }
        g_queue_unlink(&statements->by_use, l);
        g_hash_table_remove(statements->by_sql, oldest->sql);
        return;
    }
}

SqliteStatement *sqlite_statement_get(SqliteStatements *statements, const char *sql, Error *err)
{
    SqliteStatement **slot = &statements->slots[((uintptr_t)sql >> 3) % N_SLOTS];
    SqliteStatement *statement = *slot;

    if (!statement || strcmp(statement->sql, sql) != 0) {
        statement = g_hash_table_lookup(statements->by_sql, sql);
        if (!statement) {
            statement = prepare(statements, sql, err);
            if (!statement)
                return NULL;
            if (g_hash_table_size(statements->by_sql) >= MAX_KEPT)
                drop_least_used(statements);
            g_hash_table_insert(statements->by_sql, statement->sql, statement);
            g_queue_push_head_link(&statements->by_use, &statement->link);
        }
        *slot = statement;
    }
    if (statements->by_use.head != &statement->link) {
        g_queue_unlink(&statements->by_use, &statement->link);
        g_queue_push_head_link(&statements->by_use, &statement->link);
    }
    g_assert(!statement->in_use);
    statement->in_use = true;
    return statement;
}

static int bind_one(sqlite3_stmt *stmt, int i, const DbArg *arg)
{
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
                             statement->sql);
        if (bind_one(statement->stmt, i, &args[number - 1]) != SQLITE_OK)
            return sqlite_error(sqlite3_db_handle(statement->stmt), err);
    }
    return true;
}

void sqlite_statement_finish(SqliteStatement *statement)
{
    /* The answer repeats the step's failure, which has been told already. */
    (void)sqlite3_reset(statement->stmt);
    statement->in_use = false;
}
