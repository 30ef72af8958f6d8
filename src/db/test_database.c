/* Tests of database.c, writer.c, migrate.c: batches, and which files are opened. */
#include "db/test_support.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

/* A text that may be passed as data. */
#define NAME(text) ((char[]){ text })

/* --- batches --------------------------------------------------------------------------------- */

typedef struct Gate {
    GMutex mutex;
    GCond cond;
    bool entered;
    bool open;
} Gate;

/* Holds the writer inside a write until the gate opens, so that a batch gathers. */
static bool wait_at_gate(Db *db, void *data, Error *err)
{
    Gate *gate = data;

    g_mutex_lock(&gate->mutex);
    gate->entered = true;
    g_cond_broadcast(&gate->cond);
    while (!gate->open)
        g_cond_wait(&gate->cond, &gate->mutex);
    g_mutex_unlock(&gate->mutex);
    return true;
}

typedef struct Job {
    Database *database;
    GThread *thread;
    DbWriteFunc func;
    void *data;
    bool ok;
    Error err;
} Job;

static void *run_job(void *data)
{
    Job *job = data;

    job->ok = database_write(job->database, job->func, job->data, &job->err);
    return NULL;
}

static void start_job(Job *job, Database *database, DbWriteFunc func, void *data)
{
    *job = (Job){ .database = database, .func = func, .data = data, .err = ERROR_INIT };
    job->thread = g_thread_new("job", run_job, job);
}

/* Runs @funcs[i](@data[i]) in one batch of @n and leaves what became of each in @jobs. */
static void run_as_batch(Database *database, size_t n, const DbWriteFunc *funcs, void **data,
                         Job *jobs)
{
    Gate gate = { 0 };
    Job blocker;

    start_job(&blocker, database, wait_at_gate, &gate);
    g_mutex_lock(&gate.mutex);
    while (!gate.entered)
        g_cond_wait(&gate.cond, &gate.mutex);
    g_mutex_unlock(&gate.mutex);
    int64_t waiting = database_stats(database).writes_waiting;
    for (size_t i = 0; i < n; i++) {
        start_job(&jobs[i], database, funcs[i], data[i]);
        while (database_stats(database).writes_waiting < waiting + (int64_t)i + 1)
            g_thread_yield(); /* so that they stand in this order */
    }
    g_mutex_lock(&gate.mutex);
    gate.open = true;
    g_cond_broadcast(&gate.cond);
    g_mutex_unlock(&gate.mutex);
    g_thread_join(blocker.thread);
    for (size_t i = 0; i < n; i++)
        g_thread_join(jobs[i].thread);
    g_mutex_clear(&gate.mutex);
    g_cond_clear(&gate.cond);
}

enum { N_THREADS = 16, N_EACH = 50 };

static void *insert_many(void *data)
{
    static int next;

    for (int i = 0; i < N_EACH; i++) {
        g_autofree char *name = g_strdup_printf("box %d", g_atomic_int_add(&next, 1));
        g_auto(Error) err = ERROR_INIT;
        int64_t before = count_boxes(data);
        assert_ok(database_write(data, insert_box, name, &err), &err);
        g_assert_cmpint(count_boxes(data), >, before);
    }
    return NULL;
}

static void many_threads_share_commits(void)
{
    char *folder;
    Database *database = open_test(&folder);
    GThread *threads[N_THREADS];

    for (int i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new("inserter", insert_many, database);
    for (int i = 0; i < N_THREADS; i++)
        g_thread_join(threads[i]);
    DatabaseStats stats = database_stats(database);
    g_assert_cmpint(count_boxes(database), ==, N_THREADS * N_EACH);
    g_assert_cmpint(stats.writes, ==, N_THREADS * N_EACH);
    g_assert_cmpint(stats.batches, <=, stats.writes);
    g_assert_cmpint(stats.writes_waiting, ==, 0);
    g_assert_cmpint(stats.connections_busy, ==, 0);
    close_test(database, folder);
}

static bool insert_two_then_fail(Db *db, void *data, Error *err)
{
    return insert_box(db, NAME("half a write"), err) && insert_box(db, data, err);
}

static int64_t id_of(Database *database, const char *name)
{
    g_autoptr(Db) db = database_reader(database);
    int64_t id = 0;

    (void)db_get_int(db, "SELECT id FROM boxes WHERE name = $1", DB_ARGS(DB_TEXT(name)), &id, NULL);
    return id;
}

static void a_failing_write_is_undone_alone(void)
{
    char *folder;
    Database *database = open_test(&folder);
    Job jobs[3];
    int64_t batches = database_stats(database).batches;

    run_as_batch(database, 3, (const DbWriteFunc[]){ insert_box, insert_two_then_fail, insert_box },
                 (void *[]){ NAME("first"), NAME("first"), NAME("third") }, jobs);
    g_assert_true(jobs[0].ok);
    g_assert_false(jobs[1].ok);
    g_assert_cmpint(jobs[1].err.code, ==, ERR_DB_UNIQUE);
    g_assert_true(jobs[2].ok);
    error_clear(&jobs[1].err);

    g_assert_cmpint(count_boxes(database), ==, 2);
    g_assert_cmpint(id_of(database, "first"), <, id_of(database, "third"));
    DatabaseStats stats = database_stats(database);
    g_assert_cmpint(stats.largest_batch, ==, 3);
    g_assert_cmpint(stats.batches - batches, ==, 2);
    g_assert_cmpint(stats.writes_failed, ==, 1);
    close_test(database, folder);
}

/* Breaks a rule that is held against only at COMMIT. */
static bool break_the_commit(Db *db, void *data, Error *err)
{
    return db_exec(db, "PRAGMA defer_foreign_keys = ON", DB_NO_ARGS, NULL, err) &&
           db_exec(db, "INSERT INTO things (box_id) VALUES (404)", DB_NO_ARGS, NULL, err);
}

static void a_failing_commit_fails_all_of_its_batch(void)
{
    char *folder;
    Database *database = open_test(&folder);
    Job jobs[2];

    run_as_batch(database, 2, (const DbWriteFunc[]){ insert_box, break_the_commit },
                 (void *[]){ NAME("first"), NULL }, jobs);
    for (int i = 0; i < 2; i++) {
        g_assert_false(jobs[i].ok);
        g_assert_cmpint(jobs[i].err.code, ==, ERR_DB);
        error_clear(&jobs[i].err);
    }
    g_assert_cmpint(count_boxes(database), ==, 0);

    g_auto(Error) err = ERROR_INIT;
    assert_ok(database_write(database, insert_box, NAME("later"), &err), &err);
    g_assert_cmpint(count_boxes(database), ==, 1);
    close_test(database, folder);
}

static void *read_once(void *data)
{
    g_autoptr(Db) db = database_reader(data);
    int64_t n = -1;

    g_assert_true(db_get_int(db, "SELECT COUNT(*) FROM boxes", DB_NO_ARGS, &n, NULL));
    return NULL;
}

static void more_readers_than_connections_wait_their_turn(void)
{
    char *folder;
    Database *database = open_test(&folder);
    enum { MOST = 256 }; /* connections of a file */
    GThread *threads[MOST + 40];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("reader", read_once, database);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(database_stats(database).connections, <=, MOST);
    close_test(database, folder);
}

static bool insert_large(Db *db, void *data, Error *err)
{
    return db_exec(db, "INSERT INTO boxes (name, content) VALUES ($1, $2)",
                   DB_ARGS(DB_TEXT("large"), DB_BYTES(data, 8 * 1024 * 1024)), NULL, err);
}

static void the_log_is_checkpointed_by_another_thread(void)
{
    char *folder;
    Database *database = open_test(&folder);
    g_autofree char *bytes = g_malloc0(8 * 1024 * 1024);
    g_auto(Error) err = ERROR_INIT;

    assert_ok(database_write(database, insert_large, bytes, &err), &err);
    for (int64_t until = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
         database_stats(database).checkpoints == 0;) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_thread_yield();
    }
    g_assert_cmpint(count_boxes(database), ==, 1);
    close_test(database, folder);
}

/* --- which files are opened ------------------------------------------------------------------ */

static void a_second_server_is_refused(void)
{
    char *folder;
    Database *database = open_test(&folder);
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(open_in(folder, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    g_assert_nonnull(strstr(err.message, "another server uses"));
    database_close(database);

    error_clear(&err);
    database = open_in(folder, &err);
    assert_ok(database, &err);
    close_test(database, folder);
}

static void a_command_may_write_beside_a_server(void)
{
    char *folder;
    Database *server = open_test(&folder);
    g_autofree char *url = url_in(folder);
    g_auto(Error) err = ERROR_INIT;

    Database *command = open_beside_with(url, test_migrations, 1, &err);
    assert_ok(command, &err);
    assert_ok(database_write(command, insert_box, NAME("by the command"), &err), &err);
    g_assert_cmpint(count_boxes(server), ==, 1);
    assert_ok(database_write(server, insert_box, NAME("by the server"), &err), &err);
    g_assert_cmpint(count_boxes(command), ==, 2);
    database_close(command);

    static const DbMigration two[] = { { 1, "0001_test", "" },
                                       { 2, "0002_more", "CREATE TABLE more (id {ID})" } };
    g_assert_null(open_beside_with(url, two, 2, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    database_close(server);
    error_clear(&err);
    command = open_beside_with(url, two, 2, &err);
    assert_ok(command, &err);
    close_test(command, folder);
}

static void refuse(const char *folder, const char *why)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(open_in(folder, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    if (!strstr(err.message, why))
        g_error("\"%s\" does not say \"%s\"", err.message, why);
}

static void a_database_of_another_program_is_refused_untouched(void)
{
    char *folder = temp_folder();
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gsize n_before;
    gsize n_after;
    sqlite3 *db;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "CREATE TABLE theirs (x)", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    g_assert_true(g_file_get_contents(path, &before, &n_before, NULL));
    refuse(folder, "not one of Penstock");
    g_assert_true(g_file_get_contents(path, &after, &n_after, NULL));
    g_assert_cmpmem(before, n_before, after, n_after);
    remove_folder(folder);
}

static void a_file_that_is_no_database_is_refused(void)
{
    char *folder = temp_folder();
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);
    g_autofree char *text = g_strnfill(10000, 'x');

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    refuse(folder, "not a database file");
    remove_folder(folder);
}

static void a_truncated_file_is_refused(void)
{
    char *folder;
    Database *database = open_test(&folder);
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);

    database_close(database);
    g_assert_cmpint(truncate(path, 8192), ==, 0);
    refuse(folder, "damaged");
    remove_folder(folder);
}

static void a_damaged_schema_is_refused(void)
{
    char *folder;
    Database *database = open_test(&folder);
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);
    char garbage[512];

    database_close(database);
    memset(garbage, 0xa5, sizeof garbage);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, garbage, sizeof garbage, 100), ==, sizeof garbage);
    g_assert_cmpint(close(fd), ==, 0);
    refuse(folder, "damaged");
    remove_folder(folder);
}

static void a_newer_schema_is_refused(void)
{
    char *folder = temp_folder();
    g_autofree char *url = url_in(folder);
    g_auto(Error) err = ERROR_INIT;
    static const DbMigration two[] = { { 1, "0001_a", "CREATE TABLE a (id {ID})" },
                                       { 2, "0002_b", "CREATE TABLE b (id {ID}, x {BYTES})" } };

    Database *database = open_with(url, two, 1, &err);
    assert_ok(database, &err);
    database_close(database);
    database = open_with(url, two, 2, &err);
    assert_ok(database, &err);
    database_close(database);
    refuse(folder, "a newer version has used it");
    remove_folder(folder);
}

static void a_failing_migration_leaves_nothing(void)
{
    char *folder = temp_folder();
    g_autofree char *url = url_in(folder);
    g_auto(Error) err = ERROR_INIT;
    static const DbMigration bad[] = { { 1, "0001_bad",
                                         "CREATE TABLE a (id {ID}); CREATE TABEL" } };

    g_assert_null(open_with(url, bad, 1, &err));
    g_assert_nonnull(strstr(err.message, "migration 0001_bad"));
    error_clear(&err);
    Database *database = open_in(folder, &err);
    assert_ok(database, &err);
    g_autoptr(Db) db = database_reader(database);
    int64_t n;
    assert_ok(
        db_get_int(db, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'a'", DB_NO_ARGS, &n, &err),
        &err);
    g_assert_cmpint(n, ==, 0);
    g_clear_pointer(&db, database_reader_release);
    close_test(database, folder);
}

static void a_folder_that_is_missing_is_named(void)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(open_with("sqlite:/nowhere/at/all.db", test_migrations, 1, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    g_assert_nonnull(strstr(err.message, "/nowhere/at/all.db"));
}

static void an_unknown_scheme_is_refused_without_its_secrets(void)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(open_with("oracle://u:secret@h/x", test_migrations, 1, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    g_assert_null(strstr(err.message, "secret"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/db/writer/threads-share-commits", many_threads_share_commits);
    g_test_add_func("/db/writer/failing-write-undone-alone", a_failing_write_is_undone_alone);
    g_test_add_func("/db/writer/failing-commit-fails-batch",
                    a_failing_commit_fails_all_of_its_batch);
    g_test_add_func("/db/readers/wait-their-turn", more_readers_than_connections_wait_their_turn);
    g_test_add_func("/db/checkpointer/own-thread", the_log_is_checkpointed_by_another_thread);
    g_test_add_func("/db/open/second-server-refused", a_second_server_is_refused);
    g_test_add_func("/db/open/command-beside-server", a_command_may_write_beside_a_server);
    g_test_add_func("/db/open/other-programs-file",
                    a_database_of_another_program_is_refused_untouched);
    g_test_add_func("/db/open/no-database", a_file_that_is_no_database_is_refused);
    g_test_add_func("/db/open/truncated", a_truncated_file_is_refused);
    g_test_add_func("/db/open/damaged-schema", a_damaged_schema_is_refused);
    g_test_add_func("/db/open/newer-schema", a_newer_schema_is_refused);
    g_test_add_func("/db/open/failing-migration", a_failing_migration_leaves_nothing);
    g_test_add_func("/db/open/missing-folder", a_folder_that_is_missing_is_named);
    g_test_add_func("/db/open/unknown-scheme", an_unknown_scheme_is_refused_without_its_secrets);
    return g_test_run();
}
