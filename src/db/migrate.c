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

static bool find_version(Db *db, bool may_change, int64_t *version, Error *err)
{
    if (may_change && !db->driver->script(db->conn,
                                          "CREATE TABLE IF NOT EXISTS schema_migrations ("
                                          " version BIGINT PRIMARY KEY, name TEXT NOT NULL)",
                                          err))
        return false;
    return db_get_int(db, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", DB_NO_ARGS,
                      version, err);
}

bool db_migrate(Db *db, const DbMigration *migrations, size_t n, bool may_change, Error *err)
{
    int64_t version;
    int64_t known = n ? migrations[n - 1].version : 0;

    if (!find_version(db, may_change, &version, err))
        return false;
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
                         ", and an older version's server uses it: stop that first",
                         version, known);
    for (size_t i = 0; i < n; i++) {
        if (migrations[i].version > version && !run_one(db, &migrations[i], err))
            return false;
    }
    return true;
}
