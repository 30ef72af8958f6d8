/* Which archives are opened at all. */
#include "blob/zip_index.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void put(GByteArray *out, uint64_t value, int n)
{
    for (; n > 0; n--, value >>= 8)
        g_byte_array_append(out, &(guint8){ (guint8)value }, 1);
}

/* The record at the end, which tells of an index of @size bytes. */
static void put_end(GByteArray *out, uint64_t size, uint64_t comment)
{
    g_byte_array_append(out, (const guint8 *)"PK\5\6", 4);
    put(out, 0, 4);
    put(out, 1, 2);
    put(out, 1, 2);
    put(out, size, 4);
    put(out, 0, 4);
    put(out, comment, 2);
}

static ErrCode check(const GByteArray *bytes, int64_t max)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("penstock-zip-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_unlink(path);
    g_assert_cmpint(write(fd, bytes->data, bytes->len), ==, (gssize)bytes->len);
    bool ok = zip_index_check(fd, max, &err);
    close(fd);
    g_assert_true(ok == (err.code == ERR_NONE));
    return err.code;
}

static void a_large_index_is_refused(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    put_end(bytes, 1000, 0);
    g_assert_cmpint(check(bytes, 1000), ==, ERR_NONE);
    g_assert_cmpint(check(bytes, 999), ==, ERR_TOO_LARGE);
}

static void a_second_record_in_the_comment_counts_too(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    put_end(bytes, 100000, 22);
    put_end(bytes, 10, 0);
    g_assert_cmpint(check(bytes, 1000), ==, ERR_TOO_LARGE);
}

static void a_64_bit_index_counts(void)
{
    for (int i = 0; i < 2; i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_byte_array_append(bytes, (const guint8 *)"PK\6\6", 4);
        put(bytes, 0, 36);
        put(bytes, i == 0 ? 500 : 5000, 8);
        put(bytes, 0, 8);
        g_byte_array_append(bytes, (const guint8 *)"PK\6\7", 4);
        put(bytes, 0, 4);
        put(bytes, 0, 8);
        put(bytes, 1, 4);
        put_end(bytes, UINT32_MAX, 0);
        g_assert_cmpint(check(bytes, 1000), ==, i == 0 ? ERR_NONE : ERR_TOO_LARGE);
    }
}

static void what_is_no_zip_is_refused(void)
{
    static const char *const texts[] = { "", "no zip", "PK\5\6 cut off" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_byte_array_append(bytes, (const guint8 *)texts[i], (guint)strlen(texts[i]));
        g_assert_cmpint(check(bytes, 1000), ==, ERR_INVALID);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blob/zip-index/a-large-index-is-refused", a_large_index_is_refused);
    g_test_add_func("/blob/zip-index/a-second-record-in-the-comment-counts-too",
                    a_second_record_in_the_comment_counts_too);
    g_test_add_func("/blob/zip-index/a-64-bit-index-counts", a_64_bit_index_counts);
    g_test_add_func("/blob/zip-index/what-is-no-zip-is-refused", what_is_no_zip_is_refused);
    return g_test_run();
}
