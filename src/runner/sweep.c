/* sweep.c - the sweeper's rounds and its thread. */
#include "runner/sweep.h"

#include "base/log.h"
#include "base/wakeups.h"
#include "pipeline/environments.h"
#include "pipeline/left_over.h"
#include "pipeline/operations.h"
#include "pipeline/push.h"
#include "pipeline/resource.h"
#include "runner/artifacts.h"
#include "runner/queue.h"
#include "runner/stuck.h"
#include "store/job_queue.h"

enum {
    ROUND_US = 1000000,
    SAFETY_ROUNDS = 15, /* between two looks for wake-ups that got lost */
    STUCK_ROUNDS = 60,  /* between two looks for jobs that nobody will run */
    STALE_S = 3600,     /* a delayed job that could not be started for so long fails */
    AT_ONCE = 200,
    OVERDUE_GRACE_S = 900 /* the runner ends a job at its timeout, and then has files to bring */
};

/* What is done to each job of a list. */
typedef bool (*JobAction)(const Site *site, const Job *job, Error *err);

static void for_each(const Site *site, const Job *jobs, size_t n, JobAction action,
                     const char *what)
{
    for (size_t i = 0; i < n; i++) {
        g_auto(Error) err = ERROR_INIT;
        if (!action(site, &jobs[i], &err))
            log_error(&err, "%s: job %" G_GINT64_FORMAT, what, jobs[i].id);
        else
            log_line(LOG_INFO, "%s: job %" G_GINT64_FORMAT, what, jobs[i].id);
    }
}

/* "canceling" ends as canceled in the engine, whatever the reason. */
static bool fail_lost(const Site *site, const Job *job, Error *err)
{
    return operation_fail_silent_job(site, job,
                                     job->status == STATUS_CANCELING ? FAILURE_NO_UPDATES_CANCELING
                                                                     : FAILURE_NO_UPDATES_RUNNING,
                                     err);
}

static bool fail_overdue(const Site *site, const Job *job, Error *err)
{
    return operation_fail_job(site, job,
                              job->status == STATUS_CANCELING ? FAILURE_SERVER_TIMEOUT_CANCELING
                                                              : FAILURE_SERVER_TIMEOUT_RUNNING,
                              err);
}

static bool fail_runner_system(const Site *site, const Job *job, Error *err)
{
    return operation_fail_job(site, job, FAILURE_RUNNER_SYSTEM, err);
}

static bool fail_stale(const Site *site, const Job *job, Error *err)
{
    return operation_fail_job(site, job, FAILURE_STALE_SCHEDULE, err);
}

/* --- what each round looks for --- */

typedef struct Round {
    const Site *site;
    Arena *arena;
    int64_t now;
    int64_t since; /* the server's start */
} Round;

typedef bool (*JobSearch)(Db *db, const Round *round, Job **jobs, size_t *n, Error *err);

static bool find_unconfirmed(Db *db, const Round *round, Job **jobs, size_t *n, Error *err)
{
    return job_list_unconfirmed(db, round->arena, round->now, AT_ONCE, jobs, n, err);
}

/* Silence is counted anew after a start, and after the database was away: until then runners had
 * nobody to talk to. */
static int64_t heard_since(const Round *round)
{
    return MAX(round->since, database_available_since(round->site->database));
}

static bool find_silent(Db *db, const Round *round, Job **jobs, size_t *n, Error *err)
{
    int64_t patience = round->site->settings->lost_runner_s * US_PER_S;

    if (round->now - heard_since(round) < patience)
        return true;
    return job_list_silent(db, round->arena, round->now - patience, AT_ONCE, jobs, n, err);
}

/* Of runners that go on talking but do not end their jobs. */
static bool find_overdue(Db *db, const Round *round, Job **jobs, size_t *n, Error *err)
{
    return job_list_overdue(db, round->arena, round->now, OVERDUE_GRACE_S, AT_ONCE, jobs, n, err);
}

static bool find_delayed_due(Db *db, const Round *round, Job **jobs, size_t *n, Error *err)
{
    return job_list_delayed_due(db, round->arena, round->now, AT_ONCE, jobs, n, err);
}

/* Their time came while a server was there, and still they could not be started. */
static bool find_stale(Db *db, const Round *round, Job **jobs, size_t *n, Error *err)
{
    int64_t before = round->now - STALE_S * US_PER_S;

    if (before < heard_since(round))
        return true;
    return job_list_delayed_due(db, round->arena, before, AT_ONCE, jobs, n, err);
}

static const struct {
    JobSearch search;
    JobAction action;
    const char *what;
} sweeps[] = {
    { find_unconfirmed, queue_take_back_unconfirmed, "taken back: nobody confirmed it" },
    { find_silent, fail_lost, "lost: no sign of its runner" },
    { find_overdue, fail_overdue, "ended: far past its timeout" },
    { find_stale, fail_stale, "failed: it could not be started for an hour after its delay" },
    { find_delayed_due, operation_start_delayed_job, "its delay is over" },
};

static bool search(const Round *round, JobSearch find, Job **jobs, size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(round->site->database);

    return find(db, round, jobs, n, err);
}

void sweep_once(const Site *site, int64_t since_us)
{
    g_autoptr(Arena) arena = arena_new();
    Round round = { site, arena, clock_now(site->clock), since_us };
    g_auto(Error) failed = ERROR_INIT;

    for (size_t i = 0; i < G_N_ELEMENTS(sweeps); i++) {
        g_auto(Error) err = ERROR_INIT;
        Job *jobs = NULL;
        size_t n = 0;
        if (search(&round, sweeps[i].search, &jobs, &n, &err))
            for_each(site, jobs, n, sweeps[i].action, sweeps[i].what);
        else
            log_error(&err, "cannot look for jobs to be %s", sweeps[i].what);
    }
    environment_sweep(site);
    if (!artifact_sweep(site, AT_ONCE, &failed))
        log_error(&failed, "cannot remove expired artifacts");
}

void sweep_lost_runner(const Site *site, int64_t runner_id)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    Job *jobs = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!job_list_held_by_runner(db, arena, runner_id, &jobs, &n, &err)) {
            log_error(&err, "cannot look for the jobs of a lost runner");
            return;
        }
    }
    for (size_t i = 0; i < n; i++)
        for_each(site, &jobs[i], 1,
                 jobs[i].status == STATUS_PENDING ? queue_take_back : fail_runner_system,
                 "its runner died");
}

struct Sweeper {
    const Site *site;
    Presence *presence;
    GThread *thread;
    GMutex lock;
    GCond wake;
    bool stopping;
};

/* Says that this server lives, and takes up what those that do not have left. */
static void sweep_servers(const Sweeper *sweeper)
{
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(int64_t));

    if (!presence_round(sweeper->presence, g_get_monotonic_time(), lost, &err) ||
        !left_over_take_up(sweeper->site, (const int64_t *)(const void *)lost->data, lost->len,
                           &err))
        log_error(&err, "cannot look after the other servers");
}

/* A wake-up of another server may get lost: no runner waits for longer than this while there are
 * jobs. */
static void wake_if_pending(const Site *site)
{
    g_autoptr(Db) db = database_reader(site->database);
    int64_t n = 0;

    if (job_count_in_flight(db, STATUS_PENDING, &n, NULL) && n > 0)
        wakeups_notify_here(site->wakeups);
}

/* What follows a commit is lost in a crash: here it comes after all. */
static void sweep_resources(const Site *site)
{
    g_auto(Error) err = ERROR_INIT;

    if (!resource_sweep(site, &err))
        log_error(&err, "cannot look for resources that are free");
}

/* So is what trouble has left. */
static void sweep_pushes(const Site *site)
{
    g_auto(Error) err = ERROR_INIT;

    if (!push_recover_left(site, &err))
        log_error(&err, "cannot look for pushes that have to be ended");
}

static void sweep_round(const Sweeper *sweeper, int64_t since, int64_t round)
{
    sweep_servers(sweeper);
    /* One line a round says enough while it is away. */
    if (database_is_away(sweeper->site->database))
        return;
    sweep_once(sweeper->site, since);
    if (round % SAFETY_ROUNDS == 1) {
        sweep_resources(sweeper->site);
        sweep_pushes(sweeper->site);
    }
    if (round % STUCK_ROUNDS == 0)
        stuck_sweep(sweeper->site, since);
    if (round % SAFETY_ROUNDS == 0)
        wake_if_pending(sweeper->site);
}

static void *run(void *data)
{
    Sweeper *sweeper = data;
    int64_t since = clock_now(sweeper->site->clock);
    int64_t round = 0;

    g_mutex_lock(&sweeper->lock);
    while (!sweeper->stopping) {
        g_mutex_unlock(&sweeper->lock);
        sweep_round(sweeper, since, ++round);
        g_mutex_lock(&sweeper->lock);
        int64_t until = g_get_monotonic_time() + ROUND_US;
        while (!sweeper->stopping && g_cond_wait_until(&sweeper->wake, &sweeper->lock, until))
            ;
    }
    g_mutex_unlock(&sweeper->lock);
    return NULL;
}

Sweeper *sweeper_start(const Site *site, Presence *presence)
{
    Sweeper *sweeper = g_new0(Sweeper, 1);

    sweeper->site = site;
    sweeper->presence = presence;
    g_mutex_init(&sweeper->lock);
    g_cond_init(&sweeper->wake);
    sweeper->thread = g_thread_new("sweeper", run, sweeper);
    return sweeper;
}

void sweeper_stop(Sweeper *sweeper)
{
    if (!sweeper)
        return;
    g_mutex_lock(&sweeper->lock);
    sweeper->stopping = true;
    g_cond_signal(&sweeper->wake);
    g_mutex_unlock(&sweeper->lock);
    g_thread_join(sweeper->thread);
    g_cond_clear(&sweeper->wake);
    g_mutex_clear(&sweeper->lock);
    g_free(sweeper);
}
