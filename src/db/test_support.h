/* test_support.h - a database of its own for a test. */
#ifndef PENSTOCK_DB_TEST_SUPPORT_H
#define PENSTOCK_DB_TEST_SUPPORT_H

#include "db/db.h"
#include "db/test_databases.h"

#include <glib/gstdio.h>

static const DbMigration test_migrations[] = {
    { 1, "0001_test",
      "CREATE TABLE boxes (id {ID}, name TEXT NOT NULL UNIQUE, color TEXT, weight DOUBLE PRECISION,"
      " content {BYTES}, sealed SMALLINT NOT NULL DEFAULT 0);"
      "CREATE TABLE things (id {ID}, box_id BIGINT NOT NULL REFERENCES boxes (id));" },
};

#define assert_ok(ok, err)                                                                         \
    do {                                                                                           \
        if (!(ok))                                                                                 \
            g_error("%s:%d: %s", __FILE__, __LINE__, error_text(err));                             \
    } while (0)

static inline char *temp_folder(void)
{
    char *folder = g_dir_make_tmp("penstock-db-XXXXXX", NULL);

    g_assert_nonnull(folder);
    return folder;
}

static inline void remove_folder(char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

static inline char *url_in(const char *folder)
{
    return g_strconcat("sqlite:", folder, "/test.db", NULL);
}

static inline DatabaseOptions options_of(const char *url, const DbMigration *migrations, size_t n)
{
    return (DatabaseOptions){ .url = url, .migrations = migrations, .n_migrations = n };
}

static inline Database *open_with(const char *url, const DbMigration *migrations, size_t n,
                                  Error *err)
{
    DatabaseOptions options = options_of(url, migrations, n);

    return database_open(&options, err);
}

static inline Database *open_beside_with(const char *url, const DbMigration *migrations, size_t n,
                                         Error *err)
{
    DatabaseOptions options = options_of(url, migrations, n);

    return database_open_beside(&options, err);
}

static inline Database *open_url(const char *url, Error *err)
{
    return open_with(url, test_migrations, G_N_ELEMENTS(test_migrations), err);
}

static inline Database *open_in(const char *folder, Error *err)
{
    g_autofree char *url = url_in(folder);

    return open_url(url, err);
}

/* A database in a folder of its own; @folder is freed by close_test(). */
static inline Database *open_test(char **folder)
{
    g_auto(Error) err = ERROR_INIT;

    *folder = temp_folder();
    Database *database = open_in(*folder, &err);
    assert_ok(database, &err);
    return database;
}

static inline void close_test(Database *database, char *folder)
{
    database_close(database);
    remove_folder(folder);
}

/* data: a name */
static inline bool insert_box(Db *db, void *data, Error *err)
{
    int64_t id;

    return db_get_int(db, "INSERT INTO boxes (name) VALUES ($1) RETURNING id",
                      DB_ARGS(DB_TEXT((const char *)data)), &id, err);
}

static inline int64_t count_boxes(Database *database)
{
    g_autoptr(Db) db = database_reader(database);
    g_auto(Error) err = ERROR_INIT;
    int64_t n = -1;

    assert_ok(db_get_int(db, "SELECT COUNT(*) FROM boxes", DB_NO_ARGS, &n, &err), &err);
    return n;
}

#endif
