/* What a log file keeps, cuts off and starts anew. */
#include "runner/trace_file.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Fixture {
    char *dir;
    TraceFiles *files;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    f->dir = g_dir_make_tmp("penstock-logs-XXXXXX", NULL);
    f->files = trace_files_new(f->dir, NULL);
    g_assert_nonnull(f->files);
}

static void tear_down(Fixture *f, const void *data)
{
    g_assert_true(trace_files_remove(f->files, 1234, NULL));
    g_autofree char *folder = g_build_filename(f->dir, "1", NULL);
    g_rmdir(folder);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    trace_files_free(f->files);
    g_free(f->dir);
}

static void append(Fixture *f, int64_t offset, const char *text)
{
    TraceFile file;

    g_assert_true(trace_file_open(f->files, 1234, &file, NULL));
    g_assert_true(trace_file_write(&file, offset, text, strlen(text), NULL));
    trace_file_cut(&file, offset + (int64_t)strlen(text));
    trace_file_close(&file);
}

static void assert_holds(Fixture *f, const char *text)
{
    char bytes[64] = "";
    int fd = trace_files_read(f->files, 1234, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(read(fd, bytes, sizeof bytes - 1), ==, strlen(text));
    g_assert_cmpstr(bytes, ==, text);
    close(fd);
}

static void patches_follow_one_another(Fixture *f, const void *data)
{
    append(f, 0, "one\n");
    append(f, 4, "two\n");
    assert_holds(f, "one\ntwo\n");
}

static void bytes_that_were_never_accepted_are_overwritten(Fixture *f, const void *data)
{
    append(f, 0, "one\n");
    append(f, 4, "a patch that a crash kept from being accepted\n");
    append(f, 4, "two\n");
    assert_holds(f, "one\ntwo\n");
}

static void what_stands_behind_a_patch_stays_until_it_is_accepted(Fixture *f, const void *data)
{
    TraceFile file;

    append(f, 0, "one\ntwo\n");
    g_assert_true(trace_file_open(f->files, 1234, &file, NULL));
    g_assert_true(trace_file_write(&file, 0, "one\n", 4, NULL));
    trace_file_close(&file);
    assert_holds(f, "one\ntwo\n");
}

static void *append_second(void *data)
{
    append(data, 4, "two\n");
    return NULL;
}

static void an_append_waits_for_the_other(Fixture *f, const void *data)
{
    TraceFile file;

    g_assert_true(trace_file_open(f->files, 1234, &file, NULL));
    GThread *other = g_thread_new("append", append_second, f);
    g_assert_true(trace_file_write(&file, 0, "one\n", 4, NULL));
    trace_file_cut(&file, 4);
    trace_file_close(&file);
    g_thread_join(other);
    assert_holds(f, "one\ntwo\n");
}

static void *append_new(void *data)
{
    append(data, 0, "new\n");
    return NULL;
}

static void an_append_that_waited_goes_to_the_log_of_now(Fixture *f, const void *data)
{
    TraceFile file;

    g_assert_true(trace_file_open(f->files, 1234, &file, NULL));
    GThread *other = g_thread_new("append", append_new, f);
    g_assert_true(trace_files_remove(f->files, 1234, NULL));
    trace_file_close(&file);
    g_thread_join(other);
    assert_holds(f, "new\n");
}

static void an_absent_log_is_told_apart(Fixture *f, const void *data)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_cmpint(trace_files_read(f->files, 1234, &err), ==, -1);
    g_assert_cmpint(err.code, ==, ERR_NO_RECORD);
    g_assert_true(trace_files_remove(f->files, 1234, NULL));
}

static void a_removed_log_starts_anew(Fixture *f, const void *data)
{
    append(f, 0, "old\n");
    g_assert_true(trace_files_remove(f->files, 1234, NULL));
    append(f, 0, "new\n");
    assert_holds(f, "new\n");
}

#define ADD(name, func)                                                                            \
    g_test_add("/runner/trace-file/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("patches-follow-one-another", patches_follow_one_another);
    ADD("bytes-that-were-never-accepted-are-overwritten",
        bytes_that_were_never_accepted_are_overwritten);
    ADD("what-stands-behind-a-patch-stays-until-it-is-accepted",
        what_stands_behind_a_patch_stays_until_it_is_accepted);
    ADD("an-append-waits-for-the-other", an_append_waits_for_the_other);
    ADD("an-append-that-waited-goes-to-the-log-of-now",
        an_append_that_waited_goes_to_the_log_of_now);
    ADD("an-absent-log-is-told-apart", an_absent_log_is_told_apart);
    ADD("a-removed-log-starts-anew", a_removed_log_starts_anew);
    return g_test_run();
}
