/* log_reader.c - reads at offsets; no state is kept between them. */
#include "runner/log_reader.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

/* A patch that came too late may have made a new file, beside the packed one. */
static bool holds_all(int fd, int64_t size)
{
    struct stat info;

    return fstat(fd, &info) == 0 && info.st_size >= size;
}

static LogPack *open_packed(TraceFiles *files, int64_t job_id, int64_t size, Error *err)
{
    int fd = trace_files_read_packed(files, job_id, err);
    g_autoptr(LogPack) pack = fd >= 0 ? log_pack_open(fd, err) : NULL;

    if (pack && log_pack_size(pack) != size) {
        error_set(err, ERR_IO,
                  "a packed log is damaged: it has %" G_GINT64_FORMAT
                  " bytes, not %" G_GINT64_FORMAT,
                  log_pack_size(pack), size);
        return NULL;
    }
    return g_steal_pointer(&pack);
}

bool log_reader_open(LogReader *reader, TraceFiles *files, int64_t job_id, int64_t size, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    int fd = trace_files_read(files, job_id, &failed);

    *reader = (LogReader){ .fd = fd, .size = size };
    if (fd >= 0 && holds_all(fd, size))
        return true;
    if (fd < 0 && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    reader->pack = open_packed(files, job_id, size, &failed);
    if (!reader->pack && fd >= 0 && failed.code == ERR_NO_RECORD)
        return true; /* what is left of it; reading past that fails */
    if (fd >= 0)
        close(fd);
    reader->fd = -1;
    return reader->pack || error_move(err, &failed);
}

void log_reader_close(LogReader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    g_clear_pointer(&reader->pack, log_pack_free);
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

    if (reader->pack)
        return log_pack_read(reader->pack, at, bytes, wanted, n, err);
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
