/* run.c - from a tick to a pipeline, or to the reason why there is none. */
#include "schedule/run.h"

#include "access/subject.h"
#include "base/json.h"
#include "base/log.h"
#include "base/seal.h"
#include "pipeline/create.h"
#include "pipeline/operations.h"
#include "schedule/cron.h"
#include "schedule/due.h"
#include "store/backfills.h"
#include "store/schedule_inputs.h"
#include "store/schedule_variables.h"

#include <string.h>

bool schedule_plan_next(PipelineSchedule *schedule, int64_t now_us, Error *err)
{
    g_autoptr(Cron) cron = cron_parse(schedule->cron, schedule->cron_timezone, err);
    int64_t next = 0;

    if (!cron)
        return false;
    schedule->next_run_at = cron_next(cron, now_us, &next) ? next : 0;
    return true;
}

enum { GIVE_UP_AFTER_S = 24 * 3600 };

static bool load_variables(const Site *site, Db *db, Arena *arena, const PipelineSchedule *schedule,
                           Variables *list, Error *err)
{
    ScheduleVariable *rows = NULL;
    size_t n = 0;

    variables_init(list, arena);
    if (schedule->has_variables && !schedule_variable_list(db, arena, schedule->id, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        g_autofree char *value = unseal(site->seal_key, rows[i].value, err);
        if (!value)
            return false;
        variables_add(list, (Variable){ .key = rows[i].key,
                                        .value = arena_strdup(arena, value),
                                        .file = rows[i].variable_type == VARIABLE_FILE,
                                        .raw = rows[i].raw });
    }
    return true;
}

/* Texts stay texts: the compiler reads one as JSON where its input is of another type. */
static bool read_input(const Site *site, Arena *arena, const ScheduleInput *row, CiGivenInput *out,
                       Error *err)
{
    g_autofree char *text = unseal(site->seal_key, row->value, err);
    json_auto_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    if (!text)
        return false;
    if (!value)
        return error_set(err, ERR_INTERNAL, "input %" G_GINT64_FORMAT " is no JSON", row->id);
    *out = (CiGivenInput){ .name = row->name,
                           .value = arena_strdup(
                               arena, json_is_string(value) ? json_string_value(value) : text),
                           .json = !json_is_string(value) };
    return true;
}

static bool load_inputs(const Site *site, Db *db, Arena *arena, const PipelineSchedule *schedule,
                        CiGivenInput **inputs, size_t *n, Error *err)
{
    ScheduleInput *rows = NULL;

    if (schedule->has_inputs && !schedule_input_list(db, arena, schedule->id, &rows, n, err))
        return false;
    *inputs = arena_new0(arena, CiGivenInput, *n);
    for (size_t i = 0; i < *n; i++)
        if (!read_input(site, arena, &rows[i], &(*inputs)[i], err))
            return false;
    return true;
}

/* --- a run ----------------------------------------------------------------------------------- */

/* One tick on its way to a pipeline. */
typedef struct Run {
    const Site *site;
    Arena *arena;
    const PipelineSchedule *schedule;
    const ScheduleTick *tick;
    int64_t user_id; /* 0: gone */
    const char *who; /* that is, for messages */
    bool by_hand;    /* then no policy holds it back */
    bool overlaps;   /* out: it failed because an earlier run is at work */
    Pipeline pipeline;
} Run;

/* Those that hold back another run: but for @but_id, and for what has been told to stop if that is the
 * policy. */
static bool find_overlap(Db *db, const Run *run, int64_t but_id, bool *overlaps, Error *err)
{
    bool cancels = run->schedule->overlap_policy == OVERLAP_CANCEL_PREVIOUS;
    Pipeline *rows = NULL;
    size_t n = 0;

    *overlaps = false;
    if (run->by_hand || run->schedule->overlap_policy == OVERLAP_ALLOW)
        return true;
    if (!pipeline_list_of_schedule_at_work(db, run->arena, run->schedule->id, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        *overlaps =
            *overlaps || (rows[i].id != but_id && !(cancels && rows[i].status == STATUS_CANCELING));
    return true;
}

/* In the pipeline's own transaction, which holds the project: no other run comes in between. */
static bool settle(Db *db, const Pipeline *pipeline, void *data, Error *err)
{
    Run *run = data;
    bool done = true;

    if (!find_overlap(db, run, pipeline->id, &run->overlaps, err))
        return false;
    if (run->overlaps)
        return error_set(err, ERR_CONFLICT, "an earlier run of the schedule is at work");
    if (!schedule_tick_settle(db, run->tick->id, TICK_CREATED, pipeline->id, pipeline->yaml_errors,
                              clock_now(run->site->clock), &done, err))
        return false;
    return done || error_set(err, ERR_CONFLICT, "the tick is settled already");
}

/* That there is no such user is a reason, not an accident. */
static bool find_user(Db *db, const Run *run, User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (!run->user_id)
        return error_set(err, ERR_CONFIG, "%s is gone", run->who);
    if (user_get(db, run->arena, run->user_id, user, &failed))
        return user->state == USER_ACTIVE || error_set(err, ERR_CONFIG, "%s is blocked", run->who);
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_CONFIG, "%s is gone", run->who);
    return error_move(err, &failed);
}

static bool make_pipeline(Run *run, Error *err)
{
    const PipelineSchedule *schedule = run->schedule;
    Project project;
    User user;
    Subject subject;
    Variables variables;
    CiGivenInput *inputs = NULL;
    size_t n_inputs = 0;

    {
        g_autoptr(Db) db = database_reader(run->site->database);
        if (!project_get(db, run->arena, schedule->project_id, &project, err) ||
            !find_user(db, run, &user, err) ||
            !subject_of_project(db, user.id, user.admin, &project, clock_now(run->site->clock),
                                &subject, err) ||
            !load_variables(run->site, db, run->arena, schedule, &variables, err) ||
            !load_inputs(run->site, db, run->arena, schedule, &inputs, &n_inputs, err))
            return false;
    }
    PipelineRequest request = { .project = &project,
                                .user = &user,
                                .subject = &subject,
                                .source = SOURCE_SCHEDULE,
                                .ref = schedule->ref,
                                .given = variables.items,
                                .n_given = variables.n,
                                .inputs = inputs,
                                .n_inputs = n_inputs,
                                .save_failures = true,
                                .schedule_id = schedule->id,
                                .schedule_description = schedule->description,
                                .schedule_tick = due_text(run->arena, run->tick->tick_at,
                                                          schedule->cron_timezone),
                                .also = settle,
                                .also_data = run };
    return pipeline_create(run->site, run->arena, &request, &run->pipeline, err);
}

/* --- its end --------------------------------------------------------------------------------- */

typedef struct Ending {
    const Site *site;
    const ScheduleTick *tick;
    TickResult result;
    const char *reason;
} Ending;

static bool write_end(Db *db, void *data, Error *err)
{
    const Ending *end = data;
    bool done;

    return schedule_tick_settle(db, end->tick->id, end->result, 0, end->reason,
                                clock_now(end->site->clock), &done, err);
}

static bool end_without(const Run *run, TickResult result, const char *reason, Error *err)
{
    Ending end = { run->site, run->tick, result, reason };

    return database_write(run->site->database, write_end, &end, err);
}

/* One more waits, if there are not too many already. */
static bool write_wait(Db *db, void *data, Error *err)
{
    const Ending *end = data;
    int64_t n = 0, max = end->site->settings->max_queued_ticks;
    bool done;

    if (!schedule_tick_count_waiting(db, end->tick->schedule_id, max, &n, err))
        return false;
    return n < max ? schedule_tick_wait(db, end->tick->id, &done, err) : write_end(db, data, err);
}

static bool wait_for_turn(const Run *run, Error *err)
{
    g_autofree char *reason =
        g_strdup_printf("%" G_GINT64_FORMAT " ticks wait already (max-queued-ticks)",
                        run->site->settings->max_queued_ticks);
    Ending end = { run->site, run->tick, TICK_SKIPPED, reason };

    /* One that waits goes on waiting. */
    return run->tick->result == TICK_WAITING ||
           database_write(run->site->database, write_wait, &end, err);
}

/* --- policies -------------------------------------------------------------------------------- */

static bool is_too_late(const Run *run)
{
    return !run->by_hand && run->schedule->max_start_delay_s > 0 &&
           clock_now(run->site->clock) - run->tick->tick_at >
               run->schedule->max_start_delay_s * US_PER_S;
}

static bool end_late(const Run *run, Error *err)
{
    g_autofree char *reason =
        g_strdup_printf("It could not start within %" G_GINT64_FORMAT " s (max_start_delay)",
                        run->schedule->max_start_delay_s);

    return end_without(run, TICK_SKIPPED, reason, err);
}

static bool cancel_previous(const Run *run, Error *err)
{
    Pipeline *rows = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(run->site->database);
        if (!pipeline_list_of_schedule_at_work(db, run->arena, run->schedule->id, &rows, &n, err))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (rows[i].status != STATUS_CANCELING &&
            !operation_cancel_pipeline(run->site, rows[i].id, err))
            return false;
    return true;
}

/* @again: the way is free now. */
static bool give_way(const Run *run, bool *again, Error *err)
{
    *again = false;
    switch (run->schedule->overlap_policy) {
    case OVERLAP_SKIP:
        return end_without(run, TICK_SKIPPED, "An earlier run of the schedule was at work", err);
    case OVERLAP_QUEUE:
        return wait_for_turn(run, err);
    case OVERLAP_CANCEL_PREVIOUS:
        *again = true;
        return cancel_previous(run, err);
    case OVERLAP_ALLOW:
    case N_OVERLAP_POLICIES:
        break;
    }
    g_return_val_if_reached(false);
}

static bool looks_busy(Run *run, bool *busy, Error *err)
{
    g_autoptr(Db) db = database_reader(run->site->database);

    return find_overlap(db, run, 0, busy, err);
}

/* What the schedule itself is the reason for, and not our own trouble. */
static bool is_a_reason(const Error *err)
{
    return err->code == ERR_CONFIG || err->code == ERR_FORBIDDEN || err->code == ERR_NO_RECORD;
}

/* One look and one try. @again: something came in between. */
static bool try_once(Run *run, bool *again, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    bool busy = false;

    *again = false;
    if (is_too_late(run))
        return end_late(run, err);
    if (!looks_busy(run, &busy, err))
        return false;
    if (busy)
        return give_way(run, again, err);
    if (make_pipeline(run, &failed)) {
        log_line(LOG_INFO, "schedule %" G_GINT64_FORMAT " made pipeline %" G_GINT64_FORMAT,
                 run->schedule->id, run->pipeline.id);
        return true;
    }
    *again = run->overlaps;
    if (run->overlaps)
        return true;
    if (!is_a_reason(&failed))
        return error_move(err, &failed);
    log_error(&failed, "schedule %" G_GINT64_FORMAT " made no pipeline", run->schedule->id);
    return end_without(run, TICK_FAILED, error_text(&failed), err);
}

static bool try_some(Run *run, Error *err)
{
    enum { TRIES = 5 }; /* others may start pipelines of it all the time */
    bool again = true;

    for (int i = 0; i < TRIES && again; i++)
        if (!try_once(run, &again, err))
            return false;
    return !again ||
           error_set(err, ERR_UNAVAILABLE, "runs of the schedule come in between all the time");
}

/* Our own trouble leaves the tick open for another try, but not for ever; that of a backfill, which may
 * have waited for days, until it is done. */
static bool fire(Run *run, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    int64_t age = clock_now(run->site->clock) - run->tick->recorded_at;

    if (try_some(run, &failed))
        return true;
    if (failed.code == ERR_CONFLICT || run->tick->backfill_id || age < GIVE_UP_AFTER_S * US_PER_S)
        return error_move(err, &failed);
    log_error(&failed, "tick %" G_GINT64_FORMAT " of schedule %" G_GINT64_FORMAT " is given up",
              run->tick->id, run->schedule->id);
    return end_without(run, TICK_FAILED, "The server could not make it for a day", err);
}

/* Its ticks run for whoever asked for it, in their own order. */
static bool run_for_backfill(Run *run, Error *err)
{
    g_autoptr(Db) db = database_reader(run->site->database);
    Backfill backfill;

    if (!backfill_get(db, run->arena, run->tick->backfill_id, &backfill, err))
        return false;
    run->user_id = backfill.user_id;
    run->who = "Who asked for the backfill";
    run->by_hand = true;
    return true;
}

bool schedule_fire(const Site *site, const PipelineSchedule *schedule, const ScheduleTick *tick,
                   Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Run run = { .site = site,
                .arena = arena,
                .schedule = schedule,
                .tick = tick,
                .user_id = schedule->owner_id,
                .who = "The schedule's owner" };

    return (!tick->backfill_id || run_for_backfill(&run, err)) && fire(&run, err);
}

static bool insert_tick(Db *db, void *data, Error *err)
{
    bool is_new = false;

    if (!schedule_tick_insert(db, data, &is_new, err))
        return false;
    return is_new || error_set(err, ERR_CONFLICT, "the schedule ticks at this very moment");
}

bool schedule_play(const Site *site, const PipelineSchedule *schedule, int64_t user_id, Error *err)
{
    int64_t now = clock_now(site->clock);
    ScheduleTick tick = { .schedule_id = schedule->id,
                          .tick_at = now,
                          .result = TICK_DUE,
                          .recorded_at = now,
                          .server_id = site->server_id };

    g_autoptr(Arena) arena = arena_new();
    Run run = { .site = site,
                .arena = arena,
                .schedule = schedule,
                .tick = &tick,
                .user_id = user_id,
                .who = "Who played the schedule",
                .by_hand = true };

    return database_write(site->database, insert_tick, &tick, err) && fire(&run, err);
}
