/* test_installation.h - an installation in memory and on each kind of database, for tests of runner/. */
#ifndef PENSTOCK_RUNNER_TEST_INSTALLATION_H
#define PENSTOCK_RUNNER_TEST_INSTALLATION_H

#include "base/site.h"
#include "db/test_databases.h"
#include "store/jobs.h"
#include "store/pipelines.h"
#include "store/runners.h"

/* When its world began. */
enum { NOW = 1000000 };

/* An installation with a project and a runner. */
typedef struct World {
    char *url;
    Database *database;
    Clock clock;
    Settings settings;
    Site site;
    Arena *arena;
    int64_t user_id;
    int64_t project_id;
    Runner runner;
} World;

#define CHECK(call, err)                                                                           \
    do {                                                                                           \
        if (!(call))                                                                               \
            g_error("%s:%d: %s", __FILE__, __LINE__, error_text(err));                             \
    } while (0)

World *world_new(TestDatabaseKind kind);
void world_free(World *w);

/* Rows of w->project_id (a pipeline keeps its sha and created_at, where it has them), inside a write.  A pipeline has no stages yet; a job is made for @stage 0 (build) or 1 (test). */
bool insert_pipeline(Db *db, const World *w, Pipeline *pipeline, Error *err);
bool insert_job(Db *db, const Pipeline *pipeline, int64_t spec_id, int stage, const char *name,
                Status status, int64_t *id, Error *err);

#endif
