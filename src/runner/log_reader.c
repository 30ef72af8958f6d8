/* log_reader.c - reads at offsets; no state is kept between them. */
#include "runner/log_reader.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

bool log_reader_open(LogReader *reader, TraceFiles *files, int64_t job_id, int64_t size, Error *err)
{
    *reader = (LogReader){ .fd = trace_files_read(files, job_id, err), .size = size };
    return reader->fd >= 0;
}

void log_reader_close(LogReader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
}

int log_reader_take(LogReader *reader)
{
    int fd = reader->fd;

    reader->fd = -1;
    return fd;
}

bool log_reader_read(LogReader *reader, int64_t at, char *bytes, size_t room, size_t *n, Error *err)
{
    size_t wanted = at < reader->size ? (size_t)MIN((int64_t)room, reader->size - at) : 0;

    *n = 0;
    while (*n < wanted) {
        ssize_t got = pread(reader->fd, bytes + *n, wanted - *n, at + (int64_t)*n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_errno(err, got < 0 ? errno : EIO, "cannot read a log");
        *n += (size_t)got;
    }
    return true;
}

bool log_reader_tail(LogReader *reader, int64_t lines, int64_t max_bytes, int64_t *start,
                     Error *err)
{
    int64_t lowest = MAX(reader->size - max_bytes, 0);
    int64_t left = lines;
    int64_t first_line = reader->size; /* the earliest line's start seen so far */
    char block[BLOCK];
    size_t n;

    *start = reader->size;
    if (lines <= 0)
        return true;
    for (int64_t end = reader->size; end > lowest;) {
        int64_t at = MAX(end - BLOCK, lowest);
        if (!log_reader_read(reader, at, block, (size_t)(end - at), &n, err))
            return false;
        for (size_t i = n; i-- > 0;) {
            int64_t next = at + (int64_t)i + 1;
            if (block[i] != '\n' || next == reader->size)
                continue;
            first_line = next;
            if (--left == 0) {
                *start = next;
                return true;
            }
        }
        end = at;
    }
    /* No further back: the whole log, or what begins with a line of its last bytes. */
    *start = lowest == 0 ? 0 : first_line < reader->size ? first_line : lowest;
    return true;
}
