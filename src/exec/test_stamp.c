/* Tests of stamp.c. */
#include "exec/stamp.h"

#include <string.h>

#define AT "2026-08-22T10:00:00.000250Z "

static const int64_t noon = 1787392800000250;

static void feed(Stamp *stamp, StampStream stream, const char *text, GString *out)
{
    g_autoptr(GString) bytes = g_string_new(text);

    stamp_feed(stamp, stream, noon, bytes, out);
}

static void each_line_gets_time_and_stream(void)
{
    g_autoptr(Stamp) stamp = stamp_new();
    g_autoptr(GString) out = g_string_new(NULL);

    feed(stamp, STAMP_RUNNER, "one\n\nt", out);
    feed(stamp, STAMP_RUNNER, "wo\n", out);
    g_assert_cmpstr(out->str, ==, AT "00O one\n" AT "00O \n" AT "00O two\n");
}

static void progress_is_shown_at_once_and_continued(void)
{
    g_autoptr(Stamp) stamp = stamp_new();
    g_autoptr(GString) out = g_string_new(NULL);

    feed(stamp, STAMP_SCRIPT, "5%\r", out);
    g_assert_cmpstr(out->str, ==, AT "01O 5%\r\n");
    g_string_truncate(out, 0);
    feed(stamp, STAMP_SCRIPT, "9%\ndone\n", out);
    g_assert_cmpstr(out->str, ==, AT "01O+9%\n" AT "01O done\n");
}

static void another_stream_ends_no_line_of_the_first(void)
{
    g_autoptr(Stamp) stamp = stamp_new();
    g_autoptr(GString) out = g_string_new(NULL);

    feed(stamp, STAMP_SCRIPT, "no end", out);
    g_assert_cmpstr(out->str, ==, "");
    feed(stamp, STAMP_RUNNER, "said\n", out);
    feed(stamp, STAMP_SCRIPT, " yet\n", out);
    g_assert_cmpstr(out->str, ==, AT "01O no end\n" AT "00O said\n" AT "01O+ yet\n");
}

static void a_long_line_is_not_held_for_ever(void)
{
    g_autoptr(Stamp) stamp = stamp_new();
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *text = g_strnfill(20000, 'x');

    feed(stamp, STAMP_SCRIPT, text, out);
    g_assert_cmpuint(out->len, ==, 32 + 20000 + 1);
    stamp_flush(stamp, noon, out);
    g_assert_cmpuint(out->len, ==, 32 + 20000 + 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/stamp/each-line-gets-time-and-stream", each_line_gets_time_and_stream);
    g_test_add_func("/exec/stamp/progress-is-shown-at-once-and-continued",
                    progress_is_shown_at_once_and_continued);
    g_test_add_func("/exec/stamp/another-stream-ends-no-line-of-the-first",
                    another_stream_ends_no_line_of_the_first);
    g_test_add_func("/exec/stamp/a-long-line-is-not-held-for-ever",
                    a_long_line_is_not_held_for_ever);
    return g_test_run();
}
