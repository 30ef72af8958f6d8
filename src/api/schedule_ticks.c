/* schedule_ticks.c - what became of the ticks of a schedule, and backfills, which run past ones again:
 * beyond GitLab (docs/api-extensions.md). */
#include "api/pipeline_entity.h"
#include "api/routes.h"
#include "api/schedule_entity.h"
#include "schedule/backfill.h"

static const Param tick_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "backfill_id", PARAM_INT, .min = 1, .max = INT64_MAX },
    { 0 },
};

static const Param create_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "from", PARAM_TIME, .required = true },
    { "to", PARAM_TIME, .required = true },
    { "max_parallel", PARAM_INT, .otherwise = "1", .min = 1, .max = BACKFILL_MAX_PARALLEL },
    { 0 },
};

static const Param list_params[] = { { "pipeline_schedule_id", PARAM_INT }, { 0 } };
static const Param id_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "backfill_id", PARAM_INT },
    { 0 },
};

/* --- ticks --- */

typedef struct TickView {
    ScheduleTick row;
    const Pipeline *pipeline; /* NULL: none, or it is gone */
    const Project *project;
} TickView;

static void write_tick_pipeline(JsonWriter *w, const Field *field, const void *view,
                                const EntityContext *context)
{
    const TickView *tick = view;
    PipelineView pipeline = { .project = tick->project };

    if (tick->pipeline)
        pipeline.row = *tick->pipeline;
    jw_key(w, "pipeline");
    entity_write(w, pipeline_basic_fields, tick->pipeline ? &pipeline : NULL, context);
}

static const Field tick_fields[] = {
    FIELD_AS("id", INT, TickView, row.id),
    FIELD_AS("tick_at", TIME, TickView, row.tick_at),
    FIELD_ENUM("result", TickView, row.result, tick_result_names),
    FIELD_AS("reason", STR, TickView, row.reason),
    FIELD_AS("recorded_at", TIME, TickView, row.recorded_at),
    FIELD_AS("settled_at", TIME, TickView, row.settled_at),
    FIELD_AS("backfill_id", ID, TickView, row.backfill_id),
    FIELD_FUNC("pipeline", write_tick_pipeline),
    FIELDS_END,
};

static bool load_tick_pipelines(Req *rq, TickView *views, size_t n, Error *err)
{
    int64_t *ids = arena_new0(rq->arena, int64_t, n);
    Pipeline *rows = NULL;
    size_t n_ids = 0, n_rows = 0;

    for (size_t i = 0; i < n; i++)
        if (views[i].row.pipeline_id)
            ids[n_ids++] = views[i].row.pipeline_id;
    if (n_ids > 0 &&
        !pipeline_list_by_ids(caller_of(rq)->db, rq->arena, ids, n_ids, &rows, &n_rows, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n_rows; k++)
            if (rows[k].id == views[i].row.pipeline_id)
                views[i].pipeline = &rows[k];
    return true;
}

static bool list_ticks(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    int64_t backfill_id = req_int(rq, "backfill_id");
    PipelineSchedule row;
    ScheduleTick *ticks = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!find_schedule(rq, &row, err) ||
        !schedule_tick_list(caller->db, rq->arena, row.id, backfill_id,
                            (Slice){ rq->page.per_page, rq->page.offset }, &ticks, &n, err) ||
        !schedule_tick_count(caller->db, row.id, backfill_id, &total, err))
        return false;
    TickView *views = arena_new0(rq->arena, TickView, n);
    for (size_t i = 0; i < n; i++)
        views[i] = (TickView){ .row = ticks[i], .project = caller->project };
    if (!load_tick_pipelines(rq, views, n, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, tick_fields, &views[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

/* --- backfills --- */

typedef struct BackfillView {
    Backfill row;
    const User *user; /* NULL: gone */
    int64_t tally[N_TICK_RESULTS];
} BackfillView;

static void write_user(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    jw_key(w, "user");
    entity_write(w, user_basic_fields, ((const BackfillView *)view)->user, context);
}

static void write_tally(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    const BackfillView *backfill = view;

    jw_key(w, "ticks");
    jw_begin_object(w);
    for (int i = 0; i < N_TICK_RESULTS; i++)
        jw_put_int(w, name_of(&tick_result_names, i), backfill->tally[i]);
    jw_end_object(w);
}

static const Field backfill_fields[] = {
    FIELD_AS("id", INT, BackfillView, row.id),
    FIELD_AS("from", TIME, BackfillView, row.from_at),
    FIELD_AS("to", TIME, BackfillView, row.to_at),
    FIELD_AS("max_parallel", INT, BackfillView, row.max_parallel),
    FIELD_ENUM("status", BackfillView, row.status, backfill_status_names),
    FIELD_AS("created_at", TIME, BackfillView, row.created_at),
    FIELD_AS("finished_at", TIME, BackfillView, row.finished_at),
    FIELD_FUNC("user", write_user),
    FIELD_FUNC("ticks", write_tally),
    FIELDS_END,
};

static bool load_views(Req *rq, const Backfill *rows, size_t n, BackfillView **views, Error *err)
{
    int64_t *ids = arena_new0(rq->arena, int64_t, n);
    size_t n_ids = 0;
    UserMap users;

    for (size_t i = 0; i < n; i++)
        if (rows[i].user_id)
            ids[n_ids++] = rows[i].user_id;
    if (!user_map_load(caller_of(rq)->db, rq->arena, ids, n_ids, &users, err))
        return false;
    *views = arena_new0(rq->arena, BackfillView, n);
    for (size_t i = 0; i < n; i++) {
        BackfillView *view = &(*views)[i];
        *view = (BackfillView){ .row = rows[i], .user = user_map_find(&users, rows[i].user_id) };
        if (!backfill_tally(caller_of(rq)->db, rq->arena, rows[i].id, view->tally, err))
            return false;
    }
    return true;
}

static bool reply_backfill(Req *rq, const Backfill *row, int status, Error *err)
{
    EntityContext context = caller_context(rq);
    BackfillView *view = NULL;

    if (!load_views(rq, row, 1, &view, err))
        return false;
    entity_write(reply_writer(rq), backfill_fields, view, &context);
    return reply_json_status(rq, status);
}

static bool find_backfill(Req *rq, const PipelineSchedule *schedule, Backfill *row, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (backfill_get_in_schedule(caller_of(rq)->db, rq->arena, schedule->id,
                                 req_int(rq, "backfill_id"), row, &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, "Backfill");
    return error_move(err, &failed);
}

static bool check_span(const Backfill *row, int64_t now_us, Error *err)
{
    if (row->to_at > now_us)
        return error_field(err, "to", "is in the future");
    return row->from_at <= row->to_at || error_field(err, "from", "is later than to");
}

/* Whoever may play the schedule, and as that user. */
static bool create_backfill(Req *rq, Error *err)
{
    const Site *site = site_of(rq);
    PipelineSchedule schedule;
    Backfill row = { .user_id = caller_of(rq)->user->id,
                     .from_at = req_time(rq, "from"),
                     .to_at = req_time(rq, "to"),
                     .max_parallel = req_int(rq, "max_parallel") };

    return find_schedule(rq, &schedule, err) && require_schedule_run(rq, &schedule, err) &&
           check_span(&row, clock_now(site->clock), err) &&
           backfill_start(site, &schedule, &row, err) && reply_backfill(rq, &row, 201, err);
}

static bool list_backfills(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    PipelineSchedule schedule;
    Backfill *rows = NULL;
    BackfillView *views = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!find_schedule(rq, &schedule, err) ||
        !backfill_list(caller->db, rq->arena, schedule.id,
                       (Slice){ rq->page.per_page, rq->page.offset }, &rows, &n, err) ||
        !backfill_count(caller->db, schedule.id, &total, err) ||
        !load_views(rq, rows, n, &views, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, backfill_fields, &views[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

static bool get_backfill(Req *rq, Error *err)
{
    PipelineSchedule schedule;
    Backfill row;

    return find_schedule(rq, &schedule, err) && find_backfill(rq, &schedule, &row, err) &&
           reply_backfill(rq, &row, 200, err);
}

static bool cancel_backfill(Req *rq, Error *err)
{
    PipelineSchedule schedule;
    Backfill row;
    bool done = false;

    if (!find_schedule(rq, &schedule, err) || !find_backfill(rq, &schedule, &row, err))
        return false;
    if (row.user_id != caller_of(rq)->user->id && !require_schedule_admin(rq, &schedule, err))
        return false;
    if (!backfill_cancel(site_of(rq), row.id, &done, err))
        return false;
    if (!done)
        return error_set(err, ERR_CONFLICT, "The backfill has ended");
    return find_backfill(rq, &schedule, &row, err) && reply_backfill(rq, &row, 200, err);
}

#define SCHEDULE  "/projects/:id/pipeline_schedules/:pipeline_schedule_id"
#define BACKFILLS SCHEDULE "/backfills"

const Route schedule_tick_routes[] = {
    { GET, SCHEDULE "/ticks", CAN_READ_SCHEDULES, tick_params, list_ticks, .paged = true },
    { POST, SCHEDULE "/backfill", CAN_CREATE_PIPELINES, create_params, create_backfill },
    { GET, BACKFILLS, CAN_READ_SCHEDULES, list_params, list_backfills, .paged = true },
    { GET, BACKFILLS "/:backfill_id", CAN_READ_SCHEDULES, id_params, get_backfill },
    { POST, BACKFILLS "/:backfill_id/cancel", CAN_READ_SCHEDULES, id_params, cancel_backfill },
    { 0 },
};
