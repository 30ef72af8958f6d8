/* backfill.c - from a span of time to waiting ticks, and from those to pipelines, one after the
 * other. */
#include "schedule/backfill.h"

#include "base/log.h"
#include "schedule/cron.h"
#include "schedule/due.h"
#include "schedule/run.h"
#include "store/pipelines.h"

enum { AT_ONCE = 100 };

/* --- start and end --------------------------------------------------------------------------- */

typedef struct Plan {
    const Site *site;
    Backfill *backfill;
    GArray *ticks; /* of ScheduleTick */
} Plan;

static bool write_plan(Db *db, void *data, Error *err)
{
    Plan *plan = data;
    bool is_new = false;

    if (!backfill_insert(db, plan->backfill, &is_new, err))
        return false;
    if (!is_new)
        return error_set(err, ERR_CONFLICT, "A backfill of this schedule is running");
    for (guint i = 0; i < plan->ticks->len; i++)
        g_array_index(plan->ticks, ScheduleTick, i).backfill_id = plan->backfill->id;
    return schedule_tick_insert_backfill(db, (ScheduleTick *)(void *)plan->ticks->data,
                                         plan->ticks->len, err);
}

static bool plan_ticks(Plan *plan, const PipelineSchedule *schedule, Error *err)
{
    g_autoptr(Cron) cron = cron_parse(schedule->cron, schedule->cron_timezone, err);
    int64_t max = plan->site->settings->max_backfill_ticks;
    int64_t at = plan->backfill->from_at - 1;

    if (!cron)
        return false;
    while (plan->ticks->len <= max && cron_next(cron, at, &at) && at <= plan->backfill->to_at) {
        ScheduleTick tick = { .schedule_id = schedule->id,
                              .tick_at = at,
                              .result = TICK_WAITING,
                              .recorded_at = plan->backfill->created_at };
        g_array_append_val(plan->ticks, tick);
    }
    if (plan->ticks->len == 0)
        return error_field(err, "base", "There is no tick of the schedule in this time");
    return plan->ticks->len <= max ||
           error_field(err, "base",
                       "Maximum number of ticks of a backfill (%" G_GINT64_FORMAT
                       ") exceeded (max-backfill-ticks)",
                       max);
}

bool backfill_start(const Site *site, const PipelineSchedule *schedule, Backfill *backfill,
                    Error *err)
{
    g_autoptr(GArray) ticks = g_array_new(FALSE, FALSE, sizeof(ScheduleTick));
    Plan plan = { site, backfill, ticks };

    backfill->schedule_id = schedule->id;
    backfill->status = BACKFILL_RUNNING;
    backfill->created_at = clock_now(site->clock);
    backfill->finished_at = 0;
    return plan_ticks(&plan, schedule, err) &&
           database_write(site->database, write_plan, &plan, err);
}

typedef struct Cancel {
    const Site *site;
    int64_t id;
    bool done;
} Cancel;

/* Whoever starts a tick holds the same lock. */
static bool write_cancel(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Cancel *cancel = data;
    int64_t now = clock_now(cancel->site->clock);
    Backfill backfill;

    return backfill_lock(db, arena, cancel->id, &backfill, err) &&
           backfill_end(db, cancel->id, BACKFILL_CANCELED, now, &cancel->done, err) &&
           (!cancel->done ||
            schedule_tick_skip_backfill(db, cancel->id, "The backfill was canceled", now, err));
}

bool backfill_cancel(const Site *site, int64_t id, bool *done, Error *err)
{
    Cancel cancel = { .site = site, .id = id };

    if (!database_write(site->database, write_cancel, &cancel, err))
        return false;
    *done = cancel.done;
    return true;
}

/* --- moving on ------------------------------------------------------------------------------- */

typedef enum Move { MOVE_NONE, MOVE_START, MOVE_FINISH } Move;

/* What is to be done with @backfill; @next: the tick to start, in @arena. */
static bool decide(Db *db, Arena *arena, const Backfill *backfill, Move *move, ScheduleTick *next,
                   Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    int64_t n_due = 0, n_at_work = 0;
    bool waits;

    *move = MOVE_NONE;
    if (backfill->status != BACKFILL_RUNNING)
        return true;
    if (!schedule_tick_count_due_of_backfill(db, backfill->id, &n_due, err) ||
        !pipeline_count_of_backfill_at_work(db, backfill->schedule_id, backfill->id, &n_at_work,
                                            err))
        return false;
    waits = schedule_tick_next_of_backfill(db, arena, backfill->id, next, &failed);
    if (!waits && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (n_due == 0 && waits && n_at_work < backfill->max_parallel)
        *move = MOVE_START;
    if (n_due == 0 && !waits && n_at_work == 0)
        *move = MOVE_FINISH;
    return true;
}

/* One step of one backfill. */
typedef struct Step {
    const Site *site;
    Arena *arena;
    int64_t id;
    bool started;
    ScheduleTick tick;
} Step;

/* Under its lock, so that of several servers one starts a tick, and the others see it. */
static bool write_step(Db *db, void *data, Error *err)
{
    Step *step = data;
    int64_t now = clock_now(step->site->clock);
    Backfill backfill;
    Move move;
    bool done = false;

    step->started = false;
    if (!backfill_lock(db, step->arena, step->id, &backfill, err) ||
        !decide(db, step->arena, &backfill, &move, &step->tick, err))
        return false;
    switch (move) {
    case MOVE_NONE:
        return true;
    case MOVE_START:
        return schedule_tick_start(db, &step->tick, step->site->server_id, now, &step->started,
                                   err);
    case MOVE_FINISH:
        return backfill_end(db, step->id, BACKFILL_FINISHED, now, &done, err);
    }
    g_return_val_if_reached(false);
}

/* A look without a lock: most of the time there is nothing to do. */
static bool may_move(const Site *site, Arena *arena, const Backfill *backfill, bool *may,
                     Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    ScheduleTick next;
    Move move;

    if (!decide(db, arena, backfill, &move, &next, err))
        return false;
    *may = move != MOVE_NONE;
    return true;
}

static bool get_schedule(const Site *site, Arena *arena, int64_t id, PipelineSchedule *schedule,
                         Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return pipeline_schedule_get(db, arena, id, schedule, err);
}

/* @again: a tick was settled, and another may be started. */
static bool step_on(const Site *site, const Backfill *backfill, bool *again, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Step step = { .site = site, .arena = arena, .id = backfill->id };
    PipelineSchedule schedule;
    bool may = false;

    *again = false;
    if (!may_move(site, arena, backfill, &may, err))
        return false;
    if (!may)
        return true;
    if (!database_write(site->database, write_step, &step, err))
        return false;
    if (!step.started)
        return true;
    if (!get_schedule(site, arena, backfill->schedule_id, &schedule, err) ||
        !schedule_fire(site, &schedule, &step.tick, err))
        return false;
    *again = true;
    return true;
}

/* Deleted with its schedule, or its tick settled by another server: then it is nobody's trouble. */
static void move_on(const Site *site, const Backfill *backfill, const int *no_more)
{
    g_auto(Error) err = ERROR_INIT;
    bool again = true;

    /* Each of its ticks is started once, so this ends. */
    while (again && !g_atomic_int_get(no_more))
        if (!step_on(site, backfill, &again, &err))
            break;
    if (err.code != ERR_NONE && err.code != ERR_CONFLICT && err.code != ERR_NO_RECORD)
        log_error(&err, "backfill %" G_GINT64_FORMAT " does not get on", backfill->id);
}

static bool list_running(const Site *site, Arena *arena, int64_t after_id, Backfill **rows,
                         size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return backfill_list_running(db, arena, after_id, AT_ONCE, rows, n, err);
}

bool backfill_round(const Site *site, const int *no_more, Error *err)
{
    int64_t after_id = 0;
    size_t n;

    do {
        g_autoptr(Arena) arena = arena_new();
        Backfill *rows = NULL;
        if (!list_running(site, arena, after_id, &rows, &n, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            move_on(site, &rows[i], no_more);
            after_id = rows[i].id;
        }
    } while (n == AT_ONCE);
    return true;
}
