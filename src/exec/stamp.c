/* stamp.c - one line held back at a time, and which streams stand in the middle of one. */
#include "exec/stamp.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_HELD = 16384, N_STREAMS = STAMP_SCRIPT + 1 };

struct Stamp {
    GString *held; /* of @stream: the beginning of a line */
    StampStream stream;
    bool continues[N_STREAMS]; /* the last line written of it was not at its end */
};

Stamp *stamp_new(void)
{
    Stamp *stamp = g_new0(Stamp, 1);

    stamp->held = g_string_new(NULL);
    return stamp;
}

void stamp_free(Stamp *stamp)
{
    if (!stamp)
        return;
    g_string_free(stamp->held, TRUE);
    g_free(stamp);
}

/* @whole: the line ends with these bytes. */
static void write_line(Stamp *stamp, int64_t now_us, bool whole, GString *out)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
    bool *continues = &stamp->continues[stamp->stream];

    g_string_append_printf(out, "%s.%06dZ %02xO%c", text, (int)(now_us % G_USEC_PER_SEC),
                           (unsigned)stamp->stream, *continues ? '+' : ' ');
    g_string_append_len(out, stamp->held->str, (gssize)stamp->held->len);
    g_string_append_c(out, '\n');
    g_string_truncate(stamp->held, 0);
    *continues = !whole;
}

void stamp_flush(Stamp *stamp, int64_t now_us, GString *out)
{
    if (stamp->held->len > 0)
        write_line(stamp, now_us, false, out);
}

void stamp_feed(Stamp *stamp, StampStream stream, int64_t now_us, const GString *bytes,
                GString *out)
{
    const char *at = bytes->str, *end = bytes->str + bytes->len;

    if (stream != stamp->stream)
        stamp_flush(stamp, now_us, out);
    stamp->stream = stream;
    for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
        g_string_append_len(stamp->held, at, newline - at);
        write_line(stamp, now_us, true, out);
    }
    g_string_append_len(stamp->held, at, end - at);
    if (stamp->held->len > MAX_HELD || memchr(stamp->held->str, '\r', stamp->held->len))
        stamp_flush(stamp, now_us, out);
}
