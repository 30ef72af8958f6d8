/* gunzip.h - reports as runners send them: gzip, one member a file, read bounded.
 *
 * What comes out of the decompressor is handed on piece by piece, so memory stays flat whatever a
 * file claims to hold.
 */
#ifndef PENSTOCK_RUNNER_GUNZIP_H
#define PENSTOCK_RUNNER_GUNZIP_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Both answer false to stop. */
typedef struct GunzipSink {
    bool (*bytes)(void *data, const char *bytes, size_t n);
    bool (*member_end)(void *data); /* a file ends here; NULL: nobody asks */
    void *data;
} GunzipSink;

/* Reads @fd to its end. @left: bytes that may come out of it, what did is taken off.
 * Errors: ERR_INVALID (no gzip, damaged, cut off), ERR_TOO_LARGE (more than @left), ERR_IO.  Where the sink stops it,
 * the answer is true. */
bool gunzip_each(int fd, int64_t *left, const GunzipSink *sink, Error *err);

#endif
