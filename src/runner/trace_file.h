/* trace_file.h - the bytes of job logs: one plain file an attempt, and some time after its end a packed one.
 *
 * The accepted size is the database's (jobs.trace_size): what stands in a plain file past it was never
 * acknowledged and is overwritten by the next append.
 */
#ifndef PENSTOCK_RUNNER_TRACE_FILE_H
#define PENSTOCK_RUNNER_TRACE_FILE_H

#include "base/error.h"

#include <stdint.h>

typedef struct TraceFiles TraceFiles;

/* @dir is made if absent. */
TraceFiles *trace_files_new(const char *dir, Error *err);
void trace_files_free(TraceFiles *files);

/* An open log, locked against other appends (also of other servers) until trace_file_close(). */
typedef struct TraceFile {
    int fd;
} TraceFile;

/* ERR_UNAVAILABLE: another append has held the lock for ten seconds. */
bool trace_file_open(TraceFiles *files, int64_t job_id, TraceFile *file, Error *err);
void trace_file_close(TraceFile *file);

/* Writes at @offset and returns when the bytes are on disk.  What stands behind them stays: it may
 * have been accepted for a server that died over it. */
bool trace_file_write(TraceFile *file, int64_t offset, const void *bytes, size_t n, Error *err);

/* Takes away what stands past the accepted @size.  Only tidies up: nobody reads that far. */
void trace_file_cut(TraceFile *file, int64_t size);

/* For reading, the caller's; -1 with ERR_NO_RECORD: there is no log (yet), or it is packed.  Who reads looks
 * for the plain one first: the packed one is there before that goes. */
int trace_files_read(TraceFiles *files, int64_t job_id, Error *err);
int trace_files_read_packed(TraceFiles *files, int64_t job_id, Error *err);

/* Puts the packed form (log_pack.h) of the first @size bytes of a log in its place; the log is of a job that has
 * ended.  Durable when it returns; what a crash leaves in between is a whole log, and doing it again does
 * the rest.  @done: the log is packed now, or there is none; else another one is just packing it. */
bool trace_files_pack(TraceFiles *files, int64_t job_id, int64_t size, bool *done, Error *err);

/* In any form; also while it is being packed.  An absent one is no error. */
bool trace_files_remove(TraceFiles *files, int64_t job_id, Error *err);

#endif
