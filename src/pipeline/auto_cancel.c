/* auto_cancel.c - which older pipelines are redundant, and what of them is canceled. */
#include "pipeline/auto_cancel.h"

#include "base/log.h"
#include "pipeline/cancel.h"
#include "pipeline/process.h"

#include <string.h>

/* GitLab's bounds: how far back it looks, and at how many. */
enum { LOOK_BACK_DAYS = 7, LOOK_AT = 3000 };

#define DANGLING                                                                                   \
    (1u << SOURCE_WEBIDE | 1u << SOURCE_ONDEMAND_DAST_SCAN |                                       \
     1u << SOURCE_ONDEMAND_DAST_VALIDATION | 1u << SOURCE_SECURITY_POLICY |                        \
     1u << SOURCE_CONTAINER_REGISTRY_PUSH | 1u << SOURCE_DUO_WORKFLOW |                            \
     1u << SOURCE_POLICY_SCHEDULE)

static int cancel_interruptible(Process *p)
{
    int canceled = 0;

    for (size_t i = 0; i < p->n_jobs; i++) {
        EngineJob *job = p->engine_jobs[i];
        if (p->jobs[i].interruptible && STATUS_IN(job->status, STATUSES_CANCELABLE))
            canceled += engine_cancel_job(p->engine, job);
    }
    return canceled;
}

static bool cancel_redundant(Process *p, void *data, Error *err)
{
    const Pipeline *newer = data;
    bool started = false;
    int canceled = 0;

    switch (p->pipeline.on_new_commit) {
    case ON_NEW_COMMIT_CONSERVATIVE:
        if (!job_has_started_for_good(p->db, p->pipeline.id, &started, err))
            return false;
        canceled = started ? 0 : engine_cancel_jobs(p->engine);
        if (canceled > 0 && !process_cancel_children(p, err))
            return false;
        break;
    case ON_NEW_COMMIT_INTERRUPTIBLE:
        canceled = cancel_interruptible(p);
        break;
    case ON_NEW_COMMIT_NONE:
    case N_ON_NEW_COMMIT:
        break;
    }
    return canceled == 0 || pipeline_set_auto_canceled_by(p->db, p->pipeline.id, newer->id, err);
}

static bool list_older(const Site *site, Arena *arena, const Pipeline *pipeline, Pipeline **older,
                       size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    int64_t since = pipeline->created_at - LOOK_BACK_DAYS * 24 * 3600 * US_PER_S;

    return pipeline_list_older(db, arena, pipeline, since, LOOK_AT, older, n, err);
}

void auto_cancel_older(const Site *site, const Pipeline *pipeline, const char *head_sha)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Pipeline *older = NULL;
    size_t n = 0;

    if (pipeline->source == SOURCE_PARENT_PIPELINE)
        return;
    if (!list_older(site, arena, pipeline, &older, &n, &failed))
        log_error(&failed, "cannot look for pipelines older than %" G_GINT64_FORMAT, pipeline->id);
    for (size_t i = 0; i < n; i++) {
        g_auto(Error) err = ERROR_INIT;
        if (((1u << older[i].source) & DANGLING) != 0 || strcmp(older[i].sha, head_sha) == 0)
            continue;
        if (!process_run(site, older[i].id, cancel_redundant, (void *)pipeline, &err))
            log_error(&err, "redundant pipeline %" G_GINT64_FORMAT " goes on", older[i].id);
    }
}
