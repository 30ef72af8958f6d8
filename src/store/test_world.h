/* test_world.h - a small world of rows for the tests of store/.
 *
 * Each test runs inside one write that is undone at its end, so that all can share one database.
 * All of them run on each kind of database.
 */
#ifndef PENSTOCK_STORE_TEST_WORLD_H
#define PENSTOCK_STORE_TEST_WORLD_H

#include "db/test_databases.h"
#include "store/jobs.h"
#include "store/members.h"
#include "store/namespaces.h"
#include "store/pipelines.h"
#include "store/projects.h"
#include "store/runners.h"
#include "store/users.h"

enum { NOW = 1000000 }; /* the time of all tests */

/* A group "top" with a subgroup "top/sub", a project in that, a project of ann's own. */
typedef struct World {
    Db *db;
    Arena *arena;
    Error err;
    User root, ann, ben; /* ann owns "top"; ben has no role */
    Namespace top, sub, ann_space;
    Project project; /* top/sub/app, private */
    Project own;     /* ann/tool, public */
    Pipeline pipeline;
    int64_t spec_id;
    Job job;
    Runner runner;
} World;

typedef void (*WorldTest)(World *w);

/* Registers @test as /store/@path. */
void add_test(const char *path, WorldTest test);

void add_people_tests(void);
void add_pipeline_tests(void);
void add_job_tests(void);
void add_runner_tests(void);
void add_schedule_tests(void);
void add_ci_variable_tests(void);
void add_downstream_tests(void);
void add_environment_tests(void);
void add_resource_group_tests(void);
void add_explain_test(TestDatabaseKind kind);

/* The statements that the tests so far have run, each with the types of its arguments. */
GHashTable *known_statements(TestDatabaseKind kind);
Database *test_database(TestDatabaseKind kind);
const char *test_url(TestDatabaseKind kind);

/* More of the same. */
Pipeline new_pipeline(World *w, const char *ref, Status status);
Job new_job(World *w, const char *name, Status status);

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (!(call))                                                                               \
            g_error("%s:%d: %s", __FILE__, __LINE__, error_text(&w->err));                         \
    } while (0)
/* The same of a statement that the database itself refuses: on PostgreSQL nothing works after that
 * until it is undone. */
#define IS_REFUSED_WITH(call, expected)                                                            \
    do {                                                                                           \
        OK(db_exec(w->db, "SAVEPOINT refused", DB_NO_ARGS, NULL, &w->err));                        \
        FAILS_WITH(call, expected);                                                                \
        OK(db_exec(w->db, "ROLLBACK TO refused", DB_NO_ARGS, NULL, &w->err));                      \
    } while (0)
#define FAILS_WITH(call, expected)                                                                 \
    do {                                                                                           \
        g_assert_false(call);                                                                      \
        g_assert_cmpint(w->err.code, ==, expected);                                                \
        error_clear(&w->err);                                                                      \
    } while (0)

#endif
