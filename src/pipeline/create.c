/* create.c - the steps from a request to stored rows.
 *
 * Steps and their messages follow GitLab's creation chain (lib/gitlab/ci/pipeline/chain/).  All that
 * blocks on the repository and all compiling comes before the one write; waking runners after it.
 */
#include "pipeline/create.h"

#include "access/subject.h"
#include "base/changes.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wakeups.h"
#include "pipeline/advance.h"
#include "pipeline/auto_cancel.h"
#include "pipeline/bridges.h"
#include "pipeline/cache_keys.h"
#include "pipeline/config.h"
#include "pipeline/draft.h"
#include "pipeline/environments.h"
#include "pipeline/events.h"
#include "pipeline/planned.h"
#include "pipeline/policy.h"
#include "pipeline/resource.h"
#include "pipeline/stored_variables.h"

#include <string.h>

static const char ZERO_SHA[] = "0000000000000000000000000000000000000000";

/* Everything on the way from request to rows. */
typedef struct Creation {
    const Site *site;
    Arena *arena;
    const PipelineRequest *request;
    RepoResolved ref;
    RepoCommit commit;
    Variables variables;
    Pipeline *pipeline;
    const CiConfig *config;
    const CiPlan *plan;
    EnginePipeline *engine;     /* NULL: no jobs */
    int *stage_positions;       /* of engine->stages: in config->stages */
    const char **resource_keys; /* of plan->jobs; NULL: no resource group */
    int *priorities;            /* of the jobs, by place */
    Draft draft;
    DownstreamWork cancel; /* of older pipelines; its id 0: none is redundant */
    bool owes;             /* a job of it starts another pipeline at once */
} Creation;

/* --- ref and rights --- */

static bool find_ref(Creation *c, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const Pipeline *parent = c->request->parent;

    if (parent) {
        bool is_commit = strcmp(parent->ref, parent->sha) == 0;
        c->ref = (RepoResolved){ .kind = parent->tag ? REPO_REF_TAG
                                         : is_commit ? REPO_REF_COMMIT
                                                     : REPO_REF_BRANCH,
                                 .name = parent->ref,
                                 .sha = parent->sha };
        return true;
    }
    if (repo_resolve(c->site->repos, c->request->project->id, c->request->ref,
                     c->request->allow_commit, c->arena, &c->ref, &failed))
        return true;
    switch ((int)failed.code) {
    case ERR_NO_RECORD:
        return error_set(err, ERR_CONFIG, "Reference not found");
    case ERR_CONFLICT:
        return error_set(err, ERR_CONFIG, "Ref is ambiguous");
    default:
        return error_move(err, &failed);
    }
}

static bool may_set_variables(const Creation *c)
{
    static const struct {
        const char *role;
        AccessLevel level;
    } roles[] = {
        { "developer", ACCESS_DEVELOPER },
        { "maintainer", ACCESS_MAINTAINER },
        { "owner", ACCESS_OWNER },
    };

    /* A schedule's variables were set under their own rule, a child's are of its parent's file. */
    if (c->request->n_given == 0 || c->request->source == SOURCE_SCHEDULE || c->request->parent)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
        if (g_strcmp0(roles[i].role, c->request->project->variables_role) == 0)
            return c->request->subject->admin || c->request->subject->level >= roles[i].level;
    return false;
}

static bool check_rights(Creation *c, RefRules *rules, Error *err)
{
    const PipelineRequest *rq = c->request;
    g_autoptr(Db) db = database_reader(c->site->database);

    if (rq->project->archived || !rq->project->jobs_enabled)
        return error_set(err, ERR_CONFIG, "Pipelines are disabled!");
    /* Not all ways here sign the user in: a trigger's token outlives its owner's account. */
    if (rq->user->state != USER_ACTIVE || !access_can(rq->subject, CAN_CREATE_PIPELINES))
        return error_set(err, ERR_CONFIG, "Insufficient permissions to create a new pipeline");
    if (c->ref.kind != REPO_REF_COMMIT &&
        !ref_rules_find(db, rq->project->id, c->ref.kind == REPO_REF_TAG, c->ref.name, rules, err))
        return false;
    if (!ref_allows_run(rules, rq->subject))
        return error_set(err, ERR_CONFIG,
                         "You do not have sufficient permission to run a pipeline on '%s'. Please "
                         "select a different branch or contact your administrator for assistance.",
                         c->ref.name);
    if (!may_set_variables(c))
        return error_set(err, ERR_CONFIG, "Insufficient permissions to set pipeline variables");
    return true;
}

static bool check_given(const Creation *c, Error *err)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(text_hash, g_str_equal);
    g_autoptr(GString) doubles = g_string_new(NULL);
    int n = 0;

    for (size_t i = 0; i < c->request->n_given; i++)
        if (!g_hash_table_add(seen, (void *)c->request->given[i].key)) {
            g_string_append_printf(doubles, "%s%s", n > 0 ? ", " : "", c->request->given[i].key);
            n++;
        }
    if (n == 0)
        return true;
    return error_set(err, ERR_CONFIG, "Duplicate variable name%s: %s", n > 1 ? "s" : "",
                     doubles->str);
}

static bool check_inputs(const Creation *c, Error *err)
{
    int64_t max = c->site->settings->max_inputs;

    return c->request->n_inputs <= (size_t)max ||
           error_set(err, ERR_CONFIG, "There cannot be more than %" G_GINT64_FORMAT " inputs", max);
}

/* --- the rows --- */

static void fill_pipeline(Creation *c, const RefRules *rules)
{
    const PipelineRequest *rq = c->request;
    int64_t now = clock_now(c->site->clock);

    *c->pipeline = (Pipeline){ .project_id = rq->project->id,
                               .user_id = rq->user->id,
                               .ref = c->ref.name,
                               .tag = c->ref.kind == REPO_REF_TAG,
                               .sha = c->ref.sha,
                               .before_sha = rq->before_sha ? rq->before_sha : ZERO_SHA,
                               .source = rq->source,
                               .status = STATUS_CREATED,
                               .config_path = config_choose_path(c->arena, rq, &c->commit),
                               .protected = rules->protected,
                               .schedule_id = rq->schedule_id,
                               .schedule_tick = rq->schedule_tick,
                               .trigger_id = rq->trigger_id,
                               .upstream_job_id = rq->upstream_job_id,
                               .created_at = now,
                               .updated_at = now };
}

static bool collect_variables(Creation *c, Error *err)
{
    RunContext run = { .site = c->site,
                       .project = c->request->project,
                       .pipeline = c->pipeline,
                       .commit = &c->commit,
                       .user = c->request->user,
                       .schedule_description = c->request->schedule_description,
                       .upstream = c->request->upstream };

    if (!run_find_tag_message(&run, c->arena, err))
        return false;
    variables_init(&c->variables, c->arena);
    variables_add_predefined(&c->variables, &run);
    variables_add_user(&c->variables, c->request->user);
    {
        g_autoptr(Db) db = database_reader(c->site->database);
        if (!variables_add_stored_scoped(&c->variables, c->site, db, c->request->project,
                                         c->pipeline->protected, err))
            return false;
    }
    for (size_t i = 0; i < c->request->n_given; i++)
        variables_add(&c->variables, c->request->given[i]);
    return true;
}

/* "[skip ci]" and its relatives; only a push heeds it. */
static bool is_skipped(const Creation *c)
{
    static const char *const words[] = { "[skip ci]", "[ci skip]", "[skip-ci]",
                                         "[ci-skip]", "[skip_ci]", "[ci_skip]" };

    if (c->request->source != SOURCE_PUSH)
        return false;
    g_autofree char *lower = g_ascii_strdown(c->commit.message, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(lower, words[i]))
            return true;
    return false;
}

static void add_engine_job(Creation *c, size_t index, int stage)
{
    const CiPlannedJob *planned = &c->plan->jobs[index];
    const char **needs = arena_new0(c->arena, const char *, planned->n_needs);

    for (size_t i = 0; i < planned->n_needs; i++)
        needs[i] = planned->needs[i].job;
    EngineJob job = { .name = planned->job->name,
                      .stage = stage,
                      .status = STATUS_CREATED,
                      .when = planned->when,
                      .allow_failure = planned->allow_failure,
                      .by_needs = planned->by_needs,
                      .bridge = planned->job->trigger || planned->job->mirror,
                      .needs_resource = c->resource_keys[index] != NULL,
                      .needs = needs,
                      .n_needs = planned->n_needs,
                      .start_in_s = planned->start_in_s,
                      .user_id = c->pipeline->user_id,
                      .created_at = c->pipeline->created_at };
    policy_from_plan(planned, &job);
    engine_pipeline_add(c->engine, &job);
}

/* A name that came out wrong once its variables were in place. */
static void drop_misnamed(Creation *c)
{
    for (size_t i = 0; i < c->plan->n_jobs; i++) {
        const CiEnvironment *environment = c->plan->jobs[i].environment;
        if (environment && !environment_name_is_valid(environment->name))
            (void)engine_drop_job(c->engine, c->engine->jobs[i], FAILURE_ENVIRONMENT_CREATION,
                                  NULL);
    }
}

static OnNewCommit on_new_commit_of(CiOnNewCommit written)
{
    switch (written) {
    case CI_ON_NEW_COMMIT_CONSERVATIVE:
        return ON_NEW_COMMIT_CONSERVATIVE;
    case CI_ON_NEW_COMMIT_INTERRUPTIBLE:
        return ON_NEW_COMMIT_INTERRUPTIBLE;
    case CI_ON_NEW_COMMIT_NONE:
        break;
    }
    return ON_NEW_COMMIT_NONE;
}

/* Stages without jobs do not become rows; a job keeps its position in the full list. */
static void build_engine(Creation *c)
{
    const CiPlan *plan = c->plan;
    g_autofree int *stage_of = g_new(int, c->config->n_stages);
    int n_stages = 0;
    int64_t now = c->pipeline->created_at;

    c->stage_positions = arena_new0(c->arena, int, c->config->n_stages);
    memset(stage_of, -1, sizeof(int) * c->config->n_stages);
    for (size_t i = 0; i < plan->n_jobs; i++) {
        int position = plan->jobs[i].job->stage_index;
        if (stage_of[position] >= 0)
            continue;
        stage_of[position] = n_stages;
        c->stage_positions[n_stages++] = position;
    }
    c->engine = engine_pipeline_new(c->arena, n_stages, now);
    c->engine->status = c->engine->before = STATUS_CREATED;
    c->engine->created_at = now;
    c->pipeline->on_new_commit = on_new_commit_of(c->plan->on_new_commit);
    c->engine->cancel_on_job_failure = c->pipeline->cancel_on_job_failure =
        c->plan->cancel_on_job_failure;
    for (int i = 0; i < n_stages; i++)
        c->engine->stages[i].name = c->config->stages[c->stage_positions[i]];
    c->resource_keys = arena_new0(c->arena, const char *, plan->n_jobs);
    c->priorities = arena_new0(c->arena, int, plan->n_jobs);
    for (size_t i = 0; i < plan->n_jobs; i++) {
        c->resource_keys[i] = resource_key(c->arena, &plan->jobs[i], &c->variables);
        if (access_can(c->request->subject, CAN_SET_PRIORITIES))
            c->priorities[i] = planned_priority(c->arena, &plan->jobs[i], &c->variables);
        add_engine_job(c, i, stage_of[plan->jobs[i].job->stage_index]);
    }
    engine_pipeline_ready(c->engine);
    drop_misnamed(c);
    engine_advance(c->engine);
    c->pipeline->status = c->engine->status;
    c->pipeline->started_at = c->engine->started_at;
    c->pipeline->finished_at = c->engine->finished_at;
    c->pipeline->duration_s = c->engine->duration_s;
}

/* GitLab removes what looks like a tag from stored messages; ours are text and stay as they are. */
static void mark_failed(Creation *c, PipelineFailure reason, const char *message)
{
    c->pipeline->status = STATUS_FAILED;
    c->pipeline->failure_reason = reason;
    c->pipeline->yaml_errors = reason == PIPELINE_FAILURE_CONFIG ? message : NULL;
    c->pipeline->finished_at = c->pipeline->created_at;
}

/* Too many jobs that deploy; NULL: not. */
static const char *check_deployments(const Creation *c)
{
    int64_t limit = c->site->settings->max_deployments;
    int64_t n = 0;

    for (size_t i = 0; i < c->plan->n_jobs; i++) {
        const CiEnvironment *environment = c->plan->jobs[i].environment;
        n += environment && g_strcmp0(environment->action, "start") == 0;
    }
    return n <= limit
               ? NULL
               : arena_printf(c->arena,
                              "Pipeline has too many deployments! Requested %" G_GINT64_FORMAT
                              ", but the limit is %" G_GINT64_FORMAT ".",
                              n, limit);
}

/* What the plan came to; true: there is something to store. */
static bool settle_plan(Creation *c, Error *err)
{
    const char *message = c->plan->messages.n > 0 ? c->plan->messages.items[0].text : NULL;

    switch (c->plan->result) {
    case CI_PLAN_OK:
        message = check_deployments(c);
        if (message && !c->request->save_failures)
            break;
        if (message) {
            mark_failed(c, PIPELINE_FAILURE_DEPLOYMENTS_LIMIT, message);
            return true;
        }
        c->pipeline->name = c->plan->name;
        build_engine(c);
        return true;
    case CI_PLAN_FILTERED_BY_WORKFLOW:
    case CI_PLAN_FILTERED_BY_RULES:
        break;
    case CI_PLAN_TOO_MANY_JOBS:
        if (!c->request->save_failures)
            break;
        mark_failed(c, PIPELINE_FAILURE_SIZE_LIMIT, message);
        return true;
    case CI_PLAN_FAILED:
        if (!c->request->save_failures)
            break;
        mark_failed(c, PIPELINE_FAILURE_CONFIG, message);
        return true;
    }
    return error_set(err, ERR_CONFIG, "%s", message);
}

static bool compile(Creation *c, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    CiConfig *config = NULL;
    CiPlan *plan = NULL;
    ConfigRun run = {
        .site = c->site, .request = c->request, .pipeline = c->pipeline, .variables = &c->variables
    };

    if (config_load(&run, c->arena, &config, &plan, &failed)) {
        c->config = config;
        c->plan = plan;
        return settle_plan(c, err);
    }
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_CONFIG, "Missing CI config file");
    if (failed.code != ERR_CONFIG || !c->request->save_failures)
        return error_move(err, &failed);
    mark_failed(c, PIPELINE_FAILURE_CONFIG, arena_strdup(c->arena, failed.message));
    return true;
}

/* --- the write --- */

static void draft(Creation *c)
{
    const PipelineRequest *request = c->request;
    CacheKeys keys = { .site = c->site,
                       .arena = c->arena,
                       .project_id = request->project->id,
                       .sha = c->pipeline->sha };
    SpecKeys find = { cache_keys_find, &keys };

    draft_add_variables(&c->draft, c->site, c->arena, request->given, request->n_given);
    c->draft.resource_keys = c->resource_keys;
    c->draft.priorities = c->priorities;
    c->draft.resource_mode = request->project->resource_group_mode;
    if (c->engine)
        draft_add_jobs(&c->draft, c->arena, c->plan, c->engine, c->stage_positions,
                       request->project->build_timeout_s, &find);
}

/* What has to start its own pipeline at once. */
static bool owe_pipelines(Db *db, Creation *c, Error *err)
{
    c->owes = false;
    for (size_t i = 0; i < c->draft.n_jobs; i++) {
        const Job *job = &c->draft.jobs[i];
        DownstreamWork work = { .kind = DOWNSTREAM_START,
                                .job_id = job->id,
                                .server_id = c->site->server_id,
                                .taken_at = c->pipeline->created_at };
        if (!job->bridge || job->status != STATUS_PENDING)
            continue;
        c->owes = true;
        if (!downstream_work_insert(db, &work, err))
            return false;
    }
    return true;
}

/* Older pipelines that this one makes redundant. */
static bool owe_cancel(Db *db, Creation *c, Error *err)
{
    c->cancel = (DownstreamWork){ 0 };
    return !c->engine || !c->request->project->auto_cancel_pending ||
           auto_cancel_owe(db, c->site, c->pipeline, &c->cancel, err);
}

static void cancel_older(const Creation *c)
{
    g_auto(Error) err = ERROR_INIT;

    if (c->cancel.id && !auto_cancel_older(c->site, &c->cancel, &err))
        log_error(&err, "pipelines older than %" G_GINT64_FORMAT " go on for now", c->pipeline->id);
}

static bool store(Db *db, void *data, Error *err)
{
    Creation *c = data;

    return project_next_iid(db, c->pipeline->project_id, &c->pipeline->iid, err) &&
           pipeline_insert(db, c->pipeline, err) &&
           draft_store(db, c->arena, &c->draft, c->pipeline, err) && owe_pipelines(db, c, err) &&
           owe_cancel(db, c, err) &&
           (!c->request->also || c->request->also(db, c->pipeline, c->request->also_data, err));
}

/* So that a force push leaves the commit there for jobs that still wait.  The hand-out makes sure
 * again: a ref that a crash or an error took costs nothing until then. */
static void keep_commit(const Creation *c)
{
    g_auto(Error) err = ERROR_INIT;

    if (!STATUS_IN(c->pipeline->status, STATUSES_COMPLETED) &&
        !repo_keep_pipeline_ref(c->site->repos, c->pipeline->project_id, c->pipeline->id,
                                c->pipeline->sha, &err))
        log_error(&err, "pipeline %" G_GINT64_FORMAT " does not keep its commit", c->pipeline->id);
}

/* A group of several jobs is asked once for each: then it is not free any more, and that costs little. */
static void ask_for_resources(const Creation *c)
{
    for (size_t i = 0; i < c->draft.n_jobs; i++)
        if (c->draft.jobs[i].status == STATUS_WAITING_FOR_RESOURCE)
            resource_give(c->site, c->draft.jobs[i].resource_group_id);
}

bool pipeline_create(const Site *site, Arena *arena, const PipelineRequest *request, Pipeline *out,
                     Error *err)
{
    Pipeline pipeline;
    RefRules rules = { 0 };
    Creation c = { .site = site, .arena = arena, .request = request, .pipeline = &pipeline };

    if (!find_ref(&c, err) || !check_rights(&c, &rules, err) || !check_given(&c, err) ||
        !check_inputs(&c, err))
        return false;
    if (!repo_commit(site->repos, request->project->id, c.ref.sha, arena, &c.commit, err))
        return false;
    fill_pipeline(&c, &rules);
    if (!collect_variables(&c, err))
        return false;
    if (is_skipped(&c))
        pipeline.status = STATUS_SKIPPED;
    else if (!compile(&c, err))
        return false;
    if (request->report)
        return true;
    draft(&c);
    if (!database_write(site->database, store, &c, err))
        return false;
    keep_commit(&c);
    ask_for_resources(&c);
    cancel_older(&c);
    wakeups_notify(site->wakeups);
    changes_note(site->changes, pipeline.project_id, pipeline.id);
    if (c.owes)
        bridges_poke(site->bridges);
    *out = pipeline;
    return true;
}
