/* Tests of byte_range.c. */
#include "api/byte_range.h"

#include <glib.h>

static void ranges_are_cut_to_what_is_there(void)
{
    static const struct {
        const char *header;
        int64_t size;
        RangeAnswer answer;
        int64_t start, length;
    } rows[] = {
        { NULL, 100, RANGE_WHOLE, 0, 100 },
        { "bytes=0-9", 100, RANGE_PART, 0, 10 },
        { "bytes=90-", 100, RANGE_PART, 90, 10 },
        { "bytes=90-1000", 100, RANGE_PART, 90, 10 },
        { "bytes=-10", 100, RANGE_PART, 90, 10 },
        { "bytes=-1000", 100, RANGE_PART, 0, 100 },
        { "bytes=100-", 100, RANGE_IMPOSSIBLE, 0, 100 },
        { "bytes=0-", 0, RANGE_IMPOSSIBLE, 0, 0 },
        { "bytes=-0", 100, RANGE_IMPOSSIBLE, 0, 100 },
        { "bytes=9-1", 100, RANGE_WHOLE, 0, 100 },
        { "bytes=0-1,3-4", 100, RANGE_WHOLE, 0, 100 },
        { "bytes=-", 100, RANGE_WHOLE, 0, 100 },
        { "lines=0-1", 100, RANGE_WHOLE, 0, 100 },
        { "bytes=99999999999999999999-", 100, RANGE_IMPOSSIBLE, 0, 100 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t start, length;
        g_assert_cmpint(byte_range_read(rows[i].header, rows[i].size, &start, &length), ==,
                        rows[i].answer);
        g_assert_cmpint(start, ==, rows[i].start);
        g_assert_cmpint(length, ==, rows[i].length);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/byte-range", ranges_are_cut_to_what_is_there);
    return g_test_run();
}
