/* run.c - from a schedule to a pipeline request. */
#include "schedule/run.h"

#include "access/subject.h"
#include "base/log.h"
#include "base/seal.h"
#include "pipeline/create.h"
#include "schedule/cron.h"
#include "store/schedule_ticks.h"
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

static bool load_variables(const Site *site, Db *db, Arena *arena, int64_t schedule_id,
                           Variables *list, Error *err)
{
    ScheduleVariable *rows = NULL;
    size_t n = 0;

    variables_init(list, arena);
    if (!schedule_variable_list(db, arena, schedule_id, &rows, &n, err))
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

typedef struct Settle {
    const Site *site;
    int64_t schedule_id;
    int64_t tick_id;
} Settle;

static bool settle(Db *db, const Pipeline *pipeline, void *data, Error *err)
{
    const Settle *s = data;
    bool done = true;

    if (!pipeline_schedule_set_last_pipeline(db, s->schedule_id, pipeline->id, err))
        return false;
    if (!s->tick_id)
        return true;
    if (!schedule_tick_settle(db, s->tick_id, TICK_CREATED, pipeline->id, NULL,
                              clock_now(s->site->clock), &done, err))
        return false;
    return done || error_set(err, ERR_CONFLICT, "the tick is settled already");
}

/* A missing row here is a reason, not an accident. */
static bool found_or_reason(bool found, Error *failed, const char *reason, Error *err)
{
    if (found)
        return true;
    if (failed->code == ERR_NO_RECORD)
        return error_set(err, ERR_CONFIG, "%s", reason);
    return error_move(err, failed);
}

bool schedule_run(const Site *site, Arena *arena, const PipelineSchedule *schedule, int64_t user_id,
                  int64_t tick_id, Pipeline *out, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Settle s = { .site = site, .schedule_id = schedule->id, .tick_id = tick_id };
    Project project;
    User user;
    Subject subject;
    Variables variables;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!project_get(db, arena, schedule->project_id, &project, err) ||
            !found_or_reason(user_id && user_get(db, arena, user_id, &user, &failed),
                             user_id ? &failed : &(Error){ .code = ERR_NO_RECORD },
                             "The schedule's owner is gone", err) ||
            !subject_of_project(db, user.id, user.admin, &project, clock_now(site->clock), &subject,
                                err) ||
            !load_variables(site, db, arena, schedule->id, &variables, err))
            return false;
    }
    if (user.state != USER_ACTIVE)
        return error_set(err, ERR_CONFIG, "The schedule's owner is blocked");
    PipelineRequest request = { .project = &project,
                                .user = &user,
                                .subject = &subject,
                                .source = SOURCE_SCHEDULE,
                                .ref = schedule->ref,
                                .given = variables.items,
                                .n_given = variables.n,
                                .save_failures = true,
                                .schedule_id = schedule->id,
                                .schedule_description = schedule->description,
                                .also = settle,
                                .also_data = &s };
    return pipeline_create(site, arena, &request, out, err);
}

typedef struct Refusal {
    const Site *site;
    int64_t tick_id;
    const char *reason;
} Refusal;

static bool settle_refused(Db *db, void *data, Error *err)
{
    const Refusal *refusal = data;
    bool done;

    return schedule_tick_settle(db, refusal->tick_id, TICK_FAILED, 0, refusal->reason,
                                clock_now(refusal->site->clock), &done, err);
}

/* What the schedule itself is the reason for, and not our own trouble. */
static bool is_a_reason(const Error *err)
{
    return err->code == ERR_CONFIG || err->code == ERR_FORBIDDEN || err->code == ERR_NO_RECORD;
}

bool schedule_fire(const Site *site, const PipelineSchedule *schedule, int64_t user_id,
                   int64_t tick_id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Pipeline pipeline;

    if (schedule_run(site, arena, schedule, user_id, tick_id, &pipeline, &failed)) {
        log_line(LOG_INFO, "schedule %" G_GINT64_FORMAT " made pipeline %" G_GINT64_FORMAT,
                 schedule->id, pipeline.id);
        return true;
    }
    if (!is_a_reason(&failed))
        return error_move(err, &failed);
    log_error(&failed, "schedule %" G_GINT64_FORMAT " made no pipeline", schedule->id);
    Refusal refusal = { site, tick_id, error_text(&failed) };
    return database_write(site->database, settle_refused, &refusal, err);
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

    return database_write(site->database, insert_tick, &tick, err) &&
           schedule_fire(site, schedule, user_id, tick.id, err);
}
