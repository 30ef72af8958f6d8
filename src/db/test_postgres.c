/* Tests of what only a database over a connection can meet: conflicts, lost connections, strangers,
 * signals between servers. */
#include "db/test_proxy.h"
#include "db/test_support.h"

#include <string.h>

#define NAME(text) ((void *)(uintptr_t)(text))

typedef struct Fixture {
    char *url;
    Database *database;
    Error err;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->url = test_database_new(TEST_POSTGRES);
    f->database = open_url(f->url, &f->err);
    assert_ok(f->database, &f->err);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    error_clear(&f->err);
    database_close(f->database);
    test_database_drop(f->url);
}

/* --- conflicts ------------------------------------------------------------------------------- */

enum { N_THREADS = 4, N_ROUNDS = 2 }; /* a deadlock takes a second to be seen */

/* Two rows, taken in either order: some of these meet in a deadlock. */
static bool add_to_both(Db *db, void *data, Error *err)
{
    static const char sql[] = "UPDATE boxes SET weight = weight + 1 WHERE name = $1";
    bool turned = GPOINTER_TO_INT(data);

    return db_exec(db, sql, DB_ARGS(DB_TEXT(turned ? "b" : "a")), NULL, err) &&
           db_exec(db, sql, DB_ARGS(DB_TEXT(turned ? "a" : "b")), NULL, err);
}

static void *add_many(void *data)
{
    Fixture *f = data;

    for (int i = 0; i < N_ROUNDS; i++) {
        g_auto(Error) err = ERROR_INIT;
        assert_ok(database_write(f->database, add_to_both, GINT_TO_POINTER(i % 2), &err), &err);
    }
    return NULL;
}

static int64_t sum_of_weights(Database *database)
{
    g_autoptr(Db) db = database_reader(database);
    g_auto(Error) err = ERROR_INIT;
    int64_t sum = 0;

    assert_ok(
        db_get_int(db, "SELECT CAST(SUM(weight) AS BIGINT) FROM boxes", DB_NO_ARGS, &sum, &err),
        &err);
    return sum;
}

static void writes_that_meet_in_a_deadlock_are_all_done(Fixture *f, gconstpointer data)
{
    GThread *threads[N_THREADS];

    test_database_run(f->url, "INSERT INTO boxes (name, weight) VALUES ('a', 0), ('b', 0);"
                              "ALTER TABLE boxes SET (fillfactor = 50)");
    for (int i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new("adder", add_many, f);
    for (int i = 0; i < N_THREADS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(sum_of_weights(f->database), ==, 2 * N_THREADS * N_ROUNDS);
}

static bool serialization_failure(Db *db, void *data, Error *err)
{
    int *n = data;

    if (++*n < 3)
        return db_exec(db, "INSERT INTO boxes (name) SELECT fail.fail_with_40001() WHERE $1 = $1",
                       DB_ARGS(DB_INT(1)), NULL, err);
    return insert_box(db, NAME("at last"), err);
}

static void a_write_runs_again_after_a_conflict(Fixture *f, gconstpointer data)
{
    int n = 0;

    test_database_run(f->url, "CREATE SCHEMA fail; CREATE FUNCTION fail.fail_with_40001()"
                              " RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN"
                              " RAISE EXCEPTION 'met' USING ERRCODE = '40001'; END $$");
    assert_ok(database_write(f->database, serialization_failure, &n, &f->err), &f->err);
    g_assert_cmpint(n, ==, 3);
    g_assert_cmpint(count_boxes(f->database), ==, 1);
    g_assert_cmpint(database_stats(f->database).retries, ==, 2);
}

static bool pass_over_a_failure(Db *db, void *data, Error *err)
{
    g_auto(Error) passed_over = ERROR_INIT;

    return insert_box(db, NAME("one"), err) && (insert_box(db, NAME("one"), &passed_over) || true);
}

static void a_failed_statement_that_is_passed_over_commits_nothing(Fixture *f, gconstpointer data)
{
    g_assert_false(database_write(f->database, pass_over_a_failure, NULL, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_INTERNAL);
    g_assert_cmpint(count_boxes(f->database), ==, 0);
}

/* --- lost connections ------------------------------------------------------------------------ */

#define END_OTHERS                                                                                 \
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"                                       \
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"

static void idle_connections_that_were_ended_are_not_noticed(Fixture *f, gconstpointer data)
{
    assert_ok(database_write(f->database, insert_box, NAME("before"), &f->err), &f->err);
    test_database_run(f->url, END_OTHERS);
    /* Its closing arrives a moment later than the answer to who ended it. */
    while (database_stats(f->database).lost_connections == 0)
        (void)count_boxes(f->database);
    g_assert_cmpint(count_boxes(f->database), ==, 1);
    assert_ok(database_write(f->database, insert_box, NAME("after"), &f->err), &f->err);
    g_assert_cmpint(count_boxes(f->database), ==, 2);
}

typedef struct EndOnce {
    const char *url;
    int n_runs;
} EndOnce;

static bool be_ended_the_first_time(Db *db, void *data, Error *err)
{
    EndOnce *once = data;

    if (!insert_box(db, NAME("once"), err))
        return false;
    if (once->n_runs++ == 0)
        test_database_run(once->url, END_OTHERS);
    return insert_box(db, NAME("twice"), err);
}

static void a_write_whose_connection_is_lost_runs_again(Fixture *f, gconstpointer data)
{
    EndOnce once = { .url = f->url };

    assert_ok(database_write(f->database, be_ended_the_first_time, &once, &f->err), &f->err);
    g_assert_cmpint(once.n_runs, ==, 2);
    g_assert_cmpint(count_boxes(f->database), ==, 2);
}

/* Ends its own session in the middle of COMMIT, where deferred triggers run: undone.  Only the first
 * time, which a sequence remembers beyond the end of the transaction. */
static const char LOSE_IN_COMMIT[] =
    "CREATE SEQUENCE runs; CREATE FUNCTION lose() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN"
    " IF nextval('runs') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid());"
    " PERFORM pg_sleep(5); END IF; RETURN NULL; END $$;"
    "CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON boxes DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION lose()";

static void a_commit_that_was_cut_off_is_found_undone_and_runs_again(Fixture *f, gconstpointer data)
{
    test_database_run(f->url, LOSE_IN_COMMIT);
    assert_ok(database_write(f->database, insert_box, NAME("box"), &f->err), &f->err);
    g_assert_cmpint(count_boxes(f->database), ==, 1);
    g_assert_cmpint(database_stats(f->database).retries, ==, 1);
}

/* Through a proxy that keeps the answer to COMMIT to itself. */
static void a_commit_whose_answer_was_lost_is_found_done(Fixture *f, gconstpointer data)
{
    TestProxy *proxy = test_proxy_new(f->url);
    Database *database = open_url(test_proxy_url(proxy), &f->err);

    assert_ok(database, &f->err);
    /* The first write of a session has a commit more: that of its mark. */
    assert_ok(database_write(database, insert_box, NAME("before"), &f->err), &f->err);
    test_proxy_lose_next(proxy, "COMMIT");
    assert_ok(database_write(database, insert_box, NAME("box"), &f->err), &f->err);
    g_assert_true(test_proxy_has_lost(proxy));
    g_assert_cmpint(count_boxes(database), ==, 2);
    g_assert_cmpint(database_stats(database).retries, ==, 0);
    database_close(database);
    test_proxy_free(proxy);
}

static void while_it_is_away_everything_says_so_at_once(Fixture *f, gconstpointer data)
{
    TestProxy *proxy = test_proxy_new(f->url);
    Database *database = open_url(test_proxy_url(proxy), &f->err);
    int64_t n;

    assert_ok(database, &f->err);
    g_assert_false(database_is_away(database));
    g_assert_cmpint(database_available_since(database), ==, 0);
    test_proxy_pause(proxy);
    for (int i = 0; i < 20; i++) {
        g_autoptr(Db) db = database_reader(database);
        g_assert_false(db_get_int(db, "SELECT 1", DB_NO_ARGS, &n, &f->err));
        g_assert_cmpint(f->err.code, ==, ERR_DB_AWAY);
        error_clear(&f->err);
        g_assert_false(database_write(database, insert_box, NAME("lost"), &f->err));
        g_assert_cmpint(f->err.code, ==, ERR_DB_AWAY);
        error_clear(&f->err);
    }
    g_assert_true(database_is_away(database));
    test_proxy_resume(proxy);
    while (!database_write(database, insert_box, NAME("back"), &f->err)) {
        g_assert_cmpint(f->err.code, ==, ERR_DB_AWAY);
        error_clear(&f->err);
        g_usleep(10000);
    }
    g_assert_false(database_is_away(database));
    g_assert_cmpint(database_available_since(database), >, 0);
    g_assert_cmpint(count_boxes(database), ==, 1);
    database_close(database);
    test_proxy_free(proxy);
}

/* --- whose database, and can it be reached ---------------------------------------------------- */

static void refuse(const char *url, const char *why)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(open_url(url, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    if (!strstr(err.message, why))
        g_error("\"%s\" does not say \"%s\"", err.message, why);
}

static void a_database_of_another_program_is_refused(void)
{
    char *url = test_database_new(TEST_POSTGRES);

    test_database_run(url, "CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)");
    refuse(url, "not one of Penstock");
    test_database_run(url, "DROP TABLE schema_migrations; CREATE TABLE users (id INT)");
    refuse(url, "not one of Penstock");
    test_database_drop(url);
}

static void a_newer_schema_is_refused(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;

    test_database_run(f->url, "INSERT INTO schema_migrations (version, name) VALUES (9, 'later')");
    refuse(f->url, "a newer version has used it");
    g_assert_null(open_beside_with(f->url, test_migrations, 1, &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
}

static void a_command_beside_servers_migrates_nothing(Fixture *f, gconstpointer data)
{
    static const DbMigration two[] = { { 1, "0001_test", "" },
                                       { 2, "0002_more", "CREATE TABLE more (id {ID})" } };
    DatabaseOptions options = options_of(f->url, two, 2);
    DatabaseSchema schema = { 0 };

    g_assert_null(open_beside_with(f->url, two, 2, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_USAGE);
    g_assert_nonnull(strstr(f->err.message, "penstock db migrate"));
    error_clear(&f->err);
    assert_ok(database_schema(&options, &schema, &f->err), &f->err);
    g_assert_cmpint(schema.version, ==, 1);
    g_assert_cmpint(schema.known, ==, 2);
    assert_ok(database_migrate(&options, &schema, &f->err), &f->err);
    g_assert_cmpint(schema.version, ==, 1);
    assert_ok(database_schema(&options, &schema, &f->err), &f->err);
    g_assert_cmpint(schema.version, ==, 2);
}

static void *open_once(void *data)
{
    g_auto(Error) err = ERROR_INIT;
    Database *database = open_url(data, &err);

    assert_ok(database, &err);
    database_close(database);
    return NULL;
}

static void servers_that_start_together_migrate_once(void)
{
    char *url = test_database_new(TEST_POSTGRES);
    GThread *threads[N_THREADS];

    for (int i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new("server", open_once, url);
    for (int i = 0; i < N_THREADS; i++)
        g_thread_join(threads[i]);
    test_database_drop(url);
}

static void what_cannot_be_reached_is_told_without_its_secrets(void)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(open_url("postgresql://u:secret@127.0.0.1:1/x", &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    g_assert_nonnull(strstr(err.message, "127.0.0.1"));
    g_assert_null(strstr(err.message, "secret"));
    error_clear(&err);
    g_assert_null(open_url("postgresql://u:secret%zz@127.0.0.1/x", &err));
    g_assert_cmpint(err.code, ==, ERR_USAGE);
    g_assert_null(strstr(err.message, "secret"));
}

/* --- signals --------------------------------------------------------------------------------- */

typedef struct Heard {
    GMutex mutex;
    GCond more;
    int n;
    int n_missed; /* "some may have been missed" */
} Heard;

static void hear(const char *text, void *data)
{
    Heard *heard = data;

    g_mutex_lock(&heard->mutex);
    if (text)
        heard->n++;
    else
        heard->n_missed++;
    g_cond_signal(&heard->more);
    g_mutex_unlock(&heard->mutex);
}

static void wait_for(Heard *heard, const int *count, int n)
{
    int64_t until = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    g_mutex_lock(&heard->mutex);
    while (*count < n)
        g_assert_true(g_cond_wait_until(&heard->more, &heard->mutex, until));
    g_mutex_unlock(&heard->mutex);
}

/* Both on one database: @f's is one server, @other the second. */
static Database *two_that_listen(Fixture *f, Heard *own, Heard *others)
{
    Database *other = open_url(f->url, &f->err);

    assert_ok(other, &f->err);
    assert_ok(database_listen(f->database, hear, own, &f->err), &f->err);
    assert_ok(database_listen(other, hear, others, &f->err), &f->err);
    return other;
}

static void signals_reach_the_others_and_not_oneself(Fixture *f, gconstpointer data)
{
    Heard own = { 0 };
    Heard others = { 0 };
    Database *other = two_that_listen(f, &own, &others);

    database_signal(f->database, "jobs");
    wait_for(&others, &others.n, 1);
    database_signal(other, "jobs");
    wait_for(&own, &own.n, 1);
    g_assert_cmpint(own.n, ==, 1);
    g_assert_cmpint(others.n, ==, 1);
    database_close(other);
}

static void many_signals_go_out_as_few(Fixture *f, gconstpointer data)
{
    enum { MANY = 20000 };
    Heard own = { 0 };
    Heard others = { 0 };
    Database *other = two_that_listen(f, &own, &others);

    for (int i = 0; i < MANY; i++)
        database_signal(f->database, "jobs");
    database_signal(f->database, "last");
    wait_for(&others, &others.n, 2);
    g_assert_cmpint(others.n, <, MANY / 10);
    database_close(other);
}

static void after_a_loss_everything_is_looked_at(Fixture *f, gconstpointer data)
{
    Heard own = { 0 };
    Heard others = { 0 };
    Database *other = two_that_listen(f, &own, &others);

    test_database_run(f->url, END_OTHERS);
    wait_for(&own, &own.n_missed, 1);
    wait_for(&others, &others.n_missed, 1);
    database_signal(f->database, "jobs");
    wait_for(&others, &others.n, 1);
    database_close(other);
}

static void add(const char *name, void (*run)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/postgres/db/", name, NULL);

    g_test_add(path, Fixture, NULL, set_up, run, tear_down);
}

static void add_all(TestDatabaseKind kind)
{
    if (kind != TEST_POSTGRES)
        return;
    add("write/deadlock", writes_that_meet_in_a_deadlock_are_all_done);
    add("write/conflict", a_write_runs_again_after_a_conflict);
    add("write/passed-over", a_failed_statement_that_is_passed_over_commits_nothing);
    add("lost/idle", idle_connections_that_were_ended_are_not_noticed);
    add("lost/write", a_write_whose_connection_is_lost_runs_again);
    add("lost/commit-undone", a_commit_that_was_cut_off_is_found_undone_and_runs_again);
    add("lost/commit-done", a_commit_whose_answer_was_lost_is_found_done);
    add("lost/away", while_it_is_away_everything_says_so_at_once);
    g_test_add_func("/postgres/db/open/other-programs", a_database_of_another_program_is_refused);
    add("open/newer", a_newer_schema_is_refused);
    add("open/command", a_command_beside_servers_migrates_nothing);
    g_test_add_func("/postgres/db/open/together", servers_that_start_together_migrate_once);
    g_test_add_func("/postgres/db/open/unreachable",
                    what_cannot_be_reached_is_told_without_its_secrets);
    add("signals/others", signals_reach_the_others_and_not_oneself);
    add("signals/few", many_signals_go_out_as_few);
    add("signals/loss", after_a_loss_everything_is_looked_at);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add_all);
    return g_test_run();
}
