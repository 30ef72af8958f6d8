/* ticker.c - the round and its thread. */
#include "schedule/ticker.h"

#include "base/log.h"
#include "schedule/run.h"
#include "store/schedule_ticks.h"

enum { POOL_THREADS = 4, AT_ONCE = 1000 };

struct Ticker {
    const Site *site;
    GThread *thread;
    GThreadPool *pool;
    GMutex lock;
    GCond wake;
    bool stopping;
};

/* One tick on its way to a pipeline. */
typedef struct Firing {
    int64_t tick_id;
    int64_t schedule_id;
} Firing;

typedef struct Record {
    const Site *site;
    const PipelineSchedule *schedule;
    int64_t next_run_at;
    ScheduleTick tick;
    bool is_new;
} Record;

static bool record_tick(Db *db, void *data, Error *err)
{
    Record *r = data;

    return schedule_tick_insert(db, &r->tick, &r->is_new, err) &&
           pipeline_schedule_move_on(db, r->schedule->id, r->tick.tick_at, r->next_run_at, err);
}

/* @firing: what to make a pipeline for; tick_id 0: another server has it. */
static bool record_due(const Site *site, const PipelineSchedule *schedule, Firing *firing,
                       Error *err)
{
    int64_t now = clock_now(site->clock);
    PipelineSchedule next = *schedule;
    Record r = { .site = site,
                 .schedule = schedule,
                 .tick = { .schedule_id = schedule->id,
                           .tick_at = schedule->next_run_at,
                           .result = TICK_DUE,
                           .recorded_at = now } };

    if (!schedule_plan_next(&next, now, err))
        return false;
    r.next_run_at = next.next_run_at;
    if (!database_write(site->database, record_tick, &r, err))
        return false;
    *firing = (Firing){ .tick_id = r.is_new ? r.tick.id : 0, .schedule_id = schedule->id };
    return true;
}

static bool get_schedule(const Site *site, Arena *arena, int64_t id, PipelineSchedule *schedule,
                         Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return pipeline_schedule_get(db, arena, id, schedule, err);
}

static void fire(const Site *site, const Firing *firing)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    PipelineSchedule schedule;

    if (!get_schedule(site, arena, firing->schedule_id, &schedule, &err) ||
        !schedule_fire(site, &schedule, schedule.owner_id, firing->tick_id, &err))
        log_error(&err, "tick %" G_GINT64_FORMAT " of schedule %" G_GINT64_FORMAT " stays open",
                  firing->tick_id, firing->schedule_id);
}

static void fire_in_pool(void *data, void *user_data)
{
    g_autofree Firing *firing = data;

    fire(((Ticker *)user_data)->site, firing);
}

/* @pool NULL: fires on this thread. */
static void start_firing(const Site *site, GThreadPool *pool, const Firing *firing)
{
    if (pool)
        g_thread_pool_push(pool, g_memdup2(firing, sizeof *firing), NULL);
    else
        fire(site, firing);
}

static bool round_of(const Site *site, GThreadPool *pool, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    PipelineSchedule *due = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!pipeline_schedule_list_due(db, arena, clock_now(site->clock), AT_ONCE, &due, &n, err))
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        g_auto(Error) failed = ERROR_INIT;
        Firing firing = { 0 };
        if (!record_due(site, &due[i], &firing, &failed))
            log_error(&failed, "schedule %" G_GINT64_FORMAT " cannot tick", due[i].id);
        else if (firing.tick_id)
            start_firing(site, pool, &firing);
    }
    return true;
}

bool ticker_round(const Site *site, Error *err)
{
    return round_of(site, NULL, err);
}

static void take_up_open(const Site *site, GThreadPool *pool)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    ScheduleTick *open = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!schedule_tick_list_open(db, arena, &open, &n, &err))
            log_error(&err, "cannot look for open ticks");
    }
    for (size_t i = 0; i < n; i++)
        start_firing(site, pool,
                     &(Firing){ .tick_id = open[i].id, .schedule_id = open[i].schedule_id });
}

/* Until the next full second of the wall clock, where ticks are; a moment late is better than early. */
static int64_t until_next_second(Clock *clock)
{
    return US_PER_S - clock_now(clock) % US_PER_S + 1000;
}

static void *run(void *data)
{
    Ticker *ticker = data;

    take_up_open(ticker->site, ticker->pool);
    g_mutex_lock(&ticker->lock);
    while (!ticker->stopping) {
        g_auto(Error) err = ERROR_INIT;
        g_mutex_unlock(&ticker->lock);
        if (!round_of(ticker->site, ticker->pool, &err))
            log_error(&err, "cannot look for due schedules");
        g_mutex_lock(&ticker->lock);
        int64_t until = g_get_monotonic_time() + until_next_second(ticker->site->clock);
        while (!ticker->stopping && g_cond_wait_until(&ticker->wake, &ticker->lock, until))
            ;
    }
    g_mutex_unlock(&ticker->lock);
    return NULL;
}

Ticker *ticker_start(const Site *site)
{
    Ticker *ticker = g_new0(Ticker, 1);

    ticker->site = site;
    ticker->pool = g_thread_pool_new(fire_in_pool, ticker, POOL_THREADS, FALSE, NULL);
    g_mutex_init(&ticker->lock);
    g_cond_init(&ticker->wake);
    ticker->thread = g_thread_new("ticker", run, ticker);
    return ticker;
}

void ticker_stop(Ticker *ticker)
{
    if (!ticker)
        return;
    g_mutex_lock(&ticker->lock);
    ticker->stopping = true;
    g_cond_signal(&ticker->wake);
    g_mutex_unlock(&ticker->lock);
    g_thread_join(ticker->thread);
    g_thread_pool_free(ticker->pool, FALSE, TRUE);
    g_cond_clear(&ticker->wake);
    g_mutex_clear(&ticker->lock);
    g_free(ticker);
}
