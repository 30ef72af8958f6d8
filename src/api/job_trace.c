/* job_trace.c - a job's log as text: whole, by Range, or its last lines. */
#include "api/byte_range.h"
#include "api/job_log.h"
#include "base/log.h"
#include "runner/log_reader.h"

/* Of the last lines: so that looking for them stays a bounded read. */
enum { MAX_TAIL_LINES = 10000, MAX_TAIL_BYTES = 4 * 1024 * 1024 };

const Param log_params[] = {
    { "job_id", PARAM_INT },
    { "tail", PARAM_INT, .min = 1, .max = MAX_TAIL_LINES },
    { 0 },
};

static bool reply_impossible(Req *rq, int64_t size)
{
    req_reply_header(rq, "Content-Range",
                     arena_printf(rq->arena, "bytes */%" G_GINT64_FORMAT, size));
    return reply_bytes(rq, 416, "text/plain", "", 0);
}

/* `tail` is stronger than Range. */
static bool find_range(Req *rq, LogReader *reader, RangeAnswer *answer, int64_t *start,
                       int64_t *length, Error *err)
{
    if (!req_has(rq, "tail")) {
        *answer = byte_range_read(req_header(rq, "Range"), reader->size, start, length);
        return true;
    }
    if (!log_reader_tail(reader, req_int(rq, "tail"), MAX_TAIL_BYTES, start, err))
        return false;
    *length = reader->size - *start;
    *answer = RANGE_PART;
    return true;
}

/* --- a packed log, unpacked as the client takes it --- */

static ssize_t read_packed(void *data, int64_t at, char *bytes, size_t room)
{
    g_auto(Error) err = ERROR_INIT;
    size_t n;

    if (log_reader_read(data, at, bytes, room, &n, &err))
        return (ssize_t)n;
    log_error(&err, "a log cannot be sent to its end");
    return -1;
}

static void free_packed(void *data)
{
    log_reader_close(data);
    g_free(data);
}

static bool reply_packed(Req *rq, int status, LogReader *reader, int64_t start, int64_t length)
{
    const ReplySource source = { .read = read_packed,
                                 .free = free_packed,
                                 .data = g_memdup2(reader, sizeof *reader) };

    *reader = (LogReader){ .fd = -1 };
    return reply_pulled(rq, status, "text/plain", &source, start, length);
}

/* A first frame that is damaged can still be told as an error. */
static bool can_begin(LogReader *reader, int64_t start, Error *err)
{
    char first;
    size_t n;

    return !reader->pack || log_reader_read(reader, start, &first, 1, &n, err);
}

/* --- any log --- */

/* The accepted bytes and no more: what stands in the file past them was never acknowledged. */
static bool reply_log(Req *rq, LogReader *reader, Error *err)
{
    int64_t start, length, size = reader->size;
    RangeAnswer answer;

    if (!find_range(rq, reader, &answer, &start, &length, err))
        return false;
    if (answer == RANGE_IMPOSSIBLE)
        return reply_impossible(rq, size);
    if (!can_begin(reader, start, err))
        return false;
    if (answer == RANGE_PART)
        req_reply_header(rq, "Content-Range",
                         arena_printf(rq->arena,
                                      "bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT
                                      "/%" G_GINT64_FORMAT,
                                      start, start + length - 1, size));
    int status = answer == RANGE_PART ? 206 : 200;
    if (reader->pack)
        return reply_packed(rq, status, reader, start, length);
    return reply_file(rq, status, "text/plain", log_reader_take(reader), start, length);
}

bool job_trace(Req *rq, Error *err)
{
    LogReader reader;
    Job job;

    if (!find_readable_log(rq, &job, err))
        return false;
    req_reply_header(rq, "Accept-Ranges", "bytes");
    req_reply_header(
        rq, "Content-Disposition",
        arena_printf(rq->arena, "infile; filename=\"%" G_GINT64_FORMAT ".log\"", job.id));
    if (job.trace_size == 0) {
        int64_t start, length;
        return byte_range_read(req_header(rq, "Range"), 0, &start, &length) == RANGE_IMPOSSIBLE
                   ? reply_impossible(rq, 0)
                   : reply_bytes(rq, 200, "text/plain", "", 0);
    }
    if (!log_reader_open(&reader, api_of(rq)->traces, job.id, job.trace_size, err))
        return false;
    bool ok = reply_log(rq, &reader, err);
    log_reader_close(&reader);
    return ok;
}
