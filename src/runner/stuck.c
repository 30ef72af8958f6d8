/* stuck.c - the queue page by page; jobs that wish the same are matched once. */
#include "runner/stuck.h"

#include "base/log.h"
#include "base/text.h"
#include "pipeline/operations.h"
#include "runner/match.h"
#include "store/job_queue.h"
#include "store/pipelines.h"

enum { PAGE = 200 };

typedef struct Search {
    const Site *site;
    Arena *arena; /* of the whole search: small */
    int64_t now;
    int64_t unmatched_before; /* queued before that time, a job without a runner is stuck */
    int64_t any_before;       /* ... and any other */
    GHashTable *matched;      /* "project protected tags": Reach */
} Search;

/* --- matching -------------------------------------------------------------------------------- */

static bool match_fresh(Db *db, const Search *search, const Job *job, const Pipeline *pipeline,
                        Reach *reach, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Project project;
    Runner best;

    if (!project_get(db, arena, job->project_id, &project, err))
        return false;
    MatchWish wish = { &project, job->tags, pipeline->protected };
    return match_best(db, arena, &wish, search->now, 0, &best, reach, err);
}

static bool match(Db *db, const Search *search, const Job *job, Reach *reach, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Pipeline pipeline;
    void *known = NULL;

    if (!pipeline_get(db, arena, job->pipeline_id, &pipeline, err))
        return false;
    const char *key = arena_printf(search->arena, "%" G_GINT64_FORMAT " %d %s", job->project_id,
                                   pipeline.protected, job->tags);
    if (g_hash_table_lookup_extended(search->matched, key, NULL, &known)) {
        *reach = (Reach)GPOINTER_TO_INT(known);
        return true;
    }
    if (!match_fresh(db, search, job, &pipeline, reach, err))
        return false;
    g_hash_table_insert(search->matched, (char *)key, GINT_TO_POINTER((int)*reach));
    return true;
}

/* --- the queue ------------------------------------------------------------------------------- */

/* FAILURE_NONE: it may go on waiting. */
static bool find_reason(const Search *search, const Job *job, FailureReason *reason, Error *err)
{
    g_autoptr(Db) db = database_reader(search->site->database);
    g_auto(Error) failed = ERROR_INIT;
    Reach reach = REACH_NONE;

    *reason = FAILURE_NONE;
    if (!match(db, search, job, &reach, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed); /* just deleted */
    if (reach < REACH_ONLINE && job->queued_at < search->unmatched_before)
        *reason = FAILURE_STUCK_PENDING_NO_RUNNERS;
    else if (job->queued_at < search->any_before)
        *reason = FAILURE_STUCK_PENDING_WITH_RUNNERS;
    return true;
}

static void look_at(const Search *search, const Job *job)
{
    g_auto(Error) err = ERROR_INIT;
    FailureReason reason;

    if (!find_reason(search, job, &reason, &err))
        log_error(&err, "cannot say whether job %" G_GINT64_FORMAT " is stuck", job->id);
    else if (reason != FAILURE_NONE && !operation_fail_job(search->site, job, reason, &err))
        log_error(&err, "job %" G_GINT64_FORMAT " is stuck and stays so", job->id);
    else if (reason != FAILURE_NONE)
        log_line(LOG_INFO, "failed: job %" G_GINT64_FORMAT " is stuck: %s", job->id,
                 name_of(&failure_reason_names, (int)reason));
}

static bool list(const Search *search, Arena *arena, int64_t after_id, Job **jobs, size_t *n)
{
    g_autoptr(Db) db = database_reader(search->site->database);
    g_auto(Error) err = ERROR_INIT;
    int64_t before = MAX(search->unmatched_before, search->any_before);

    if (job_list_stuck(db, arena, before, after_id, PAGE, jobs, n, &err))
        return true;
    log_error(&err, "cannot look for stuck jobs");
    return false;
}

/* @patience_s without @since: the time before which a job was queued that has had it all. */
static int64_t before(int64_t now, int64_t since, int64_t patience_s)
{
    int64_t patience = patience_s * US_PER_S;

    return now - since < patience ? 0 : now - patience;
}

void stuck_sweep(const Site *site, int64_t since_us)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(GHashTable) matched = g_hash_table_new(text_hash, g_str_equal);
    int64_t now = clock_now(site->clock);
    int64_t since = MAX(since_us, database_available_since(site->database));
    Search search = { .site = site,
                      .arena = arena,
                      .now = now,
                      .unmatched_before = before(now, since, site->settings->unmatched_pending_s),
                      .any_before = before(now, since, site->settings->stuck_pending_s),
                      .matched = matched };
    int64_t after_id = 0;
    size_t n = 0;

    do {
        g_autoptr(Arena) page = arena_new();
        Job *jobs = NULL;
        if (!list(&search, page, after_id, &jobs, &n))
            return;
        for (size_t i = 0; i < n; i++)
            look_at(&search, &jobs[i]);
        if (n > 0)
            after_id = jobs[n - 1].id;
    } while (n == PAGE);
}
