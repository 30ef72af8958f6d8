/* zip_index.c - looks for "end of central directory" records (APPNOTE.TXT 4.3.14 to 4.3.16). */
#include "blob/zip_index.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    END_SIZE = 22,
    MAX_COMMENT = 65535,
    LOCATOR_SIZE = 20,
    WIDE_END_SIZE = 56,
    TAIL_SIZE = END_SIZE + MAX_COMMENT + LOCATOR_SIZE,
};

static uint64_t little(const unsigned char *at, int n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | at[n];
    return value;
}

static bool read_at(int fd, void *bytes, size_t n, int64_t at, Error *err)
{
    ssize_t got;

    do
        got = pread(fd, bytes, n, at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_errno(err, errno, "cannot read an archive");
    return (size_t)got == n || error_set(err, ERR_INVALID, "an archive is cut off");
}

/* The 64-bit record that the locator before a record names. */
static bool wide_size(int fd, const unsigned char *locator, uint64_t *size, Error *err)
{
    unsigned char end[WIDE_END_SIZE];
    uint64_t at = little(locator + 8, 8);

    if (memcmp(locator, "PK\6\7", 4) != 0 || at > INT64_MAX)
        return error_set(err, ERR_INVALID, "an archive has no 64-bit index");
    if (!read_at(fd, end, sizeof end, (int64_t)at, err))
        return false;
    *size = little(end + 40, 8);
    return memcmp(end, "PK\6\6", 4) == 0 ||
           error_set(err, ERR_INVALID, "an archive has no 64-bit index");
}

/* @at: a record's, in the @tail of the file. */
static bool check_record(int fd, const unsigned char *tail, size_t at, int64_t max, Error *err)
{
    const unsigned char *end = tail + at;
    uint64_t size = little(end + 12, 4);
    bool is_wide = size == UINT32_MAX || little(end + 10, 2) == UINT16_MAX ||
                   little(end + 16, 4) == UINT32_MAX;

    if (is_wide && at >= LOCATOR_SIZE && memcmp(end - LOCATOR_SIZE, "PK\6\7", 4) == 0 &&
        !wide_size(fd, end - LOCATOR_SIZE, &size, err))
        return false;
    return size <= (uint64_t)max ||
           error_set(err, ERR_TOO_LARGE,
                     "the index of an archive is larger than %" G_GINT64_FORMAT " bytes", max);
}

bool zip_index_check(int fd, int64_t max, Error *err)
{
    struct stat info;
    bool found = false;

    if (fstat(fd, &info) != 0)
        return error_errno(err, errno, "cannot read an archive");
    size_t n = (size_t)MIN((int64_t)info.st_size, (int64_t)TAIL_SIZE);
    g_autofree unsigned char *tail = g_malloc(n + 1);
    if (!read_at(fd, tail, n, info.st_size - (int64_t)n, err))
        return false;
    for (size_t at = 0; at + END_SIZE <= n; at++) {
        if (memcmp(tail + at, "PK\5\6", 4) != 0)
            continue;
        found = true;
        if (!check_record(fd, tail, at, max, err))
            return false;
    }
    return found || error_set(err, ERR_INVALID, "not a zip file");
}
