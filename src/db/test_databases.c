/* test_databases.c - makes and drops databases for tests. */
#include "db/test_databases.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define SQLITE_SCHEME "sqlite:"

const char *const test_database_names[N_TEST_DATABASE_KINDS] = { "sqlite", "postgres" };

static const char *postgres_url(void)
{
    const char *url = g_getenv("PENSTOCK_TEST_POSTGRES");

    return url && *url ? url : NULL;
}

bool test_database_is_there(TestDatabaseKind kind)
{
    return kind == TEST_SQLITE || postgres_url() != NULL;
}

/* @tries: with a tenth of a second in between. */
static void try_postgres(const char *url, const char *sql, int tries)
{
    PGconn *pg = PQconnectdb(url);
    ExecStatusType status;

    do {
        PGresult *result = PQexec(pg, sql);
        status = PQresultStatus(result);
        PQclear(result);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            break;
        if (--tries == 0)
            g_error("%s: %s", sql, PQerrorMessage(pg));
        g_usleep(G_USEC_PER_SEC / 10);
    } while (true);
    PQfinish(pg);
}

static void run_postgres(const char *url, const char *sql)
{
    try_postgres(url, sql, 1);
}

static void run_sqlite(const char *path, const char *sql)
{
    sqlite3 *db;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        g_error("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

void test_database_run(const char *url, const char *sql)
{
    if (g_str_has_prefix(url, SQLITE_SCHEME))
        run_sqlite(url + strlen(SQLITE_SCHEME), sql);
    else
        run_postgres(url, sql);
}

/* The server's URL with another database's name. */
static char *url_of(const char *name)
{
    const char *server = postgres_url();
    const char *host = strstr(server, "://") + 3;
    size_t n = strcspn(host, "/?");
    const char *query = strchr(host, '?');

    return g_strdup_printf("%.*s/%s%s", (int)((size_t)(host - server) + n), server, name,
                           query ? query : "");
}

static char *new_postgres(void)
{
    g_autofree char *name = g_strdup_printf("test_%d_%08x", (int)getpid(), g_random_int());
    g_autofree char *sql = g_strdup_printf("CREATE DATABASE %s", name);

    run_postgres(postgres_url(), sql);
    return url_of(name);
}

char *test_database_new(TestDatabaseKind kind)
{
    if (kind == TEST_POSTGRES)
        return new_postgres();
    g_autofree char *dir = g_dir_make_tmp("penstock-db-XXXXXX", NULL);
    g_assert_nonnull(dir);
    return g_strconcat(SQLITE_SCHEME, dir, "/test.db", NULL);
}

static void drop_sqlite(const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-lock", "-journal" };
    g_autofree char *dir = g_path_get_dirname(path);

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *file = g_strconcat(path, ends[i], NULL);
        (void)g_unlink(file);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void drop_postgres(const char *url)
{
    const char *name = strrchr(url, '/') + 1;
    g_autofree char *sql =
        g_strdup_printf("DROP DATABASE %.*s WITH (FORCE)", (int)strcspn(name, "?"), name);

    /* An autovacuum that is at it is not ours to end; it ends soon. */
    try_postgres(postgres_url(), sql, 100);
}

void test_database_drop(char *url)
{
    if (g_str_has_prefix(url, SQLITE_SCHEME))
        drop_sqlite(url + strlen(SQLITE_SCHEME));
    else
        drop_postgres(url);
    g_free(url);
}

static void skip(void)
{
    g_test_skip("PENSTOCK_TEST_POSTGRES is not set");
}

void test_database_each(void (*add)(TestDatabaseKind kind))
{
    for (int kind = 0; kind < N_TEST_DATABASE_KINDS; kind++) {
        g_autofree char *path = g_strdup_printf("/%s", test_database_names[kind]);
        if (test_database_is_there(kind))
            add(kind);
        else
            g_test_add_func(path, skip);
    }
}
