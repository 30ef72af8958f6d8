/* test_databases.h - fresh databases of each kind, for the tests of everything that has one.
 *
 * PostgreSQL is the server that PENSTOCK_TEST_POSTGRES names: a URL of a role that may create
 * databases.  Without it those tests are skipped.
 */
#ifndef PENSTOCK_DB_TEST_DATABASES_H
#define PENSTOCK_DB_TEST_DATABASES_H

#include <stdbool.h>

typedef enum TestDatabaseKind {
    TEST_SQLITE,
    TEST_POSTGRES,
    N_TEST_DATABASE_KINDS
} TestDatabaseKind;

/* "sqlite", "postgres": a part of a test's path. */
extern const char *const test_database_names[N_TEST_DATABASE_KINDS];

/* Whether there is one to be had here. */
bool test_database_is_there(TestDatabaseKind kind);

/* The URL of a new, empty database.  Owned by the caller; give it to test_database_drop(). */
char *test_database_new(TestDatabaseKind kind);

/* Nobody has it open.  Frees @url. */
void test_database_drop(char *url);

/* Runs @sql on @url beside everything else, as a stranger would; aborts where it fails. */
void test_database_run(const char *url, const char *sql);

/* Calls @add with each kind that is there.  For one that is not, a test is registered that says so
 * and is skipped. */
void test_database_each(void (*add)(TestDatabaseKind kind));

#endif
