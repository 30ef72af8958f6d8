/* bridges.c - the queue of downstream work, its thread and its pool. */
#include "pipeline/bridges.h"

#include "base/log.h"
#include "pipeline/auto_cancel.h"
#include "pipeline/bridge_work.h"
#include "pipeline/cancel_parts.h"

enum {
    POOL_THREADS = 4,
    AT_ONCE = 200,
    LOOK_S = 5,          /* between two looks for work that nobody told of */
    TAKE_UP_AFTER_S = 20 /* work that came to no end by then is taken up again */
};

/* What is never followed would be waited for for ever, so that is tried for longer. */
static const int max_attempts[N_DOWNSTREAM_TASKS] = {
    [DOWNSTREAM_START] = 10,    [DOWNSTREAM_FOLLOW] = 1000,      [DOWNSTREAM_RESET] = 1000,
    [DOWNSTREAM_CANCEL] = 1000, [DOWNSTREAM_CANCEL_REST] = 1000, [DOWNSTREAM_AUTO_CANCEL] = 10,
};

struct Bridges {
    const Site *site;
    GThread *thread;
    GThreadPool *pool;
    int64_t started_at; /* before that nobody here had anything in hand */
    GMutex lock;
    GCond wake;
    bool poked;
    bool stopping;
};

/* --- one piece ------------------------------------------------------------------------------- */

static bool do_work(const Site *site, const DownstreamWork *work, Error *err)
{
    if (work->attempts > max_attempts[work->kind])
        return bridge_give_up(site, work, err);
    switch (work->kind) {
    case DOWNSTREAM_START:
        return bridge_start(site, work, err);
    case DOWNSTREAM_FOLLOW:
        return bridge_follow(site, work, err);
    case DOWNSTREAM_RESET:
        return bridge_wait_again(site, work, err);
    case DOWNSTREAM_CANCEL:
        return bridge_cancel_child(site, work, err);
    case DOWNSTREAM_CANCEL_REST:
        return cancel_rest(site, work, err);
    case DOWNSTREAM_AUTO_CANCEL:
        return auto_cancel_older(site, work, err);
    case N_DOWNSTREAM_TASKS:
        break;
    }
    g_assert_not_reached();
}

static void do_and_log(const Site *site, const DownstreamWork *work)
{
    g_auto(Error) err = ERROR_INIT;

    if (!do_work(site, work, &err))
        log_error(
            &err,
            "cannot %s now: the pipeline of job %" G_GINT64_FORMAT ", pipeline %" G_GINT64_FORMAT,
            name_of(&downstream_task_names, (int)work->kind), work->job_id, work->pipeline_id);
}

static void do_in_pool(void *data, void *user_data)
{
    g_autofree DownstreamWork *work = data;
    Bridges *bridges = user_data;

    do_and_log(bridges->site, work);
    bridges_poke(bridges); /* there is room for more */
}

/* --- rounds ---------------------------------------------------------------------------------- */

typedef struct Take {
    const DownstreamWork *seen;
    int64_t server_id;
    int64_t now_us;
    DownstreamWork taken;
    bool done;
} Take;

static bool take_in_write(Db *db, void *data, Error *err)
{
    Take *t = data;

    t->taken = *t->seen;
    return downstream_work_take(db, &t->taken, t->server_id, t->now_us, &t->done, err);
}

/* @done: false: another server has it, or it is done. */
static bool take(const Site *site, DownstreamWork *work, bool *done, Error *err)
{
    Take t = { .seen = work, .server_id = site->server_id, .now_us = clock_now(site->clock) };

    if (!database_write(site->database, take_in_write, &t, err))
        return false;
    *work = t.taken;
    *done = t.done;
    return true;
}

/* A time to come is from before a step of the clock.  @started_at: what this server took before has
 * nobody in hand. */
static bool is_to_be_done(const Site *site, const DownstreamWork *work, int64_t started_at)
{
    int64_t age = clock_now(site->clock) - work->taken_at;
    bool own = work->server_id == site->server_id || work->server_id == 0;

    return (own && (work->taken_at < started_at || work->attempts == 0)) || age < 0 ||
           age >= TAKE_UP_AFTER_S * US_PER_S;
}

static bool list_work(const Site *site, Arena *arena, DownstreamWork **work, size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return downstream_work_list(db, arena, AT_ONCE, work, n, err);
}

/* What waits in the pool is taken, but in nobody's hand: it is never much. */
static bool is_full(GThreadPool *pool)
{
    return pool && g_thread_pool_unprocessed(pool) >= POOL_THREADS;
}

/* @pool NULL: on this thread.  *@n_taken: how much was begun. */
static bool look(const Site *site, GThreadPool *pool, int64_t started_at, size_t *n_taken,
                 Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    DownstreamWork *work = NULL;
    size_t n = 0;

    *n_taken = 0;
    if (!list_work(site, arena, &work, &n, err))
        return false;
    for (size_t i = 0; i < n && !is_full(pool); i++) {
        bool taken = false;
        if (!is_to_be_done(site, &work[i], started_at))
            continue;
        if (!take(site, &work[i], &taken, err))
            return false;
        if (!taken)
            continue;
        (*n_taken)++;
        if (pool)
            g_thread_pool_push(pool, g_memdup2(&work[i], sizeof work[i]), NULL);
        else
            do_and_log(site, &work[i]);
    }
    return true;
}

bool bridges_round(const Site *site, Error *err)
{
    size_t n = 0;

    do
        if (!look(site, NULL, 0, &n, err))
            return false;
    while (n > 0);
    return true;
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Until somebody pokes, or it is time to look all the same. */
static void wait_for_work(Bridges *bridges)
{
    int64_t until = g_get_monotonic_time() + LOOK_S * US_PER_S;

    while (!bridges->stopping && !bridges->poked &&
           g_cond_wait_until(&bridges->wake, &bridges->lock, until))
        ;
    bridges->poked = false;
}

static void *run(void *data)
{
    Bridges *bridges = data;

    g_mutex_lock(&bridges->lock);
    while (!bridges->stopping) {
        g_auto(Error) err = ERROR_INIT;
        size_t n = 0;
        g_mutex_unlock(&bridges->lock);
        if (!look(bridges->site, bridges->pool, bridges->started_at, &n, &err))
            log_error(&err, "cannot look for pipelines to start or follow");
        g_mutex_lock(&bridges->lock);
        if (n < AT_ONCE)
            wait_for_work(bridges);
    }
    g_mutex_unlock(&bridges->lock);
    return NULL;
}

Bridges *bridges_new(const Site *site)
{
    Bridges *bridges = g_new0(Bridges, 1);

    bridges->site = site;
    g_mutex_init(&bridges->lock);
    g_cond_init(&bridges->wake);
    return bridges;
}

void bridges_start(Bridges *bridges)
{
    bridges->started_at = clock_now(bridges->site->clock);
    bridges->pool = g_thread_pool_new(do_in_pool, bridges, POOL_THREADS, FALSE, NULL);
    bridges->thread = g_thread_new("bridges", run, bridges);
}

void bridges_poke(Bridges *bridges)
{
    if (!bridges)
        return;
    g_mutex_lock(&bridges->lock);
    bridges->poked = true;
    g_cond_signal(&bridges->wake);
    g_mutex_unlock(&bridges->lock);
}

void bridges_stop(Bridges *bridges)
{
    if (!bridges || !bridges->thread)
        return;
    g_mutex_lock(&bridges->lock);
    bridges->stopping = true;
    g_cond_signal(&bridges->wake);
    g_mutex_unlock(&bridges->lock);
    g_thread_join(g_steal_pointer(&bridges->thread));
    /* Work that no thread has begun stays a row. */
    g_thread_pool_free(bridges->pool, TRUE, TRUE);
}

void bridges_free(Bridges *bridges)
{
    if (!bridges)
        return;
    bridges_stop(bridges);
    g_cond_clear(&bridges->wake);
    g_mutex_clear(&bridges->lock);
    g_free(bridges);
}
