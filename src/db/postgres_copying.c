/* postgres_copying.c - how tables of PostgreSQL are copied: out row by row, in by COPY. */
#include "db/copying.h"
#include "db/postgres_errors.h"
#include "db/postgres_signals.h"
#include "db/postgres_statements.h"

#include <string.h>

enum { SEND_BYTES = 128 * 1024, NUMBER_SIZE = 40 };

/* --- which database -------------------------------------------------------------------------- */

static bool identity(const char *where, char **identity, Error *err)
{
    PGconn *pg = postgres_connect(where, err);

    if (!pg)
        return false;
    PGresult *result = PQexec(pg, "SELECT 'database ' || c.system_identifier || ' ' || d.oid"
                                  " FROM pg_control_system() AS c, pg_database AS d"
                                  " WHERE d.datname = current_database()");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    if (ok)
        *identity = g_strdup(PQgetvalue(result, 0, 0));
    else
        postgres_error(pg, result, err);
    PQclear(result);
    PQfinish(pg);
    return ok;
}

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    }
    return NULL;
}

/* What libpq says of a URL that it cannot read may quote the password: it is not passed on. */
static char *shown(const char *where, Error *err)
{
    PQconninfoOption *options = PQconninfoParse(where, NULL);

    if (!options) {
        error_set(err, ERR_USAGE,
                  "the postgresql:// URL cannot be read: is a sign in it that has"
                  " to be percent-encoded?");
        return NULL;
    }
    const char *user = option(options, "user");
    const char *host = option(options, "host");
    const char *port = option(options, "port");
    const char *name = option(options, "dbname");
    char *text =
        g_strconcat("postgresql://", user ? user : "", user ? "@" : "", host ? host : "",
                    port ? ":" : "", port ? port : "", name ? "/" : "", name ? name : "", NULL);
    PQconninfoFree(options);
    return text;
}

/* --- out ------------------------------------------------------------------------------------- */

typedef struct PostgresRows {
    PGconn *pg;
    PGresult *row;
    GPtrArray *bytes; /* of the row's columns of that type, owned */
    bool done;
} PostgresRows;

static DbRows *rows_open(DbConnection *conn, const char *sql, Error *err)
{
    PGconn *pg = postgres_connection(conn);

    if (!PQsendQuery(pg, sql) || !PQsetSingleRowMode(pg)) {
        postgres_error(pg, NULL, err);
        return NULL;
    }
    PostgresRows *rows = g_new0(PostgresRows, 1);
    rows->pg = pg;
    rows->bytes = g_ptr_array_new_with_free_func(PQfreemem);
    return (DbRows *)rows;
}

static DbArg read_value(PostgresRows *rows, int i, DbType type)
{
    DbArg value = { .type = type, .is_null = PQgetisnull(rows->row, 0, i) };
    const char *text = PQgetvalue(rows->row, 0, i);

    if (value.is_null)
        return value;
    switch (type) {
    case DB_TYPE_INT:
        value.i = postgres_int(text);
        return value;
    case DB_TYPE_DOUBLE:
        value.d = g_ascii_strtod(text, NULL);
        return value;
    case DB_TYPE_TEXT:
        value.p = text;
        value.n = (size_t)PQgetlength(rows->row, 0, i);
        return value;
    case DB_TYPE_BYTES:
        value.p = PQunescapeBytea((const unsigned char *)text, &value.n);
        g_ptr_array_add(rows->bytes, (void *)value.p);
        return value;
    case DB_TYPE_NULL:
    case DB_END:
        break;
    }
    g_return_val_if_reached(value);
}

static DbStep rows_step(DbRows *opaque, const DbType *types, size_t n, DbArg *values, Error *err)
{
    PostgresRows *rows = (PostgresRows *)opaque;

    PQclear(rows->row);
    g_ptr_array_set_size(rows->bytes, 0);
    rows->row = PQgetResult(rows->pg);
    switch (PQresultStatus(rows->row)) {
    case PGRES_SINGLE_TUPLE:
        for (size_t i = 0; i < n; i++)
            values[i] = read_value(rows, (int)i, types[i]);
        return DB_STEP_ROW;
    case PGRES_TUPLES_OK:
        rows->done = true;
        return DB_STEP_DONE;
    default:
        rows->done = true;
        postgres_error(rows->pg, rows->row, err);
        return DB_STEP_ERROR;
    }
}

/* The rest is not wanted: does not wait for all of it. */
static void cancel(PGconn *pg)
{
    char why[256];
    PGcancel *request = PQgetCancel(pg);

    if (request)
        (void)PQcancel(request, why, sizeof why); /* failing, the rest is read */
    PQfreeCancel(request);
}

/* Everything that is under way, so that the connection is in step again. */
static void read_rest(PGconn *pg)
{
    for (PGresult *result; (result = PQgetResult(pg)) != NULL;)
        PQclear(result);
}

static void rows_close(DbRows *opaque)
{
    PostgresRows *rows = (PostgresRows *)opaque;

    PQclear(rows->row);
    if (!rows->done)
        cancel(rows->pg);
    read_rest(rows->pg);
    g_ptr_array_unref(rows->bytes);
    g_free(rows);
}

/* --- in -------------------------------------------------------------------------------------- */

typedef struct PostgresSink {
    PGconn *pg;
    GString *waiting; /* to be sent */
    size_t n_columns;
} PostgresSink;

static DbSink *sink_open(DbConnection *conn, const char *table, const char *columns, size_t n,
                         Error *err)
{
    PGconn *pg = postgres_connection(conn);
    g_autofree char *sql = g_strdup_printf("COPY %s (%s) FROM STDIN", table, columns);
    PGresult *result = PQexec(pg, sql);
    bool ok = PQresultStatus(result) == PGRES_COPY_IN;

    if (!ok)
        postgres_error(pg, result, err);
    PQclear(result);
    if (!ok)
        return NULL;
    PostgresSink *sink = g_new0(PostgresSink, 1);
    sink->pg = pg;
    sink->n_columns = n;
    sink->waiting = g_string_sized_new(SEND_BYTES + SEND_BYTES / 4);
    return (DbSink *)sink;
}

/* As COPY's text format has it: a backslash and the signs that end values and rows. */
static void append_text(GString *out, const char *text, size_t n)
{
    static const char ends[] = "\\\b\f\n\r\t\v";

    for (const char *end = text + n; text < end;) {
        size_t plain = strcspn(text, ends);
        g_string_append_len(out, text, (gssize)plain);
        text += plain;
        if (text < end) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, "\\bfnrtv"[strchr(ends, *text) - ends]);
            text++;
        }
    }
}

static void append_bytes(GString *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    g_string_append(out, "\\\\x");
    for (size_t i = 0; i < n; i++) {
        g_string_append_c(out, digits[bytes[i] >> 4]);
        g_string_append_c(out, digits[bytes[i] & 15]);
    }
}

static bool append_value(GString *out, const DbArg *value, Error *err)
{
    char number[NUMBER_SIZE];

    if (value->is_null) {
        g_string_append(out, "\\N");
        return true;
    }
    switch (value->type) {
    case DB_TYPE_INT:
        g_snprintf(number, sizeof number, "%" G_GINT64_FORMAT, value->i);
        g_string_append(out, number);
        return true;
    case DB_TYPE_DOUBLE:
        g_string_append(out, g_ascii_dtostr(number, sizeof number, value->d));
        return true;
    case DB_TYPE_TEXT:
        if (memchr(value->p, '\0', value->n))
            return error_set(err, ERR_DB,
                             "a text holds a zero byte, which PostgreSQL cannot store");
        append_text(out, value->p, value->n);
        return true;
    case DB_TYPE_BYTES:
        append_bytes(out, value->p, value->n);
        return true;
    case DB_TYPE_NULL:
    case DB_END:
        break;
    }
    g_return_val_if_reached(false);
}

static bool send_waiting(PostgresSink *sink, Error *err)
{
    bool ok = PQputCopyData(sink->pg, sink->waiting->str, (int)sink->waiting->len) == 1;

    g_string_truncate(sink->waiting, 0);
    return ok || postgres_error(sink->pg, NULL, err);
}

static bool sink_put(DbSink *opaque, const DbArg *values, Error *err)
{
    PostgresSink *sink = (PostgresSink *)opaque;

    for (size_t i = 0; i < sink->n_columns; i++) {
        if (i)
            g_string_append_c(sink->waiting, '\t');
        if (!append_value(sink->waiting, &values[i], err))
            return false;
    }
    g_string_append_c(sink->waiting, '\n');
    return sink->waiting->len < SEND_BYTES || send_waiting(sink, err);
}

static bool sink_end(DbSink *opaque, bool ok, Error *err)
{
    PostgresSink *sink = (PostgresSink *)opaque;
    PGconn *pg = sink->pg;

    ok = ok && send_waiting(sink, err);
    bool ended = PQputCopyEnd(pg, ok ? NULL : "the rows are not wanted") == 1;
    if (ok && !ended)
        ok = postgres_error(pg, NULL, err);
    PGresult *result = PQgetResult(pg);
    if (ok && PQresultStatus(result) != PGRES_COMMAND_OK)
        ok = postgres_error(pg, result, err);
    PQclear(result);
    read_rest(pg);
    g_string_free(sink->waiting, TRUE);
    g_free(sink);
    return ok;
}

/* --- the table ------------------------------------------------------------------------------- */

static const char *const set_last_number[] = {
    "SELECT setval(pg_get_serial_sequence(quote_ident($1), $2)::regclass, GREATEST($3, 1), $3 > 0)",
    NULL
};

const DbCopying postgres_copying = {
    .identity = identity,
    .shown = shown,
    .prepare = "SET statement_timeout = 0; SET lock_timeout = 0;"
               "SET idle_in_transaction_session_timeout = 0; SET extra_float_digits = 3",
    .begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    /* Sessions end with the server that has them, however it ends.  One of the same role may go by
     * any name. */
    .others = "SELECT COALESCE(string_agg(DISTINCT COALESCE(NULLIF(application_name, ''),"
              " 'a session without a name'), ', '), '') FROM pg_stat_activity"
              " WHERE datname = current_database() AND pid <> pg_backend_pid()"
              " AND (application_name = 'penstock' OR usename = current_user)",
    .tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
              " AND relnamespace = current_schema()::regnamespace"
              " AND relname NOT IN ('schema_migrations', 'write_marks') ORDER BY relname",
    .columns = "SELECT a.attname, lower(format_type(a.atttypid, a.atttypmod)),"
               " COALESCE(array_position(k.conkey, a.attnum), 0),"
               " CASE WHEN a.attidentity <> '' THEN 1 ELSE 0 END"
               " FROM pg_class AS t JOIN pg_attribute AS a ON a.attrelid = t.oid"
               " LEFT JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p'"
               " WHERE t.relname = $1 AND t.relnamespace = current_schema()::regnamespace"
               " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    .text_order = " COLLATE \"C\"",
    .references = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),"
                  " format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,"
                  " pg_get_constraintdef(oid)) FROM pg_constraint WHERE contype = 'f'"
                  " AND connamespace = current_schema()::regnamespace ORDER BY conname",
    .last_number = "SELECT COALESCE(pg_sequence_last_value("
                   "pg_get_serial_sequence(quote_ident($1), $2)::regclass), 0)",
    .set_last_number = set_last_number,
    .analyze = "ANALYZE ",
    .rows_open = rows_open,
    .rows_step = rows_step,
    .rows_close = rows_close,
    .sink_open = sink_open,
    .sink_put = sink_put,
    .sink_end = sink_end,
};
