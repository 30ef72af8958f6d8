/* pipeline_entity.c - the pipeline entities. */
#include "api/pipeline_entity.h"

#include "api/caller.h"
#include "pipeline/detailed_status.h"
#include "pipeline/duration.h"
#include "store/jobs.h"

static char *path_of(const PipelineView *view)
{
    return g_strdup_printf("/%s/-/pipelines/%" G_GINT64_FORMAT, view->project->full_path,
                           view->row.id);
}

static void write_web_url(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    g_autofree char *path = path_of(view);
    g_autofree char *url = g_strconcat(context->base_url, path, NULL);

    jw_put_string(w, "web_url", url);
}

static void write_user(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    jw_key(w, "user");
    entity_write(w, user_basic_fields, ((const PipelineView *)view)->user, context);
}

static void write_duration(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    int64_t seconds = ((const PipelineView *)view)->row.duration_s;

    if (seconds < 0)
        jw_put_null(w, "duration");
    else
        jw_put_int(w, "duration", seconds);
}

static void write_queued_duration(JsonWriter *w, const Field *field, const void *view,
                                  const EntityContext *context)
{
    const Pipeline *row = &((const PipelineView *)view)->row;
    int64_t seconds;

    if (pipeline_queued_duration_s(row->created_at, row->started_at, &seconds))
        jw_put_int(w, "queued_duration", seconds);
    else
        jw_put_null(w, "queued_duration");
}

/* A string with two decimals, unlike a job's. */
static void write_coverage(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    double coverage = ((const PipelineView *)view)->coverage;

    if (coverage >= 0)
        g_ascii_formatd(text, sizeof text, "%.2f", coverage);
    jw_put_string(w, "coverage", coverage >= 0 ? text : NULL);
}

void detailed_status_write(JsonWriter *w, const DetailedStatus *status)
{
    jw_begin_object(w);
    jw_put_string(w, "icon", status->icon);
    jw_put_string(w, "text", status->text);
    jw_put_string(w, "label", status->label);
    jw_put_string(w, "group", status->group);
    jw_put_string(w, "tooltip", status->tooltip);
    jw_put_bool(w, "has_details", status->has_details);
    jw_put_string(w, "details_path", status->details_path);
    jw_put_null(w, "illustration");
    jw_put_string(w, "favicon", status->favicon);
    jw_end_object(w);
}

static void write_detailed_status(JsonWriter *w, const Field *field, const void *view,
                                  const EntityContext *context)
{
    const PipelineView *pipeline = view;
    g_autofree char *path = path_of(pipeline);
    DetailedStatus status =
        detailed_status_of_pipeline(pipeline->row.status, pipeline->warnings, path);

    jw_key(w, "detailed_status");
    detailed_status_write(w, &status);
}

const Field pipeline_basic_fields[] = {
    FIELD_AS("id", INT, PipelineView, row.id),
    FIELD_AS("iid", INT, PipelineView, row.iid),
    FIELD_AS("project_id", INT, PipelineView, row.project_id),
    FIELD_AS("sha", STR, PipelineView, row.sha),
    FIELD_AS("ref", STR, PipelineView, row.ref),
    FIELD_ENUM("status", PipelineView, row.status, status_names),
    FIELD_ENUM("source", PipelineView, row.source, pipeline_source_names),
    FIELD_AS("created_at", TIME, PipelineView, row.created_at),
    FIELD_AS("updated_at", TIME, PipelineView, row.updated_at),
    FIELD_FUNC("web_url", write_web_url),
    FIELDS_END,
};

const Field pipeline_list_fields[] = {
    FIELDS_OF(pipeline_basic_fields),
    FIELD_AS("name", STR, PipelineView, row.name),
    FIELDS_END,
};

const Field pipeline_times_fields[] = {
    FIELD_FUNC("user", write_user),
    FIELD_AS("started_at", TIME, PipelineView, row.started_at),
    FIELD_AS("finished_at", TIME, PipelineView, row.finished_at),
    FIELD_FUNC("duration", write_duration),
    FIELD_FUNC("queued_duration", write_queued_duration),
    FIELDS_END,
};

const Field pipeline_fields[] = {
    FIELDS_OF(pipeline_basic_fields),
    FIELD_AS("before_sha", STR, PipelineView, row.before_sha),
    FIELD_AS("tag", BOOL, PipelineView, row.tag),
    FIELD_AS("yaml_errors", STR, PipelineView, row.yaml_errors),
    FIELD_FUNC("user", write_user),
    FIELD_AS("started_at", TIME, PipelineView, row.started_at),
    FIELD_AS("finished_at", TIME, PipelineView, row.finished_at),
    FIELD_AS("committed_at", TIME, PipelineView, row.committed_at),
    FIELD_FUNC("duration", write_duration),
    FIELD_FUNC("queued_duration", write_queued_duration),
    FIELD_FUNC("coverage", write_coverage),
    FIELD_FUNC("detailed_status", write_detailed_status),
    FIELD_FALSE("archived"),
    FIELD_AS("auto_canceled_by_id", ID, PipelineView, row.auto_canceled_by_id),
    FIELDS_END,
};

const Field pipeline_metadata_fields[] = {
    FIELDS_OF(pipeline_fields),
    FIELD_AS("name", STR, PipelineView, row.name),
    FIELDS_END,
};

bool pipeline_view_load(Db *db, Arena *arena, const Pipeline *pipeline, const Project *project,
                        PipelineView *out, Error *err)
{
    UserMap users;

    *out = (PipelineView){ .row = *pipeline, .project = project, .coverage = -1 };
    if (!user_map_load(db, arena, &pipeline->user_id, pipeline->user_id ? 1 : 0, &users, err) ||
        !job_has_warnings(db, pipeline->id, &out->warnings, err) ||
        !job_mean_coverage(db, arena, pipeline->id, &out->coverage, err))
        return false;
    out->user = user_map_find(&users, pipeline->user_id);
    return true;
}

bool reply_pipeline_rows(Req *rq, const Pipeline *rows, size_t n, const Field *fields)
{
    EntityContext context = caller_context(rq);
    JsonWriter *w = reply_writer(rq);

    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        PipelineView view = { .row = rows[i], .project = caller_of(rq)->project };
        entity_write(w, fields, &view, &context);
    }
    jw_end_array(w);
    return reply_json(rq);
}
