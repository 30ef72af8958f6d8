/* copy.c - the way of a copy: refuse, hold both sides, fill, read again, compare, commit.
 *
 * copy_tables.c knows tables and values, the drivers' *_copying.c what is each database's own.
 */
#include "db/copy.h"

#include "db/copy_tables.h"

#include <string.h>

typedef struct Side {
    const char *what; /* "source", "target" */
    const DatabaseOptions *options;
    const DbDriver *driver;
    const char *where;
    int claim; /* -1: none */
    Db *db;    /* NULL: not open yet */
    CopyTables tables;
} Side;

typedef struct Copy {
    Side from;
    Side to;
    Arena *arena;
    DatabaseCopiedFunc func;
    void *data;
    CopySum *sums; /* of the source's tables, as they were copied */
} Copy;

/* A statement that takes a reference between tables away, and one that brings it back. */
typedef struct Reference {
    const char *drop;
    const char *make;
} Reference;

static const Column reference_columns[] = { COL_TEXT(Reference, drop), COL_TEXT(Reference, make),
                                            COL_END };

typedef struct Others {
    const char *names;
} Others;

static const Column others_columns[] = { COL_TEXT(Others, names), COL_END };

char *database_shown(const char *url, Error *err)
{
    const char *where;
    const DbDriver *driver = db_driver_of(url, &where, err);

    return driver ? driver->copying->shown(where, err) : NULL;
}

/* --- both sides ------------------------------------------------------------------------------ */

static bool told_of(const Side *side, bool ok, Error *err)
{
    return ok || error_prefix(err, "the %s", side->what);
}

/* Everything that says no before anything is held or made. */
static bool look(Side *side, char **identity, Error *err)
{
    side->driver = db_driver_of(side->options->url, &side->where, err);
    if (!side->driver)
        return false;
    const DbCopying *copying = side->driver->copying;
    g_autofree char *shown = copying->shown(side->where, err);
    return shown && copying->identity(side->where, identity, err);
}

static bool are_two(Copy *copy, Error *err)
{
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;

    if (!told_of(&copy->from, look(&copy->from, &from, err), err) ||
        !told_of(&copy->to, look(&copy->to, &to, err), err))
        return false;
    return strcmp(from, to) != 0 ||
           error_set(err, ERR_USAGE, "the source and the target are the same database");
}

static bool has_our_schema(const DatabaseOptions *options, Error *err)
{
    DatabaseSchema schema;

    if (!database_schema(options, &schema, err))
        return false;
    if (schema.version == schema.known)
        return true;
    if (schema.version == 0)
        return error_set(err, ERR_USAGE, "it is empty: there is nothing to copy");
    return error_set(err, ERR_USAGE,
                     "it has schema %" G_GINT64_FORMAT ", this program wants %" G_GINT64_FORMAT
                     ": %s",
                     schema.version, schema.known,
                     schema.version < schema.known ? "run `penstock db migrate` first"
                                                   : "a newer version has used it");
}

/* Waits a moment for sessions whose programs have just ended. */
static bool nobody_else(const Side *side, Arena *arena, Error *err)
{
    enum { ROUNDS = 20, ROUND_US = 100 * 1000 };
    const char *sql = side->driver->copying->others;
    Others others = { NULL };

    if (!sql)
        return true;
    for (int i = 0; i < ROUNDS; i++) {
        if (!db_get(side->db, arena, others_columns, sql, DB_NO_ARGS, &others, err))
            return false;
        if (!*others.names)
            return true;
        g_usleep(ROUND_US);
    }
    return error_set(err, ERR_USAGE,
                     "it is in use (%s): stop all servers and programs that have it open",
                     others.names);
}

/* Takes hold of the database: servers that start meanwhile refuse (a file) or wait. */
static bool hold(Side *side, DbConnectionUse use, Arena *arena, Error *err)
{
    const DbDriver *driver = side->driver;

    if (driver->claim && !driver->claim(side->where, &side->claim, err))
        return false;
    side->db = db_new(NULL, driver, side->where, use, err);
    return side->db && (!driver->remote || driver->remote->lock_schema(side->db->conn, err)) &&
           nobody_else(side, arena, err);
}

/* Only what is new, or is as we would make it: nobody's data are migrated on the way. */
static bool make_schema(const Side *to, Error *err)
{
    const DatabaseOptions *options = to->options;
    size_t n = options->n_migrations;
    int64_t known = n ? options->migrations[n - 1].version : 0;
    int64_t version;

    if (!db_schema_version(to->db, &version, err))
        return false;
    if (version != 0 && version != known)
        return error_set(err, ERR_USAGE, "it has schema %" G_GINT64_FORMAT ": name a new database",
                         version);
    return db_migrate(to->db, options->migrations, n, true, NULL, err);
}

static bool prepare(const Side *side, Error *err)
{
    return side->driver->script(side->db->conn, side->driver->copying->prepare, err);
}

static bool hold_source(Copy *copy, Error *err)
{
    Side *from = &copy->from;

    return has_our_schema(from->options, err) && hold(from, DB_FOR_LOOKING, copy->arena, err) &&
           prepare(from, err);
}

static bool hold_target(Copy *copy, Error *err)
{
    Side *to = &copy->to;

    return hold(to, DB_FOR_WRITES, copy->arena, err) && make_schema(to, err) && prepare(to, err);
}

static void let_go(Side *side)
{
    db_free(side->db); /* which gives up its lock */
    if (side->driver && side->driver->release)
        side->driver->release(side->claim);
}

/* --- filling --------------------------------------------------------------------------------- */

static bool is_empty(const Side *to, Error *err)
{
    for (size_t i = 0; i < to->tables.n; i++) {
        const CopyTable *table = &to->tables.items[i];
        g_autofree char *sql =
            g_strdup_printf("SELECT COUNT(*) FROM (SELECT 1 FROM %s LIMIT 1) AS t", table->quoted);
        int64_t n = 0;

        if (!db_get_int(to->db, sql, DB_NO_ARGS, &n, err))
            return false;
        if (n)
            return error_set(err, ERR_USAGE,
                             "the target is not empty: its table %s has rows; name a new database",
                             table->name);
    }
    return true;
}

static bool read_catalogs(Copy *copy, Error *err)
{
    if (!copy_tables_read(copy->from.db, copy->arena, &copy->from.tables, err) ||
        !copy_tables_read(copy->to.db, copy->arena, &copy->to.tables, err) ||
        !copy_tables_agree(&copy->from.tables, &copy->to.tables, err))
        return false;
    copy->sums = arena_new0(copy->arena, CopySum, copy->from.tables.n);
    return true;
}

static bool copy_rows(Copy *copy, const CopyTable *table, CopySum *sum, Error *err)
{
    const DbCopying *to = copy->to.driver->copying;
    DbSink *sink =
        to->sink_open(copy->to.db->conn, table->quoted, table->columns, table->n_columns, err);

    if (!sink)
        return false;
    bool ok = copy_table_read(copy->from.db, table, to, sink, sum, err);
    return to->sink_end(sink, ok, err);
}

static bool analyze(const Side *to, const CopyTable *table, Error *err)
{
    const char *verb = to->driver->copying->analyze;
    g_autofree char *sql = verb ? g_strconcat(verb, table->quoted, NULL) : NULL;

    return !sql || to->driver->script(to->db->conn, sql, err);
}

static bool copy_table(Copy *copy, const CopyTable *table, CopySum *sum, Error *err)
{
    int64_t last;
    bool ok = copy_rows(copy, table, sum, err) && analyze(&copy->to, table, err) &&
              copy_table_last_number(copy->from.db, table, &last, err) &&
              copy_table_set_last_number(copy->to.db, table, last, err);

    if (!ok)
        return error_prefix(err, "table %s", table->name);
    copy->func(&(DatabaseCopied){ table->name, sum->n_rows, sum->text }, copy->data);
    return true;
}

static bool copy_tables(Copy *copy, Error *err)
{
    for (size_t i = 0; i < copy->from.tables.n; i++) {
        if (!copy_table(copy, &copy->from.tables.items[i], &copy->sums[i], err))
            return false;
    }
    return true;
}

static bool run_references(Db *db, const Reference *references, size_t n, bool make, Error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!db->driver->script(db->conn, make ? references[i].make : references[i].drop, err))
            return false;
    }
    return true;
}

static bool no_reference_is_lost(Db *db, Error *err)
{
    const char *sql = db->driver->copying->lost_references;
    int64_t n = 0;

    if (sql && !db_get_int(db, sql, DB_NO_ARGS, &n, err))
        return false;
    return n == 0 || error_set(err, ERR_DB_FOREIGN_KEY,
                               "%" G_GINT64_FORMAT " rows refer to rows that are not there", n);
}

/* Rows come table by table and may refer to any other: references are looked at in the end. */
static bool fill(Copy *copy, Error *err)
{
    Db *to = copy->to.db;
    const char *sql = to->driver->copying->references;
    void *references = NULL;
    size_t n = 0;

    if (sql && !db_select(to, copy->arena, reference_columns, sizeof(Reference), sql, DB_NO_ARGS,
                          &references, &n, err))
        return false;
    return run_references(to, references, n, false, err) && copy_tables(copy, err) &&
           run_references(to, references, n, true, err) && no_reference_is_lost(to, err);
}

/* --- comparing ------------------------------------------------------------------------------- */

static bool same_sum(const CopySum *a, const CopySum *b, const char *what, Error *err)
{
    if (a->n_rows != b->n_rows)
        return error_set(err, ERR_DB,
                         "%s: %" G_GINT64_FORMAT " rows were copied, %" G_GINT64_FORMAT
                         " are there",
                         what, a->n_rows, b->n_rows);
    return strcmp(a->text, b->text) == 0 ||
           error_set(err, ERR_DB, "%s: the values are not those that were copied", what);
}

static bool compare_side(const Side *side, const CopyTable *table, const CopySum *sum, Error *err)
{
    CopySum now;

    return copy_table_read(side->db, table, NULL, NULL, &now, err) &&
           same_sum(sum, &now, side->what, err);
}

static bool compare_numbers(Copy *copy, const CopyTable *table, Error *err)
{
    int64_t from;
    int64_t to;

    if (!copy_table_last_number(copy->from.db, table, &from, err) ||
        !copy_table_last_number(copy->to.db, table, &to, err))
        return false;
    return from == to || error_set(err, ERR_DB,
                                   "the last id given is %" G_GINT64_FORMAT
                                   " in the source, %" G_GINT64_FORMAT " in the target",
                                   from, to);
}

/* Each side's own catalog names the columns: they agree, but for the order by bytes. */
static bool compare(Copy *copy, Error *err)
{
    for (size_t i = 0; i < copy->from.tables.n; i++) {
        const CopyTable *table = &copy->from.tables.items[i];
        const CopyTable *other = copy_tables_find(&copy->to.tables, table->name);

        if (!compare_side(&copy->from, table, &copy->sums[i], err) ||
            !compare_side(&copy->to, other, &copy->sums[i], err) ||
            !compare_numbers(copy, table, err))
            return error_prefix(err, "table %s", table->name);
    }
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool begin_reading(const Side *from, Error *err)
{
    return db_control(from->db, from->driver->copying->begin_reading, err);
}

/* The source as it is now, so that what somebody changed meanwhile is found. */
static bool check(Copy *copy, Error *err)
{
    return db_control(copy->from.db, "COMMIT", err) && begin_reading(&copy->from, err) &&
           compare(copy, err) && db_control(copy->from.db, "COMMIT", err) &&
           told_of(&copy->from, nobody_else(&copy->from, copy->arena, err), err);
}

static bool begin_writing(const Side *to, Error *err)
{
    const DbRemote *remote = to->driver->remote;

    return remote ? remote->begin(to->db->conn, err) : db_control(to->db, to->driver->begin, err);
}

static void roll_back(const Side *side)
{
    /* Failing, the connection is lost, and with it what it did. */
    if (side->driver->in_transaction(side->db->conn))
        (void)db_control(side->db, "ROLLBACK", NULL);
}

/* *@undone: false: nobody knows. */
static bool commit(const Side *to, bool *undone, Error *err)
{
    const DbRemote *remote = to->driver->remote;

    if (!remote)
        return db_control(to->db, "COMMIT", err);
    DbOutcome outcome = remote->commit(to->db->conn, err);
    *undone = outcome == DB_UNDONE;
    return outcome == DB_COMMITTED;
}

static bool run(Copy *copy, Error *err)
{
    bool undone = true;
    bool ok = read_catalogs(copy, err) && is_empty(&copy->to, err);

    if (!ok)
        return false;
    if (fill(copy, err) && check(copy, err) && commit(&copy->to, &undone, err))
        return true;
    return error_prefix(err, "%s",
                        undone ? "nothing was copied, the target is left empty"
                               : "the connection was lost in the last step, so that the target is"
                                 " either complete or empty: copy again, which refuses if it is"
                                 " complete");
}

static bool run_in_transactions(Copy *copy, Error *err)
{
    const Side *to = &copy->to;
    bool ok = begin_reading(&copy->from, err) && begin_writing(to, err) && run(copy, err);

    if (!ok) {
        roll_back(&copy->from);
        roll_back(to);
        return false;
    }
    return !to->driver->checkpoint || to->driver->checkpoint(to->db->conn, true, err);
}

bool database_copy(const DatabaseOptions *from, const DatabaseOptions *to, DatabaseCopiedFunc func,
                   void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Copy copy = { .from = { .what = "source", .options = from, .claim = -1 },
                  .to = { .what = "target", .options = to, .claim = -1 },
                  .arena = arena,
                  .func = func,
                  .data = data };
    bool ok = are_two(&copy, err) && told_of(&copy.from, hold_source(&copy, err), err) &&
              told_of(&copy.to, hold_target(&copy, err), err) && run_in_transactions(&copy, err);

    let_go(&copy.to);
    let_go(&copy.from);
    return ok;
}
