/* queue.c - matching and handing out. */
#include "runner/queue.h"

#include "base/secret.h"
#include "pipeline/events.h"
#include "pipeline/operations.h"
#include "pipeline/process.h"
#include "store/job_queue.h"

#include <string.h>

/* What one poll passes over, because others have it or because nobody may run it any more, before it
 * leaves the rest to the next. */
enum { PASSED_MAX = 100, TOKEN_CHARACTERS = 32 };

/* --- matching -------------------------------------------------------------------------------- */

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

/* The next job for @runner but those in @passed, as job_list_heads() has it. */
static bool find_job(Db *db, const Runner *runner, const char *passed, PendingJob *out, bool *found,
                     Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    PendingJob *heads = NULL;
    size_t n = 0;

    *found = false;
    if (!job_list_heads(db, arena, runner, passed, &heads, &n, err))
        return false;
    for (size_t i = 0; i < n && !*found; i++) {
        *found = queue_tags_match(runner->tags, runner->run_untagged, heads[i].tags);
        *out = heads[i];
        out->tags = NULL; /* dies here */
    }
    return true;
}

bool queue_place(Db *db, const Job *job, int64_t at_most, QueuePlace *place, Error *err)
{
    int64_t before = 0;

    *place = (QueuePlace){ 0 };
    if (!job_queue_place(db, job, at_most + 1, &before, &place->length, err))
        return false;
    place->has_more = place->length > at_most;
    place->length = MIN(place->length, at_most);
    place->position = before < place->length ? before + 1 : 0;
    return true;
}

/* --- the hand-out ---------------------------------------------------------------------------- */

typedef struct Take {
    const Site *site;
    const HandoutRequest *request;
    const Job *job;
    JobHandout handout;
    Arena *arena; /* of the last attempt at the write */
    Process process;
    bool runs; /* the process is loaded */
    bool taken;
} Take;

static int64_t timeout_for(const Job *job, const Runner *runner)
{
    return runner->maximum_timeout_s > 0 ? MIN(job->asked_timeout_s, runner->maximum_timeout_s)
                                         : job->asked_timeout_s;
}

/* The job runs from now on. */
static bool start(Db *db, Take *take, Error *err)
{
    Process *process = &take->process;

    take->runs = true;
    if (!process_load(process, take->site, db, take->arena, take->job->pipeline_id, err))
        return false;
    EngineJob *job = process_job(process, take->job->id);
    if (!job || !engine_run_job(process->engine, job, take->request->graceful))
        return error_set(err, ERR_INTERNAL, "pending job %" G_GINT64_FORMAT " does not run",
                         take->job->id);
    return process_save(process, err);
}

/* A job that runs from now on moves its pipeline: that is locked before the job, as everywhere. */
static bool take_in_write(Db *db, void *data, Error *err)
{
    Take *take = data;
    Pipeline pipeline;

    g_clear_pointer(&take->arena, arena_free);
    take->arena = arena_new();
    take->runs = take->taken = false;
    if (!take->request->two_phase &&
        !pipeline_lock(db, take->arena, take->job->pipeline_id, &pipeline, err))
        return false;
    if (!job_hand_out(db, take->job->id, &take->handout, &take->taken, err))
        return false;
    return !take->taken || take->request->two_phase || start(db, take, err);
}

/* @found: whether it was still there to be had. */
static bool take_job(const Site *site, Arena *arena, const HandoutRequest *request, const Job *job,
                     Handout *out, bool *found, Error *err)
{
    const Runner *runner = request->runner;
    int64_t now = clock_now(site->clock);
    int64_t confirm_s = runner->embedded ? EMBEDDED_CONFIRM_S : site->settings->confirm_timeout_s;
    g_autofree char *token = secret_token("glcbt-", TOKEN_CHARACTERS);
    g_autofree char *hash = secret_hash(token);
    g_auto(Error) failed = ERROR_INIT;
    Take take = { .site = site,
                  .request = request,
                  .job = job,
                  .handout = { .runner_id = runner->id,
                               .manager_id = request->manager_id,
                               .token_hash = hash,
                               .confirm_by = request->two_phase ? now + confirm_s * US_PER_S : 0,
                               .timeout_s = timeout_for(job, runner),
                               .graceful = request->graceful,
                               .updated_at = now } };

    bool ok = database_write(site->database, take_in_write, &take, &failed);
    if (ok && take.runs)
        process_after_commit(&take.process);
    arena_free(take.arena);
    *found = ok && take.taken;
    if (!ok && failed.code == ERR_NO_RECORD)
        return true; /* deleted meanwhile */
    if (!*found)
        return ok || error_move(err, &failed);
    g_autoptr(Db) db = database_reader(site->database);
    out->token = arena_strdup(arena, token);
    return job_get(db, arena, job->id, &out->job, err);
}

/* Why no runner gets @candidate, ever; FAILURE_NONE: one may. */
static FailureReason refusal_of(const PendingJob *candidate)
{
    if (candidate->archived)
        return FAILURE_ARCHIVED;
    if (!candidate->jobs_enabled)
        return FAILURE_BUILDS_DISABLED;
    return candidate->user_id ? FAILURE_NONE : FAILURE_USER_BLOCKED;
}

static bool next_candidate(const Site *site, Arena *arena, const Runner *runner, const char *passed,
                           PendingJob *candidate, Job *job, bool *found, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return find_job(db, runner, passed, candidate, found, err) &&
           (!*found || job_get(db, arena, candidate->id, job, err));
}

bool queue_take(const Site *site, Arena *arena, const HandoutRequest *request, Handout *out,
                bool *found, Error *err)
{
    g_autoptr(GString) passed = g_string_new(NULL);
    PendingJob candidate = { 0 };
    Job job;

    for (int i = 0; i < PASSED_MAX; i++) {
        if (!next_candidate(site, arena, request->runner, passed->str, &candidate, &job, found,
                            err))
            return false;
        if (!*found)
            return true;
        FailureReason refusal = refusal_of(&candidate);
        if (refusal == FAILURE_NONE) {
            if (!take_job(site, arena, request, &job, out, found, err))
                return false;
            if (*found)
                return true;
        } else if (!operation_fail_job(site, &job, refusal, err)) {
            return false;
        }
        g_string_append_printf(passed, "%s%" G_GINT64_FORMAT ",", passed->len ? "" : ",", job.id);
    }
    *found = false;
    return true;
}

/* --- taking back ----------------------------------------------------------------------------- */

typedef struct TakeBack {
    const Job *job; /* as it was handed out */
    bool unconfirmed_only;
} TakeBack;

/* The token's hash tells this hand-out from a later one of the same attempt. */
static bool end_handout(Process *p, const TakeBack *t, bool *was_open, Error *err)
{
    return t->unconfirmed_only
               ? job_end_unconfirmed(p->db, t->job->id, t->job->token_hash, p->engine->now_us,
                                     was_open, err)
               : job_end_handout(p->db, t->job->id, t->job->token_hash, was_open, err);
}

static bool take_back(Process *p, void *data, Error *err)
{
    const TakeBack *t = data;
    EngineJob *job = process_job(p, t->job->id);
    bool was_open = false;

    if (!end_handout(p, t, &was_open, err))
        return false;
    if (was_open && job && job->status == STATUS_PENDING)
        p->wakes_runners = true;
    else if (was_open && job)
        (void)engine_take_back_job(p->engine, job);
    return true;
}

bool queue_take_back(const Site *site, const Job *job, Error *err)
{
    return process_run(site, job->pipeline_id, take_back, &(TakeBack){ job, false }, err);
}

bool queue_take_back_unconfirmed(const Site *site, const Job *job, Error *err)
{
    return process_run(site, job->pipeline_id, take_back, &(TakeBack){ job, true }, err);
}
