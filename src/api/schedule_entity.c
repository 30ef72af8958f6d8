/* schedule_entity.c - the schedule entities. */
#include "api/schedule_entity.h"

#include "api/given.h"
#include "api/pipeline_entity.h"
#include "api/schedule_inputs.h"
#include "store/schedule_variables.h"

typedef struct ScheduleView {
    PipelineSchedule row;
    const Project *project;
    const User *owner;    /* NULL: gone */
    const Pipeline *last; /* NULL: none */
    const GivenView *variables;
    size_t n_variables;
    const InputView *inputs;
    size_t n_inputs;
    bool shows_variables; /* and inputs */
} ScheduleView;

static void write_owner(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    jw_key(w, "owner");
    entity_write(w, user_basic_fields, ((const ScheduleView *)view)->owner, context);
}

static void write_inputs(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    const ScheduleView *schedule = view;

    if (!schedule->shows_variables)
        return;
    jw_key(w, "inputs");
    input_views_write(w, schedule->inputs, schedule->n_inputs);
}

static void write_last_pipeline(JsonWriter *w, const Field *field, const void *view,
                                const EntityContext *context)
{
    const ScheduleView *schedule = view;
    PipelineView pipeline = { .project = schedule->project };

    if (schedule->last)
        pipeline.row = *schedule->last;
    jw_key(w, "last_pipeline");
    entity_write(w, pipeline_basic_fields, schedule->last ? &pipeline : NULL, context);
}

static void write_variables(JsonWriter *w, const Field *field, const void *view,
                            const EntityContext *context)
{
    const ScheduleView *schedule = view;

    if (!schedule->shows_variables)
        return;
    jw_key(w, "variables");
    jw_begin_array(w);
    for (size_t i = 0; i < schedule->n_variables; i++)
        entity_write(w, given_fields, &schedule->variables[i], context);
    jw_end_array(w);
}

static const Field schedule_fields[] = {
    FIELD_AS("id", INT, ScheduleView, row.id),
    FIELD_AS("description", STR, ScheduleView, row.description),
    FIELD_AS("ref", STR, ScheduleView, row.ref),
    FIELD_AS("cron", STR, ScheduleView, row.cron),
    FIELD_AS("cron_timezone", STR, ScheduleView, row.cron_timezone),
    FIELD_AS("next_run_at", TIME, ScheduleView, row.next_run_at),
    FIELD_AS("active", BOOL, ScheduleView, row.active),
    FIELD_AS("created_at", TIME, ScheduleView, row.created_at),
    FIELD_AS("updated_at", TIME, ScheduleView, row.updated_at),
    FIELD_FUNC("owner", write_owner),
    FIELD_FUNC("inputs", write_inputs),
    FIELD_ENUM("catch_up", ScheduleView, row.catch_up, catch_up_names),
    FIELD_ENUM("overlap_policy", ScheduleView, row.overlap_policy, overlap_policy_names),
    FIELD_AS("max_start_delay", ID, ScheduleView, row.max_start_delay_s),
    FIELDS_END,
};

static const Field details_fields[] = {
    FIELDS_OF(schedule_fields),
    FIELD_FUNC("last_pipeline", write_last_pipeline),
    FIELD_FUNC("variables", write_variables),
    FIELDS_END,
};

static bool load_inputs(Req *rq, ScheduleView *view, Error *err)
{
    InputView *inputs = NULL;

    view->shows_variables = may_admin_schedule(rq, &view->row);
    if (!view->shows_variables)
        return true;
    if (!input_views_load(rq, view->row.id, &inputs, &view->n_inputs, err))
        return false;
    view->inputs = inputs;
    return true;
}

bool reply_schedules(Req *rq, const PipelineSchedule *rows, size_t n, Error *err)
{
    EntityContext context = caller_context(rq);
    int64_t *owners = arena_new0(rq->arena, int64_t, n);
    UserMap users;

    for (size_t i = 0; i < n; i++)
        owners[i] = rows[i].owner_id;
    if (!user_map_load(caller_of(rq)->db, rq->arena, owners, n, &users, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        ScheduleView view = { .row = rows[i], .owner = user_map_find(&users, rows[i].owner_id) };
        if (!load_inputs(rq, &view, err))
            return false;
        entity_write(w, schedule_fields, &view, &context);
    }
    jw_end_array(w);
    return reply_json(rq);
}

static bool load_variables(Req *rq, ScheduleView *view, Error *err)
{
    ScheduleVariable *rows = NULL;
    size_t n = 0;

    if (!view->shows_variables)
        return true;
    if (!schedule_variable_list(caller_of(rq)->db, rq->arena, view->row.id, &rows, &n, err))
        return false;
    GivenView *variables = arena_new0(rq->arena, GivenView, n);
    for (size_t i = 0; i < n; i++) {
        variables[i] =
            (GivenView){ .key = rows[i].key, .type = rows[i].variable_type, .raw = rows[i].raw };
        if (!given_unseal(rq, rows[i].value, &variables[i].value, err))
            return false;
    }
    view->variables = variables;
    view->n_variables = n;
    return true;
}

static bool load_last_pipeline(Req *rq, ScheduleView *view, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Pipeline *last = arena_new0(rq->arena, Pipeline, 1);

    if (pipeline_latest_of_schedule(caller_of(rq)->db, rq->arena, view->row.id, last, &failed))
        view->last = last;
    return failed.code == ERR_NONE || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

bool reply_schedule(Req *rq, const PipelineSchedule *row, int status, Error *err)
{
    EntityContext context = caller_context(rq);
    ScheduleView view = { .row = *row, .project = caller_of(rq)->project };
    UserMap users;

    if (!user_map_load(caller_of(rq)->db, rq->arena, &row->owner_id, row->owner_id ? 1 : 0, &users,
                       err) ||
        !load_inputs(rq, &view, err) || !load_variables(rq, &view, err) ||
        !load_last_pipeline(rq, &view, err))
        return false;
    view.owner = user_map_find(&users, row->owner_id);
    entity_write(reply_writer(rq), details_fields, &view, &context);
    return reply_json_status(rq, status);
}
