/* queue.c - matching and handing out. */
#include "runner/queue.h"

#include "base/secret.h"
#include "pipeline/events.h"
#include "pipeline/process.h"

#include <string.h>

/* Pending jobs looked at for one hand-out before the runner is told there is none. */
enum { CANDIDATES = 1000 };

static bool has_word(const char *words, const char *word, size_t n)
{
    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length == n && memcmp(at, word, n) == 0)
            return true;
        at += length;
    }
    return false;
}

bool queue_tags_match(const char *runner_tags, bool run_untagged, const char *job_tags)
{
    if (!*job_tags)
        return run_untagged;
    for (const char *at = job_tags; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (!has_word(runner_tags, at, n))
            return false;
        at += n;
    }
    return true;
}

static bool serves(const Runner *runner, const PendingJob *candidate)
{
    if (g_strcmp0(runner->access_level, "ref_protected") == 0 && !candidate->protected)
        return false;
    return queue_tags_match(runner->tags, runner->run_untagged, candidate->tags);
}

/* The first job for @runner, 0: none. */
static bool find_job(Db *db, Arena *arena, const Runner *runner, PendingJob *out, bool *found,
                     Error *err)
{
    PendingJobs candidates = { 0 };

    if (!job_list_pending(db, arena, runner, CANDIDATES, &candidates, err))
        return false;
    for (size_t i = 0; i < candidates.n; i++)
        if (serves(runner, &candidates.items[i])) {
            *out = candidates.items[i];
            *found = true;
            return true;
        }
    *found = false;
    return true;
}

typedef struct Take {
    const Site *site;
    const HandoutRequest *request;
    Arena *arena; /* of the last attempt at the write */
    Process process;
    char *token;
    int64_t job_id;
    bool found;
} Take;

static bool assign(Db *db, Take *take, const PendingJob *job, Error *err)
{
    const HandoutRequest *rq = take->request;
    int64_t now = clock_now(take->site->clock);
    int64_t confirm_s =
        rq->runner->embedded ? EMBEDDED_CONFIRM_S : take->site->settings->confirm_timeout_s;
    g_autofree char *hash = secret_hash(take->token);
    JobHandout handout = { .runner_id = rq->runner->id,
                           .manager_id = rq->manager_id,
                           .token_hash = hash,
                           .confirm_by = rq->two_phase ? now + confirm_s * US_PER_S : 0,
                           .graceful = rq->graceful,
                           .updated_at = now };

    take->job_id = job->id;
    if (!job_hand_out(db, job->id, &handout, &take->found, err))
        return false;
    if (!take->found || rq->two_phase)
        return true;
    if (!process_load(&take->process, take->site, db, take->arena, job->pipeline_id, err))
        return false;
    EngineJob *engine = process_job(&take->process, job->id);
    if (!engine || !engine_run_job(take->process.engine, engine, rq->graceful))
        return error_set(err, ERR_INTERNAL, "pending job %" G_GINT64_FORMAT " does not run",
                         job->id);
    return process_save(&take->process, err);
}

static bool take_in_write(Db *db, void *data, Error *err)
{
    Take *take = data;
    PendingJob job;

    g_clear_pointer(&take->arena, arena_free);
    take->arena = arena_new();
    return find_job(db, take->arena, take->request->runner, &job, &take->found, err) &&
           (!take->found || assign(db, take, &job, err));
}

bool queue_take(const Site *site, Arena *arena, const HandoutRequest *request, Handout *out,
                bool *found, Error *err)
{
    Take take = { .site = site, .request = request };
    PendingJob first;

    /* Most polls find nothing: the writer is not troubled with them. */
    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!find_job(db, arena, request->runner, &first, found, err))
            return false;
    }
    if (!*found)
        return true;
    take.token = secret_token("glcbt-", 32);
    bool ok = database_write(site->database, take_in_write, &take, err);
    if (ok && take.found) {
        g_autoptr(Db) db = database_reader(site->database);
        ok = job_by_id(db, arena, take.job_id, &out->job, err);
        out->token = arena_strdup(arena, take.token);
    }
    if (ok)
        *found = take.found;
    g_free(take.token);
    arena_free(take.arena);
    return ok;
}

static bool take_back(Process *p, void *data, Error *err)
{
    const Job *handed = data;
    EngineJob *job = process_job(p, handed->id);
    bool was_open = false;

    /* The token hash tells this hand-out from a later one of the same attempt. */
    if (!job_end_handout(p->db, handed->id, handed->token_hash, &was_open, err))
        return false;
    if (was_open && job && job->status == STATUS_PENDING)
        p->wakes_runners = true;
    else if (was_open && job)
        (void)engine_take_back_job(p->engine, job);
    return true;
}

bool queue_take_back(const Site *site, const Job *job, Error *err)
{
    return process_run(site, job->pipeline_id, take_back, (void *)job, err);
}
