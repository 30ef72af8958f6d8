/* request.c - gathers what a payload tells: rows, commit, variables, dependencies.
 *
 * Taking comes first, so that the work is done for one runner only; every failure here either ends
 * the job with its reason or puts it back.
 */
#include "runner/request.h"

#include "access/subject.h"
#include "base/log.h"
#include "base/text.h"
#include "pipeline/environments.h"
#include "pipeline/operations.h"
#include "pipeline/spec.h"
#include "pipeline/stored_variables.h"
#include "repo/repo.h"
#include "runner/cross_dependencies.h"
#include "runner/dependencies.h"
#include "runner/id_tokens.h"
#include "runner/payload.h"
#include "store/job_specs.h"
#include "store/pipeline_schedules.h"
#include "store/triggers.h"

/* What a payload is made from, all in one arena. */
typedef struct Gathered {
    const Site *site;
    Arena *arena;
    const HandoutRequest *request;
    const Handout *handout;
    Project project;
    Pipeline pipeline;
    RepoCommit commit;
    User user;
    bool has_user;
    const char *schedule_description;
    const DownstreamPipeline *upstream; /* NULL: no job started the pipeline */
    const char *trigger_token_start;    /* NULL: not triggered by a token, or it is gone */
    json_t *spec;
    Variables variables;
    PayloadDependency *dependencies;
    size_t n_dependencies;
    bool ref_exists;
    FailureReason refusal; /* the job cannot run, for this reason */
} Gathered;

/* --- rows ------------------------------------------------------------------------------------ */

static bool absent_is_fine(Error *err, Error *failed)
{
    return failed->code == ERR_NO_RECORD || error_move(err, failed);
}

static bool find_user(Gathered *g, Db *db, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    g->has_user = user_get(db, g->arena, g->handout->job.user_id, &g->user, &failed);
    return g->has_user || absent_is_fine(err, &failed);
}

static bool find_schedule(Gathered *g, Db *db, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    PipelineSchedule schedule;

    if (!g->pipeline.schedule_id)
        return true;
    if (!pipeline_schedule_get(db, g->arena, g->pipeline.schedule_id, &schedule, &failed))
        return absent_is_fine(err, &failed);
    g->schedule_description = schedule.description;
    return true;
}

static bool find_trigger(Gathered *g, Db *db, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Trigger trigger;

    if (!g->pipeline.trigger_id)
        return true;
    if (!trigger_get(db, g->arena, g->project.id, g->pipeline.trigger_id, &trigger, &failed))
        return absent_is_fine(err, &failed);
    g->trigger_token_start = trigger.token_start;
    return true;
}

/* Asked for only where there may be one. */
static bool find_upstream(Gathered *g, Db *db, Error *err)
{
    bool started =
        g->pipeline.source == SOURCE_PARENT_PIPELINE || g->pipeline.source == SOURCE_PIPELINE;

    return !started || downstream_find(db, g->arena, g->pipeline.id, &g->upstream, err);
}

static bool find_spec(Gathered *g, Db *db, Error *err)
{
    JobSpec spec;

    if (!job_spec_get(db, g->arena, g->handout->job.spec_id, &spec, err))
        return false;
    g->spec = spec_from_json(spec.options, err);
    if (g->spec)
        arena_defer(g->arena, (GDestroyNotify)json_decref, g->spec);
    return g->spec != NULL;
}

static bool find_dependencies(Gathered *g, Db *db, Error *err)
{
    bool missing = false;

    if (!dependencies_find(db, g->arena, &g->handout->job, g->spec, g->project.keep_latest_artifact,
                           clock_now(g->site->clock), &g->dependencies, &g->n_dependencies,
                           &missing, err))
        return false;
    if (missing)
        g->refusal = FAILURE_MISSING_DEPENDENCY;
    return true;
}

static bool gather_rows(Gathered *g, Db *db, Error *err)
{
    const Job *job = &g->handout->job;

    if (!project_get(db, g->arena, job->project_id, &g->project, err) ||
        !pipeline_get(db, g->arena, job->pipeline_id, &g->pipeline, err) || !find_user(g, db, err))
        return false;
    if (!g->has_user || g->user.state != USER_ACTIVE) {
        g->refusal = FAILURE_USER_BLOCKED;
        return true;
    }
    bool outdated;
    if (!environment_is_outdated(db, g->arena, &g->project, job->id, &outdated, err))
        return false;
    if (outdated) {
        g->refusal = FAILURE_OUTDATED_DEPLOYMENT;
        return true;
    }
    return find_schedule(g, db, err) && find_trigger(g, db, err) && find_upstream(g, db, err) &&
           find_spec(g, db, err) && find_dependencies(g, db, err);
}

/* --- variables ------------------------------------------------------------------------------- */

static bool add_given(Gathered *g, Db *db, Error *err)
{
    return variables_add_given(&g->variables, g->site, db, g->pipeline.id, g->handout->job.id, err);
}

/* Protected when the pipeline was made, and still. */
static bool find_protection(Gathered *g, Db *db, bool *protected_ref, Error *err)
{
    RefRules rules = { 0 };

    if (g->pipeline.protected &&
        !ref_rules_find(db, g->project.id, g->pipeline.tag, g->pipeline.ref, &rules, err))
        return false;
    *protected_ref = rules.protected;
    return true;
}

/* The job's environment, as the pipeline's creation expanded it; NULL: it has none. */
static const json_t *environment_of(const Gathered *g)
{
    return json_object_get(g->spec, "environment");
}

static bool add_stored(Gathered *g, Db *db, Error *err)
{
    bool protected_ref;

    return find_protection(g, db, &protected_ref, err) &&
           variables_add_stored(&g->variables, g->site, db, &g->project, protected_ref,
                                json_get_string(environment_of(g), "name"), err);
}

/* Each key once, with the value and marks of its strongest source, and references among values
 * resolved: shells do not look into a value for a second time. */
static void settle_variables(Gathered *g)
{
    CiStrings cycle = NULL; /* creating the pipeline has told of it */
    CiVariables settled = ci_expand_values(g->arena, variables_for_ci(&g->variables), &cycle);
    g_autoptr(GHashTable) strongest = g_hash_table_new(text_hash, g_str_equal);
    Variables list;

    for (size_t i = 0; i < g->variables.n; i++)
        g_hash_table_insert(strongest, (char *)g->variables.items[i].key, &g->variables.items[i]);
    variables_init(&list, g->arena);
    for (size_t i = 0; i < settled.n; i++) {
        Variable variable = *(Variable *)g_hash_table_lookup(strongest, settled.items[i].key);
        variable.value = settled.items[i].value;
        variables_add(&list, variable);
    }
    g->variables = list;
}

static bool add_id_tokens(Gathered *g, Db *db, const RunContext *run, Error *err)
{
    const json_t *tokens = json_object_get(g->spec, "id_tokens");
    Subject subject;

    if (!tokens)
        return true;
    if (!subject_of_project(db, g->user.id, g->user.admin, &g->project, clock_now(g->site->clock),
                            &subject, err))
        return false;
    IdTokenFacts facts = { .site = g->site,
                           .project = &g->project,
                           .pipeline = &g->pipeline,
                           .job = &g->handout->job,
                           .runner = g->request->runner,
                           .user = &g->user,
                           .user_level = subject.level,
                           .environment = environment_of(g),
                           .config_ref_uri = variables_config_ref_uri(g->arena, run),
                           .timeout_s = g->handout->job.timeout_s };
    return id_tokens_add(&g->variables, &facts, tokens, err);
}

/* From the weakest source to the strongest; an attempt's own (job token and the like) last, since
 * nobody may put something else in their place. */
static bool gather_variables(Gathered *g, Db *db, Error *err)
{
    RunContext run = { .site = g->site,
                       .project = &g->project,
                       .pipeline = &g->pipeline,
                       .commit = &g->commit,
                       .user = &g->user,
                       .schedule_description = g->schedule_description,
                       .upstream = g->upstream };

    if (!run_find_tag_message(&run, g->arena, err))
        return false;
    variables_init(&g->variables, g->arena);
    variables_add_job(&g->variables, &g->handout->job);
    variables_add_environment(&g->variables, environment_of(g));
    variables_add_predefined(&g->variables, &run);
    variables_add_trigger(&g->variables, g->trigger_token_start);
    variables_add_spec(&g->variables, g->spec);
    variables_add_user(&g->variables, &g->user);
    if (!variables_add_dotenv(&g->variables, g->site, db, &g->handout->job, g->spec, err) ||
        !add_stored(g, db, err) || !add_given(g, db, err))
        return false;
    variables_add_environment_last(&g->variables, environment_of(g));
    variables_add_attempt(&g->variables, &run, &g->handout->job, g->request->runner,
                          g->handout->token);
    settle_variables(g);
    return add_id_tokens(g, db, &run, err);
}

/* What they name may be variables, so these come last. */
static bool find_cross_dependencies(Gathered *g, Db *db, Error *err)
{
    CrossLookup in = { .site = g->site,
                       .project = &g->project,
                       .pipeline = &g->pipeline,
                       .upstream = g->upstream,
                       .user = &g->user,
                       .spec = g->spec,
                       .variables = variables_for_ci(&g->variables) };
    bool missing = false;

    if (!cross_dependencies_add(db, g->arena, &in, &g->dependencies, &g->n_dependencies, &missing,
                                err))
        return false;
    if (missing)
        g->refusal = FAILURE_MISSING_DEPENDENCY;
    return true;
}

/* --- the repository -------------------------------------------------------------------------- */

static bool find_ref(Gathered *g, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    RepoResolved resolved;
    const char *ref = arena_printf(g->arena, "%s%s", g->pipeline.tag ? "refs/tags/" : "refs/heads/",
                                   g->pipeline.ref);

    g->ref_exists =
        repo_resolve(g->site->repos, g->project.id, ref, false, g->arena, &resolved, &failed);
    return g->ref_exists || absent_is_fine(err, &failed);
}

/* The commit is kept before the runner is told to fetch it. */
static bool gather_commit(Gathered *g, Error *err)
{
    RepoStore *repos = g->site->repos;

    return repo_commit(repos, g->project.id, g->pipeline.sha, g->arena, &g->commit, err) &&
           repo_keep_pipeline_ref(repos, g->project.id, g->pipeline.id, g->pipeline.sha, err) &&
           find_ref(g, err);
}

static bool gather(Gathered *g, Error *err)
{
    {
        g_autoptr(Db) db = database_reader(g->site->database);
        if (!gather_rows(g, db, err))
            return false;
    }
    if (g->refusal != FAILURE_NONE)
        return true;
    if (!gather_commit(g, err))
        return false;
    g_autoptr(Db) db = database_reader(g->site->database);
    return gather_variables(g, db, err) && find_cross_dependencies(g, db, err);
}

/* --- in all ---------------------------------------------------------------------------------- */

static void write_payload(const Gathered *g, GString *payload)
{
    PayloadInput input = { .site = g->site,
                           .project = &g->project,
                           .pipeline = &g->pipeline,
                           .job = &g->handout->job,
                           .runner = g->request->runner,
                           .spec = g->spec,
                           .variables = &g->variables,
                           .dependencies = g->dependencies,
                           .n_dependencies = g->n_dependencies,
                           .token = g->handout->token,
                           .timeout_s = g->handout->job.timeout_s,
                           .ref_exists = g->ref_exists };
    JsonWriter w;

    jw_init(&w, payload);
    payload_write(&w, &input);
}

/* Trouble that may be gone at the next attempt; any other is in the job's own data. */
static bool is_passing(ErrCode code)
{
    return code == ERR_DB || code == ERR_DB_RETRY || code == ERR_DB_AWAY || code == ERR_IO ||
           code == ERR_UNAVAILABLE;
}

static bool put_back(const Site *site, const Job *job, Error *failed, Error *err)
{
    g_auto(Error) second = ERROR_INIT;

    if (!queue_take_back(site, job, &second))
        log_error(&second, "job %" G_GINT64_FORMAT " was not put back", job->id);
    return error_move(err, failed);
}

/* @refused: the job has failed instead, and another one may be looked for. */
static bool describe(const Site *site, Arena *arena, const HandoutRequest *request,
                     const Handout *handout, GString *payload, bool *refused, Error *err)
{
    Gathered g = { .site = site, .arena = arena, .request = request, .handout = handout };
    g_auto(Error) failed = ERROR_INIT;

    *refused = false;
    if (!gather(&g, &failed)) {
        if (is_passing(failed.code))
            return put_back(site, &handout->job, &failed, err);
        log_error(&failed, "job %" G_GINT64_FORMAT " cannot be described", handout->job.id);
        g.refusal = FAILURE_DATA_INTEGRITY;
    }
    if (g.refusal == FAILURE_NONE) {
        write_payload(&g, payload);
        return true;
    }
    *refused = true;
    return operation_fail_job(site, &handout->job, g.refusal, err);
}

bool request_job(const Site *site, Arena *arena, const HandoutRequest *request, GString *payload,
                 Job *job, bool *found, Error *err)
{
    Handout handout;
    bool refused;

    /* Each round ends a job or this loop. */
    do {
        if (!queue_take(site, arena, request, &handout, found, err))
            return false;
        if (!*found)
            return true;
        if (!describe(site, arena, request, &handout, payload, &refused, err))
            return false;
    } while (refused);
    *job = handout.job;
    return true;
}
