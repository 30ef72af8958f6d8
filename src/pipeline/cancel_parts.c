/* cancel_parts.c - one process_run() a part. */
#include "pipeline/cancel_parts.h"

#include "pipeline/cancel.h"

/* @attempts 0: any server may begin with it at once; 1: this one is at it. */
static bool owe_rest(Process *p, int64_t attempts, int64_t *work_id, Error *err)
{
    DownstreamWork work = { .kind = DOWNSTREAM_CANCEL_REST,
                            .pipeline_id = p->pipeline.id,
                            .attempts = attempts,
                            .server_id = p->site->server_id,
                            .taken_at = p->engine->now_us };

    if (!downstream_work_insert(p->db, &work, err))
        return false;
    *work_id = work.id;
    return true;
}

bool cancel_first_part(Process *p, int *canceled, Error *err)
{
    int n = engine_cancel_last_jobs(p->engine, CANCEL_AT_ONCE);
    int64_t work_id;

    if (canceled)
        *canceled = n;
    p->owes |= n == CANCEL_AT_ONCE;
    return n < CANCEL_AT_ONCE || owe_rest(p, 0, &work_id, err);
}

typedef struct Part {
    int64_t work_id; /* of the row that says that jobs are left; 0: none yet */
    int64_t new_work_id;
    bool more;
} Part;

static bool cancel_part(Process *p, void *data, Error *err)
{
    Part *part = data;
    bool was_open;

    part->new_work_id = part->work_id;
    part->more = engine_cancel_last_jobs(p->engine, CANCEL_AT_ONCE) == CANCEL_AT_ONCE;
    if (!part->work_id)
        return process_cancel_children(p, err) &&
               (!part->more || owe_rest(p, 1, &part->new_work_id, err));
    return part->more || downstream_work_end(p->db, part->work_id, &was_open, err);
}

static bool cancel_parts(const Site *site, int64_t pipeline_id, int64_t work_id, Error *err)
{
    Part part = { .new_work_id = work_id };

    do {
        part.work_id = part.new_work_id;
        if (!process_run(site, pipeline_id, cancel_part, &part, err))
            return false;
    } while (part.more);
    return true;
}

bool cancel_all_parts(const Site *site, int64_t pipeline_id, Error *err)
{
    return cancel_parts(site, pipeline_id, 0, err);
}

bool cancel_rest(const Site *site, const DownstreamWork *work, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (cancel_parts(site, work->pipeline_id, work->id, &failed))
        return true;
    return failed.code == ERR_NO_RECORD ? downstream_work_drop(site->database, work->id, err)
                                        : error_move(err, &failed);
}
