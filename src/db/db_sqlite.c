/* db_sqlite.c - the embedded database: connections, statements, errors.
 *
 * One file in WAL mode with full sync: a commit is on disk when it returns.  Whoever writes is alone
 * (writer.c), readers never wait for it.  Connections are used by one thread at a time, so SQLite's
 * own locks are off.
 */
#include "db/copying.h"
#include "db/sqlite_statements.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* "Pens": tells our files from others' (PRAGMA application_id). */
enum { APPLICATION_ID = 0x50656e73 };

enum { BUSY_TIMEOUT_MS = 10000 };

/* Page caches are per connection, so that their sum stays small beside an idle server's budget.  No
 * mmap: an I/O error would be a signal and not an error. */
#define COMMON_PRAGMAS                                                                             \
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;"          \
    "PRAGMA temp_store = MEMORY;"
static const char *const setups[] = {
    [DB_FOR_WRITES] = COMMON_PRAGMAS "PRAGMA cache_size = -4096;"
                                     "PRAGMA journal_size_limit = 67108864;",
    [DB_FOR_READS] = COMMON_PRAGMAS "PRAGMA cache_size = -1024; PRAGMA query_only = ON;",
    [DB_FOR_CHECKPOINTS] = COMMON_PRAGMAS "PRAGMA cache_size = -256;",
    [DB_FOR_LOOKING] = "PRAGMA query_only = ON;",
};
#undef COMMON_PRAGMAS

typedef struct SqliteConnection {
    sqlite3 *db;
    SqliteStatements *statements;
    int64_t backlog; /* pages in the WAL after the last commit here */
} SqliteConnection;

static SqliteConnection *sqlite_of(DbConnection *conn)
{
    return (SqliteConnection *)conn;
}

sqlite3 *sqlite_connection(DbConnection *conn)
{
    return sqlite_of(conn)->db;
}

/* --- claiming -------------------------------------------------------------------------------- */

static bool claim_file(const char *where, int *claim, Error *err)
{
    g_autofree char *path = g_strconcat(where, "-lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set(err, ERR_USAGE, "cannot open %s: %s", path, g_strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool taken = errno == EWOULDBLOCK;
        error_set(err, ERR_USAGE, "%s %s%s", taken ? "another server uses" : "cannot lock", where,
                  taken ? ": stop it first, or choose another data folder" : "");
        (void)close(fd);
        return false;
    }
    *claim = fd;
    return true;
}

static void release_file(int claim)
{
    if (claim >= 0)
        (void)close(claim); /* which unlocks */
}

/* --- opening --------------------------------------------------------------------------------- */

/* SQLite folds ASCII only; searches want all letters folded, as PostgreSQL does. */
static void lower(sqlite3_context *context, int n, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);

    if (!text)
        sqlite3_result_null(context);
    else if (g_str_is_ascii(text))
        sqlite3_result_text(context, g_ascii_strdown(text, -1), -1, g_free);
    else
        sqlite3_result_text(context, g_utf8_strdown(text, -1), -1, g_free);
}

/* The order of PostgreSQL's "C", which is ours by default: so that SQL can name it. */
static int compare_bytes(void *data, int n_a, const void *a, int n_b, const void *b)
{
    int order = memcmp(a, b, (size_t)MIN(n_a, n_b));

    return order ? order : n_a - n_b;
}

static int remember_backlog(void *data, sqlite3 *db, const char *name, int pages)
{
    ((SqliteConnection *)data)->backlog = pages;
    return SQLITE_OK;
}

static bool read_int(sqlite3 *db, const char *sql, int64_t *value, Error *err)
{
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
              sqlite3_step(stmt) == SQLITE_ROW;

    if (ok)
        *value = sqlite3_column_int64(stmt, 0);
    else
        sqlite_error(db, err);
    sqlite3_finalize(stmt);
    return ok;
}

/* Why the file cannot be used, in words for who starts a server; false. */
static bool refused(sqlite3 *db, const char *where, Error *err)
{
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_NOTADB:
        return error_set(err, ERR_USAGE, "%s is not a database file, or its start is damaged",
                         where);
    case SQLITE_CORRUPT:
        return error_set(err, ERR_USAGE, "%s is damaged: restore a backup (what SQLite says: %s)",
                         where, sqlite3_errmsg(db));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return error_set(err, ERR_USAGE, "cannot write to %s or its folder: %s", where,
                         sqlite3_errmsg(db));
    }
    sqlite_error(db, err);
    return error_prefix(err, "%s", where);
}

/* Before anything is written: is the file ours, or new?  @claim: then it becomes ours. */
static bool check_whose(sqlite3 *db, const char *where, bool claim, Error *err)
{
    int64_t id;
    int64_t n_objects;

    if (!read_int(db, "PRAGMA application_id", &id, err) ||
        !read_int(db, "SELECT COUNT(*) FROM sqlite_master", &n_objects, err))
        return refused(db, where, err);
    if (id == APPLICATION_ID)
        return true;
    if (id != 0 || n_objects != 0)
        return error_set(err, ERR_USAGE, "%s is a database, but not one of Penstock", where);
    return !claim ||
           sqlite3_exec(db, "PRAGMA application_id = " G_STRINGIFY(0x50656e73), NULL, NULL, NULL) ==
               SQLITE_OK ||
           refused(db, where, err);
}

static bool set_up(sqlite3 *db, const char *where, DbConnectionUse use, Error *err)
{
    sqlite3_extended_result_codes(db, 1);
    /* First: switching to WAL may have to wait, and damage shows only in a busy-free read. */
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    if ((use == DB_FOR_WRITES || use == DB_FOR_LOOKING) &&
        !check_whose(db, where, use == DB_FOR_WRITES, err))
        return false;
    if (use == DB_FOR_WRITES &&
        sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK)
        return refused(db, where, err);
    if (sqlite3_exec(db, setups[use], NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_create_function(db, "lower", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, lower,
                                NULL, NULL) != SQLITE_OK ||
        sqlite3_create_collation(db, "C", SQLITE_UTF8, NULL, compare_bytes) != SQLITE_OK)
        return sqlite_error(db, err);
    return true;
}

static void disconnect(DbConnection *conn)
{
    SqliteConnection *c = sqlite_of(conn);

    if (!c)
        return;
    sqlite_statements_free(c->statements);
    sqlite3_close(c->db);
    g_free(c);
}

/* Counting every allocation under one lock costs threads that read at once a fifth of their time. */
static void *configure(void *data)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return NULL;
}

static DbConnection *connect_file(const char *where, DbConnectionUse use, Error *err)
{
    /* Made here so that nobody else can read it; SQLite gives its other files the same mode. */
    int fd = use == DB_FOR_WRITES ? open(where, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0 && use == DB_FOR_WRITES) {
        error_set(err, ERR_USAGE, "cannot open %s: %s", where, g_strerror(errno));
        return NULL;
    }
    if (fd >= 0)
        (void)close(fd); /* before SQLite locks it: closing would drop its locks */

    static GOnce configured = G_ONCE_INIT;
    g_once(&configured, configure, NULL);
    SqliteConnection *c = g_new0(SqliteConnection, 1);
    if (sqlite3_open_v2(where, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        error_set(err, ERR_USAGE, "cannot open %s: %s", where, sqlite3_errmsg(c->db));
    } else if (set_up(c->db, where, use, err)) {
        c->statements = sqlite_statements_new(c->db);
        sqlite3_wal_hook(c->db, remember_backlog, c);
        return (DbConnection *)c;
    }
    disconnect((DbConnection *)c);
    return NULL;
}

/* --- statements ------------------------------------------------------------------------------ */

static bool script(DbConnection *conn, const char *sql, Error *err)
{
    sqlite3 *db = sqlite_of(conn)->db;

    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_error(db, err);
}

static bool in_transaction(DbConnection *conn)
{
    return !sqlite3_get_autocommit(sqlite_of(conn)->db);
}

static bool make_migrations_table(DbConnection *conn, Error *err)
{
    return script(conn,
                  "CREATE TABLE IF NOT EXISTS schema_migrations ("
                  " version BIGINT PRIMARY KEY, name TEXT NOT NULL)",
                  err);
}

static bool has_migrations_table(DbConnection *conn, bool *has, Error *err)
{
    int64_t n;

    if (!read_int(sqlite_of(conn)->db,
                  "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_migrations'", &n, err))
        return false;
    *has = n > 0;
    return true;
}

static DbStatement *start(DbConnection *conn, const char *sql, const DbArg *args, Error *err)
{
    SqliteStatement *statement = sqlite_statement_get(sqlite_of(conn)->statements, sql, err);

    if (statement && !sqlite_statement_bind(statement, args, err)) {
        sqlite_statement_finish(statement);
        return NULL;
    }
    return (DbStatement *)statement;
}

static sqlite3_stmt *stmt_of(DbStatement *statement)
{
    return ((SqliteStatement *)statement)->stmt;
}

static DbStep step(DbStatement *statement, Error *err)
{
    int code = sqlite3_step(stmt_of(statement));

    if (code == SQLITE_ROW)
        return DB_STEP_ROW;
    if (code == SQLITE_DONE)
        return DB_STEP_DONE;
    sqlite_error(sqlite3_db_handle(stmt_of(statement)), err);
    return DB_STEP_ERROR;
}

static void finish(DbStatement *statement)
{
    sqlite_statement_finish((SqliteStatement *)statement);
}

static int n_columns(DbStatement *statement)
{
    return sqlite3_column_count(stmt_of(statement));
}

static int64_t n_changed(DbStatement *statement)
{
    return sqlite3_changes64(sqlite3_db_handle(stmt_of(statement)));
}

static bool is_null(DbStatement *statement, int column)
{
    return sqlite3_column_type(stmt_of(statement), column) == SQLITE_NULL;
}

static int64_t get_int(DbStatement *statement, int column)
{
    return sqlite3_column_int64(stmt_of(statement), column);
}

static double get_double(DbStatement *statement, int column)
{
    return sqlite3_column_double(stmt_of(statement), column);
}

static const char *get_text(DbStatement *statement, int column, size_t *n)
{
    const char *text = (const char *)sqlite3_column_text(stmt_of(statement), column);

    *n = (size_t)sqlite3_column_bytes(stmt_of(statement), column);
    return text;
}

static const void *get_bytes(DbStatement *statement, int column, size_t *n)
{
    const void *bytes = sqlite3_column_blob(stmt_of(statement), column);

    *n = (size_t)sqlite3_column_bytes(stmt_of(statement), column);
    return bytes;
}

/* --- checkpoints ----------------------------------------------------------------------------- */

static int64_t backlog(DbConnection *conn)
{
    return sqlite_of(conn)->backlog;
}

static bool checkpoint(DbConnection *conn, bool wait, Error *err)
{
    sqlite3 *db = sqlite_of(conn)->db;
    int mode = wait ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int code = sqlite3_wal_checkpoint_v2(db, NULL, mode, NULL, NULL);

    /* Busy is no failure: what could be moved has been, the rest is for the next time. */
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY || sqlite_error(db, err);
}

static const char *const schemes[] = { "sqlite:", NULL };

const DbDriver db_sqlite_driver = {
    .schemes = schemes,
    .id_type = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .bytes_type = "BLOB",
    .begin = "BEGIN IMMEDIATE",
    .copying = &sqlite_copying,
    .claim = claim_file,
    .release = release_file,
    .connect = connect_file,
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
    .backlog = backlog,
    .checkpoint = checkpoint,
};
