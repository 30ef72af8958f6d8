/* Tests of blob.c and blob_folder.c. */
#include "base/secret.h"
#include "blob/blob.h"

#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

typedef struct Fixture {
    char *dir;
    BlobStore *store;
} Fixture;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

static void fixture_set_up(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;

    f->dir = g_dir_make_tmp("blob-XXXXXX", NULL);
    f->store = blob_store_new(f->dir, &err);
    g_assert_nonnull(f->store);
}

static void fixture_tear_down(Fixture *f, gconstpointer data)
{
    blob_store_free(f->store);
    g_assert_cmpint(nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(f->dir);
}

/* An anonymous file with @text in it, its offset at the end. */
static int source(const char *text)
{
    int fd = open(g_get_tmp_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
    return fd;
}

static bool put_text(Fixture *f, const char *key, const char *text, char **sha256, Error *err)
{
    int fd = source(text);
    bool ok = blob_put_fd(f->store, key, fd, (int64_t)strlen(text), sha256, err);

    close(fd);
    return ok;
}

static unsigned count_tmp(Fixture *f)
{
    g_autofree char *tmp = g_build_filename(f->dir, "tmp", NULL);
    g_autoptr(GDir) dir = g_dir_open(tmp, 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(dir))
        n++;
    return n;
}

static void what_was_put_can_be_read(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *sha256 = NULL;
    g_autofree char *expected = secret_sha256("hello", 5);
    char buf[16] = "";
    int64_t size = 0;
    int fd = -1;

    g_assert_true(put_text(f, "artifacts/00/1.zip", "hello", &sha256, &err));
    g_assert_cmpstr(sha256, ==, expected);
    g_assert_true(blob_open(f->store, "artifacts/00/1.zip", &fd, &size, &err));
    g_assert_cmpint(size, ==, 5);
    g_assert_cmpint(read(fd, buf, sizeof buf), ==, 5);
    g_assert_cmpstr(buf, ==, "hello");
    g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    g_assert_cmpuint(count_tmp(f), ==, 0);
}

static void empty_blob_is_a_blob(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    int64_t size = -1;
    int fd = -1;

    g_assert_true(put_text(f, "empty", "", NULL, &err));
    g_assert_true(blob_open(f->store, "empty", &fd, &size, &err));
    g_assert_cmpint(size, ==, 0);
    close(fd);
}

static void same_bytes_may_be_put_again_others_not(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *sha256 = NULL;

    g_assert_true(put_text(f, "a/b", "one", NULL, &err));
    g_assert_true(put_text(f, "a/b", "one", &sha256, &err));
    g_assert_nonnull(sha256);
    g_assert_false(put_text(f, "a/b", "two", NULL, &err));
    g_assert_cmpint(err.code, ==, ERR_CONFLICT);
    g_assert_cmpuint(count_tmp(f), ==, 0);
}

static void source_shorter_than_said_writes_nothing(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    int64_t size;
    int fd = source("short");
    int got;

    g_assert_false(blob_put_fd(f->store, "k", fd, 6, NULL, &err));
    g_assert_cmpint(err.code, ==, ERR_IO);
    close(fd);
    g_assert_false(blob_open(f->store, "k", &got, &size, &err));
    g_assert_cmpint(err.code, ==, ERR_NO_RECORD);
    g_assert_cmpuint(count_tmp(f), ==, 0);
}

static void removed_blob_is_gone_and_open_one_stays_good(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    int64_t size = 0;
    int fd = -1, again = -1;
    char c = 0;

    g_assert_true(put_text(f, "x/y/z", "1", NULL, &err));
    g_assert_true(blob_open(f->store, "x/y/z", &fd, &size, &err));
    g_assert_true(blob_remove(f->store, "x/y/z", &err));
    g_assert_true(blob_remove(f->store, "x/y/z", &err));
    g_assert_false(blob_open(f->store, "x/y/z", &again, &size, &err));
    g_assert_cmpint(err.code, ==, ERR_NO_RECORD);
    g_assert_cmpint(read(fd, &c, 1), ==, 1);
    close(fd);

    g_autofree char *emptied = g_build_filename(f->dir, "data", "x", NULL);
    g_assert_false(g_file_test(emptied, G_FILE_TEST_EXISTS));
    g_assert_true(put_text(f, "x/y/z", "2", NULL, &err));
}

static void folder_is_not_a_blob(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    int64_t size;
    int fd;

    g_assert_true(put_text(f, "x/y", "1", NULL, &err));
    g_assert_false(blob_open(f->store, "x", &fd, &size, &err));
    g_assert_cmpint(err.code, ==, ERR_NO_RECORD);
    g_assert_true(blob_remove(f->store, "x", &err));
    g_assert_true(blob_open(f->store, "x/y", &fd, &size, &err));
    close(fd);
}

static void keys_stay_in_the_folder(Fixture *f, gconstpointer data)
{
    static const char *const wrong[] = { "",  "/a",  "../a", "a/../b", "a//b",
                                         "A", "a b", "a\\b", "a/",     "\xc3\xa4" };
    g_autofree char *lengthy = g_strnfill(513, 'a');
    int64_t size;
    int fd;

    for (size_t i = 0; i <= G_N_ELEMENTS(wrong); i++) {
        const char *key = i < G_N_ELEMENTS(wrong) ? wrong[i] : lengthy;
        g_auto(Error) err = ERROR_INIT;
        g_assert_false(put_text(f, key, "1", NULL, &err));
        g_assert_cmpint(err.code, ==, ERR_INVALID);
        g_assert_false(blob_open(f->store, key, &fd, &size, &err));
        g_assert_false(blob_remove(f->store, key, &err));
    }
}

static void start_removes_leftovers_of_yesterday_only(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *old = g_build_filename(f->dir, "tmp", "old", NULL);
    g_autofree char *young = g_build_filename(f->dir, "tmp", "young", NULL);
    struct utimbuf long_ago = { 1000, 1000 };

    g_assert_true(g_file_set_contents(old, "x", 1, NULL));
    g_assert_true(g_file_set_contents(young, "x", 1, NULL));
    g_assert_cmpint(utime(old, &long_ago), ==, 0);
    blob_store_free(f->store);
    f->store = blob_store_new(f->dir, &err);
    g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(young, G_FILE_TEST_EXISTS));
}

static void *put_and_remove(void *data)
{
    Fixture *f = data;

    for (int i = 0; i < 200; i++) {
        g_auto(Error) err = ERROR_INIT;
        g_autofree char *key = g_strdup_printf("busy/dir/%p-%d", (void *)g_thread_self(), i % 2);
        g_assert_true(put_text(f, key, "x", NULL, &err));
        g_assert_true(blob_remove(f->store, key, &err));
    }
    return NULL;
}

static void puts_and_removals_of_neighbours_do_not_disturb(Fixture *f, gconstpointer data)
{
    GThread *threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("blob", put_and_remove, f);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static const struct {
    const char *path;
    void (*run)(Fixture *f, gconstpointer data);
} tests[] = {
    { "/blob/what-was-put-can-be-read", what_was_put_can_be_read },
    { "/blob/empty-blob-is-a-blob", empty_blob_is_a_blob },
    { "/blob/same-bytes-may-be-put-again-others-not", same_bytes_may_be_put_again_others_not },
    { "/blob/source-shorter-than-said-writes-nothing", source_shorter_than_said_writes_nothing },
    { "/blob/removed-blob-is-gone-and-open-one-stays-good",
      removed_blob_is_gone_and_open_one_stays_good },
    { "/blob/folder-is-not-a-blob", folder_is_not_a_blob },
    { "/blob/keys-stay-in-the-folder", keys_stay_in_the_folder },
    { "/blob/start-removes-leftovers-of-yesterday-only",
      start_removes_leftovers_of_yesterday_only },
    { "/blob/puts-and-removals-of-neighbours-do-not-disturb",
      puts_and_removals_of_neighbours_do_not_disturb },
};

int main(int argc, char **argv)
{
    g_auto(Error) err = ERROR_INIT;

    g_test_init(&argc, &argv, NULL);
    g_assert_true(secret_init(&err));
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, fixture_set_up, tests[i].run, fixture_tear_down);
    return g_test_run();
}
