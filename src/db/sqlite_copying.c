/* sqlite_copying.c - how tables of SQLite are copied: each value by the type that it really has. */
#include "db/copying.h"
#include "db/sqlite_statements.h"

#include <sys/stat.h>

/* The file itself, by whatever name; one that is not there yet is nobody else's. */
static bool identity(const char *where, char **identity, Error *err)
{
    struct stat info;

    *identity = stat(where, &info) == 0 ? g_strdup_printf("file %ju:%ju", (uintmax_t)info.st_dev,
                                                          (uintmax_t)info.st_ino)
                                        : g_strdup_printf("file %s", where);
    return true;
}

static char *shown(const char *where, Error *err)
{
    return g_strconcat("sqlite:", where, NULL);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql, Error *err)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        sqlite_error(db, err);
    return stmt;
}

/* --- out ------------------------------------------------------------------------------------- */

static DbRows *rows_open(DbConnection *conn, const char *sql, Error *err)
{
    return (DbRows *)prepare(sqlite_connection(conn), sql, err);
}

static const char *class_name(int class)
{
    static const char *const names[] = { [SQLITE_INTEGER] = "an integer",
                                         [SQLITE_FLOAT] = "a float",
                                         [SQLITE_TEXT] = "a text",
                                         [SQLITE_BLOB] = "bytes",
                                         [SQLITE_NULL] = "NULL" };

    return names[class];
}

/* SQLite lets a column hold anything; no other database does. */
static bool read_value(sqlite3_stmt *stmt, int i, DbType type, DbArg *value, Error *err)
{
    static const int classes[] = { [DB_TYPE_INT] = SQLITE_INTEGER,
                                   [DB_TYPE_DOUBLE] = SQLITE_FLOAT,
                                   [DB_TYPE_TEXT] = SQLITE_TEXT,
                                   [DB_TYPE_BYTES] = SQLITE_BLOB };
    int class = sqlite3_column_type(stmt, i);

    *value = (DbArg){ .type = type, .is_null = class == SQLITE_NULL };
    if (class != SQLITE_NULL && class != classes[type])
        return error_set(err, ERR_DB, "column %s holds %s where %s belongs",
                         sqlite3_column_name(stmt, i), class_name(class),
                         class_name(classes[type]));
    if (type == DB_TYPE_INT)
        value->i = sqlite3_column_int64(stmt, i);
    else if (type == DB_TYPE_DOUBLE)
        value->d = sqlite3_column_double(stmt, i);
    else if (type == DB_TYPE_TEXT)
        value->p = sqlite3_column_text(stmt, i);
    else
        value->p = sqlite3_column_blob(stmt, i);
    value->n =
        type == DB_TYPE_TEXT || type == DB_TYPE_BYTES ? (size_t)sqlite3_column_bytes(stmt, i) : 0;
    return true;
}

static DbStep rows_step(DbRows *rows, const DbType *types, size_t n, DbArg *values, Error *err)
{
    sqlite3_stmt *stmt = (sqlite3_stmt *)rows;
    int code = sqlite3_step(stmt);

    if (code == SQLITE_DONE)
        return DB_STEP_DONE;
    if (code != SQLITE_ROW) {
        sqlite_error(sqlite3_db_handle(stmt), err);
        return DB_STEP_ERROR;
    }
    for (size_t i = 0; i < n; i++) {
        if (!read_value(stmt, (int)i, types[i], &values[i], err))
            return DB_STEP_ERROR;
    }
    return DB_STEP_ROW;
}

static void rows_close(DbRows *rows)
{
    (void)sqlite3_finalize((sqlite3_stmt *)rows); /* repeats the last step's failure */
}

/* --- in -------------------------------------------------------------------------------------- */

static DbSink *sink_open(DbConnection *conn, const char *table, const char *columns, size_t n,
                         Error *err)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    g_string_append_printf(sql, "INSERT INTO %s (%s) VALUES (", table, columns);
    for (size_t i = 0; i < n; i++)
        g_string_append(sql, i ? ", ?" : "?");
    g_string_append_c(sql, ')');
    return (DbSink *)prepare(sqlite_connection(conn), sql->str, err);
}

static int bind(sqlite3_stmt *stmt, int i, const DbArg *value)
{
    if (value->is_null)
        return sqlite3_bind_null(stmt, i);
    switch (value->type) {
    case DB_TYPE_INT:
        return sqlite3_bind_int64(stmt, i, value->i);
    case DB_TYPE_DOUBLE:
        return sqlite3_bind_double(stmt, i, value->d);
    case DB_TYPE_TEXT:
        return sqlite3_bind_text64(stmt, i, value->p, value->n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_TYPE_BYTES:
        return sqlite3_bind_blob64(stmt, i, value->n ? value->p : "", value->n, SQLITE_STATIC);
    case DB_TYPE_NULL:
    case DB_END:
        break;
    }
    g_return_val_if_reached(SQLITE_MISUSE);
}

static bool sink_put(DbSink *sink, const DbArg *values, Error *err)
{
    sqlite3_stmt *stmt = (sqlite3_stmt *)sink;
    sqlite3 *db = sqlite3_db_handle(stmt);
    int n = sqlite3_bind_parameter_count(stmt);

    for (int i = 0; i < n; i++) {
        if (bind(stmt, i + 1, &values[i]) != SQLITE_OK)
            return sqlite_error(db, err);
    }
    bool ok = sqlite3_step(stmt) == SQLITE_DONE || sqlite_error(db, err);
    (void)sqlite3_reset(stmt);
    return ok;
}

static bool sink_end(DbSink *sink, bool ok, Error *err)
{
    (void)sqlite3_finalize((sqlite3_stmt *)sink);
    return ok;
}

static const char *const set_last_number[] = {
    "DELETE FROM sqlite_sequence WHERE name = $1",
    "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $3 WHERE $3 > 0", NULL
};

const DbCopying sqlite_copying = {
    .identity = identity,
    .shown = shown,
    .prepare = "PRAGMA foreign_keys = OFF",
    .begin_reading = "BEGIN",
    .tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
              "ESCAPE '\\' AND name <> 'schema_migrations' ORDER BY name",
    .columns = "SELECT name, lower(type), pk, pk > 0 AND EXISTS (SELECT 1 FROM sqlite_master AS t"
               " WHERE t.type = 'table' AND t.name = $1 AND t.sql LIKE '%AUTOINCREMENT%')"
               " FROM pragma_table_info($1) ORDER BY cid",
    .text_order = "",
    .lost_references = "SELECT COUNT(*) FROM pragma_foreign_key_check",
    .last_number = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = $1",
    .set_last_number = set_last_number,
    .rows_open = rows_open,
    .rows_step = rows_step,
    .rows_close = rows_close,
    .sink_open = sink_open,
    .sink_put = sink_put,
    .sink_end = sink_end,
};
