/* schedules.c - /projects/:id/pipeline_schedules. */
#include "access/subject.h"
#include "api/given.h"
#include "api/pipeline_entity.h"
#include "api/pipelines.h"
#include "api/routes.h"
#include "api/schedule_entity.h"
#include "api/schedule_inputs.h"
#include "base/seal.h"
#include "base/text.h"
#include "schedule/run.h"

#include <string.h>

static const char *const scopes[] = { "active", "inactive", NULL };

static const Param list_params[] = { { "scope", PARAM_ENUM, .values = scopes }, { 0 } };
static const Param id_params[] = { { "pipeline_schedule_id", PARAM_INT }, { 0 } };

/* Beyond GitLab: docs/api-extensions.md. */
enum { MAX_START_DELAY_S = 366 * 24 * 3600 };
static const char *const catch_ups[] = { "latest", "none", "all", NULL };
static const char *const overlap_policies[] = { "allow", "skip", "queue", "cancel_previous", NULL };
#define POLICIES                                                                                   \
    { "catch_up", PARAM_ENUM, .values = catch_ups },                                               \
        { "overlap_policy", PARAM_ENUM, .values = overlap_policies },                              \
    {                                                                                              \
        "max_start_delay", PARAM_INT, .min = 0, .max = MAX_START_DELAY_S                           \
    }

static const Param create_params[] = {
    { "description", PARAM_STR, .required = true },
    { "ref", PARAM_STR, .required = true, .non_blank = true },
    { "cron", PARAM_STR, .required = true },
    { "cron_timezone", PARAM_STR, .otherwise = "UTC" },
    { "active", PARAM_BOOL, .otherwise = "true" },
    { "inputs", PARAM_LIST, .of = schedule_new_input_params },
    POLICIES,
    { 0 },
};

static const Param update_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    { "description", PARAM_STR },
    { "ref", PARAM_STR, .non_blank = true },
    { "cron", PARAM_STR },
    { "cron_timezone", PARAM_STR },
    { "active", PARAM_BOOL },
    { "inputs", PARAM_LIST, .of = schedule_input_params },
    POLICIES,
    { 0 },
};

static const Param pipeline_params[] = {
    { "pipeline_schedule_id", PARAM_INT },
    PIPELINE_FILTER_PARAMS("asc"),
    { 0 },
};

/* --- finding and showing --- */

bool find_schedule(Req *rq, PipelineSchedule *row, Error *err)
{
    Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;

    if (pipeline_schedule_get_in_project(caller->db, rq->arena, caller->project->id,
                                         req_int(rq, "pipeline_schedule_id"), row, &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, "Pipeline Schedule");
    return error_move(err, &failed);
}

bool owns_schedule(Req *rq, const PipelineSchedule *row)
{
    return row->owner_id != 0 && row->owner_id == caller_of(rq)->user->id;
}

bool may_admin_schedule(Req *rq, const PipelineSchedule *row)
{
    const Subject *subject = &caller_of(rq)->subject;

    return access_can(subject, CAN_ADMIN_SCHEDULES) ||
           (owns_schedule(rq, row) && access_can(subject, CAN_CREATE_SCHEDULES));
}

/* The owner, while they may still run pipelines. */
bool require_schedule_owner(Req *rq, const PipelineSchedule *row, Error *err)
{
    if (!owns_schedule(rq, row))
        return error_set(err, ERR_FORBIDDEN, NULL);
    return caller_require(rq, CAN_CREATE_SCHEDULES, err);
}

bool require_schedule_admin(Req *rq, const PipelineSchedule *row, Error *err)
{
    return may_admin_schedule(rq, row) || error_set(err, ERR_FORBIDDEN, NULL);
}

bool require_schedule_run(Req *rq, const PipelineSchedule *row, Error *err)
{
    bool is_tag = g_str_has_prefix(row->ref, "refs/tags/");
    const char *name = row->ref + strlen(is_tag ? "refs/tags/" : "refs/heads/");
    RefRules rules;

    return ref_rules_find(caller_of(rq)->db, row->project_id, is_tag, name, &rules, err) &&
           (ref_allows_run(&rules, &caller_of(rq)->subject) || error_set(err, ERR_FORBIDDEN, NULL));
}

static bool list_schedules(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    const char *scope = req_str(rq, "scope");
    Only active = !scope ? ONLY_ANY : strcmp(scope, "active") == 0 ? ONLY_YES : ONLY_NO;
    Slice slice = { rq->page.per_page, rq->page.offset };
    PipelineSchedule *rows = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!pipeline_schedule_list(caller->db, rq->arena, caller->project->id, active, slice, &rows,
                                &n, err) ||
        !pipeline_schedule_count(caller->db, caller->project->id, active, &total, err))
        return false;
    reply_page_headers(rq, total, false);
    return reply_schedules(rq, rows, n, err);
}

static bool get_schedule(Req *rq, Error *err)
{
    PipelineSchedule row;

    return find_schedule(rq, &row, err) && reply_schedule(rq, &row, 200, err);
}

/* --- checking what is asked for --- */

static bool check_ref(Req *rq, PipelineSchedule *row, Error *err)
{
    Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;
    RefRules rules;

    if (!repo_expand_ref(site_of(rq)->repos, row->project_id, row->ref, rq->arena, &row->ref,
                         &failed)) {
        if (failed.code == ERR_NO_RECORD || failed.code == ERR_CONFLICT)
            return error_field(err, "ref", "is ambiguous");
        return error_move(err, &failed);
    }
    bool is_tag = g_str_has_prefix(row->ref, "refs/tags/");
    const char *name = row->ref + strlen(is_tag ? "refs/tags/" : "refs/heads/");
    if (!ref_rules_find(caller->db, row->project_id, is_tag, name, &rules, err))
        return false;
    return ref_allows_run(&rules, &caller->subject) ||
           error_field(err, "base",
                       "The current user is not authorized to create the pipeline schedule");
}

/* All that is wrong with the fields at once, as a model's validation does. */
static bool check(Req *rq, PipelineSchedule *row, bool is_new_ref, Error *err)
{
    g_auto(Error) planned = ERROR_INIT;
    bool ok = true;

    if (text_is_blank(row->description))
        ok = error_field(err, "description", "can't be blank");
    if (!schedule_plan_next(row, clock_now(site_of(rq)->clock), &planned)) {
        for (guint i = 0; planned.details && i < planned.details->len; i++) {
            const ErrorDetail *detail = g_ptr_array_index(planned.details, i);
            error_field(err, detail->field, "%s", detail->text);
        }
        ok = false;
    }
    return ok && (!is_new_ref || check_ref(rq, row, err));
}

static const char *stripped(Req *rq, const char *text)
{
    g_autofree char *copy = g_strdup(text);

    return arena_strdup(rq->arena, g_strstrip(copy));
}

/* --- writing --- */

typedef struct Save {
    PipelineSchedule *row;
    InputChanges inputs;
    int64_t limit; /* of schedules; 0: none */
} Save;

/* The project's lock makes those that come at once be counted one after the other. */
static bool check_count(Db *db, const Save *save, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Project project;
    int64_t n = 0;

    if (save->limit == 0)
        return true;
    if (!project_lock(db, arena, save->row->project_id, &project, err) ||
        !pipeline_schedule_count(db, save->row->project_id, ONLY_ANY, &n, err))
        return false;
    return n < save->limit ||
           error_field(err, "base",
                       "Maximum number of ci pipeline schedules (%" G_GINT64_FORMAT ") exceeded",
                       save->limit);
}

static bool insert_row(Db *db, void *data, Error *err)
{
    const Save *save = data;

    return check_count(db, save, err) && pipeline_schedule_insert(db, save->row, err) &&
           input_changes_write(db, save->row->id, &save->inputs, err);
}

static bool update_row(Db *db, void *data, Error *err)
{
    const Save *save = data;

    return pipeline_schedule_update(db, save->row, err) &&
           input_changes_write(db, save->row->id, &save->inputs, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return pipeline_schedule_delete(db, ((const PipelineSchedule *)data)->id, err);
}

static void read_policies(Req *rq, PipelineSchedule *row)
{
    if (req_has(rq, "catch_up"))
        row->catch_up = (CatchUp)name_value(&catch_up_names, req_str(rq, "catch_up"));
    if (req_has(rq, "overlap_policy"))
        row->overlap_policy =
            (OverlapPolicy)name_value(&overlap_policy_names, req_str(rq, "overlap_policy"));
    if (req_has(rq, "max_start_delay"))
        row->max_start_delay_s = req_int(rq, "max_start_delay");
}

static bool create_schedule(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    int64_t now = clock_now(site_of(rq)->clock);
    PipelineSchedule row = { .project_id = caller->project->id,
                             .owner_id = caller->user->id,
                             .description = req_str(rq, "description"),
                             .ref = req_str(rq, "ref"),
                             .cron = stripped(rq, req_str(rq, "cron")),
                             .cron_timezone = req_str(rq, "cron_timezone"),
                             .active = req_bool(rq, "active"),
                             .created_at = now,
                             .updated_at = now };

    Save save = { .row = &row, .limit = site_of(rq)->settings->max_schedules };

    read_policies(rq, &row);
    return check(rq, &row, true, err) && input_changes_read(rq, &save.inputs, err) &&
           database_write(site_of(rq)->database, insert_row, &save, err) &&
           reply_schedule(rq, &row, 201, err);
}

static bool update_schedule(Req *rq, Error *err)
{
    PipelineSchedule row;
    Save save = { .row = &row };

    if (!find_schedule(rq, &row, err) || !require_schedule_owner(rq, &row, err))
        return false;
    bool is_new_ref = req_has(rq, "ref");
    if (req_has(rq, "description"))
        row.description = req_str(rq, "description");
    if (is_new_ref)
        row.ref = req_str(rq, "ref");
    if (req_has(rq, "cron"))
        row.cron = stripped(rq, req_str(rq, "cron"));
    if (req_has(rq, "cron_timezone"))
        row.cron_timezone = req_str(rq, "cron_timezone");
    if (req_has(rq, "active"))
        row.active = req_bool(rq, "active");
    read_policies(rq, &row);
    row.updated_at = clock_now(site_of(rq)->clock);
    return check(rq, &row, is_new_ref, err) && input_changes_read(rq, &save.inputs, err) &&
           database_write(site_of(rq)->database, update_row, &save, err) &&
           reply_schedule(rq, &row, 200, err);
}

static bool delete_schedule(Req *rq, Error *err)
{
    PipelineSchedule row;

    return find_schedule(rq, &row, err) && require_schedule_admin(rq, &row, err) &&
           database_write(site_of(rq)->database, delete_row, &row, err) && reply_empty(rq, 204);
}

static bool take_ownership(Req *rq, Error *err)
{
    PipelineSchedule row;
    Save save = { .row = &row };

    if (!find_schedule(rq, &row, err) || !require_schedule_admin(rq, &row, err))
        return false;
    if (owns_schedule(rq, &row))
        return reply_schedule(rq, &row, 200, err);
    row.owner_id = caller_of(rq)->user->id;
    row.updated_at = clock_now(site_of(rq)->clock);
    return database_write(site_of(rq)->database, update_row, &save, err) &&
           reply_schedule(rq, &row, 201, err);
}

/* Runs as whoever plays it.  As with a tick, what came of it is recorded with the schedule. */
static bool play_schedule(Req *rq, Error *err)
{
    PipelineSchedule row;

    if (!find_schedule(rq, &row, err) || !require_schedule_run(rq, &row, err))
        return false;
    if (!schedule_play(site_of(rq), &row, caller_of(rq)->user->id, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "message", "201 Created");
    jw_end_object(w);
    return reply_json_status(rq, 201);
}

static bool list_pipelines(Req *rq, Error *err)
{
    PipelineSchedule row;
    PipelineFilter filter;

    if (!find_schedule(rq, &row, err) || !pipeline_filter_read(rq, &filter, err))
        return false;
    filter.schedule_id = row.id;
    return reply_pipelines(rq, &filter, pipeline_basic_fields, err);
}

#define SCHEDULES "/projects/:id/pipeline_schedules"
#define SCHEDULE  SCHEDULES "/:pipeline_schedule_id"

const Route schedule_routes[] = {
    { GET, SCHEDULES, CAN_READ_SCHEDULES, list_params, list_schedules, .paged = true },
    { POST, SCHEDULES, CAN_CREATE_SCHEDULES, create_params, create_schedule },
    { GET, SCHEDULE, CAN_READ_SCHEDULES, id_params, get_schedule },
    { PUT, SCHEDULE, CAN_READ_SCHEDULES, update_params, update_schedule },
    { DELETE, SCHEDULE, CAN_READ_SCHEDULES, id_params, delete_schedule },
    { POST, SCHEDULE "/take_ownership", CAN_READ_SCHEDULES, id_params, take_ownership },
    { POST, SCHEDULE "/play", CAN_CREATE_PIPELINES, id_params, play_schedule },
    { GET, SCHEDULE "/pipelines", CAN_READ_SCHEDULES, pipeline_params, list_pipelines,
      .paged = true },
    { 0 },
};
