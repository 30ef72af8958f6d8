/* gunzip.c - zlib's inflate over all members of a file. */
#include "runner/gunzip.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 64 * 1024, GZIP_ONLY = 16 + MAX_WBITS };

typedef struct Gunzip {
    int fd;
    z_stream z;
    bool in_member; /* bytes of one have come, and not its end */
    bool stopped;
    int64_t *left;
    const GunzipSink *sink;
    unsigned char in[PIECE];
    unsigned char out[PIECE];
} Gunzip;

static bool fill(Gunzip *g, bool *at_end, Error *err)
{
    ssize_t n;

    do
        n = read(g->fd, g->in, sizeof g->in);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, errno, "cannot read a report");
    g->z.next_in = g->in;
    g->z.avail_in = (unsigned)n;
    *at_end = n == 0;
    return true;
}

static bool hand_on(Gunzip *g, Error *err)
{
    size_t n = sizeof g->out - g->z.avail_out;

    if ((int64_t)n > *g->left)
        return error_set(err, ERR_TOO_LARGE, "too large");
    *g->left -= (int64_t)n;
    if (n > 0 && !g->sink->bytes(g->sink->data, (const char *)g->out, n))
        g->stopped = true;
    return true;
}

static void end_member(Gunzip *g)
{
    g->in_member = false;
    (void)inflateReset(&g->z); /* fails only on a stream that was never set up */
    if (g->sink->member_end && !g->sink->member_end(g->sink->data))
        g->stopped = true;
}

/* All that is in the buffer. */
static bool inflate_some(Gunzip *g, Error *err)
{
    while (!g->stopped && g->z.avail_in > 0) {
        g->in_member = true;
        g->z.next_out = g->out;
        g->z.avail_out = sizeof g->out;
        int result = inflate(&g->z, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return error_set(err, ERR_INVALID, "not a gzip file, or damaged");
        if (!hand_on(g, err))
            return false;
        if (!g->stopped && result == Z_STREAM_END)
            end_member(g);
    }
    return true;
}

/* The last bytes of input may leave more in the decompressor than one buffer holds. */
static bool drain(Gunzip *g, Error *err)
{
    while (!g->stopped && g->in_member) {
        g->z.next_out = g->out;
        g->z.avail_out = sizeof g->out;
        int result = inflate(&g->z, Z_SYNC_FLUSH);
        bool is_stuck = g->z.avail_out == sizeof g->out && result != Z_STREAM_END;
        if (is_stuck || (result != Z_OK && result != Z_STREAM_END))
            return error_set(err, ERR_INVALID, "a gzip file that is cut off");
        if (!hand_on(g, err))
            return false;
        if (!g->stopped && result == Z_STREAM_END)
            end_member(g);
    }
    return true;
}

static bool read_all(Gunzip *g, Error *err)
{
    bool at_end = false;

    while (!g->stopped) {
        if (!fill(g, &at_end, err))
            return false;
        if (at_end)
            return drain(g, err);
        if (!inflate_some(g, err))
            return false;
    }
    return true;
}

bool gunzip_each(int fd, int64_t *left, const GunzipSink *sink, Error *err)
{
    g_autofree Gunzip *g = g_new0(Gunzip, 1);

    g->fd = fd;
    g->left = left;
    g->sink = sink;
    if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK)
        return error_set(err, ERR_INTERNAL, "zlib does not start");
    bool ok = read_all(g, err);
    (void)inflateEnd(&g->z); /* whatever it says, it is gone */
    return ok;
}
