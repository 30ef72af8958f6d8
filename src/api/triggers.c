/* triggers.c - trigger tokens, and the pipelines they start. */
#include "store/triggers.h"
#include "access/subject.h"
#include "api/caller.h"
#include "api/given.h"
#include "api/pipeline_entity.h"
#include "api/routes.h"
#include "base/seal.h"
#include "base/secret.h"
#include "pipeline/create.h"
#include "runner/report.h"
#include "store/downstream.h"

#include <string.h>

/* What others than the owner see of a token: this much behind the prefix. */
enum { TOKEN_DIGITS = 40, SHOWN = 4 };
static const char PREFIX[] = "glptt-";

static const Param create_params[] = {
    { "description", PARAM_STR, .required = true },
    { "expires_at", PARAM_TIME },
    { 0 },
};
static const Param id_params[] = { { "trigger_id", PARAM_INT }, { 0 } };
static const Param update_params[] = { { "trigger_id", PARAM_INT },
                                       { "description", PARAM_STR },
                                       { 0 } };

/* `ref` may stand in the path instead. */
static const Param run_params[] = {
    { "ref", PARAM_STR, .required = true, .non_blank = true },
    { "token", PARAM_STR, .required = true },
    { "variables", PARAM_HASH },
    { "inputs", PARAM_HASH },
    { 0 },
};

/* --- the tokens --- */

typedef struct TriggerView {
    Trigger row;
    const char *token;
    const User *owner;
} TriggerView;

static void write_owner(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    jw_key(w, "owner");
    entity_write(w, user_basic_fields, ((const TriggerView *)view)->owner, context);
}

static const Field trigger_fields[] = {
    FIELD_AS("id", INT, TriggerView, row.id),
    FIELD_AS("token", STR, TriggerView, token),
    FIELD_AS("description", STR, TriggerView, row.description),
    FIELD_AS("created_at", TIME, TriggerView, row.created_at),
    FIELD_AS("updated_at", TIME, TriggerView, row.updated_at),
    FIELD_AS("last_used", TIME, TriggerView, row.last_used_at),
    FIELD_AS("expires_at", TIME, TriggerView, row.expires_at),
    FIELD_FUNC("owner", write_owner),
    FIELDS_END,
};

static bool write_trigger(Req *rq, JsonWriter *w, const Trigger *row, const UserMap *users,
                          Error *err)
{
    EntityContext context = caller_context(rq);
    TriggerView view = { .row = *row,
                         .token = row->token_start,
                         .owner = user_map_find(users, row->owner_id) };

    if (row->owner_id == context.user_id && !given_unseal(rq, row->token, &view.token, err))
        return false;
    entity_write(w, trigger_fields, &view, &context);
    return true;
}

static bool reply_trigger(Req *rq, const Trigger *row, int status, Error *err)
{
    UserMap users;

    return user_map_load(caller_of(rq)->db, rq->arena, &row->owner_id, 1, &users, err) &&
           write_trigger(rq, reply_writer(rq), row, &users, err) && reply_json_status(rq, status);
}

static bool find(Req *rq, Trigger *row, Error *err)
{
    Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;

    if (trigger_get(caller->db, rq->arena, caller->project->id, req_int(rq, "trigger_id"), row,
                    &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, "Trigger");
    return error_move(err, &failed);
}

static bool list_triggers(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    Slice slice = { .limit = rq->page.per_page, .offset = rq->page.offset };
    Trigger *rows = NULL;
    size_t n = 0;
    int64_t total = 0;
    UserMap users;

    if (!trigger_list(caller->db, rq->arena, caller->project->id, slice, &rows, &n, err) ||
        !trigger_count(caller->db, caller->project->id, &total, err))
        return false;
    int64_t *owners = arena_new0(rq->arena, int64_t, n);
    for (size_t i = 0; i < n; i++)
        owners[i] = rows[i].owner_id;
    if (!user_map_load(caller->db, rq->arena, owners, n, &users, err))
        return false;
    reply_page_headers(rq, total, false);
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        if (!write_trigger(rq, w, &rows[i], &users, err))
            return false;
    jw_end_array(w);
    return reply_json(rq);
}

static bool get_trigger(Req *rq, Error *err)
{
    Trigger row;

    return find(rq, &row, err) && reply_trigger(rq, &row, 200, err);
}

static bool insert_row(Db *db, void *data, Error *err)
{
    return trigger_insert(db, data, err);
}

static bool check_expiry(Req *rq, int64_t now, Error *err)
{
    int64_t expires_at = req_time(rq, "expires_at");
    int64_t year = (int64_t)365 * 24 * 3600 * US_PER_S;

    if (!expires_at || (expires_at > now && expires_at <= now + year))
        return true;
    return error_set(err, ERR_BAD_REQUEST, "expires_at must be a time within the next 365 days");
}

static bool create_trigger(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    int64_t now = clock_now(site_of(rq)->clock);
    g_autofree char *token = secret_hex(PREFIX, TOKEN_DIGITS);
    g_autofree char *hash = secret_hash(token);
    g_autofree char *sealed = seal(site_of(rq)->seal_key, token);
    Trigger row = { .project_id = caller->project->id,
                    .owner_id = caller->user->id,
                    .description = req_str(rq, "description"),
                    .token = sealed,
                    .token_hash = hash,
                    .token_start = arena_strndup(rq->arena, token + strlen(PREFIX), SHOWN),
                    .expires_at = req_time(rq, "expires_at"),
                    .created_at = now,
                    .updated_at = now };

    return check_expiry(rq, now, err) &&
           database_write(site_of(rq)->database, insert_row, &row, err) &&
           reply_trigger(rq, &row, 201, err);
}

static bool update_row(Db *db, void *data, Error *err)
{
    const Trigger *row = data;

    return trigger_set_description(db, row->id, row->description, row->updated_at, err);
}

static bool update_trigger(Req *rq, Error *err)
{
    Trigger row;

    if (!find(rq, &row, err))
        return false;
    if (row.owner_id != caller_of(rq)->user->id)
        return error_set(err, ERR_FORBIDDEN, NULL);
    if (req_has(rq, "description"))
        row.description = req_str(rq, "description");
    row.updated_at = clock_now(site_of(rq)->clock);
    return database_write(site_of(rq)->database, update_row, &row, err) &&
           reply_trigger(rq, &row, 200, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return trigger_delete(db, ((const Trigger *)data)->id, err);
}

static bool delete_trigger(Req *rq, Error *err)
{
    Trigger row;

    return find(rq, &row, err) && database_write(site_of(rq)->database, delete_row, &row, err) &&
           reply_empty(rq, 204);
}

/* --- running --- */

/* Who starts a pipeline by a token, and as what. */
typedef struct Start {
    Project project;
    User user;
    Subject subject;
    PipelineSource source;
    int64_t trigger_id;
    bool by_job;
    DownstreamPipeline upstream; /* of @by_job */
} Start;

/* A project that is missing and a token that is not its own look alike. */
static bool hide(Error *err)
{
    return error_set(err, ERR_NOT_FOUND, NULL);
}

static bool start_by_trigger(Req *rq, const Trigger *trigger, Start *start, Error *err)
{
    Db *db = caller_of(rq)->db;
    int64_t now = clock_now(site_of(rq)->clock);

    if (trigger->project_id != start->project.id ||
        (trigger->expires_at && trigger->expires_at <= now))
        return hide(err);
    start->source = SOURCE_TRIGGER;
    start->trigger_id = trigger->id;
    return user_get(db, rq->arena, trigger->owner_id, &start->user, err);
}

/* Another project would have to list this one as allowed, which none can yet. */
static bool refuse_other_project(Req *rq, const Job *job, const Project *target, Error *err)
{
    Project own;

    if (!project_get(caller_of(rq)->db, rq->arena, job->project_id, &own, err))
        return false;
    return error_set(err, ERR_FORBIDDEN,
                     "Authentication by CI/CD job token not allowed from %s to %s.", own.full_path,
                     target->full_path);
}

static bool start_by_job(Req *rq, const char *token, Start *start, Error *err)
{
    Db *db = caller_of(rq)->db;
    g_auto(Error) failed = ERROR_INIT;
    Job job;

    if (!report_authenticate(db, rq->arena, token, 0, &job, &failed))
        return failed.code == ERR_FORBIDDEN ? hide(err) : error_move(err, &failed);
    if (!job_is_held(&job))
        return error_set(err, ERR_UNAUTHORIZED, "Job is not running");
    if (job.project_id != start->project.id)
        return refuse_other_project(rq, &job, &start->project, err);
    start->source = SOURCE_PIPELINE;
    const DownstreamPipeline *above;
    if (!downstream_find(db, rq->arena, job.pipeline_id, &above, err))
        return false;
    start->by_job = true;
    start->upstream =
        (DownstreamPipeline){ .job_id = job.id,
                              .upstream_pipeline_id = job.pipeline_id,
                              .upstream_project_id = job.project_id,
                              .root_pipeline_id = above ? above->root_pipeline_id : job.pipeline_id,
                              .strategy = STRATEGY_NONE };
    return user_get(db, rq->arena, job.user_id, &start->user, err);
}

static bool find_start(Req *rq, Start *start, Error *err)
{
    Db *db = caller_of(rq)->db;
    const char *token = req_str(rq, "token");
    g_autofree char *hash = secret_hash(token);
    g_auto(Error) failed = ERROR_INIT;
    Trigger trigger;

    if (!caller_lookup_project(rq, req_path_param(rq, "id"), &start->project, &failed))
        return failed.code == ERR_NOT_FOUND ? hide(err) : error_move(err, &failed);
    bool ok = trigger_by_hash(db, rq->arena, hash, &trigger, &failed)
                  ? start_by_trigger(rq, &trigger, start, err)
                  : (failed.code == ERR_NO_RECORD ? start_by_job(rq, token, start, err)
                                                  : error_move(err, &failed));
    if (!ok)
        return false;
    if (!subject_of_project(db, start->user.id, start->user.admin, &start->project,
                            clock_now(site_of(rq)->clock), &start->subject, err))
        return false;
    return access_sees(&start->subject) || hide(err);
}

/* All parameters but the token, as the file variable TRIGGER_PAYLOAD. */
static const char *trigger_payload(Req *rq)
{
    g_autoptr(json_t) payload = json_deep_copy(rq->params);

    json_object_del(payload, "token");
    json_object_del(payload, "private_token"); /* not asked for, but seen in the wild */
    g_autofree char *text = json_dumps(payload, JSON_COMPACT);
    return arena_strdup(rq->arena, text);
}

static bool reply_created(Req *rq, const Start *start, const Pipeline *pipeline, Error *err)
{
    EntityContext context = caller_context(rq);
    PipelineView view;

    /* It was saved, so that people see why, but it is no success. */
    if (pipeline->status == STATUS_FAILED) {
        error_field(err, "base", "%s",
                    pipeline->yaml_errors ? pipeline->yaml_errors : "Could not create pipeline");
        err->code = ERR_UNPROCESSABLE;
        return false;
    }
    if (!pipeline_view_load(caller_of(rq)->db, rq->arena, pipeline, &start->project, &view, err))
        return false;
    entity_write(reply_writer(rq), pipeline_fields, &view, &context);
    return reply_json_status(rq, 201);
}

/* In the transaction of the pipeline that it has started. */
static bool note_start(Db *db, const Pipeline *pipeline, void *data, Error *err)
{
    Start *start = data;
    bool is_new;

    if (!start->by_job)
        return trigger_touch(db, pipeline->trigger_id, pipeline->created_at, err);
    start->upstream.pipeline_id = pipeline->id;
    return downstream_insert(db, &start->upstream, &is_new, err);
}

static bool run_trigger(Req *rq, Error *err)
{
    const char *event = req_header(rq, "X-Gitlab-Event");
    Start start = { 0 };
    Variables given;
    Pipeline pipeline;

    /* A pipeline's webhook that starts the next pipeline would never end. */
    if (event && strcmp(event, "Pipeline Hook") == 0)
        return error_set(err, ERR_FORBIDDEN, NULL);
    if (!given_hash(rq, "variables", &given, err) || !find_start(rq, &start, err))
        return false;
    variables_add(&given, (Variable){ .key = "TRIGGER_PAYLOAD",
                                      .value = trigger_payload(rq),
                                      .file = true,
                                      .raw = true });
    PipelineRequest request = { .project = &start.project,
                                .user = &start.user,
                                .subject = &start.subject,
                                .source = start.source,
                                .ref = req_str(rq, "ref"),
                                .allow_commit = true,
                                .given = given.items,
                                .n_given = given.n,
                                .save_failures = true,
                                .trigger_id = start.trigger_id,
                                .upstream_job_id = start.upstream.job_id,
                                .upstream = start.by_job ? &start.upstream : NULL,
                                .also = note_start,
                                .also_data = &start };
    given_inputs(rq, "inputs", &request.inputs, &request.n_inputs);
    return pipeline_create(site_of(rq), rq->arena, &request, &pipeline, err) &&
           reply_created(rq, &start, &pipeline, err);
}

const Route trigger_routes[] = {
    { GET, "/projects/:id/triggers", CAN_ADMIN_TRIGGERS, NULL, list_triggers, .paged = true },
    { POST, "/projects/:id/triggers", CAN_ADMIN_TRIGGERS, create_params, create_trigger },
    { GET, "/projects/:id/triggers/:trigger_id", CAN_ADMIN_TRIGGERS, id_params, get_trigger },
    { PUT, "/projects/:id/triggers/:trigger_id", CAN_ADMIN_TRIGGERS, update_params,
      update_trigger },
    { DELETE, "/projects/:id/triggers/:trigger_id", CAN_ADMIN_TRIGGERS, id_params, delete_trigger },
    { POST, "/projects/:id/trigger/pipeline", ABILITY_NONE, run_params, run_trigger,
      .auth = AUTH_NONE },
    { POST, "/projects/:id/ref/:ref/trigger/pipeline", ABILITY_NONE, run_params, run_trigger,
      .auth = AUTH_NONE },
    { 0 },
};
