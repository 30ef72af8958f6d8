/* db_postgres.c - PostgreSQL through libpq: connections, transactions, statements.
 *
 * Any number of servers share one database.  Each write is a READ COMMITTED transaction that leaves a
 * mark of its own in the table write_marks, so that the end of one whose connection is lost can be
 * found out.  A connection is in the hands of one thread at a time.
 */
#include "db/copying.h"
#include "db/postgres_errors.h"
#include "db/postgres_signals.h"
#include "db/postgres_statements.h"

#include <poll.h>
#include <string.h>

/* Of a session.  A statement or a lock that takes longer is an error that says so; who stopped in
 * the middle of a transaction (a machine asleep, say) does not hold others up for longer. */
#define SESSION                                                                                    \
    "SET statement_timeout = '30s'; SET lock_timeout = '10s';"                                     \
    "SET idle_in_transaction_session_timeout = '60s'; SET TimeZone = 'UTC';"                       \
    "SET client_min_messages = 'warning'; SET standard_conforming_strings = on;"

/* Of the pool: only a transaction that says so writes. */
#define POOLED SESSION "SET default_transaction_read_only = on"

/* The key of the advisory lock that who migrates holds: "Penstock" as bytes. */
#define SCHEMA_LOCK "5792034118208283499"

/* On the table schema_migrations: tells our databases from others'. */
#define MARK "Penstock"

typedef struct PostgresConnection {
    PGconn *pg;
    PostgresStatements *statements;
    bool is_gone;      /* the server has said so, or hung up */
    DbTrouble trouble; /* since the last begin */
    DbMark mark;       /* of the last begin */
} PostgresConnection;

typedef struct PostgresStatement {
    PGresult *result;
    int row;
    unsigned char *bytes; /* of the last get_bytes() */
} PostgresStatement;

static PostgresConnection *postgres_of(DbConnection *conn)
{
    return (PostgresConnection *)conn;
}

PGconn *postgres_connection(DbConnection *conn)
{
    return postgres_of(conn)->pg;
}

static PostgresStatement *result_of(DbStatement *statement)
{
    return (PostgresStatement *)statement;
}

/* --- running SQL ----------------------------------------------------------------------------- */

/* Notes what would make another attempt worth it; returns false. */
static bool failed(PostgresConnection *c, const Error *err)
{
    if (err->code == ERR_DB_AWAY || PQstatus(c->pg) != CONNECTION_OK) {
        c->is_gone = true;
        c->trouble = DB_TROUBLE_LOST;
    }
    if (err->code == ERR_DB_RETRY && c->trouble == DB_NO_TROUBLE)
        c->trouble = DB_TROUBLE_CONFLICT;
    return false;
}

/* @sql may be several statements; the answer is the last one's.  NULL: @err is set. */
static PGresult *query(PostgresConnection *c, const char *sql, Error *err)
{
    g_auto(Error) why = ERROR_INIT;
    PGresult *result = PQexec(c->pg, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return result;
    postgres_error(c->pg, result, &why);
    PQclear(result);
    failed(c, &why);
    error_move(err, &why);
    return NULL;
}

static bool script(DbConnection *conn, const char *sql, Error *err)
{
    PGresult *result = query(postgres_of(conn), sql, err);

    PQclear(result);
    return result != NULL;
}

/* One value of one row, as an integer; no row, or NULL: 0. */
static bool query_int(PostgresConnection *c, const char *sql, int64_t *value, Error *err)
{
    PGresult *result = query(c, sql, err);

    if (!result)
        return false;
    *value = PQntuples(result) ? postgres_int(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return true;
}

/* --- whose database ------------------------------------------------------------------------- */

static bool has_migrations_table(DbConnection *conn, bool *has, Error *err)
{
    int64_t n;

    if (!query_int(postgres_of(conn),
                   "SELECT COUNT(*) FROM pg_class WHERE relname = 'schema_migrations'"
                   " AND relnamespace = current_schema()::regnamespace",
                   &n, err))
        return false;
    *has = n > 0;
    return true;
}

static bool make_migrations_table(DbConnection *conn, Error *err)
{
    return script(conn,
                  "CREATE TABLE IF NOT EXISTS schema_migrations ("
                  " version BIGINT PRIMARY KEY, name TEXT NOT NULL);"
                  "COMMENT ON TABLE schema_migrations IS '" MARK "';"
                  "CREATE TABLE IF NOT EXISTS write_marks ("
                  " session BIGINT PRIMARY KEY, number BIGINT NOT NULL,"
                  " made_at TIMESTAMPTZ NOT NULL DEFAULT now()) WITH (fillfactor = 10);"
                  "DELETE FROM write_marks WHERE made_at < now() - interval '1 day'",
                  err);
}

/* Ours, or empty.  Other programs have a table of this name too: ours is marked.  One statement, since
 * another server may be making its tables just now. */
static bool check_whose(PostgresConnection *c, Error *err)
{
    int64_t is_ours = 0;
    int64_t has_schema = 0;

    if (!query_int(c, "SELECT current_schema() IS NOT NULL", &has_schema, err))
        return false;
    if (!has_schema)
        return error_set(
            err, ERR_USAGE,
            "the database has no schema to use: its search_path names none that exists");
    if (!query_int(c,
                   "SELECT COUNT(*) = 0 OR COUNT(*) FILTER (WHERE relname = 'schema_migrations'"
                   " AND obj_description(oid, 'pg_class') = '" MARK "') > 0"
                   " FROM pg_class WHERE relkind IN ('r', 'p')"
                   " AND relnamespace = current_schema()::regnamespace",
                   &is_ours, err))
        return false;
    return is_ours ||
           error_set(err, ERR_USAGE, "the database \"%s\" is not empty, and not one of Penstock",
                     PQdb(c->pg));
}

/* Until it is given back: no timeout, since others may be at it for long. */
static bool lock_schema(DbConnection *conn, Error *err)
{
    return script(conn,
                  "SET statement_timeout = 0; SET lock_timeout = 0;"
                  "SELECT pg_advisory_lock(" SCHEMA_LOCK ")",
                  err);
}

static void unlock_schema(DbConnection *conn)
{
    /* A connection that is lost holds no lock. */
    (void)script(conn, "SELECT pg_advisory_unlock(" SCHEMA_LOCK ");" SESSION, NULL);
}

/* --- opening --------------------------------------------------------------------------------- */

/* What matters comes as an error of a statement; a library does not write to stderr. */
static void ignore_notice(void *data, const char *message)
{
}

/* libpq's own words on a URL that it cannot read may hold a part of the password. */
static bool check_url(const char *url, Error *err)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &why);

    PQconninfoFree(options);
    PQfreemem(why);
    return options ||
           error_set(err, ERR_USAGE,
                     "the database's URL cannot be read: postgresql://USER:PASSWORD@HOST/"
                     "NAME is wanted, special characters as %%XX");
}

PGconn *postgres_connect(const char *url, Error *err)
{
    if (!check_url(url, err))
        return NULL;
    /* What stands before the URL are defaults, what stands after it is ours. */
    const char *const params[][2] = {
        { "connect_timeout", "5" },
        { "keepalives_idle", "10" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
        { "tcp_user_timeout", "15000" },
        { "target_session_attrs", "read-write" },
        { "dbname", url },
        { "application_name", "penstock" }, /* how `penstock db copy` sees that there is a server */
        { "client_encoding", "UTF8" },
    };
    const char *keys[G_N_ELEMENTS(params) + 1] = { NULL };
    const char *values[G_N_ELEMENTS(params) + 1] = { NULL };

    for (size_t i = 0; i < G_N_ELEMENTS(params); i++) {
        keys[i] = params[i][0];
        values[i] = params[i][1];
    }
    PGconn *pg = PQconnectdbParams(keys, values, 1);

    if (PQstatus(pg) == CONNECTION_OK) {
        PQsetNoticeProcessor(pg, ignore_notice, NULL);
        return pg;
    }
    g_autofree char *text = g_strdup(PQerrorMessage(pg));
    error_set(err, ERR_USAGE, "cannot open the database: %s",
              g_strdelimit(g_strstrip(text), "\n\t", ' '));
    PQfinish(pg);
    return NULL;
}

static void disconnect(DbConnection *conn)
{
    PostgresConnection *c = postgres_of(conn);

    if (!c)
        return;
    postgres_statements_free(c->statements);
    PQfinish(c->pg);
    g_free(c);
}

static int64_t random_session(void)
{
    return (int64_t)((uint64_t)g_random_int() << 31 ^ g_random_int());
}

static DbConnection *connect_to(const char *where, DbConnectionUse use, Error *err)
{
    PGconn *pg = postgres_connect(where, err);

    if (!pg)
        return NULL;
    PostgresConnection *c = g_new0(PostgresConnection, 1);
    c->pg = pg;
    c->statements = postgres_statements_new(pg);
    c->mark.session = random_session();
    bool look = use == DB_FOR_WRITES || use == DB_FOR_LOOKING;
    if (script((DbConnection *)c, use == DB_FOR_WRITES ? SESSION : POOLED, err) &&
        (!look || check_whose(c, err)))
        return (DbConnection *)c;
    disconnect((DbConnection *)c);
    return NULL;
}

/* A socket that can be read while nothing was asked has been closed, or tells of it. */
static bool is_lost(DbConnection *conn)
{
    const PostgresConnection *c = postgres_of(conn);
    PGconn *pg = c->pg;
    struct pollfd fd = { .fd = PQsocket(pg), .events = POLLIN };

    if (c->is_gone || PQstatus(pg) != CONNECTION_OK || PQpipelineStatus(pg) != PQ_PIPELINE_OFF)
        return true;
    return poll(&fd, 1, 0) > 0 && (!PQconsumeInput(pg) || PQstatus(pg) != CONNECTION_OK);
}

/* --- transactions ---------------------------------------------------------------------------- */

static bool in_transaction(DbConnection *conn)
{
    PGTransactionStatusType status = PQtransactionStatus(postgres_of(conn)->pg);

    return status == PQTRANS_ACTIVE || status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* Into a transaction that has changed the session's mark; *@number: what it is then, 0: the session
 * has none. */
static bool begin_marked(PostgresConnection *c, int64_t *number, Error *err)
{
    g_autofree char *sql =
        g_strdup_printf("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
                        "UPDATE write_marks SET number = %" G_GINT64_FORMAT
                        ", made_at = now() WHERE session = %" G_GINT64_FORMAT " RETURNING number",
                        c->mark.number, c->mark.session);

    return query_int(c, sql, number, err);
}

/* A mark of the session's own, there before its first write: who asks for the end of a write waits
 * for the lock on this row.  Marks that have not moved for a day are removed when a server starts. */
static bool make_mark(PostgresConnection *c, Error *err)
{
    g_autofree char *sql = g_strdup_printf("ROLLBACK; BEGIN READ WRITE;"
                                           "INSERT INTO write_marks (session, number)"
                                           " VALUES (%" G_GINT64_FORMAT ", 0); COMMIT",
                                           c->mark.session);

    return script((DbConnection *)c, sql, err);
}

static bool begin(DbConnection *conn, Error *err)
{
    PostgresConnection *c = postgres_of(conn);
    int64_t number = 0;

    c->trouble = DB_NO_TROUBLE;
    c->mark.number++;
    if (!begin_marked(c, &number, err))
        return false;
    if (number == c->mark.number)
        return true;
    return make_mark(c, err) && begin_marked(c, &number, err);
}

static DbOutcome commit(DbConnection *conn, Error *err)
{
    PostgresConnection *c = postgres_of(conn);
    PGresult *result = query(c, "COMMIT", err);

    if (!result)
        return c->is_gone ? DB_UNKNOWN : DB_UNDONE;
    /* In a transaction with a failed statement, COMMIT succeeds in rolling back. */
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    if (committed)
        return DB_COMMITTED;
    error_set(err, ERR_INTERNAL, "a write went on after one of its statements had failed");
    return DB_UNDONE;
}

static void roll_back(DbConnection *conn)
{
    if (in_transaction(conn))
        (void)script(conn, "ROLLBACK", NULL); /* failing, it is lost, and all is undone */
}

static DbTrouble trouble(DbConnection *conn)
{
    return postgres_of(conn)->trouble;
}

static DbMark mark(DbConnection *conn)
{
    return postgres_of(conn)->mark;
}

/* The number of a transaction (pg_xact_status) would not do: one whose record did not reach the disk
 * before a crash of the server leaves its number to another, which may commit. */
static bool outcome(DbConnection *other, DbMark mark, DbOutcome *outcome, Error *err)
{
    g_autofree char *sql = g_strdup_printf("BEGIN READ WRITE;"
                                           "SELECT number FROM write_marks"
                                           " WHERE session = %" G_GINT64_FORMAT " FOR UPDATE",
                                           mark.session);
    int64_t number = 0;
    bool ok = query_int(postgres_of(other), sql, &number, err);

    roll_back(other);
    *outcome = number == mark.number ? DB_COMMITTED : DB_UNDONE;
    return ok;
}

/* --- statements ------------------------------------------------------------------------------ */

static DbStatement *start(DbConnection *conn, const char *sql, const DbArg *args, Error *err)
{
    PostgresConnection *c = postgres_of(conn);
    g_auto(Error) why = ERROR_INIT;
    PGresult *result = postgres_statement_run(c->statements, sql, args, &why);

    if (!result) {
        failed(c, &why);
        error_move(err, &why);
        return NULL;
    }
    PostgresStatement *statement = g_new0(PostgresStatement, 1);
    statement->result = result;
    statement->row = -1;
    return (DbStatement *)statement;
}

static bool each(DbConnection *conn, const char *sql, const DbArg *const *rows, size_t n,
                 int64_t *values, Error *err)
{
    PostgresConnection *c = postgres_of(conn);
    g_auto(Error) why = ERROR_INIT;

    if (postgres_statement_run_each(c->statements, sql, rows, n, values, &why))
        return true;
    failed(c, &why);
    return error_move(err, &why);
}

static DbStep step(DbStatement *statement, Error *err)
{
    PostgresStatement *s = result_of(statement);

    return ++s->row < PQntuples(s->result) ? DB_STEP_ROW : DB_STEP_DONE;
}

static void finish(DbStatement *statement)
{
    PostgresStatement *s = result_of(statement);

    PQfreemem(s->bytes);
    PQclear(s->result);
    g_free(s);
}

static int n_columns(DbStatement *statement)
{
    return PQnfields(result_of(statement)->result);
}

static int64_t n_changed(DbStatement *statement)
{
    return g_ascii_strtoll(PQcmdTuples(result_of(statement)->result), NULL, 10);
}

static bool is_null(DbStatement *statement, int column)
{
    PostgresStatement *s = result_of(statement);

    return PQgetisnull(s->result, s->row, column);
}

/* NULL: NULL. */
static const char *value(DbStatement *statement, int column)
{
    PostgresStatement *s = result_of(statement);

    return PQgetisnull(s->result, s->row, column) ? NULL : PQgetvalue(s->result, s->row, column);
}

static int64_t get_int(DbStatement *statement, int column)
{
    const char *text = value(statement, column);

    return text ? postgres_int(text) : 0;
}

static double get_double(DbStatement *statement, int column)
{
    const char *text = value(statement, column);

    return text ? g_ascii_strtod(text, NULL) : 0;
}

static const char *get_text(DbStatement *statement, int column, size_t *n)
{
    PostgresStatement *s = result_of(statement);

    *n = (size_t)PQgetlength(s->result, s->row, column);
    return value(statement, column);
}

static const void *get_bytes(DbStatement *statement, int column, size_t *n)
{
    PostgresStatement *s = result_of(statement);
    const char *text = value(statement, column);

    *n = 0;
    PQfreemem(s->bytes);
    s->bytes = text ? PQunescapeBytea((const unsigned char *)text, n) : NULL;
    return s->bytes;
}

/* --- the tables ------------------------------------------------------------------------------ */

static const DbRemote remote = {
    .begin = begin,
    .commit = commit,
    .roll_back = roll_back,
    .trouble = trouble,
    .mark = mark,
    .outcome = outcome,
    .is_lost = is_lost,
    .lock_schema = lock_schema,
    .unlock_schema = unlock_schema,
    .signals_start = postgres_signals_start,
    .signals_send = postgres_signals_send,
    .signals_stop = postgres_signals_stop,
};

static const char *const schemes[] = { "postgresql:", "postgres:", NULL };

const DbDriver db_postgres_driver = {
    .schemes = schemes,
    .whole_url = true,
    .id_type = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    .bytes_type = "BYTEA",
    .begin = "BEGIN",
    .remote = &remote,
    .copying = &postgres_copying,
    .connect = connect_to,
    .disconnect = disconnect,
    .script = script,
    .in_transaction = in_transaction,
    .make_migrations_table = make_migrations_table,
    .has_migrations_table = has_migrations_table,
    .start = start,
    .step = step,
    .finish = finish,
    .n_columns = n_columns,
    .n_changed = n_changed,
    .is_null = is_null,
    .get_int = get_int,
    .get_double = get_double,
    .get_text = get_text,
    .get_bytes = get_bytes,
    .each = each,
};
