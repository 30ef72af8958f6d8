/* trace.c - bytes to the file first, then their count to the database. */
#include "runner/trace.h"

#include "base/topics.h"
#include "pipeline/operations.h"
#include "runner/report.h"
#include "store/job_queue.h"

#include <string.h>

typedef struct Accept {
    const Site *site;
    const Job *job;
    int64_t old_size;
    int64_t size;
    bool debug;
    bool found;
} Accept;

static bool accept_size(Db *db, void *data, Error *err)
{
    Accept *a = data;

    return job_move_trace_end(db, a->job->id, a->job->token_hash, a->old_size, a->size, a->debug,
                              clock_now(a->site->clock), &a->found, err);
}

/* Whether the file, whose lock is held, may be written to; sets @size to what was accepted so far. */
static bool may_append(const Site *site, const Job *job, const TracePatch *patch, int64_t *size,
                       Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(Db) db = database_reader(site->database);
    Job now;

    if (!job_get(db, arena, job->id, &now, err))
        return false;
    *size = now.trace_size;
    if (!job_is_held(&now) || g_strcmp0(now.token_hash, job->token_hash) != 0)
        return error_set(err, ERR_FORBIDDEN, NULL);
    return patch->start == *size || error_set(err, ERR_RANGE, NULL);
}

/* The caller holds the file's lock, so no living server moves the size between look and write.  One
 * that died may have left a commit under way: the size then moved in between, and this patch is
 * the repetition of the one accepted, or part of it. */
static bool append(const Site *site, TraceFile *file, const Job *job, const TracePatch *patch,
                   int64_t *size, Error *err)
{
    Accept a = { .site = site,
                 .job = job,
                 .old_size = *size,
                 .size = *size + (int64_t)patch->n,
                 .debug = patch->debug || job->debug_trace };

    if (!trace_file_write(file, *size, patch->bytes, patch->n, err) ||
        !database_write(site->database, accept_size, &a, err))
        return false;
    if (!a.found)
        return may_append(site, job, patch, size, err) && error_set(err, ERR_RANGE, NULL);
    *size = a.size;
    trace_file_cut(file, *size);
    topics_tell(site->topics, TOPIC_LOG, job->id);
    return true;
}

/* Says in the log why it ends, and fails the job. */
static bool refuse_too_large(const Site *site, TraceFile *file, const Job *job, int64_t *size,
                             Error *err)
{
    int64_t limit = site->settings->max_trace_bytes;
    g_autofree char *notice =
        g_strdup_printf("\n\033[31;1mThe job's log is larger than the limit of %" G_GINT64_FORMAT
                        " bytes (max-trace-bytes): the job is ended.\033[0;m\n",
                        limit);
    TracePatch patch = { .start = *size, .bytes = notice, .n = strlen(notice) };

    if (!append(site, file, job, &patch, size, err) ||
        !operation_fail_job(site, job, FAILURE_TRACE_SIZE, err))
        return false;
    return error_set(err, ERR_TOO_LARGE, "the log is past max-trace-bytes, %" G_GINT64_FORMAT,
                     limit);
}

bool trace_append(const Site *site, TraceFiles *files, const Job *job, const TracePatch *patch,
                  int64_t *size, Error *err)
{
    TraceFile file = { -1 };
    bool ok;

    *size = job->trace_size;
    if (!trace_file_open(files, job->id, &file, err))
        return false;
    ok = may_append(site, job, patch, size, err);
    if (ok && *size + (int64_t)patch->n > site->settings->max_trace_bytes)
        ok = refuse_too_large(site, &file, job, size, err);
    else if (ok)
        ok = append(site, &file, job, patch, size, err);
    trace_file_close(&file);
    return ok;
}
