/* log_reader.h - the accepted bytes of a job's log, in pieces, whether it is packed or not. */
#ifndef PENSTOCK_RUNNER_LOG_READER_H
#define PENSTOCK_RUNNER_LOG_READER_H

#include "runner/log_pack.h"
#include "runner/trace_file.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct LogReader {
    int fd;        /* of a plain log, or -1 */
    LogPack *pack; /* a packed one, or NULL */
    int64_t size;  /* accepted */
} LogReader;

/* @size: jobs.trace_size; nothing past it is read.
 * Errors: ERR_NO_RECORD, there is no log; ERR_IO, a packed one is damaged. */
bool log_reader_open(LogReader *reader, TraceFiles *files, int64_t job_id, int64_t size,
                     Error *err);
void log_reader_close(LogReader *reader);
/* The descriptor of a plain log, the caller's from now on; -1: it is packed. */
int log_reader_take(LogReader *reader);

/* Up to @room bytes from @at on into @bytes, fewer only at the end.  @n: how many. */
bool log_reader_read(LogReader *reader, int64_t at, char *bytes, size_t room, size_t *n,
                     Error *err);

/* Where the last @lines lines begin, looking at the last @max_bytes bytes only: a log of longer lines
 * gives fewer of them, cut at a line's start where there is one.  A line end at the end of the log begins
 * no other line. */
bool log_reader_tail(LogReader *reader, int64_t lines, int64_t max_bytes, int64_t *start,
                     Error *err);

#endif
