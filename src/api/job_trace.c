/* job_trace.c - a job's log as text, whole or by Range. */
#include "api/byte_range.h"
#include "api/caller.h"
#include "api/pipelines.h"

static bool reply_impossible(Req *rq, int64_t size)
{
    req_reply_header(rq, "Content-Range",
                     arena_printf(rq->arena, "bytes */%" G_GINT64_FORMAT, size));
    return reply_bytes(rq, 416, "text/plain", "", 0);
}

/* The accepted bytes and no more: what stands in the file past them was never acknowledged. */
static bool reply_log(Req *rq, const Job *job, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    int64_t start, length, size = job->trace_size;
    RangeAnswer answer = byte_range_read(req_header(rq, "Range"), size, &start, &length);

    if (answer == RANGE_IMPOSSIBLE)
        return reply_impossible(rq, size);
    if (size == 0)
        return reply_bytes(rq, 200, "text/plain", "", 0);
    int fd = trace_files_read(api_of(rq)->traces, job->id, &failed);
    if (fd < 0)
        return error_move(err, &failed);
    if (answer == RANGE_PART)
        req_reply_header(rq, "Content-Range",
                         arena_printf(rq->arena,
                                      "bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT
                                      "/%" G_GINT64_FORMAT,
                                      start, start + length - 1, size));
    return reply_file(rq, answer == RANGE_PART ? 206 : 200, "text/plain", fd, start, length);
}

bool job_trace(Req *rq, Error *err)
{
    Job job;

    if (!find_job(rq, &job, err))
        return false;
    if (job.debug_trace && !caller_require(rq, CAN_READ_DEBUG_TRACES, err))
        return false;
    if (job.erased_at)
        job.trace_size = 0;
    req_reply_header(rq, "Accept-Ranges", "bytes");
    req_reply_header(
        rq, "Content-Disposition",
        arena_printf(rq->arena, "infile; filename=\"%" G_GINT64_FORMAT ".log\"", job.id));
    return reply_log(rq, &job, err);
}
