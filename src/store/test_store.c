/* Tests of the tables: every function of store/ at least once, and what it promises. */
#include "store/job_specs.h"
#include "store/schema.h"
#include "store/test_world.h"

#include <glib/gstdio.h>

static struct {
    Database *database;
    GHashTable *statements;
    GMutex mutex;
} shared;

GHashTable *known_statements(void)
{
    return shared.statements;
}

Database *test_database(void)
{
    return shared.database;
}

static void remember(const char *sql, const DbArg *args, void *data)
{
    g_mutex_lock(&shared.mutex);
    g_hash_table_add(shared.statements, g_strdup(sql));
    g_mutex_unlock(&shared.mutex);
}

/* --- the world ------------------------------------------------------------------------------- */

static User new_user(World *w, const char *username, bool admin)
{
    User user = { .username = username,
                  .name = arena_printf(w->arena, "%s Doe", username),
                  .email = arena_printf(w->arena, "%s@Example.com", username),
                  .admin = admin,
                  .password_hash = "hash",
                  .created_at = NOW };

    OK(user_insert(w->db, &user, &w->err));
    return user;
}

static Project new_project(World *w, int64_t namespace_id, const char *full_path,
                           Visibility visible)
{
    Project project = { .namespace_id = namespace_id,
                        .creator_id = w->ann.id,
                        .name = strrchr(full_path, '/') + 1,
                        .path = strrchr(full_path, '/') + 1,
                        .full_path = full_path,
                        .visibility = visible,
                        .default_branch = "main",
                        .public_jobs = true,
                        .jobs_enabled = true,
                        .shared_runners_enabled = true,
                        .group_runners_enabled = true,
                        .build_timeout_s = 3600,
                        .import_status = "none",
                        .variables_role = "developer",
                        .created_at = NOW,
                        .updated_at = NOW,
                        .last_activity_at = NOW };

    OK(project_insert(w->db, &project, &w->err));
    return project;
}

static Namespace new_namespace(World *w, NamespaceKind kind, int64_t parent_id, int64_t owner_id,
                               const char *path)
{
    Namespace ns = { .kind = kind,
                     .parent_id = parent_id,
                     .owner_id = owner_id,
                     .name = arena_printf(w->arena, "The %s", path),
                     .path = path,
                     .created_at = NOW };

    OK(namespace_insert(w->db, &ns, &w->err));
    OK(namespace_get(w->db, w->arena, ns.id, &ns, &w->err));
    return ns;
}

Pipeline new_pipeline(World *w, const char *ref, Status status)
{
    Pipeline pipeline = { .project_id = w->project.id,
                          .user_id = w->ann.id,
                          .ref = ref,
                          .sha = "aaaa",
                          .before_sha = "0000",
                          .source = SOURCE_PUSH,
                          .status = status,
                          .config_path = ".gitlab-ci.yml",
                          .created_at = NOW,
                          .updated_at = NOW };

    OK(project_next_iid(w->db, w->project.id, &pipeline.iid, &w->err));
    OK(pipeline_insert(w->db, &pipeline, &w->err));
    return pipeline;
}

Job new_job(World *w, const char *name, Status status)
{
    Job job = { .pipeline_id = w->pipeline.id,
                .project_id = w->project.id,
                .spec_id = w->spec_id,
                .stage = "test",
                .name = name,
                .status = status,
                .user_id = w->ann.id,
                .tags = "a b",
                .timeout_s = 3600,
                .created_at = NOW,
                .updated_at = NOW,
                .queued_at = status == STATUS_PENDING ? NOW : 0,
                .started_at = status == STATUS_RUNNING ? NOW : 0 };

    OK(job_insert(w->db, &job, &w->err));
    return job;
}

static void make_world(World *w)
{
    w->root = new_user(w, "root", true);
    w->ann = new_user(w, "Ann", false);
    w->ben = new_user(w, "ben", false);
    w->top = new_namespace(w, NAMESPACE_GROUP, 0, 0, "Top");
    w->sub = new_namespace(w, NAMESPACE_GROUP, w->top.id, 0, "sub");
    w->ann_space = new_namespace(w, NAMESPACE_USER, 0, w->ann.id, "ann");
    w->project = new_project(w, w->sub.id, "Top/sub/app", VISIBILITY_PRIVATE);
    w->own = new_project(w, w->ann_space.id, "ann/tool", VISIBILITY_PUBLIC);
    Member owner = { .user_id = w->ann.id,
                     .namespace_id = w->top.id,
                     .access_level = ACCESS_OWNER,
                     .created_at = NOW };
    OK(member_insert(w->db, &owner, &w->err));
    w->pipeline = new_pipeline(w, "main", STATUS_RUNNING);
    JobSpec spec = { .pipeline_id = w->pipeline.id, .options = "{}" };
    OK(job_spec_insert(w->db, &spec, &w->err));
    w->spec_id = spec.id;
    w->job = new_job(w, "build", STATUS_PENDING);
    w->runner = (Runner){ .kind = RUNNER_INSTANCE,
                          .token_hash = "runner hash",
                          .token_start = "glrt-abc",
                          .description = "a runner",
                          .tags = "a b",
                          .run_untagged = true,
                          .access_level = "not_protected",
                          .created_at = NOW };
    OK(runner_insert(w->db, &w->runner, &w->err));
}

/* --- running --------------------------------------------------------------------------------- */

typedef struct Call {
    WorldTest test;
} Call;

static bool run_in_write(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    World w = { .db = db, .arena = arena, .err = ERROR_INIT };

    make_world(&w);
    ((const Call *)data)->test(&w);
    error_clear(&w.err);
    return error_set(err, ERR_CONFLICT, "to be undone");
}

static void run_test(const void *data)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_false(database_write(shared.database, run_in_write, (void *)data, &err));
    g_assert_cmpint(err.code, ==, ERR_CONFLICT);
}

void add_test(const char *path, WorldTest test)
{
    g_autofree char *full = g_strconcat("/store/", path, NULL);
    Call *call = g_new(Call, 1);

    call->test = test;
    g_test_add_data_func_full(full, call, run_test, g_free);
}

static void remove_folder(char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

int main(int argc, char **argv)
{
    g_auto(Error) err = ERROR_INIT;

    g_test_init(&argc, &argv, NULL);
    char *folder = g_dir_make_tmp("penstock-store-XXXXXX", NULL);
    g_autofree char *url = g_strconcat("sqlite:", folder, "/test.db", NULL);
    shared.statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    shared.database = store_open(url, &err);
    if (!shared.database)
        g_error("%s", error_text(&err));
    database_observe(shared.database, remember, NULL);
    add_people_tests();
    add_pipeline_tests();
    add_job_tests();
    add_runner_tests();
    add_schedule_tests();
    add_explain_test(); /* the last: it looks at what the others ran */
    int result = g_test_run();
    database_close(shared.database);
    g_hash_table_unref(shared.statements);
    remove_folder(folder);
    return result;
}
