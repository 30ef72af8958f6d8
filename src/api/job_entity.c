/* job_entity.c - the Job entity and what has to be loaded for it. */
#include "api/job_entity.h"

#include "api/commit_entity.h"
#include "api/pipeline_entity.h"
#include "api/runner_entity.h"
#include "api/user_entity.h"
#include "pipeline/duration.h"
#include "runner/pending_reason.h"
#include "store/artifacts.h"
#include "store/downstream.h"
#include "store/runner_managers.h"

#include <string.h>

/* A job with all that its entity shows; what is NULL is null. */
typedef struct JobView {
    Job row; /* first: the table's members are found through it */
    const Project *project;
    const Pipeline *pipeline;
    const RepoCommit *commit;
    const User *user;
    const Runner *runner;
    const RunnerManager *manager;
    const Artifact *artifacts; /* all of the page's, sorted by job */
    size_t n_artifacts;
    const Pipeline *downstream; /* of a bridge: what it started, if the caller may see it */
    const Project *downstream_project;
    const char *pending_reason; /* of a whole entity that is not in a list */
    bool in_list;
} JobView;

/* --- the fields --- */

static void put_seconds(JsonWriter *w, const char *key, bool known, double seconds)
{
    if (known)
        jw_put_double(w, key, seconds);
    else
        jw_put_null(w, key);
}

static void write_coverage(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    double coverage = ((const JobView *)view)->row.coverage;

    put_seconds(w, "coverage", coverage >= 0, coverage);
}

static void write_duration(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    const Job *job = &((const JobView *)view)->row;
    double seconds = 0;
    bool known = job_duration_s(job->started_at, job->finished_at, context->now_us, &seconds);

    put_seconds(w, "duration", known, seconds);
}

static void write_queued_duration(JsonWriter *w, const Field *field, const void *view,
                                  const EntityContext *context)
{
    const Job *job = &((const JobView *)view)->row;
    int64_t until = job->started_at ? job->started_at : job->finished_at;
    double seconds = 0;
    bool known = job_queued_duration_s(job->queued_at, until, context->now_us, &seconds);

    put_seconds(w, "queued_duration", known, seconds);
}

static void write_user(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    jw_key(w, "user");
    entity_write(w, user_fields, ((const JobView *)view)->user, context);
}

static void write_commit(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    const JobView *job = view;

    jw_key(w, "commit");
    commit_write(w, job->commit, job->project->full_path, context);
}

static void write_pipeline(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    const JobView *job = view;
    PipelineView pipeline = { .row = *job->pipeline, .project = job->project };

    jw_key(w, "pipeline");
    entity_write(w, pipeline_basic_fields, &pipeline, context);
}

static void write_ref(JsonWriter *w, const Field *field, const void *view,
                      const EntityContext *context)
{
    const Pipeline *pipeline = ((const JobView *)view)->pipeline;

    jw_put_string(w, "ref", pipeline->ref);
    jw_put_bool(w, "tag", pipeline->tag);
}

static void write_source(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    jw_put_string(w, "source",
                  name_of(&pipeline_source_names, (int)((const JobView *)view)->pipeline->source));
}

/* Only a failed job has the key at all. */
static void write_failure_reason(JsonWriter *w, const Field *field, const void *view,
                                 const EntityContext *context)
{
    const Job *job = &((const JobView *)view)->row;
    FailureReason reason = job->failure_reason ? job->failure_reason : FAILURE_UNKNOWN;

    if (job->status == STATUS_FAILED)
        jw_put_string(w, "failure_reason", name_of(&failure_reason_names, (int)reason));
}

static void write_web_url(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    const JobView *job = view;
    g_autofree char *url = g_strdup_printf("%s/%s/-/jobs/%" G_GINT64_FORMAT, context->base_url,
                                           job->project->full_path, job->row.id);

    jw_put_string(w, "web_url", url);
}

static void write_project(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    jw_key(w, "project");
    jw_begin_object(w);
    jw_put_bool(w, "ci_job_token_scope_enabled", false);
    jw_end_object(w);
}

/* Only a job with an archive has the key at all. */
static void write_artifacts_file(JsonWriter *w, const Field *field, const void *view,
                                 const EntityContext *context)
{
    const JobView *job = view;

    for (size_t i = 0; i < job->n_artifacts; i++) {
        const Artifact *artifact = &job->artifacts[i];
        if (artifact->job_id != job->row.id || artifact->file_type != ARTIFACT_ARCHIVE)
            continue;
        jw_key(w, "artifacts_file");
        jw_begin_object(w);
        jw_put_string(w, "filename", artifact->filename);
        jw_put_int(w, "size", artifact->size_bytes);
        jw_end_object(w);
    }
}

static void write_artifact(JsonWriter *w, const char *type, int64_t size, const char *filename,
                           const char *format)
{
    jw_begin_object(w);
    jw_put_string(w, "file_type", type);
    jw_put_int(w, "size", size);
    jw_put_string(w, "filename", filename);
    jw_put_string(w, "file_format", format);
    jw_end_object(w);
}

static void write_artifacts(JsonWriter *w, const Field *field, const void *view,
                            const EntityContext *context)
{
    const JobView *job = view;

    jw_key(w, "artifacts");
    jw_begin_array(w);
    for (size_t i = 0; i < job->n_artifacts; i++) {
        const Artifact *artifact = &job->artifacts[i];
        if (artifact->job_id == job->row.id)
            write_artifact(w, name_of(&artifact_type_names, (int)artifact->file_type),
                           artifact->size_bytes, artifact->filename, artifact->file_format);
    }
    if (job->row.finished_at && job->row.trace_size > 0 && !job->row.erased_at)
        write_artifact(w, "trace", job->row.trace_size, "job.log", NULL);
    jw_end_array(w);
}

static void write_runner(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    const JobView *job = view;

    jw_key(w, "runner");
    entity_write(w, runner_fields, job->runner, context);
    jw_key(w, "runner_manager");
    entity_write(w, runner_manager_fields, job->manager, context);
}

static void write_downstream(JsonWriter *w, const Field *field, const void *view,
                             const EntityContext *context)
{
    const JobView *job = view;
    PipelineView pipeline = { .project = job->downstream_project };

    jw_key(w, "downstream_pipeline");
    if (job->downstream)
        pipeline.row = *job->downstream;
    entity_write(w, pipeline_basic_fields, job->downstream ? &pipeline : NULL, context);
}

/* What the reason alone does not say; the key is there only then. */
static void write_failure_message(JsonWriter *w, const Field *field, const void *view,
                                  const EntityContext *context)
{
    const Job *job = &((const JobView *)view)->row;

    if (job->status == STATUS_FAILED && job->failure_text)
        jw_put_string(w, "failure_message", job->failure_text);
}

/* Beyond GitLab (docs/api-extensions.md), and only where one job is asked for. */
static void write_pending_reason(JsonWriter *w, const Field *field, const void *view,
                                 const EntityContext *context)
{
    const JobView *job = view;

    if (!job->in_list)
        jw_put_string(w, "pending_reason", job->pending_reason);
}

static void write_tag_list(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    g_auto(GStrv) tags = g_strsplit(((const JobView *)view)->row.tags, " ", -1);

    jw_key(w, "tag_list");
    jw_strings(w, (const char *const *)tags);
}

static const Field job_basic_fields[] = {
    FIELD_AS("id", INT, JobView, row.id),
    FIELD_ENUM("status", JobView, row.status, status_names),
    FIELD_AS("stage", STR, JobView, row.stage),
    FIELD_AS("name", STR, JobView, row.name),
    FIELD_FUNC("ref", write_ref),
    FIELD_FUNC("coverage", write_coverage),
    FIELD_AS("allow_failure", BOOL, JobView, row.allow_failure),
    FIELD_AS("created_at", TIME, JobView, row.created_at),
    FIELD_AS("started_at", TIME, JobView, row.started_at),
    FIELD_AS("finished_at", TIME, JobView, row.finished_at),
    FIELD_AS("erased_at", TIME, JobView, row.erased_at),
    FIELD_FUNC("duration", write_duration),
    FIELD_FUNC("queued_duration", write_queued_duration),
    FIELD_FUNC("user", write_user),
    FIELD_FUNC("commit", write_commit),
    FIELD_FUNC("pipeline", write_pipeline),
    FIELD_FUNC("failure_reason", write_failure_reason),
    FIELD_FUNC("web_url", write_web_url),
    FIELD_FUNC("project", write_project),
    FIELDS_END,
};

static const Field bridge_fields[] = {
    FIELDS_OF(job_basic_fields),
    FIELD_FUNC("failure_message", write_failure_message),
    FIELD_FUNC("downstream_pipeline", write_downstream),
    FIELDS_END,
};

static const Field job_fields[] = {
    FIELDS_OF(job_basic_fields),
    FIELD_FUNC("artifacts_file", write_artifacts_file),
    FIELD_FUNC("artifacts", write_artifacts),
    FIELD_FUNC("runner", write_runner),
    FIELD_AS("artifacts_expire_at", TIME, JobView, row.artifacts_expire_at),
    FIELD_FALSE("archived"),
    FIELD_FUNC("source", write_source),
    FIELD_FUNC("tag_list", write_tag_list),
    FIELD_AS("icon", STR, JobView, row.icon),
    FIELD_FUNC("pending_reason", write_pending_reason),
    FIELDS_END,
};

/* --- loading --- */

/* The rows beside a page of jobs, each kind in one query. */
typedef struct Beside {
    Pipeline *pipelines;
    size_t n_pipelines;
    UserMap users;
    Runner *runners;
    size_t n_runners;
    RunnerManager *managers;
    size_t n_managers;
    Artifact *artifacts;
    size_t n_artifacts;
    DownstreamPipeline *links; /* of bridges */
    size_t n_links;
    Pipeline *downstreams;        /* of links, in any order; of projects that the caller may see */
    Project *downstream_projects; /* of downstreams, in their order */
    size_t n_downstreams;
    RepoCommit *commits; /* of pipelines, in their order; a NULL sha: the commit is gone */
} Beside;

/* The column at @offset of each job, without zeros. */
static size_t collect(Req *rq, const Job *jobs, size_t n, size_t offset, int64_t **ids)
{
    size_t kept = 0;

    *ids = arena_new0(rq->arena, int64_t, n);
    for (size_t i = 0; i < n; i++) {
        int64_t id = *(const int64_t *)((const char *)&jobs[i] + offset);
        bool is_new = id != 0;
        for (size_t k = 0; is_new && k < kept; k++)
            is_new = (*ids)[k] != id;
        if (is_new)
            (*ids)[kept++] = id;
    }
    return kept;
}

#define COLLECT(member) collect(rq, jobs, n, offsetof(Job, member), &ids)

static bool load_commits(Req *rq, Beside *beside, Error *err)
{
    beside->commits = arena_new0(rq->arena, RepoCommit, beside->n_pipelines);
    for (size_t i = 0; i < beside->n_pipelines; i++) {
        g_auto(Error) failed = ERROR_INIT;
        const Pipeline *pipeline = &beside->pipelines[i];
        if (!repo_commit(site_of(rq)->repos, pipeline->project_id, pipeline->sha, rq->arena,
                         &beside->commits[i], &failed) &&
            failed.code != ERR_NO_RECORD && failed.code != ERR_NOT_FOUND)
            return error_move(err, &failed);
    }
    return true;
}

static bool sees_pipelines(Req *rq, int64_t project_id, Project *project, bool *sees, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const char *id = arena_printf(rq->arena, "%" G_GINT64_FORMAT, project_id);
    Subject subject;

    bool found = caller_find_project(rq, id, project, &subject, &failed);
    *sees = found && access_can(&subject, CAN_READ_PIPELINES);
    return found || failed.code == ERR_NOT_FOUND || error_move(err, &failed);
}

/* What the bridges started.  Another project's pipeline is shown to who may see it there. */
static bool load_downstreams(Req *rq, const int64_t *job_ids, size_t n, Beside *b, Error *err)
{
    Caller *caller = caller_of(rq);
    int64_t *ids = arena_new0(rq->arena, int64_t, n);
    Pipeline *found = NULL;
    size_t n_found = 0;

    if (!downstream_of_bridges(caller->db, rq->arena, job_ids, n, &b->links, &b->n_links, err))
        return false;
    for (size_t i = 0; i < b->n_links; i++)
        ids[i] = b->links[i].pipeline_id;
    if (b->n_links > 0 &&
        !pipeline_list_by_ids(caller->db, rq->arena, ids, b->n_links, &found, &n_found, err))
        return false;
    b->downstreams = arena_new0(rq->arena, Pipeline, n_found);
    b->downstream_projects = arena_new0(rq->arena, Project, n_found);
    for (size_t i = 0; i < n_found; i++) {
        bool sees = false;
        if (!sees_pipelines(rq, found[i].project_id, &b->downstream_projects[b->n_downstreams],
                            &sees, err))
            return false;
        if (sees)
            b->downstreams[b->n_downstreams++] = found[i];
    }
    return true;
}

static bool load_beside(Req *rq, const Job *jobs, size_t n, Beside *b, Error *err)
{
    Db *db = caller_of(rq)->db;
    Arena *arena = rq->arena;
    int64_t *ids = NULL;
    size_t k;

    *b = (Beside){ 0 };
    k = COLLECT(pipeline_id);
    if (k > 0 && !pipeline_list_by_ids(db, arena, ids, k, &b->pipelines, &b->n_pipelines, err))
        return false;
    k = COLLECT(user_id);
    if (!user_map_load(db, arena, ids, k, &b->users, err))
        return false;
    k = COLLECT(runner_id);
    if (k > 0 && !runner_list_by_ids(db, arena, ids, k, &b->runners, &b->n_runners, err))
        return false;
    k = COLLECT(manager_id);
    if (k > 0 && !runner_manager_list_by_ids(db, arena, ids, k, &b->managers, &b->n_managers, err))
        return false;
    k = COLLECT(id);
    if (k > 0 && !artifact_list_by_jobs(db, arena, ids, k, &b->artifacts, &b->n_artifacts, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (jobs[i].bridge && !b->links && !load_downstreams(rq, ids, k, b, err))
            return false;
    return load_commits(rq, b, err);
}
#undef COLLECT

static void fill_view(Req *rq, const Beside *b, const Job *job, JobView *view)
{
    *view = (JobView){ .row = *job,
                       .project = caller_of(rq)->project,
                       .in_list = true,
                       .user = user_map_find(&b->users, job->user_id),
                       .artifacts = b->artifacts,
                       .n_artifacts = b->n_artifacts };
    for (size_t i = 0; i < b->n_links; i++)
        for (size_t k = 0; b->links[i].job_id == job->id && k < b->n_downstreams; k++)
            if (b->downstreams[k].id == b->links[i].pipeline_id) {
                view->downstream = &b->downstreams[k];
                view->downstream_project = &b->downstream_projects[k];
            }
    for (size_t i = 0; i < b->n_pipelines; i++)
        if (b->pipelines[i].id == job->pipeline_id) {
            view->pipeline = &b->pipelines[i];
            view->commit = b->commits[i].sha ? &b->commits[i] : NULL;
        }
    for (size_t i = 0; i < b->n_runners; i++)
        if (b->runners[i].id == job->runner_id)
            view->runner = &b->runners[i];
    for (size_t i = 0; i < b->n_managers; i++)
        if (b->managers[i].id == job->manager_id)
            view->manager = &b->managers[i];
}

static const Field *whole_fields(const Job *job)
{
    return job->bridge ? bridge_fields : job_fields;
}

/* @fields NULL: the whole entity, by its kind.  A job without its pipeline can only be one that is being deleted right now. */
static void write_jobs(Req *rq, JsonWriter *w, const Beside *b, const Job *jobs, size_t n,
                       const Field *fields)
{
    EntityContext context = caller_context(rq);

    for (size_t i = 0; i < n; i++) {
        JobView view;
        fill_view(rq, b, &jobs[i], &view);
        if (view.pipeline)
            entity_write(w, fields ? fields : whole_fields(&jobs[i]), &view, &context);
    }
}

bool reply_job(Req *rq, const Job *job, int status, Error *err)
{
    Beside beside;

    if (!load_beside(rq, job, 1, &beside, err))
        return false;
    if (beside.n_pipelines == 0)
        return error_set(err, ERR_NO_RECORD, NULL);
    EntityContext context = caller_context(rq);
    JobView view;
    fill_view(rq, &beside, job, &view);
    view.in_list = false;
    if (!pending_reason(caller_of(rq)->db, rq->arena, job, view.pipeline, view.project,
                        context.now_us, &view.pending_reason, err))
        return false;
    entity_write(reply_writer(rq), whole_fields(job), &view, &context);
    return reply_json_status(rq, status);
}

bool reply_job_basic(Req *rq, const Job *job, Error *err)
{
    Beside beside;

    if (!load_beside(rq, job, 1, &beside, err))
        return false;
    if (beside.n_pipelines == 0)
        return error_set(err, ERR_NO_RECORD, NULL);
    write_jobs(rq, reply_writer(rq), &beside, job, 1, job_basic_fields);
    return reply_json(rq);
}

static bool reply_rows(Req *rq, const Job *jobs, size_t n, const Field *fields, Error *err)
{
    Beside beside;

    if (!load_beside(rq, jobs, n, &beside, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    write_jobs(rq, w, &beside, jobs, n, fields);
    jw_end_array(w);
    return reply_json(rq);
}

bool reply_job_rows(Req *rq, const Job *jobs, size_t n, Error *err)
{
    return reply_rows(rq, jobs, n, NULL, err);
}

bool reply_job_basic_rows(Req *rq, const Job *jobs, size_t n, Error *err)
{
    return reply_rows(rq, jobs, n, job_basic_fields, err);
}

static const char *entity_text(Req *rq, const Beside *beside, const Job *job)
{
    g_autoptr(GString) text = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, text);
    write_jobs(rq, &w, beside, job, 1, NULL);
    return text->len ? arena_strdup(rq->arena, text->str) : NULL;
}

bool job_entities(Req *rq, const int64_t *ids, size_t n, const char ***entities, Error *err)
{
    Job *jobs = NULL;
    size_t n_jobs = 0;
    Beside beside;

    *entities = arena_new0(rq->arena, const char *, n);
    if (!job_list_by_ids(caller_of(rq)->db, rq->arena, ids, n, &jobs, &n_jobs, err) ||
        !load_beside(rq, jobs, n_jobs, &beside, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n_jobs; k++)
            if (jobs[k].id == ids[i])
                (*entities)[i] = entity_text(rq, &beside, &jobs[k]);
    return true;
}

bool reply_jobs(Req *rq, const JobFilter *filter, Error *err)
{
    Caller *caller = caller_of(rq);
    JobFilter page = *filter;
    Job *jobs = NULL;
    size_t n = 0;
    int64_t total = 0;

    page.slice = (Slice){ .limit = rq->page.per_page, .offset = rq->page.offset };
    if (!job_list(caller->db, rq->arena, &page, &jobs, &n, err) ||
        !job_count(caller->db, filter, 0, &total, err))
        return false;
    reply_page_headers(rq, total, false);
    return reply_job_rows(rq, jobs, n, err);
}

unsigned job_statuses_asked(Req *rq, const char *name)
{
    const char *const *words = req_strs(rq, name);
    unsigned mask = 0;

    for (; words && *words; words++)
        mask |= STATUS_BIT(name_value(&status_names, *words));
    return mask;
}
