/* ticker.c - the round and its thread. */
#include "schedule/ticker.h"

#include "base/log.h"
#include "schedule/backfill.h"
#include "schedule/cron.h"
#include "schedule/due.h"
#include "schedule/run.h"
#include "schedule/zones.h"
#include "store/schedule_ticks.h"

enum {
    POOL_THREADS = 4,
    AT_ONCE = 200,
    TAKE_UP_AFTER_S =
        20, /* a tick that came to no end by then is tried again, by whoever is first */
    MISSED_AFTER_S = 60, /* a tick recorded later than that was missed: nobody was there */
    RENEW_S = 10         /* and who has had it for this long says so before firing it */
};

struct Ticker {
    const Site *site;
    GThread *thread;
    GThreadPool *pool;
    GThreadPool *backfills; /* one thread, which moves them on */
    GMutex lock;
    GCond wake;
    bool stopping;
    int no_more; /* atomic; the same, for backfills */
};

/* --- recording ------------------------------------------------------------------------------- */

/* A batch of due schedules becomes ticks in one write. */
typedef struct Record {
    const Site *site;
    Arena *arena; /* of this try */
    int64_t now_us;
    size_t n_due;
    GArray *moves; /* of ScheduleMove */
    GArray *ticks; /* of ScheduleTick; after the write the new ones, to be fired by this server */
} Record;

/* @reason: NULL, a constant, or in the arena. */
static void add_tick(Record *r, int64_t schedule_id, int64_t tick_at, TickResult result,
                     const char *reason)
{
    ScheduleTick tick = { .schedule_id = schedule_id,
                          .tick_at = tick_at,
                          .result = result,
                          .reason = reason,
                          .recorded_at = r->now_us,
                          .settled_at = result == TICK_DUE ? 0 : r->now_us,
                          .server_id = r->site->server_id,
                          .taken_at = r->now_us };

    g_array_append_val(r->ticks, tick);
}

/* Of those between the schedule's next time and now: which run is the schedule's choice, and the last that does
 * not is recorded with the reason. */
static void add_ticks(Record *r, const PipelineSchedule *due, const Cron *cron)
{
    size_t max = due->catch_up == CATCH_UP_ALL ? (size_t)r->site->settings->max_catch_up_ticks : 1;
    g_autoptr(GArray) ticks = g_array_new(FALSE, FALSE, sizeof(int64_t));
    int64_t older = 0;

    due_ticks(cron, due->next_run_at, r->now_us, max, ticks, &older);
    if (older)
        add_tick(r, due->id, older, TICK_SKIPPED,
                 "It was missed, and later ones were made up for (catch_up)");
    for (guint i = 0; i < ticks->len; i++) {
        int64_t tick = g_array_index(ticks, int64_t, i);
        bool missed =
            due->catch_up == CATCH_UP_NONE && r->now_us - tick > MISSED_AFTER_S * US_PER_S;
        add_tick(r, due->id, tick, missed ? TICK_SKIPPED : TICK_DUE,
                 missed ? "It was missed, and is not made up for (catch_up)" : NULL);
    }
}

/* Why the times of @due cannot be told: @failed, or what it comes from if tzdata has changed since. */
static const char *reason_of(Arena *arena, const PipelineSchedule *due, const Error *failed)
{
    GTimeZone *zone = zone_find(due->cron_timezone);

    if (!zone)
        return arena_printf(arena, "The time zone %s is not known to this server (tzdata)",
                            due->cron_timezone);
    g_time_zone_unref(zone);
    return arena_strdup(arena, error_text(failed));
}

/* A tick whose schedule has no next time that can be told gets its reason at once. */
static void add_schedule(Record *r, const PipelineSchedule *due)
{
    g_auto(Error) failed = ERROR_INIT;
    g_autoptr(Cron) cron = cron_parse(due->cron, due->cron_timezone, &failed);
    ScheduleMove move = { .id = due->id, .tick_at = due->next_run_at };

    if (cron)
        add_ticks(r, due, cron);
    else
        add_tick(r, due->id, due->next_run_at, TICK_FAILED, reason_of(r->arena, due, &failed));
    if (cron)
        (void)cron_next(cron, r->now_us, &move.next_run_at); /* none: never again */
    g_array_append_val(r->moves, move);
}

static void keep_those_to_fire(GArray *ticks)
{
    guint kept = 0;

    for (guint i = 0; i < ticks->len; i++) {
        const ScheduleTick *tick = &g_array_index(ticks, ScheduleTick, i);
        if (tick->id != 0 && tick->result == TICK_DUE)
            g_array_index(ticks, ScheduleTick, kept++) = *tick;
    }
    g_array_set_size(ticks, kept);
}

static bool record_due(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    PipelineSchedule *due = NULL;
    Record *r = data;

    r->arena = arena;
    g_array_set_size(r->ticks, 0); /* this may run again */
    g_array_set_size(r->moves, 0);
    if (!pipeline_schedule_lock_due(db, arena, r->now_us, AT_ONCE, &due, &r->n_due, err))
        return false;
    for (size_t i = 0; i < r->n_due; i++)
        add_schedule(r, &due[i]);
    if (!schedule_tick_insert_all(db, (ScheduleTick *)(void *)r->ticks->data, r->ticks->len, err) ||
        !pipeline_schedule_move_on(db, (const ScheduleMove *)(void *)r->moves->data, r->moves->len,
                                   err))
        return false;
    keep_those_to_fire(r->ticks);
    return true;
}

/* --- firing ---------------------------------------------------------------------------------- */

static bool get_schedule(const Site *site, Arena *arena, int64_t id, PipelineSchedule *schedule,
                         Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return pipeline_schedule_get(db, arena, id, schedule, err);
}

typedef struct TakeOver {
    ScheduleTick *ticks;
    size_t n;
    int64_t server_id;
    int64_t now_us;
    bool *done; /* [n] */
} TakeOver;

/* A row is given back as it was, since this may run again. */
static bool take_over(Db *db, void *data, Error *err)
{
    TakeOver *t = data;

    for (size_t i = 0; i < t->n; i++) {
        ScheduleTick tick = t->ticks[i];
        if (!schedule_tick_take_over(db, &tick, t->server_id, t->now_us, &t->done[i], err))
            return false;
    }
    return true;
}

/* Makes @ticks this server's from @now_us on. @done: [n]; false: another has it, or it is settled. */
static bool take(const Site *site, ScheduleTick *ticks, size_t n, int64_t now_us, bool *done,
                 Error *err)
{
    TakeOver t = { ticks, n, site->server_id, now_us, done };

    if (!database_write(site->database, take_over, &t, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        ticks[i].server_id = done[i] ? t.server_id : ticks[i].server_id;
        ticks[i].taken_at = done[i] ? t.now_us : ticks[i].taken_at;
    }
    return true;
}

/* One that waited for long is taken anew first: another server might take it up any moment. */
static bool fire(const Site *site, ScheduleTick *tick, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    PipelineSchedule schedule;
    int64_t now = clock_now(site->clock);
    bool is_ours = true;

    if (now - tick->taken_at > RENEW_S * US_PER_S && !take(site, tick, 1, now, &is_ours, err))
        return false;
    return !is_ours || (get_schedule(site, arena, tick->schedule_id, &schedule, err) &&
                        schedule_fire(site, &schedule, tick, err));
}

/* Settled by another server, or deleted with its schedule: then it is nobody's trouble. */
static void fire_and_log(const Site *site, ScheduleTick *tick)
{
    g_auto(Error) err = ERROR_INIT;

    if (!fire(site, tick, &err) && err.code != ERR_CONFLICT && err.code != ERR_NO_RECORD)
        log_error(&err, "tick %" G_GINT64_FORMAT " of schedule %" G_GINT64_FORMAT " stays open",
                  tick->id, tick->schedule_id);
}

static void fire_in_pool(void *data, void *user_data)
{
    g_autofree ScheduleTick *tick = data;

    fire_and_log(((Ticker *)user_data)->site, tick);
}

/* @pool NULL: fires on this thread. */
static void start_firing(const Site *site, GThreadPool *pool, ScheduleTick *tick)
{
    if (pool)
        g_thread_pool_push(pool, g_memdup2(tick, sizeof *tick), NULL);
    else
        fire_and_log(site, tick);
}

/* --- rounds ---------------------------------------------------------------------------------- */

static bool record_all(const Site *site, GArray *all, Error *err)
{
    g_autoptr(GArray) ticks = g_array_new(FALSE, FALSE, sizeof(ScheduleTick));
    g_autoptr(GArray) moves = g_array_new(FALSE, FALSE, sizeof(ScheduleMove));
    Record r = { .site = site, .ticks = ticks, .moves = moves };

    do {
        r.now_us = clock_now(site->clock);
        if (!database_write(site->database, record_due, &r, err))
            return false;
        g_array_append_vals(all, ticks->data, ticks->len);
    } while (r.n_due == AT_ONCE);
    return true;
}

/* Of several servers each takes what no other has in hand.  All are recorded before the first is
 * fired, which takes far longer; what is recorded is fired even if the next record fails. */
static bool fire_due(const Site *site, GThreadPool *pool, Error *err)
{
    g_autoptr(GArray) ticks = g_array_new(FALSE, FALSE, sizeof(ScheduleTick));
    bool ok = record_all(site, ticks, err);

    for (guint i = 0; i < ticks->len; i++)
        start_firing(site, pool, &g_array_index(ticks, ScheduleTick, i));
    return ok;
}

static bool is_due(const Site *site, bool *due, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    int64_t next = 0;

    if (!pipeline_schedule_next_due(db, &next, err))
        return false;
    *due = next != 0 && next <= clock_now(site->clock);
    return true;
}

static bool list_open(const Site *site, Arena *arena, ScheduleTick **open, size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return schedule_tick_list_open(db, arena, AT_ONCE, open, n, err);
}

/* Who looks for open ticks. */
typedef struct TakeUp {
    const Site *site;
    GThreadPool *pool;
    bool at_start; /* what this server left before it was started again is not waited for */
    int64_t now_us;
} TakeUp;

/* Whether @tick came to no end: its server is gone, or failed for a reason of its own.  A time long
 * to come is from before a step of the clock.  What this server has made a long queue of is in hand. */
static bool is_left(const TakeUp *look, const ScheduleTick *tick)
{
    int64_t age = look->now_us - tick->taken_at;
    bool own = tick->server_id == look->site->server_id || tick->server_id == 0;

    if (look->at_start && own)
        return age != 0;
    if (own && look->pool && g_thread_pool_unprocessed(look->pool) > 0)
        return false;
    return ABS(age) >= TAKE_UP_AFTER_S * US_PER_S;
}

/* Those of one list. @all: it was a full one, and every one of it is taken now. */
static bool take_up_some(const TakeUp *look, bool *all, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    ScheduleTick *open = NULL;
    bool done[AT_ONCE];
    size_t n = 0, left = 0;

    if (!list_open(look->site, arena, &open, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_left(look, &open[i]))
            open[left++] = open[i];
    *all = left == AT_ONCE;
    if (left > 0 && !take(look->site, open, left, look->now_us, done, err))
        return false;
    for (size_t i = 0; i < left; i++)
        if (done[i])
            start_firing(look->site, look->pool, &open[i]);
    return true;
}

/* What has been taken is not left any more, so this comes to an end. */
static bool take_up_open(const Site *site, GThreadPool *pool, bool at_start, Error *err)
{
    TakeUp look = { site, pool, at_start, clock_now(site->clock) };
    bool all = true;

    while (all)
        if (!take_up_some(&look, &all, err))
            return false;
    return true;
}

static bool list_waiting(const Site *site, Arena *arena, ScheduleTick **waiting, size_t *n,
                         Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return schedule_tick_list_waiting(db, arena, AT_ONCE, waiting, n, err);
}

/* The run before one may have ended.  Fired here, one after the other: whoever is first settles it. */
static bool fire_waiting(const Site *site, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    ScheduleTick *waiting = NULL;
    size_t n = 0;

    if (!list_waiting(site, arena, &waiting, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        waiting[i].taken_at = clock_now(site->clock);
        fire_and_log(site, &waiting[i]);
    }
    return true;
}

static bool round_of(const Site *site, GThreadPool *pool, Error *err)
{
    bool due = false;

    return is_due(site, &due, err) && (!due || fire_due(site, pool, err)) &&
           take_up_open(site, pool, false, err) && fire_waiting(site, err);
}

bool ticker_round(const Site *site, Error *err)
{
    int no_more = 0;

    return round_of(site, NULL, err) && backfill_round(site, &no_more, err);
}

static void backfill_in_pool(void *data, void *user_data)
{
    g_auto(Error) err = ERROR_INIT;
    Ticker *ticker = user_data;

    if (!backfill_round(ticker->site, &ticker->no_more, &err))
        log_error(&err, "cannot look for backfills");
}

/* Not if a round of them is still at work: they may have many pipelines to make. */
static void start_backfills(Ticker *ticker)
{
    if (g_thread_pool_unprocessed(ticker->backfills) == 0)
        g_thread_pool_push(ticker->backfills, ticker, NULL);
}

/* Until the next full second of the wall clock, where ticks are; a moment late is better than early. */
static int64_t until_next_second(Clock *clock)
{
    return US_PER_S - clock_now(clock) % US_PER_S + 1000;
}

static void *run(void *data)
{
    Ticker *ticker = data;
    g_auto(Error) failed = ERROR_INIT;

    if (!take_up_open(ticker->site, ticker->pool, true, &failed))
        log_error(&failed, "cannot take up open ticks");
    g_mutex_lock(&ticker->lock);
    while (!ticker->stopping) {
        g_auto(Error) err = ERROR_INIT;
        g_mutex_unlock(&ticker->lock);
        if (!round_of(ticker->site, ticker->pool, &err))
            log_error(&err, "cannot look for due schedules");
        start_backfills(ticker);
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
    ticker->pool = g_thread_pool_new_full(fire_in_pool, ticker, g_free, POOL_THREADS, FALSE, NULL);
    ticker->backfills = g_thread_pool_new(backfill_in_pool, ticker, 1, FALSE, NULL);
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
    g_atomic_int_set(&ticker->no_more, 1);
    g_cond_signal(&ticker->wake);
    g_mutex_unlock(&ticker->lock);
    g_thread_join(ticker->thread);
    g_thread_pool_free(ticker->pool, TRUE, TRUE);
    g_thread_pool_free(ticker->backfills, TRUE, TRUE);
    g_cond_clear(&ticker->wake);
    g_mutex_clear(&ticker->lock);
    g_free(ticker);
}
