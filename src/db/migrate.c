/* migrate.c - brings a database's schema up to this program's, one numbered file after the other.
 *
 * schema_migrations remembers which have run.  A crash in the middle leaves whole migrations only.
 */
#include "db/db_driver.h"

/* @sql with {ID} and {BYTES} as the driver has them. */
static char *with_types(const DbDriver *driver, const char *sql)
{
    g_autoptr(GString) out = g_string_new(sql);

    g_string_replace(out, "{ID}", driver->id_type, 0);
    g_string_replace(out, "{BYTES}", driver->bytes_type, 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool run_in_transaction(Db *db, const DbMigration *migration, Error *err)
{
    g_autofree char *sql = with_types(db->driver, migration->sql);

    return db->driver->script(db->conn, sql, err) &&
           db_exec(db, "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)",
                   DB_ARGS(DB_INT(migration->version), DB_TEXT(migration->name)), NULL, err) &&
           db_control(db, "COMMIT", err);
}

static bool run_one(Db *db, const DbMigration *migration, Error *err)
{
    if (!db_control(db, db->driver->begin, err))
        return false;
    if (run_in_transaction(db, migration, err))
        return true;
    if (db->driver->in_transaction(db->conn))
        (void)db_control(db, "ROLLBACK", NULL); /* the first error is the one to tell */
    return error_prefix(err, "migration %s", migration->name);
}

bool db_schema_version(Db *db, int64_t *version, Error *err)
{
    bool has = false;

    *version = 0;
    return db->driver->has_migrations_table(db->conn, &has, err) &&
           (!has || db_get_int(db, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations",
                               DB_NO_ARGS, version, err));
}

static bool check_versions(int64_t version, int64_t known, bool may_change, Error *err)
{
    if (version > known)
        return error_set(err, ERR_USAGE,
                         "the database has schema %" G_GINT64_FORMAT
                         ", this program knows none after %" G_GINT64_FORMAT
                         ": a newer version has used it",
                         version, known);
    if (version < known && !may_change)
        return error_set(err, ERR_USAGE,
                         "the database has schema %" G_GINT64_FORMAT
                         ", this program wants %" G_GINT64_FORMAT
                         ": stop the servers that use it, then run `penstock db migrate`",
                         version, known);
    return true;
}

static bool run_missing(Db *db, const DbMigration *migrations, size_t n, bool may_change,
                        int64_t *version, Error *err)
{
    if (!db_schema_version(db, version, err) ||
        !check_versions(*version, n ? migrations[n - 1].version : 0, may_change, err) ||
        (may_change && !db->driver->make_migrations_table(db->conn, err)))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (migrations[i].version > *version && !run_one(db, &migrations[i], err))
            return false;
    }
    return true;
}

bool db_migrate(Db *db, const DbMigration *migrations, size_t n, bool may_change, int64_t *before,
                Error *err)
{
    const DbRemote *remote = db->driver->remote;
    int64_t version;

    if (remote && may_change && !remote->lock_schema(db->conn, err))
        return false;
    bool ok = run_missing(db, migrations, n, may_change, &version, err);
    if (remote && may_change)
        remote->unlock_schema(db->conn);
    if (ok && before)
        *before = version;
    return ok;
}
