/* What a packed log gives back, and what it says when it is damaged. */
#include "runner/log_pack.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

typedef struct Fixture {
    char *dir;
    char *plain;
    char *packed;
    GString *log;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    f->dir = g_dir_make_tmp("penstock-packs-XXXXXX", NULL);
    f->plain = g_build_filename(f->dir, "plain", NULL);
    f->packed = g_build_filename(f->dir, "packed", NULL);
    f->log = g_string_new(NULL);
}

static void tear_down(Fixture *f, const void *data)
{
    g_unlink(f->plain);
    g_unlink(f->packed);
    g_rmdir(f->dir);
    g_free(f->dir);
    g_free(f->plain);
    g_free(f->packed);
    g_string_free(f->log, TRUE);
}

/* Lines of which no two are alike. */
static void make_log(Fixture *f, size_t size)
{
    for (unsigned i = 0; f->log->len < size; i++)
        g_string_append_printf(f->log, "%08x line %u\n", i * 2654435761u, i);
    g_string_truncate(f->log, size);
    g_assert_true(g_file_set_contents(f->plain, f->log->str, (gssize)f->log->len, NULL));
}

static bool pack(Fixture *f, int64_t size, Error *err)
{
    int from = open(f->plain, O_RDONLY | O_CLOEXEC);
    int to = open(f->packed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    g_assert_cmpint(from, >=, 0);
    g_assert_cmpint(to, >=, 0);
    bool ok = log_pack_write(from, size, to, err);
    close(from);
    close(to);
    return ok;
}

static LogPack *open_pack(Fixture *f, Error *err)
{
    int fd = open(f->packed, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return log_pack_open(fd, err);
}

static void assert_reads(Fixture *f, LogPack *pack, int64_t at, size_t room)
{
    g_autofree char *bytes = g_malloc(room + 1);
    int64_t left = (int64_t)f->log->len - at;
    size_t wanted = left > 0 ? MIN(room, (size_t)left) : 0, n;

    g_assert_true(log_pack_read(pack, at, bytes, room, &n, NULL));
    g_assert_cmpuint(n, ==, wanted);
    g_assert_true(n == 0 || memcmp(bytes, f->log->str + at, n) == 0);
}

static const int64_t sizes[] = { 1,
                                 100,
                                 LOG_FRAME_BYTES - 1,
                                 LOG_FRAME_BYTES,
                                 LOG_FRAME_BYTES + 1,
                                 3 * LOG_FRAME_BYTES,
                                 3 * LOG_FRAME_BYTES + 777 };

static void every_offset_is_found(Fixture *f, const void *data)
{
    static const size_t rooms[] = { 1, 4096, 65536, LOG_FRAME_BYTES, 2 * LOG_FRAME_BYTES + 3 };

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        make_log(f, (size_t)sizes[i]);
        g_assert_true(pack(f, sizes[i], NULL));
        g_autoptr(LogPack) log = open_pack(f, NULL);
        g_assert_nonnull(log);
        g_assert_cmpint(log_pack_size(log), ==, sizes[i]);
        for (size_t room = 0; room < G_N_ELEMENTS(rooms); room++)
            for (int64_t at = 0; at < sizes[i] + 2; at += 1 + sizes[i] / 17)
                assert_reads(f, log, at, rooms[room]);
        for (int64_t frame = 0; frame <= sizes[i]; frame += LOG_FRAME_BYTES)
            for (int64_t at = MAX(frame - 3, 0); at < frame + 3; at++)
                assert_reads(f, log, at, 5);
        g_string_truncate(f->log, 0);
    }
}

static void any_byte_may_follow_any_other(Fixture *f, const void *data)
{
    make_log(f, 2 * LOG_FRAME_BYTES + 100);
    g_assert_true(pack(f, (int64_t)f->log->len, NULL));
    g_autoptr(LogPack) log = open_pack(f, NULL);
    for (int64_t at = (int64_t)f->log->len - 1; at >= 0; at -= 4099)
        assert_reads(f, log, at, 1);
}

/* As `zstd -d` does: frame by frame, over what is to be skipped. */
static void any_zstd_reads_it(Fixture *f, const void *data)
{
    g_autofree char *bytes = NULL;
    size_t n;

    make_log(f, 2 * LOG_FRAME_BYTES + 5);
    g_assert_true(pack(f, (int64_t)f->log->len, NULL));
    g_assert_true(g_file_get_contents(f->packed, &bytes, &n, NULL));
    g_assert_cmpuint(n, <, f->log->len);
    g_autofree char *plain = g_malloc(f->log->len + 1);
    g_assert_cmpuint(ZSTD_decompress(plain, f->log->len + 1, bytes, n), ==, f->log->len);
    g_assert_cmpint(memcmp(plain, f->log->str, f->log->len), ==, 0);
}

static void what_was_never_accepted_is_left_out(Fixture *f, const void *data)
{
    make_log(f, 1000);
    g_assert_true(pack(f, 600, NULL));
    g_autoptr(LogPack) log = open_pack(f, NULL);
    g_assert_cmpint(log_pack_size(log), ==, 600);
    g_string_truncate(f->log, 600);
    assert_reads(f, log, 0, 1000);
}

static void a_log_that_is_too_short_is_not_packed(Fixture *f, const void *data)
{
    g_auto(Error) err = ERROR_INIT;

    make_log(f, 1000);
    g_assert_false(pack(f, 1001, &err));
    g_assert_cmpint(err.code, ==, ERR_IO);
    g_assert_cmpstr(err.message, ==, "a log ends before what was accepted");
}

/* --- damage ---------------------------------------------------------------------------------- */

static void make_pack(Fixture *f, char **bytes, size_t *n)
{
    make_log(f, 2 * LOG_FRAME_BYTES + 5);
    g_assert_true(pack(f, (int64_t)f->log->len, NULL));
    g_assert_true(g_file_get_contents(f->packed, bytes, n, NULL));
}

static void a_damaged_frame_is_named_and_the_others_are_read(Fixture *f, const void *data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *bytes = NULL;
    char found[10];
    size_t n, got;

    make_pack(f, &bytes, &n);
    bytes[n / 2] ^= 0x10; /* the first two frames are nearly all of it */
    g_assert_true(g_file_set_contents(f->packed, bytes, (gssize)n, NULL));
    g_autoptr(LogPack) log = open_pack(f, NULL);
    g_assert_nonnull(log);
    bool first = log_pack_read(log, 0, found, sizeof found, &got, &err);
    bool second = first && log_pack_read(log, LOG_FRAME_BYTES, found, sizeof found, &got, &err);
    g_assert_false(second);
    g_assert_cmpint(err.code, ==, ERR_IO);
    g_autofree char *begin =
        g_strdup_printf("a packed log is damaged in frame %d of 3: ", first ? 2 : 1);
    g_assert_true(g_str_has_prefix(err.message, begin));
    assert_reads(f, log, 2 * LOG_FRAME_BYTES, 10);
    assert_reads(f, log, first ? 0 : LOG_FRAME_BYTES, 10);
}

static void a_file_that_is_cut_anywhere_is_refused(Fixture *f, const void *data)
{
    g_autofree char *bytes = NULL;
    size_t n;

    make_pack(f, &bytes, &n);
    for (size_t length = 0; length < n; length += length + 60 < n ? 1 + n / 50 : 1) {
        g_auto(Error) err = ERROR_INIT;
        g_assert_true(g_file_set_contents(f->packed, bytes, (gssize)length, NULL));
        g_assert_null(open_pack(f, &err));
        g_assert_cmpint(err.code, ==, ERR_IO);
        g_assert_cmpstr(err.message, ==, "a packed log is damaged: its index is not whole");
    }
}

static void an_index_with_any_wrong_bit_does_no_harm(Fixture *f, const void *data)
{
    g_autofree char *bytes = NULL;
    size_t n;

    make_pack(f, &bytes, &n);
    for (size_t bit = (n - 41) * 8; bit < n * 8; bit++) {
        g_auto(Error) err = ERROR_INIT;
        bytes[bit / 8] ^= (char)(1 << (bit % 8));
        g_assert_true(g_file_set_contents(f->packed, bytes, (gssize)n, NULL));
        bytes[bit / 8] ^= (char)(1 << (bit % 8));
        g_autoptr(LogPack) log = open_pack(f, &err);
        g_autofree char *found = g_malloc(f->log->len);
        size_t got;
        g_assert_true(!log || log_pack_size(log) != (int64_t)f->log->len ||
                      !log_pack_read(log, 0, found, f->log->len, &got, &err));
        g_assert_true(!err.message || err.code == ERR_IO);
    }
}

#define ADD(name, func) g_test_add("/runner/log-pack/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("every-offset-is-found", every_offset_is_found);
    ADD("any-byte-may-follow-any-other", any_byte_may_follow_any_other);
    ADD("any-zstd-reads-it", any_zstd_reads_it);
    ADD("what-was-never-accepted-is-left-out", what_was_never_accepted_is_left_out);
    ADD("a-log-that-is-too-short-is-not-packed", a_log_that_is_too_short_is_not_packed);
    ADD("a-damaged-frame-is-named-and-the-others-are-read",
        a_damaged_frame_is_named_and_the_others_are_read);
    ADD("a-file-that-is-cut-anywhere-is-refused", a_file_that_is_cut_anywhere_is_refused);
    ADD("an-index-with-any-wrong-bit-does-no-harm", an_index_with_any_wrong_bit_does_no_harm);
    return g_test_run();
}
