/* bridge_start.c - the pipeline of a bridge: may it be made, and making it.
 *
 * The checks come in GitLab's order (create_downstream_pipeline_service.rb), and each has its
 * failure reason.  The pipeline, its link, the bridge's new status and the end of the work are one
 * write, so that a bridge has one pipeline whatever happens.
 */
#include "access/subject.h"
#include "base/log.h"
#include "pipeline/bridge_plan.h"
#include "pipeline/bridge_work.h"
#include "pipeline/create.h"
#include "pipeline/events.h"
#include "pipeline/process.h"
#include "store/mirrors.h"

#include <string.h>

/* --- may it be made? ------------------------------------------------------------------------- */

enum { MAX_SAME_RUNS = 2 }; /* of one project, ref and source, from a pipeline upwards */

/* One pipeline on the way up. */
typedef struct Step {
    Pipeline pipeline;
    const DownstreamPipeline *above; /* NULL: it is the first */
} Step;

/* From the bridge's own pipeline upwards, as Step into @steps; a deleted one ends it, and no way is longer than the
 * whole tree may be. */
static bool walk_up(const BridgePlan *plan, Db *db, GArray *steps, Error *err)
{
    int64_t id = plan->pipeline.id;

    while ((int64_t)steps->len < plan->site->settings->max_pipeline_tree) {
        g_auto(Error) failed = ERROR_INIT;
        Step step;
        if (!pipeline_get(db, plan->arena, id, &step.pipeline, &failed))
            return failed.code == ERR_NO_RECORD || error_move(err, &failed);
        if (!downstream_find(db, plan->arena, id, &step.above, err))
            return false;
        g_array_append_val(steps, step);
        if (!step.above)
            return true;
        id = step.above->upstream_pipeline_id;
    }
    return true;
}

static bool is_child(const Step *step)
{
    return step->above && step->above->child;
}

static bool is_too_deep(const BridgePlan *plan, const Step *steps, size_t n)
{
    size_t levels = 1;

    for (size_t i = 0; i < n && is_child(&steps[i]); i++)
        levels++;
    return (int64_t)levels > plan->site->settings->max_child_depth;
}

static bool is_same_run(const Pipeline *a, const Pipeline *b)
{
    return a->project_id == b->project_id && a->source == b->source && strcmp(a->ref, b->ref) == 0;
}

/* Going round once is allowed, child pipelines do not count. */
static bool is_loop(const Step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int same = 0;
        if (is_child(&steps[i]))
            continue;
        for (size_t k = i; k < n; k++)
            same += !is_child(&steps[k]) && is_same_run(&steps[i].pipeline, &steps[k].pipeline);
        if (same > MAX_SAME_RUNS)
            return true;
    }
    return false;
}

static int64_t root_of(const BridgePlan *plan)
{
    return plan->above ? plan->above->root_pipeline_id : plan->pipeline.id;
}

static bool is_tree_full(const BridgePlan *plan, Db *db, bool *full, Error *err)
{
    int64_t below = 0;

    if (!downstream_count_tree(db, root_of(plan), &below, err))
        return false;
    *full = below + 1 >= plan->site->settings->max_pipeline_tree;
    return true;
}

/* A ref that is not there, or a bare commit, has no rules; creation tells of the former. */
static bool may_run(const BridgePlan *plan, Db *db, bool *may, Error *err)
{
    bool tag = plan->child && plan->pipeline.tag;
    RefRules rules = { 0 };

    if (plan->ref && !ref_rules_find(db, plan->target.id, tag, plan->ref, &rules, err))
        return false;
    *may = plan->user.state == USER_ACTIVE && access_can(&plan->subject, CAN_UPDATE_PIPELINES) &&
           access_can(&plan->there, CAN_CREATE_PIPELINES) && ref_allows_run(&rules, &plan->there);
    return true;
}

static bool check(BridgePlan *plan, Error *err)
{
    g_autoptr(Db) db = database_reader(plan->site->database);
    g_autoptr(GArray) way = g_array_new(FALSE, FALSE, sizeof(Step));
    bool full = false, may = false;

    if (!walk_up(plan, db, way, err) || !is_tree_full(plan, db, &full, err) ||
        !may_run(plan, db, &may, err))
        return false;
    const Step *steps = (const Step *)(const void *)way->data;
    if (plan->child && is_too_deep(plan, steps, way->len))
        plan->refusal = FAILURE_DOWNSTREAM_DEPTH;
    else if (full)
        plan->refusal = FAILURE_DOWNSTREAM_TREE_SIZE;
    else if (!may)
        plan->refusal = FAILURE_BRIDGE_PERMISSIONS;
    else if (!plan->child && is_loop(steps, way->len))
        plan->refusal = FAILURE_PIPELINE_LOOP;
    return true;
}

/* --- making it ------------------------------------------------------------------------------- */

typedef struct Start {
    const BridgePlan *plan;
    const DownstreamWork *work;
    DownstreamPipeline link;
    Arena *arena; /* of the last attempt of the write */
    Process process;
    bool stale; /* there is nothing to do any more, or somebody else did it */
} Start;

/* What the bridge comes to with the pipeline that it has now. */
static bool settle_bridge(Start *s, EngineJob *bridge, const Pipeline *made, Error *err)
{
    EnginePipeline *engine = s->process.engine;

    (void)engine_run_job(engine, bridge, false);
    if (made->failure_reason != PIPELINE_FAILURE_NONE) {
        (void)engine_drop_job(engine, bridge, FAILURE_DOWNSTREAM_CREATION, NULL);
        return !made->yaml_errors ||
               job_set_failure_text(s->process.db, bridge->id, made->yaml_errors, err);
    }
    if (s->link.strategy == STRATEGY_NONE)
        (void)engine_succeed_job(engine, bridge);
    else
        (void)engine_follow_downstream(engine, bridge, s->link.strategy, made->status);
    return true;
}

/* In the write of the new pipeline. */
static bool link_in_write(Db *db, const Pipeline *made, void *data, Error *err)
{
    Start *s = data;
    bool is_ours, is_new = false;

    g_clear_pointer(&s->arena, arena_free);
    s->arena = arena_new();
    s->link.pipeline_id = made->id;
    if (!downstream_work_end(db, s->work->id, &is_ours, err) ||
        !downstream_insert(db, &s->link, &is_new, err) ||
        !process_load(&s->process, s->plan->site, db, s->arena, s->plan->pipeline.id, err))
        return false;
    EngineJob *bridge = process_job(&s->process, s->plan->bridge.id);
    s->stale = !is_ours || !is_new || !bridge || bridge->status != STATUS_PENDING;
    if (s->stale)
        return error_set(err, ERR_CONFLICT, "the job does not wait for a pipeline any more");
    return settle_bridge(s, bridge, made, err) && process_save(&s->process, err);
}

static bool make(Start *s, Error *err)
{
    const BridgePlan *plan = s->plan;
    Pipeline made;
    PipelineRequest request = { .project = &plan->target,
                                .user = &plan->user,
                                .subject = &plan->there,
                                .source = plan->child ? SOURCE_PARENT_PIPELINE : SOURCE_PIPELINE,
                                .ref = plan->ref,
                                .before_sha = plan->child ? plan->pipeline.before_sha : NULL,
                                .given = plan->given.items,
                                .n_given = plan->given.n,
                                .inputs = plan->inputs,
                                .n_inputs = plan->n_inputs,
                                .save_failures = true,
                                .upstream = &s->link,
                                .parent = plan->child ? &plan->pipeline : NULL,
                                .content = plan->content,
                                .content_size = plan->content ? strlen(plan->content) : 0,
                                .also = link_in_write,
                                .also_data = s };

    if (!plan->ref)
        return error_set(err, ERR_CONFIG, "Reference not found");
    if (!pipeline_create(plan->site, plan->arena, &request, &made, err))
        return false;
    log_line(LOG_INFO, "job %" G_GINT64_FORMAT " made pipeline %" G_GINT64_FORMAT, plan->bridge.id,
             made.id);
    process_after_commit(&s->process);
    return true;
}

/* --- mirroring ------------------------------------------------------------------------------- */

static bool mirror_in_write(Db *db, void *data, Error *err)
{
    Start *s = data;
    Mirror mirror = { .job_id = s->plan->bridge.id, .pipeline_id = s->plan->mirrored_id };
    bool is_ours, is_new = false;
    Pipeline mirrored;

    g_clear_pointer(&s->arena, arena_free);
    s->arena = arena_new();
    if (!downstream_work_end(db, s->work->id, &is_ours, err) ||
        !mirror_insert(db, &mirror, &is_new, err) ||
        !pipeline_get(db, s->arena, mirror.pipeline_id, &mirrored, err) ||
        !process_load(&s->process, s->plan->site, db, s->arena, s->plan->pipeline.id, err))
        return false;
    EngineJob *job = process_job(&s->process, mirror.job_id);
    s->stale = !is_ours || !is_new || !job || job->status != STATUS_PENDING;
    if (s->stale)
        return error_set(err, ERR_CONFLICT, "the job does not wait for a pipeline any more");
    (void)engine_run_job(s->process.engine, job, false);
    (void)engine_follow_downstream(s->process.engine, job, STRATEGY_MIRROR, mirrored.status);
    return process_save(&s->process, err);
}

static bool start_mirror(const BridgePlan *plan, const DownstreamWork *work, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Start s = { .plan = plan, .work = work };

    bool ok = database_write(plan->site->database, mirror_in_write, &s, &failed);
    if (ok)
        process_after_commit(&s.process);
    arena_free(s.arena);
    if (ok)
        return true;
    return s.stale ? bridge_end(plan->site, work, err) : error_move(err, &failed);
}

/* --- in all ---------------------------------------------------------------------------------- */

/* What the downstream project or the file is the reason for, and not our own trouble. */
static bool is_a_reason(const Error *err)
{
    return err->code == ERR_CONFIG || err->code == ERR_FORBIDDEN || err->code == ERR_NO_RECORD;
}

static bool start_planned(const BridgePlan *plan, const DownstreamWork *work, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Start s = { .plan = plan,
                .work = work,
                .link = { .job_id = plan->bridge.id,
                          .upstream_pipeline_id = plan->pipeline.id,
                          .upstream_project_id = plan->project.id,
                          .root_pipeline_id = root_of(plan),
                          .bridge = true,
                          .child = plan->child,
                          .strategy = plan->strategy } };
    bool ok = make(&s, &failed);

    arena_free(s.arena);
    if (ok)
        return true;
    if (s.stale)
        return bridge_end(plan->site, work, err);
    if (!is_a_reason(&failed))
        return error_move(err, &failed);
    return bridge_refuse(plan->site, work, FAILURE_DOWNSTREAM_CREATION, error_text(&failed), err);
}

bool bridge_start(const Site *site, const DownstreamWork *work, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    BridgePlan plan;
    bool is_due = false;

    if (!bridge_plan(&plan, site, arena, work->job_id, &is_due, err))
        return false;
    if (!is_due)
        return bridge_end(site, work, err);
    if (plan.refusal == FAILURE_NONE && plan.trigger && !check(&plan, err))
        return false;
    if (plan.refusal != FAILURE_NONE)
        return bridge_refuse(site, work, plan.refusal, plan.refusal_text, err);
    return plan.trigger ? start_planned(&plan, work, err) : start_mirror(&plan, work, err);
}
