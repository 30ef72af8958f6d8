/* draft.c - from a plan to rows, and from rows to tables. */
#include "pipeline/draft.h"

#include "base/seal.h"
#include "pipeline/environments.h"
#include "pipeline/policy.h"
#include "pipeline/spec.h"
#include "store/resource_groups.h"

#include <string.h>

void draft_add_variables(Draft *draft, const Site *site, Arena *arena, const Variable *given,
                         size_t n)
{
    draft->variables = arena_new0(arena, PipelineVariable, n);
    draft->n_variables = n;
    for (size_t i = 0; i < n; i++) {
        g_autofree char *sealed = seal(site->seal_key, given[i].value);
        draft->variables[i] =
            (PipelineVariable){ .key = given[i].key,
                                .value = arena_strdup(arena, sealed),
                                .variable_type = given[i].file ? VARIABLE_FILE : VARIABLE_ENV_VAR,
                                .raw = given[i].raw };
    }
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The tags as stored: sorted, without doubles, blanks between. */
static const char *joined_tags(Arena *arena, CiStrings tags)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);

    for (; tags && *tags; tags++)
        g_ptr_array_add(sorted, (void *)*tags);
    g_ptr_array_sort(sorted, compare_words);
    for (guint i = 0; i < sorted->len; i++) {
        if (i > 0 && g_str_equal(sorted->pdata[i], sorted->pdata[i - 1]))
            continue;
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", (char *)sorted->pdata[i]);
    }
    return arena_strdup(arena, text->str);
}

static JobSpec spec_of(Arena *arena, const CiPlannedJob *planned, const EngineJob *engine,
                       const SpecKeys *keys)
{
    g_autofree char *options = spec_to_json(planned, keys);
    g_autofree char *policy = policy_to_json(engine);

    return (JobSpec){ .options = arena_strdup(arena, options),
                      .policy = arena_strdup(arena, policy) };
}

static Job job_of(Arena *arena, const CiPlannedJob *planned, const EngineJob *engine,
                  int64_t timeout_s)
{
    return (Job){ .stage = planned->job->stage,
                  .stage_position = planned->job->stage_index,
                  .name = planned->job->name,
                  .status = engine->status,
                  .when_kind = planned->when,
                  .allow_failure = engine->allow_failure,
                  .by_needs = planned->by_needs,
                  .bridge = planned->job->trigger || planned->job->mirror,
                  .processed = engine->processed,
                  .tags = joined_tags(arena, planned->tags),
                  .icon = planned->job->icon,
                  .timeout_s = planned->job->timeout_s ? planned->job->timeout_s : timeout_s,
                  .start_in_s = planned->start_in_s,
                  .interruptible = planned->interruptible,
                  .queued_at = engine->queued_at,
                  .scheduled_at = engine->scheduled_at,
                  .finished_at = engine->finished_at,
                  .failure_reason = engine->failure };
}

static void add_needs(Draft *draft, Arena *arena, const CiPlan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_jobs; i++)
        n += plan->jobs[i].n_needs;
    draft->needs = arena_new0(arena, JobNeed, n);
    draft->need_jobs = arena_new0(arena, size_t, n);
    for (size_t i = 0; i < plan->n_jobs; i++) {
        for (size_t j = 0; j < plan->jobs[i].n_needs; j++) {
            draft->need_jobs[draft->n_needs] = i;
            draft->needs[draft->n_needs++] =
                (JobNeed){ .name = plan->jobs[i].needs[j].job,
                           .artifacts = plan->jobs[i].needs[j].artifacts };
        }
    }
}

void draft_add_jobs(Draft *draft, Arena *arena, const CiPlan *plan, const EnginePipeline *engine,
                    const int *positions, int64_t timeout_s, const SpecKeys *keys)
{
    draft->n_stages = (size_t)engine->n_stages;
    draft->stages = arena_new0(arena, Stage, draft->n_stages);
    for (size_t i = 0; i < draft->n_stages; i++)
        draft->stages[i] = (Stage){ .name = engine->stages[i].name,
                                    .position = positions[i],
                                    .status = engine->stages[i].status };
    draft->n_jobs = plan->n_jobs;
    draft->specs = arena_new0(arena, JobSpec, draft->n_jobs);
    draft->jobs = arena_new0(arena, Job, draft->n_jobs);
    draft->environments = arena_new0(arena, const CiEnvironment *, draft->n_jobs);
    for (size_t i = 0; i < draft->n_jobs; i++) {
        draft->specs[i] = spec_of(arena, &plan->jobs[i], engine->jobs[i], keys);
        draft->jobs[i] = job_of(arena, &plan->jobs[i], engine->jobs[i], timeout_s);
        draft->jobs[i].priority = draft->priorities[i];
        draft->environments[i] = plan->jobs[i].environment;
    }
    add_needs(draft, arena, plan);
}

static void set_pipeline(Draft *draft, const Pipeline *pipeline)
{
    for (size_t i = 0; i < draft->n_variables; i++)
        draft->variables[i].pipeline_id = pipeline->id;
    for (size_t i = 0; i < draft->n_stages; i++)
        draft->stages[i].pipeline_id = pipeline->id;
    for (size_t i = 0; i < draft->n_jobs; i++) {
        Job *job = &draft->jobs[i];
        draft->specs[i].pipeline_id = pipeline->id;
        job->pipeline_id = pipeline->id;
        job->project_id = pipeline->project_id;
        job->user_id = pipeline->user_id;
        job->protected = pipeline->protected;
        job->created_at = job->updated_at = pipeline->created_at;
    }
}

static bool set_resource_groups(Db *db, Draft *draft, Error *err)
{
    for (size_t i = 0; i < draft->n_jobs; i++) {
        Job *job = &draft->jobs[i];
        if (!draft->resource_keys[i])
            continue;
        ResourceGroup group = { .project_id = job->project_id,
                                .key = draft->resource_keys[i],
                                .process_mode = draft->resource_mode,
                                .created_at = job->created_at,
                                .updated_at = job->created_at };
        if (!resource_group_ensure(db, &group, err))
            return false;
        job->resource_group_id = group.id;
    }
    return true;
}

static bool prepare_environments(Db *db, Arena *arena, const Draft *draft, const Pipeline *pipeline,
                                 Error *err)
{
    for (size_t i = 0; i < draft->n_jobs; i++)
        if (draft->environments[i] &&
            !environment_prepare(db, arena, pipeline, &draft->jobs[i], draft->environments[i], err))
            return false;
    return true;
}

bool draft_store(Db *db, Arena *arena, Draft *draft, const Pipeline *pipeline, Error *err)
{
    set_pipeline(draft, pipeline);
    if (!pipeline_variable_insert_all(db, draft->variables, draft->n_variables, err) ||
        !stage_insert_all(db, draft->stages, draft->n_stages, err) ||
        !job_spec_insert_all(db, draft->specs, draft->n_jobs, err))
        return false;
    for (size_t i = 0; i < draft->n_jobs; i++)
        draft->jobs[i].spec_id = draft->specs[i].id;
    for (size_t i = 0; i < draft->n_needs; i++)
        draft->needs[i].spec_id = draft->specs[draft->need_jobs[i]].id;
    return set_resource_groups(db, draft, err) &&
           job_need_insert_all(db, draft->needs, draft->n_needs, err) &&
           job_insert_all(db, draft->jobs, draft->n_jobs, err) &&
           prepare_environments(db, arena, draft, pipeline, err);
}
