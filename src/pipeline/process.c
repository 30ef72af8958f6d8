/* process.c - rows in, model changed, rows out. */
#include "pipeline/process.h"

#include "base/changes.h"
#include "base/log.h"
#include "base/text.h"
#include "base/topics.h"
#include "base/wakeups.h"
#include "pipeline/advance.h"
#include "pipeline/bridges.h"
#include "pipeline/duration.h"
#include "pipeline/environments.h"
#include "pipeline/policy.h"
#include "pipeline/resource.h"
#include "pipeline/state.h"
#include "repo/repo.h"
#include "store/downstream.h"
#include "store/job_specs.h"
#include "store/job_variables.h"
#include "store/mirrors.h"
#include "store/stages.h"

#include <string.h>

/* --- loading --- */

static void add_stages(Process *p, const Stage *stages, size_t n)
{
    p->engine = engine_pipeline_new(p->arena, (int)n, clock_now(p->site->clock));
    p->stage_positions = arena_new0(p->arena, int64_t, n);
    for (size_t i = 0; i < n; i++) {
        EngineStage *stage = &p->engine->stages[i];
        stage->id = stages[i].id;
        stage->name = stages[i].name;
        stage->status = stage->before = stages[i].status;
        p->stage_positions[i] = stages[i].position;
    }
}

static int stage_at(const Process *p, int64_t position)
{
    for (int i = 0; i < p->engine->n_stages; i++)
        if (p->stage_positions[i] == position)
            return i;
    return -1;
}

/* The needs of a whole pipeline, sorted by spec. */
typedef struct Needs {
    JobNeed *items;
    size_t n;
} Needs;

/* The needs of all specs of the pipeline come in one query, sorted by spec; this finds one's. */
static const char *const *needs_of(Process *p, const Needs *needs, int64_t spec_id, size_t *n)
{
    size_t low = 0, high = needs->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (needs->items[middle].spec_id < spec_id)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < needs->n && needs->items[end].spec_id == spec_id)
        end++;
    const char **names = arena_new0(p->arena, const char *, end - low);
    for (size_t i = low; i < end; i++)
        names[i - low] = needs->items[i].name;
    *n = end - low;
    return names;
}

static bool add_job(Process *p, size_t index, const Needs *needs, Error *err)
{
    const Job *row = &p->jobs[index];
    int stage = stage_at(p, row->stage_position);

    if (stage < 0)
        return error_set(err, ERR_INTERNAL, "job %" G_GINT64_FORMAT " has no stage", row->id);
    EngineJob job = { .id = row->id,
                      .name = row->name,
                      .stage = stage,
                      .status = row->status,
                      .when = row->when_kind,
                      .allow_failure = row->allow_failure,
                      .by_needs = row->by_needs,
                      .bridge = row->bridge,
                      .retried = row->retried,
                      .processed = row->processed,
                      .enqueue_now = row->enqueue_now,
                      .can_cancel_gracefully = row->graceful,
                      .needs_resource = row->resource_group_id != 0,
                      .start_in_s = row->start_in_s,
                      .user_id = row->user_id,
                      .failure = row->failure_reason,
                      .exit_code = (int)row->exit_code,
                      .has_exit_code = row->exit_code >= 0,
                      .created_at = row->created_at,
                      .queued_at = row->queued_at,
                      .started_at = row->started_at,
                      .finished_at = row->finished_at,
                      .scheduled_at = row->scheduled_at };
    job.needs = needs_of(p, needs, row->spec_id, &job.n_needs);
    p->engine_jobs[index] = engine_pipeline_add(p->engine, &job);
    return true;
}

static int compare_specs(const void *a, const void *b)
{
    const JobSpec *left = a, *right = b;

    return (left->id > right->id) - (left->id < right->id);
}

/* Most jobs have none. */
static bool add_policies(Process *p, Error *err)
{
    JobSpec *specs = NULL;
    size_t n = 0;

    if (!job_spec_list_policies(p->db, p->arena, p->pipeline.id, &specs, &n, err))
        return false;
    for (size_t i = 0; n > 0 && i < p->n_jobs; i++) {
        JobSpec key = { .id = p->jobs[i].spec_id };
        const JobSpec *spec = bsearch(&key, specs, n, sizeof(key), compare_specs);
        if (spec && !policy_from_json(p->arena, spec->policy, p->engine_jobs[i], err))
            return false;
    }
    return true;
}

/* How often each name ran before: what bounds its retries. */
static bool add_retry_counts(Process *p, Error *err)
{
    g_autoptr(GHashTable) by_name = g_hash_table_new(text_hash, g_str_equal);
    RetryCount *counts = NULL;
    size_t n = 0;

    if (!job_count_retries(p->db, p->arena, p->pipeline.id, &counts, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        g_hash_table_insert(by_name, (void *)counts[i].name, &counts[i]);
    for (size_t i = 0; n > 0 && i < p->n_jobs; i++) {
        const RetryCount *count = g_hash_table_lookup(by_name, p->jobs[i].name);
        if (count)
            p->engine_jobs[i]->n_retried = (int)count->n;
    }
    return true;
}

bool process_load(Process *p, const Site *site, Db *db, Arena *arena, int64_t pipeline_id,
                  Error *err)
{
    Stage *stages = NULL;
    size_t n_stages = 0;
    Needs needs = { 0 };

    *p = (Process){ .site = site, .db = db, .arena = arena };
    p->resource_groups = g_array_new(FALSE, FALSE, sizeof(int64_t));
    arena_defer(arena, (GDestroyNotify)g_array_unref, p->resource_groups);
    p->ended_runs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    arena_defer(arena, (GDestroyNotify)g_array_unref, p->ended_runs);
    if (!pipeline_lock(db, arena, pipeline_id, &p->pipeline, err) ||
        !stage_list(db, arena, pipeline_id, &stages, &n_stages, err) ||
        !job_list_at_work(db, arena, pipeline_id, &p->jobs, &p->n_jobs, err) ||
        !job_need_list_by_pipeline(db, arena, pipeline_id, &needs.items, &needs.n, err))
        return false;
    p->engine_jobs = arena_new0(arena, EngineJob *, p->n_jobs);
    add_stages(p, stages, n_stages);
    p->engine->status = p->engine->before = p->pipeline.status;
    p->engine->cancel_on_job_failure = p->pipeline.cancel_on_job_failure;
    p->engine->created_at = p->pipeline.created_at;
    p->engine->started_at = p->pipeline.started_at;
    p->engine->finished_at = p->pipeline.finished_at;
    p->engine->duration_s = p->pipeline.duration_s;
    for (size_t i = 0; i < p->n_jobs; i++)
        if (!add_job(p, i, &needs, err))
            return false;
    if (!add_policies(p, err) || !add_retry_counts(p, err))
        return false;
    engine_pipeline_ready(p->engine);
    return true;
}

EngineJob *process_job(const Process *p, int64_t job_id)
{
    for (size_t i = 0; i < p->n_jobs; i++)
        if (p->jobs[i].id == job_id)
            return p->engine_jobs[i];
    return NULL;
}

Job *process_row(const Process *p, const EngineJob *job)
{
    for (size_t i = 0; i < p->n_jobs; i++)
        if (p->engine_jobs[i] == job)
            return &p->jobs[i];
    return NULL;
}

/* --- what other pipelines have to do --- */

static bool owe(Process *p, DownstreamTask kind, int64_t job_id, int64_t user_id, Error *err)
{
    DownstreamWork work = { .kind = kind,
                            .job_id = job_id,
                            .user_id = user_id,
                            .server_id = p->site->server_id,
                            .taken_at = p->engine->now_us };

    p->owes = true;
    return downstream_work_insert(p->db, &work, err);
}

/* The bridge that started the pipeline; NULL: none did. */
static bool find_bridge(Process *p, const DownstreamPipeline **link, Error *err)
{
    *link = NULL;
    if (p->pipeline.source != SOURCE_PARENT_PIPELINE && p->pipeline.source != SOURCE_PIPELINE)
        return true;
    if (!downstream_find(p->db, p->arena, p->pipeline.id, link, err))
        return false;
    if (*link && !(*link)->bridge)
        *link = NULL;
    return true;
}

/* A bridge whose turn has come. @is_new: it has no row yet that was anything else. */
static bool is_to_start(const EngineJob *job, bool is_new)
{
    static const unsigned before =
        STATUS_BIT(STATUS_CREATED) | STATUS_BIT(STATUS_WAITING_FOR_RESOURCE) |
        STATUS_BIT(STATUS_MANUAL) | STATUS_BIT(STATUS_SKIPPED) | STATUS_BIT(STATUS_SCHEDULED);

    return job->bridge && job->status == STATUS_PENDING &&
           (is_new || STATUS_IN(job->before, before));
}

static bool tell_bridge(Process *p, Error *err)
{
    const DownstreamPipeline *link;

    if (!find_bridge(p, &link, err))
        return false;
    return !link || bridge_next_status(link->strategy, p->engine->status) == N_STATUS ||
           owe(p, DOWNSTREAM_FOLLOW, link->job_id, 0, err);
}

static bool has_bridge(const Process *p)
{
    for (size_t i = 0; i < p->n_jobs; i++)
        if (p->jobs[i].bridge)
            return true;
    return false;
}

/* The time in which the pipelines that it started ran counts, too. */
static bool count_downstream(Process *p, Error *err)
{
    EnginePipeline *engine = p->engine;
    DownstreamRun *runs = NULL;
    size_t n_runs = 0;

    if (engine->duration_s < 0 || STATUS_IN(engine->status, STATUSES_ALIVE) || !has_bridge(p))
        return true;
    if (!downstream_list_runs(p->db, p->arena, p->pipeline.id, &runs, &n_runs, err))
        return false;
    TimeSpan *spans = arena_new0(p->arena, TimeSpan, (size_t)engine->n_slots + n_runs);
    size_t n = engine_spans(engine, spans);
    for (size_t i = 0; i < n_runs; i++)
        spans[n++] = (TimeSpan){ runs[i].started_at,
                                 runs[i].finished_at ? runs[i].finished_at : engine->now_us };
    engine->duration_s = time_spans_cover_us(spans, n) / US_PER_S;
    return true;
}

static bool tell_mirrors(Process *p, Error *err)
{
    Mirror *mirrors = NULL;
    size_t n = 0;

    if (!p->pipeline.mirrored)
        return true;
    if (!mirror_list(p->db, p->arena, p->pipeline.id, &mirrors, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!owe(p, DOWNSTREAM_FOLLOW, mirrors[i].job_id, 0, err))
            return false;
    return true;
}

bool process_cancel_children(Process *p, Error *err)
{
    p->owes = true;
    return downstream_work_cancel_children(p->db, p->pipeline.id, p->site->server_id,
                                           p->engine->now_us, err);
}

bool process_reset_upstream(Process *p, int64_t user_id, Error *err)
{
    const DownstreamPipeline *link;

    if (!find_bridge(p, &link, err))
        return false;
    return !link || link->strategy == STRATEGY_NONE ||
           owe(p, DOWNSTREAM_RESET, link->job_id, user_id, err);
}

/* --- saving --- */

/* The attempt with a row of its own that @job shares spec, tags and place with. */
static const EngineJob *first_run(const Process *p, const EngineJob *job)
{
    while (!process_row(p, job))
        job = job->retry_of;
    return job;
}

static bool insert_attempt(Process *p, EngineJob *job, Error *err)
{
    const Job *old = process_row(p, first_run(p, job));
    int64_t now = p->engine->now_us;
    Job row = { .pipeline_id = old->pipeline_id,
                .project_id = old->project_id,
                .spec_id = old->spec_id,
                .stage = old->stage,
                .stage_position = old->stage_position,
                .name = old->name,
                .status = job->status,
                .when_kind = old->when_kind,
                .allow_failure = job->allow_failure,
                .by_needs = old->by_needs,
                .bridge = old->bridge,
                .retried = job->retried,
                .processed = job->processed,
                .user_id = job->user_id,
                .tags = old->tags,
                .icon = old->icon,
                .timeout_s = old->asked_timeout_s,
                .resource_group_id = old->resource_group_id,
                .interruptible = old->interruptible,
                .protected = old->protected,
                .priority = old->priority,
                .start_in_s = old->start_in_s,
                .enqueue_now = job->enqueue_now,
                .exit_code = -1,
                .created_at = job->created_at ? job->created_at : now,
                .updated_at = now,
                .queued_at = job->queued_at,
                .scheduled_at = job->scheduled_at };

    if (!job_insert(p->db, &row, err))
        return false;
    job->id = row.id;
    /* Variables are given to what people play, and to nothing else. */
    return !job_is_action(job->when) ||
           job_variable_copy_all(p->db, job->retry_of->id, job->id, err);
}

static bool update_job(Process *p, const EngineJob *job, Error *err)
{
    JobState state = { .status = job->status,
                       .allow_failure = job->allow_failure,
                       .retried = job->retried,
                       .processed = job->processed,
                       .enqueue_now = job->enqueue_now,
                       .graceful = job->can_cancel_gracefully,
                       .user_id = job->user_id,
                       .failure_reason = job->failure,
                       .exit_code = job->has_exit_code ? job->exit_code : -1,
                       .queued_at = job->queued_at,
                       .started_at = job->started_at,
                       .finished_at = job->finished_at,
                       .scheduled_at = job->scheduled_at,
                       .updated_at = p->engine->now_us };
    bool done = false;

    if (!job_update_state(p->db, job->id, job->before, &state, &done, err))
        return false;
    return done ||
           error_set(err, ERR_CONFLICT, "job %" G_GINT64_FORMAT " changed meanwhile", job->id);
}

/* A job that has just got the resource changes nothing for those that wait. */
static void note_resource_group(Process *p, const EngineJob *job)
{
    static const unsigned has_resource =
        STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_CANCELING);

    if (!job->needs_resource || STATUS_IN(job->status, has_resource))
        return;
    const int64_t *known = (const int64_t *)(const void *)p->resource_groups->data;
    int64_t id = process_row(p, first_run(p, job))->resource_group_id;
    for (guint i = 0; i < p->resource_groups->len; i++)
        if (known[i] == id)
            return;
    g_array_append_val(p->resource_groups, id);
}

/* Who follows its log is to hear of it. */
static void note_end(Process *p, const EngineJob *job)
{
    static const unsigned had_runner = STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_CANCELING);

    if (STATUS_IN(job->before, had_runner) && STATUS_IN(job->status, STATUSES_COMPLETED))
        g_array_append_val(p->ended_runs, job->id);
}

static bool save_jobs(Process *p, Error *err)
{
    for (int i = 0; i < p->engine->n_jobs; i++) {
        EngineJob *job = p->engine->jobs[i];
        bool is_new = job->id == 0;
        if (!is_new && !job->changed)
            continue;
        if (!(is_new ? insert_attempt(p, job, err) : update_job(p, job, err)))
            return false;
        if (is_to_start(job, is_new) && !owe(p, DOWNSTREAM_START, job->id, 0, err))
            return false;
        if (job->status == STATUS_PENDING && !job->bridge &&
            (is_new || job->before != STATUS_PENDING))
            p->wakes_runners = true;
        if (job->has_environment && (is_new || job->status != job->before) &&
            !environment_follow(p, job, process_row(p, first_run(p, job))->spec_id, err))
            return false;
        note_resource_group(p, job);
        note_end(p, job);
        job->before = job->status;
        job->changed = false;
    }
    return true;
}

static bool save_stages(Process *p, Error *err)
{
    for (int i = 0; i < p->engine->n_stages; i++) {
        EngineStage *stage = &p->engine->stages[i];
        if (stage->status != stage->before &&
            !stage_update_status(p->db, stage->id, stage->status, err))
            return false;
        stage->before = stage->status;
    }
    return true;
}

bool process_save(Process *p, Error *err)
{
    EnginePipeline *engine = p->engine;
    bool cancels_rest = engine->cancel_is_due;

    engine_advance(engine);
    p->is_at_rest = STATUS_IN(engine->status, STATUSES_COMPLETED);
    if (!save_jobs(p, err) || !save_stages(p, err) ||
        (cancels_rest && !process_cancel_children(p, err)))
        return false;
    if (!engine->changed)
        return true;
    if (!count_downstream(p, err))
        return false;
    PipelineState state = { .status = engine->status,
                            .started_at = engine->started_at,
                            .finished_at = engine->finished_at,
                            .duration_s = engine->duration_s,
                            .updated_at = engine->now_us };
    bool done = false;
    if (!pipeline_update_state(p->db, p->pipeline.id, engine->before, &state, &done, err))
        return false;
    if (!done)
        return error_set(err, ERR_CONFLICT, "pipeline %" G_GINT64_FORMAT " changed meanwhile",
                         p->pipeline.id);
    bool moved = engine->before != engine->status;
    engine->before = engine->status;
    engine->changed = false;
    return !moved || (tell_bridge(p, err) && tell_mirrors(p, err));
}

void process_after_commit(const Process *p)
{
    g_auto(Error) err = ERROR_INIT;

    if (p->wakes_runners)
        wakeups_notify(p->site->wakeups);
    changes_note(p->site->changes, p->pipeline.project_id, p->pipeline.id);
    for (guint i = 0; i < p->ended_runs->len; i++)
        topics_tell(p->site->topics, TOPIC_LOG, g_array_index(p->ended_runs, int64_t, i));
    if (p->owes)
        bridges_poke(p->site->bridges);
    for (guint i = 0; i < p->resource_groups->len; i++)
        resource_give(p->site, g_array_index(p->resource_groups, int64_t, i));
    /* Kept refs are made again when a job is handed out, so losing this one costs a ref. */
    if (p->is_at_rest &&
        !repo_drop_pipeline_ref(p->site->repos, p->pipeline.project_id, p->pipeline.id, &err))
        log_error(&err, "refs/pipelines/%" G_GINT64_FORMAT " stays", p->pipeline.id);
}

/* --- all in one --- */

typedef struct Run {
    const Site *site;
    int64_t pipeline_id;
    ProcessFunc func;
    void *data;
    Arena *arena; /* of the last attempt */
    Process process;
} Run;

static bool run_in_write(Db *db, void *data, Error *err)
{
    Run *run = data;

    g_clear_pointer(&run->arena, arena_free);
    run->arena = arena_new();
    return process_load(&run->process, run->site, db, run->arena, run->pipeline_id, err) &&
           run->func(&run->process, run->data, err) && process_save(&run->process, err);
}

bool process_run(const Site *site, int64_t pipeline_id, ProcessFunc func, void *data, Error *err)
{
    Run run = { .site = site, .pipeline_id = pipeline_id, .func = func, .data = data };

    bool ok = database_write(site->database, run_in_write, &run, err);
    if (ok)
        process_after_commit(&run.process);
    arena_free(run.arena);
    return ok;
}
