/* schedule_variables.c - the variables of a schedule. */
#include "store/schedule_variables.h"
#include "api/given.h"
#include "api/routes.h"
#include "api/schedule_entity.h"
#include "base/seal.h"

#include <string.h>

static const Param create_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "key", PARAM_STR, .required = true },
    { "value", PARAM_STR, .required = true },
    { "variable_type", PARAM_ENUM, .values = given_variable_types, .otherwise = "env_var" },
    { 0 },
};

static const Param update_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "key", PARAM_STR },
    { "value", PARAM_STR },
    { "variable_type", PARAM_ENUM, .values = given_variable_types },
    { 0 },
};

static const Param key_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "key", PARAM_STR },
    { 0 },
};

static bool find(Req *rq, const PipelineSchedule *schedule, ScheduleVariable *row, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (schedule_variable_by_key(caller_of(rq)->db, rq->arena, schedule->id,
                                 req_path_param(rq, "key"), row, &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, "Pipeline Schedule Variable");
    return error_move(err, &failed);
}

static bool reply_variable(Req *rq, const ScheduleVariable *row, int status, Error *err)
{
    EntityContext context = caller_context(rq);
    GivenView view = { .key = row->key, .type = row->variable_type, .raw = row->raw };

    if (!given_unseal(rq, row->value, &view.value, err))
        return false;
    entity_write(reply_writer(rq), given_fields, &view, &context);
    return reply_json_status(rq, status);
}

static bool check_key(const char *key, Error *err)
{
    enum { MAX_KEY = 255 };

    if (!*key)
        return error_field(err, "key", "can't be blank");
    if (strlen(key) > MAX_KEY)
        return error_field(err, "key", "is too long (maximum is %d characters)", MAX_KEY);
    for (const char *c = key; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '_')
            return error_field(err, "key", "can contain only letters, digits and '_'.");
    return true;
}

static VariableType type_asked(Req *rq)
{
    return (VariableType)name_value(&variable_type_names, req_str(rq, "variable_type"));
}

static bool insert_row(Db *db, void *data, Error *err)
{
    return schedule_variable_insert(db, data, err);
}

static bool create_variable(Req *rq, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    PipelineSchedule schedule;

    if (!find_schedule(rq, &schedule, err) || !require_schedule_owner(rq, &schedule, err) ||
        !check_key(req_str(rq, "key"), err))
        return false;
    g_autofree char *sealed = seal(site_of(rq)->seal_key, req_str(rq, "value"));
    ScheduleVariable row = { .schedule_id = schedule.id,
                             .key = req_str(rq, "key"),
                             .value = sealed,
                             .variable_type = type_asked(rq) };
    if (database_write(site_of(rq)->database, insert_row, &row, &failed))
        return reply_variable(rq, &row, 201, err);
    if (failed.code == ERR_DB_UNIQUE)
        return error_field(err, "key", "has already been taken");
    return error_move(err, &failed);
}

static bool get_variable(Req *rq, Error *err)
{
    PipelineSchedule schedule;
    ScheduleVariable row;

    return find_schedule(rq, &schedule, err) && require_schedule_admin(rq, &schedule, err) &&
           find(rq, &schedule, &row, err) && reply_variable(rq, &row, 200, err);
}

static bool update_row(Db *db, void *data, Error *err)
{
    return schedule_variable_update(db, data, err);
}

static bool update_variable(Req *rq, Error *err)
{
    g_autofree char *sealed = NULL;
    PipelineSchedule schedule;
    ScheduleVariable row;

    if (!find_schedule(rq, &schedule, err) || !require_schedule_owner(rq, &schedule, err) ||
        !find(rq, &schedule, &row, err))
        return false;
    if (req_has(rq, "value"))
        row.value = sealed = seal(site_of(rq)->seal_key, req_str(rq, "value"));
    if (req_has(rq, "variable_type"))
        row.variable_type = type_asked(rq);
    return database_write(site_of(rq)->database, update_row, &row, err) &&
           reply_variable(rq, &row, 200, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return schedule_variable_delete(db, ((const ScheduleVariable *)data)->id, err);
}

static bool delete_variable(Req *rq, Error *err)
{
    PipelineSchedule schedule;
    ScheduleVariable row;

    return find_schedule(rq, &schedule, err) && require_schedule_admin(rq, &schedule, err) &&
           find(rq, &schedule, &row, err) &&
           database_write(site_of(rq)->database, delete_row, &row, err) &&
           reply_variable(rq, &row, 202, err);
}

#define VARIABLES "/projects/:id/pipeline_schedules/:pipeline_schedule_id/variables"

const Route schedule_variable_routes[] = {
    { POST, VARIABLES, CAN_READ_SCHEDULES, create_params, create_variable },
    { GET, VARIABLES "/:key", CAN_READ_SCHEDULES, key_params, get_variable },
    { PUT, VARIABLES "/:key", CAN_READ_SCHEDULES, update_params, update_variable },
    { DELETE, VARIABLES "/:key", CAN_READ_SCHEDULES, key_params, delete_variable },
    { 0 },
};
