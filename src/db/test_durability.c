/* A write that was answered survives the death of the process: a child writes from several threads
 * and prints each id once its write is answered; it is killed and its file is read again. */
#include "db/test_support.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_WRITERS = 4, N_LINES_BEFORE_KILL = 300 };

typedef struct Insert {
    char name[64];
    int64_t id;
} Insert;

static bool insert_named(Db *db, void *data, Error *err)
{
    Insert *insert = data;

    return db_get_int(db, "INSERT INTO boxes (name) VALUES ($1) RETURNING id",
                      DB_ARGS(DB_TEXT(insert->name)), &insert->id, err);
}

static void *write_without_end(void *data)
{
    for (int i = 0;; i++) {
        Insert insert = { 0 };
        char line[32];
        (void)g_snprintf(insert.name, sizeof insert.name, "%p/%d", (void *)g_thread_self(), i);
        if (!database_write(data, insert_named, &insert, NULL))
            _exit(3);
        int n = g_snprintf(line, sizeof line, "%" G_GINT64_FORMAT "\n", insert.id);
        if (write(STDOUT_FILENO, line, (size_t)n) != n)
            _exit(4);
    }
    return NULL;
}

static int be_the_child(const char *folder)
{
    Database *database = open_in(folder, NULL);

    if (!database)
        return 5;
    for (int i = 1; i < N_WRITERS; i++)
        g_thread_unref(g_thread_new("writer", write_without_end, database));
    (void)write_without_end(database);
    return 0;
}

static const char *self;

/* Kills the child in full flight; its complete lines are the answered ids. */
static GArray *ids_until_killed(const char *folder)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    const char *argv[] = { self, "--child", folder, NULL };
    GPid pid;
    int out;

    g_assert_true(g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                           NULL, NULL, &pid, NULL, &out, NULL, NULL));
    FILE *lines = fdopen(out, "r");
    char line[64];
    while (fgets(line, sizeof line, lines)) {
        if (!strchr(line, '\n'))
            break;
        int64_t id = g_ascii_strtoll(line, NULL, 10);
        g_array_append_val(ids, id);
        if (ids->len == N_LINES_BEFORE_KILL)
            g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    }
    (void)fclose(lines);
    /* Its lock on the database ends with it, not with its pipe. */
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    g_spawn_close_pid(pid);
    return ids;
}

static void answered_writes_survive_a_kill(void)
{
    char *folder = temp_folder();
    g_autoptr(GArray) ids = ids_until_killed(folder);
    g_auto(Error) err = ERROR_INIT;

    g_assert_cmpuint(ids->len, >=, N_LINES_BEFORE_KILL);
    Database *database = open_in(folder, &err);
    assert_ok(database, &err);
    g_autoptr(Db) db = database_reader(database);
    for (guint i = 0; i < ids->len; i++) {
        int64_t id = g_array_index(ids, int64_t, i);
        int64_t found;
        assert_ok(
            db_get_int(db, "SELECT id FROM boxes WHERE id = $1", DB_ARGS(DB_INT(id)), &found, &err),
            &err);
    }
    g_clear_pointer(&db, database_reader_release);
    close_test(database, folder);
}

int main(int argc, char **argv)
{
    if (argc == 3 && g_str_equal(argv[1], "--child"))
        return be_the_child(argv[2]);
    self = argv[0];
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/db/durability/answered-writes-survive-a-kill",
                    answered_writes_survive_a_kill);
    return g_test_run();
}
