/* test_installation.c - rows, and what stands around them. */
#include "runner/test_installation.h"

#include "base/topics.h"
#include "base/wakeups.h"
#include "store/namespaces.h"
#include "store/projects.h"
#include "store/schema.h"
#include "store/users.h"

static bool insert_world(Db *db, void *data, Error *err)
{
    World *w = data;
    User user = { .username = "ann", .name = "Ann", .email = "ann@example.com", .created_at = NOW };

    if (!user_insert(db, &user, err))
        return false;
    Namespace space = {
        .kind = NAMESPACE_USER, .owner_id = user.id, .name = "ann", .path = "ann", .created_at = NOW
    };
    if (!namespace_insert(db, &space, err))
        return false;
    Project project = { .namespace_id = space.id,
                        .creator_id = user.id,
                        .name = "app",
                        .path = "app",
                        .full_path = "ann/app",
                        .default_branch = "main",
                        .jobs_enabled = true,
                        .shared_runners_enabled = true,
                        .build_timeout_s = 3600,
                        .import_status = "none",
                        .variables_role = "developer",
                        .created_at = NOW };
    w->runner = (Runner){ .kind = RUNNER_INSTANCE,
                          .token_hash = "hash",
                          .token_start = "start",
                          .run_untagged = true,
                          .access_level = "not_protected",
                          .created_at = NOW };
    if (!project_insert(db, &project, err) || !runner_insert(db, &w->runner, err))
        return false;
    w->user_id = user.id;
    w->project_id = project.id;
    return true;
}

World *world_new(TestDatabaseKind kind)
{
    g_auto(Error) err = ERROR_INIT;
    World *w = g_new0(World, 1);

    w->url = test_database_new(kind);
    w->database = store_open(w->url, &err);
    CHECK(w->database, &err);
    w->arena = arena_new();
    w->clock = clock_fixed(NOW);
    w->settings = (Settings){ .confirm_timeout_s = 120 };
    w->site = (Site){ .database = w->database,
                      .clock = &w->clock,
                      .settings = &w->settings,
                      .wakeups = wakeups_new(),
                      .topics = topics_new() };
    CHECK(database_write(w->database, insert_world, w, &err), &err);
    return w;
}

void world_free(World *w)
{
    wakeups_free(w->site.wakeups);
    topics_free(w->site.topics);
    arena_free(w->arena);
    database_close(w->database);
    test_database_drop(w->url);
    g_free(w);
}

bool insert_pipeline(Db *db, const World *w, Pipeline *pipeline, Error *err)
{
    *pipeline = (Pipeline){ .project_id = w->project_id,
                            .user_id = w->user_id,
                            .ref = "main",
                            .sha = pipeline->sha ? pipeline->sha : "aaaa",
                            .before_sha = "0000",
                            .source = SOURCE_PUSH,
                            .status = STATUS_RUNNING,
                            .config_path = ".gitlab-ci.yml",
                            .created_at = pipeline->created_at ? pipeline->created_at : NOW,
                            .updated_at = NOW,
                            .started_at = NOW };
    return project_next_iid(db, w->project_id, &pipeline->iid, err) &&
           pipeline_insert(db, pipeline, err);
}

bool insert_job(Db *db, const Pipeline *pipeline, int64_t spec_id, int stage, const char *name,
                Status status, int64_t *id, Error *err)
{
    Job job = { .pipeline_id = pipeline->id,
                .project_id = pipeline->project_id,
                .spec_id = spec_id,
                .stage = stage == 0 ? "build" : "test",
                .stage_position = stage,
                .name = name,
                .status = status,
                .user_id = pipeline->user_id,
                .timeout_s = 3600,
                .created_at = NOW,
                .updated_at = NOW,
                .queued_at = NOW,
                .started_at = status == STATUS_RUNNING ? NOW : 0 };

    if (!job_insert(db, &job, err))
        return false;
    *id = job.id;
    return true;
}
