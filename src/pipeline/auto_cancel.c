/* auto_cancel.c - which older pipelines are redundant, and what of them is canceled. */
#include "pipeline/auto_cancel.h"

#include "pipeline/cancel.h"
#include "pipeline/cancel_parts.h"

/* GitLab's bounds: how far back it looks, and at how many. */
enum { LOOK_BACK_DAYS = 7, LOOK_AT = 3000 };

#define DANGLING                                                                                   \
    (1u << SOURCE_WEBIDE | 1u << SOURCE_ONDEMAND_DAST_SCAN |                                       \
     1u << SOURCE_ONDEMAND_DAST_VALIDATION | 1u << SOURCE_SECURITY_POLICY |                        \
     1u << SOURCE_CONTAINER_REGISTRY_PUSH | 1u << SOURCE_DUO_WORKFLOW |                            \
     1u << SOURCE_POLICY_SCHEDULE)

/* One older pipeline, in as many writes as it takes. */
typedef struct Redundant {
    int64_t by_id;
    bool more; /* jobs are left */
} Redundant;

/* The last ones first, as all cancels in parts. */
static int cancel_interruptible(Process *p)
{
    int canceled = 0;

    for (size_t i = p->n_jobs; i > 0 && canceled < CANCEL_AT_ONCE; i--) {
        EngineJob *job = p->engine_jobs[i - 1];
        if (p->jobs[i - 1].interruptible && STATUS_IN(job->status, STATUSES_CANCELABLE))
            canceled += engine_cancel_job(p->engine, job);
    }
    return canceled;
}

static bool cancel_redundant(Process *p, void *data, Error *err)
{
    Redundant *redundant = data;
    bool started = false;
    int canceled = 0;

    redundant->more = false;
    switch (p->pipeline.on_new_commit) {
    case ON_NEW_COMMIT_CONSERVATIVE:
        if (!job_has_started_for_good(p->db, p->pipeline.id, &started, err) ||
            (!started && !cancel_first_part(p, &canceled, err)))
            return false;
        break;
    case ON_NEW_COMMIT_INTERRUPTIBLE:
        canceled = cancel_interruptible(p);
        redundant->more = canceled == CANCEL_AT_ONCE;
        break;
    case ON_NEW_COMMIT_NONE:
    case N_ON_NEW_COMMIT:
        break;
    }
    return canceled == 0 ||
           pipeline_set_auto_canceled_by(p->db, p->pipeline.id, redundant->by_id, err);
}

static int64_t look_back(const Pipeline *pipeline)
{
    return pipeline->created_at - LOOK_BACK_DAYS * 24 * 3600 * US_PER_S;
}

bool auto_cancel_owe(Db *db, const Site *site, const Pipeline *pipeline, DownstreamWork *work,
                     Error *err)
{
    bool has_older = false;

    *work = (DownstreamWork){ .kind = DOWNSTREAM_AUTO_CANCEL,
                              .pipeline_id = pipeline->id,
                              .attempts = 1,
                              .server_id = site->server_id,
                              .taken_at = pipeline->created_at };
    if (pipeline->source == SOURCE_PARENT_PIPELINE)
        return true;
    return pipeline_has_older(db, pipeline, look_back(pipeline), LOOK_AT, &has_older, err) &&
           (!has_older || downstream_work_insert(db, work, err));
}

/* None, if the pipeline itself is gone. */
static bool list_older(const Site *site, Arena *arena, int64_t pipeline_id, Pipeline **older,
                       size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    g_auto(Error) failed = ERROR_INIT;
    Pipeline pipeline;

    if (!pipeline_get(db, arena, pipeline_id, &pipeline, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    return pipeline_list_older(db, arena, &pipeline, look_back(&pipeline), LOOK_AT, older, n, err);
}

/* What is gone needs nothing. */
static bool cancel_one(const Site *site, int64_t id, int64_t by_id, Error *err)
{
    Redundant redundant = { .by_id = by_id };
    g_auto(Error) failed = ERROR_INIT;

    do
        if (!process_run(site, id, cancel_redundant, &redundant, &failed))
            return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    while (redundant.more);
    return true;
}

bool auto_cancel_older(const Site *site, const DownstreamWork *work, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Pipeline *older = NULL;
    size_t n = 0;

    if (!list_older(site, arena, work->pipeline_id, &older, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (((1u << older[i].source) & DANGLING) == 0 &&
            !cancel_one(site, older[i].id, work->pipeline_id, err))
            return false;
    return downstream_work_drop(site->database, work->id, err);
}
