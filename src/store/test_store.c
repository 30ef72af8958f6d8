/* Tests of the tables: every function of store/ at least once, and what it promises. */
#include "store/job_specs.h"
#include "store/schema.h"
#include "store/test_world.h"

#include <glib/gstdio.h>

static struct {
    char *url;
    Database *database;
    GHashTable *statements;
    GMutex mutex;
} shared[N_TEST_DATABASE_KINDS];

/* The kind whose tests are being added. */
static TestDatabaseKind adding;

GHashTable *known_statements(TestDatabaseKind kind)
{
    return shared[kind].statements;
}

Database *test_database(TestDatabaseKind kind)
{
    return shared[kind].database;
}

const char *test_url(TestDatabaseKind kind)
{
    return shared[kind].url;
}

/* "bigint, text": how PostgreSQL calls them. */
static char *types_of(const DbArg *args)
{
    static const char *const names[] = { [DB_TYPE_NULL] = "unknown",
                                         [DB_TYPE_INT] = "bigint",
                                         [DB_TYPE_DOUBLE] = "double precision",
                                         [DB_TYPE_TEXT] = "text",
                                         [DB_TYPE_BYTES] = "bytea" };
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; args && args[i].type != DB_END; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", names[args[i].type]);
    return g_strdup(text->str);
}

static void remember(const char *sql, const DbArg *args, void *data)
{
    TestDatabaseKind kind = (TestDatabaseKind)GPOINTER_TO_INT(data);

    g_mutex_lock(&shared[kind].mutex);
    g_hash_table_insert(shared[kind].statements, g_strdup(sql), types_of(args));
    g_mutex_unlock(&shared[kind].mutex);
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
    TestDatabaseKind kind;
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
    const Call *call = data;
    g_auto(Error) err = ERROR_INIT;

    g_assert_false(database_write(test_database(call->kind), run_in_write, (void *)data, &err));
    g_assert_cmpint(err.code, ==, ERR_CONFLICT);
}

void add_test(const char *path, WorldTest test)
{
    g_autofree char *full = g_strdup_printf("/store/%s/%s", test_database_names[adding], path);
    Call *call = g_new(Call, 1);

    *call = (Call){ test, adding };
    g_test_add_data_func_full(full, call, run_test, g_free);
}

static void add_tests(TestDatabaseKind kind)
{
    g_auto(Error) err = ERROR_INIT;

    adding = kind;
    shared[kind].url = test_database_new(kind);
    shared[kind].statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    shared[kind].database = store_open(shared[kind].url, &err);
    if (!shared[kind].database)
        g_error("%s", error_text(&err));
    database_observe(shared[kind].database, remember, GINT_TO_POINTER((int)kind));
    add_people_tests();
    add_pipeline_tests();
    add_job_tests();
    add_runner_tests();
    add_schedule_tests();
    add_ci_variable_tests();
    add_downstream_tests();
    add_environment_tests();
    add_resource_group_tests();
    add_explain_test(kind); /* the last: it looks at what the others ran */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_tests);
    int result = g_test_run();
    for (int kind = 0; kind < N_TEST_DATABASE_KINDS; kind++) {
        if (!shared[kind].database)
            continue;
        database_close(shared[kind].database);
        g_hash_table_unref(shared[kind].statements);
        test_database_drop(shared[kind].url);
    }
    return result;
}
