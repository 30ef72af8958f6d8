/* What a log file keeps, cuts off and starts anew; how it is packed. */
#include "runner/log_reader.h"

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

/* --- packed ---------------------------------------------------------------------------------- */

static char *path_of(Fixture *f, const char *form)
{
    g_autofree char *name = g_strconcat("1234", form, NULL);

    return g_build_filename(f->dir, "1", name, NULL);
}

static bool has(Fixture *f, const char *form)
{
    g_autofree char *path = path_of(f, form);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void put(Fixture *f, const char *form, const char *text)
{
    g_autofree char *path = path_of(f, form);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void assert_packs(Fixture *f, int64_t size)
{
    bool done = false;

    g_assert_true(trace_files_pack(f->files, 1234, size, &done, NULL));
    g_assert_true(done);
    g_assert_false(has(f, ".log.zst.part"));
}

static void assert_reads(Fixture *f, const char *text)
{
    int64_t size = (int64_t)strlen(text);
    char bytes[64] = "";
    LogReader reader;
    size_t n;

    g_assert_true(log_reader_open(&reader, f->files, 1234, size, NULL));
    g_assert_true(log_reader_read(&reader, 0, bytes, sizeof bytes - 1, &n, NULL));
    g_assert_cmpstr(bytes, ==, text);
    log_reader_close(&reader);
}

static void a_packed_log_takes_the_place_of_the_plain_one(Fixture *f, const void *data)
{
    append(f, 0, "one\ntwo\nmore than was accepted\n");
    assert_packs(f, 8);
    g_assert_false(has(f, ".log"));
    g_assert_true(has(f, ".log.zst"));
    assert_reads(f, "one\ntwo\n");
    assert_packs(f, 8);
    assert_reads(f, "one\ntwo\n");
}

static void what_a_crash_left_half_packed_is_packed_anew(Fixture *f, const void *data)
{
    append(f, 0, "one\n");
    put(f, ".log.zst.part", "the beginning of something longer than what comes");
    assert_reads(f, "one\n");
    assert_packs(f, 4);
    g_assert_false(has(f, ".log"));
    assert_reads(f, "one\n");
}

static void a_crash_before_the_plain_one_went_does_no_harm(Fixture *f, const void *data)
{
    append(f, 0, "one\n");
    assert_packs(f, 4);
    append(f, 0, "one\n");
    assert_reads(f, "one\n");
    assert_packs(f, 4);
    g_assert_false(has(f, ".log"));
    assert_reads(f, "one\n");
}

static void a_log_that_is_held_is_left_to_who_holds_it(Fixture *f, const void *data)
{
    TraceFile file;
    bool done = true;

    append(f, 0, "one\n");
    g_assert_true(trace_file_open(f->files, 1234, &file, NULL));
    g_assert_true(trace_files_pack(f->files, 1234, 4, &done, NULL));
    g_assert_false(done);
    trace_file_close(&file);
    assert_holds(f, "one\n");
}

static void a_log_that_is_too_short_stays_plain(Fixture *f, const void *data)
{
    g_auto(Error) err = ERROR_INIT;
    bool done;

    append(f, 0, "one\n");
    g_assert_false(trace_files_pack(f->files, 1234, 5, &done, &err));
    g_assert_cmpint(err.code, ==, ERR_IO);
    g_assert_false(has(f, ".log.zst.part"));
    assert_holds(f, "one\n");
}

static void a_late_patch_does_not_hide_a_packed_log(Fixture *f, const void *data)
{
    TraceFile file;

    append(f, 0, "one\n");
    assert_packs(f, 4);
    g_assert_true(trace_file_open(f->files, 1234, &file, NULL)); /* makes an empty one */
    assert_reads(f, "one\n");
    trace_file_close(&file);
}

static void all_forms_of_a_log_are_removed(Fixture *f, const void *data)
{
    append(f, 0, "one\n");
    assert_packs(f, 4);
    append(f, 0, "one\n");
    put(f, ".log.zst.part", "half");
    g_assert_true(trace_files_remove(f->files, 1234, NULL));
    g_assert_false(has(f, ".log") || has(f, ".log.zst") || has(f, ".log.zst.part"));
    assert_packs(f, 4);
    g_assert_false(has(f, ".log.zst"));
}

static void a_packed_log_of_another_size_is_damaged(Fixture *f, const void *data)
{
    g_auto(Error) err = ERROR_INIT;
    LogReader reader;

    append(f, 0, "one\n");
    assert_packs(f, 3);
    g_assert_false(log_reader_open(&reader, f->files, 1234, 4, &err));
    g_assert_cmpint(err.code, ==, ERR_IO);
    g_assert_cmpstr(err.message, ==, "a packed log is damaged: it has 3 bytes, not 4");
}

typedef struct Race {
    Fixture *f;
    bool done;
    bool ok;
} Race;

static void *pack_log(void *data)
{
    Race *race = data;

    race->ok = trace_files_pack(race->f->files, 1234, 4, &race->done, NULL);
    return NULL;
}

static void several_pack_one_log_and_one_is_left(Fixture *f, const void *data)
{
    for (int i = 0; i < 50; i++) {
        Race races[3] = { { f }, { f }, { f } };
        GThread *threads[3];
        append(f, 0, "one\n");
        for (int t = 0; t < 3; t++)
            threads[t] = g_thread_new("pack", pack_log, &races[t]);
        for (int t = 0; t < 3; t++) {
            g_thread_join(threads[t]);
            g_assert_true(races[t].ok);
        }
        g_assert_true(races[0].done || races[1].done || races[2].done);
        assert_reads(f, "one\n");
        g_assert_false(has(f, ".log"));
    }
}

static void a_log_that_is_removed_while_it_is_packed_is_gone(Fixture *f, const void *data)
{
    for (int i = 0; i < 100; i++) {
        Race race = { f };
        append(f, 0, "one\n");
        GThread *thread = g_thread_new("pack", pack_log, &race);
        for (int turn = 0; turn < i; turn++)
            g_thread_yield();
        g_assert_true(trace_files_remove(f->files, 1234, NULL));
        g_thread_join(thread);
        g_assert_true(race.ok && race.done);
        g_assert_false(has(f, ".log") || has(f, ".log.zst") || has(f, ".log.zst.part"));
    }
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
    ADD("a-packed-log-takes-the-place-of-the-plain-one",
        a_packed_log_takes_the_place_of_the_plain_one);
    ADD("what-a-crash-left-half-packed-is-packed-anew",
        what_a_crash_left_half_packed_is_packed_anew);
    ADD("a-crash-before-the-plain-one-went-does-no-harm",
        a_crash_before_the_plain_one_went_does_no_harm);
    ADD("a-log-that-is-held-is-left-to-who-holds-it", a_log_that_is_held_is_left_to_who_holds_it);
    ADD("a-log-that-is-too-short-stays-plain", a_log_that_is_too_short_stays_plain);
    ADD("a-late-patch-does-not-hide-a-packed-log", a_late_patch_does_not_hide_a_packed_log);
    ADD("all-forms-of-a-log-are-removed", all_forms_of_a_log_are_removed);
    ADD("a-packed-log-of-another-size-is-damaged", a_packed_log_of_another_size_is_damaged);
    ADD("several-pack-one-log-and-one-is-left", several_pack_one_log_and_one_is_left);
    ADD("a-log-that-is-removed-while-it-is-packed-is-gone",
        a_log_that_is_removed_while_it_is_packed_is_gone);
    return g_test_run();
}
