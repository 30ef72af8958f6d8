/* log_pack.h - the form of packed logs: zstd's seekable format.
 *
 * Frames of 256 KiB of the log, each compressed alone and with a checksum, then a skippable frame that lists
 * their sizes.  `zstd -d` reads such a file as any other.  Pure but for the files it is given.
 */
#ifndef PENSTOCK_RUNNER_LOG_PACK_H
#define PENSTOCK_RUNNER_LOG_PACK_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { LOG_FRAME_BYTES = 256 * 1024 };

/* Packs the first @size bytes of @from into @to, an empty file, and returns when they are on disk.
 * ERR_IO also where @from is shorter. */
bool log_pack_write(int from, int64_t size, int to, Error *err);

typedef struct LogPack LogPack;

/* Takes @fd, also where it fails: ERR_IO, it cannot be read or is not whole. */
LogPack *log_pack_open(int fd, Error *err);
void log_pack_free(LogPack *pack); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogPack, log_pack_free)

/* Of the log in it. */
int64_t log_pack_size(const LogPack *pack);

/* Up to @room bytes of the log from @at on, fewer only at its end; @n: how many.  One unpacked frame is
 * kept, so reading on, or back within it, unpacks each frame once.
 * ERR_IO: a frame is damaged; the message says which. */
bool log_pack_read(LogPack *pack, int64_t at, char *bytes, size_t room, size_t *n, Error *err);

#endif
