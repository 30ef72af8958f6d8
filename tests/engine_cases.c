/* engine_cases.c - runs pipeline-processing cases: a configuration, events, and the statuses that
 * the pipeline, its stages and its jobs must have after each.
 *
 * engine-cases DIR_OR_FILE... (the format is described in tests/engine/README.md).  The compiler
 * makes the jobs and the engine moves them, both as the server uses them; there is no database. */
#include "case_yaml.h"

#include "base/arena.h"
#include "base/clock.h"
#include "ci/ci.h"
#include "pipeline/advance.h"
#include "pipeline/cancel.h"
#include "pipeline/events.h"
#include "pipeline/move.h"
#include "pipeline/policy.h"
#include "pipeline/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWNER = 1 };

static const char DOWNSTREAM[] = "downstream_";

typedef struct Case {
    const char *path;
    yaml_document_t document;
    Arena *arena;
    const CiConfig *config;
    EnginePipeline *pipeline;
} Case;

/* ---- From the configuration to a model ------------------------------------------------------ */

static const CiVariable predefined[] = {
    { .key = "CI", .value = "true", .predefined = true },
    { .key = "CI_COMMIT_BRANCH", .value = "master", .predefined = true },
    { .key = "CI_COMMIT_REF_NAME", .value = "master", .predefined = true },
    { .key = "CI_DEFAULT_BRANCH", .value = "master", .predefined = true },
    { .key = "CI_PIPELINE_SOURCE", .value = "pipeline", .predefined = true },
};
static const CiVariables variables = { predefined, G_N_ELEMENTS(predefined) };

static bool fail_with(const CiMessages *messages, Error *err)
{
    return error_set(err, ERR_CONFIG, "config: %s",
                     messages->n > 0 ? messages->items[0].text : "refused without a message");
}

static CiPlan *plan_config(Case *c, const char *text, Error *err)
{
    CiInput input = {
        .path = c->path, .bytes = text, .size = strlen(text), .variables = variables
    };
    CiMessages messages = { 0 };
    CiConfig *config = ci_compile(&input, c->arena, &messages);

    if (!config) {
        fail_with(&messages, err);
        return NULL;
    }
    c->config = config;
    CiPlan *plan = ci_plan(config, variables, &input.limits);
    if (plan->result == CI_PLAN_OK)
        return plan;
    fail_with(&plan->messages, err);
    return NULL;
}

static void add_planned_job(Case *c, const CiPlannedJob *planned, int stage)
{
    const char **needs = arena_new0(c->arena, const char *, planned->n_needs);

    for (size_t i = 0; i < planned->n_needs; i++)
        needs[i] = planned->needs[i].job;
    EngineJob job = { .id = c->pipeline->n_jobs + 1,
                      .name = planned->job->name,
                      .stage = stage,
                      .status = STATUS_CREATED,
                      .when = planned->when,
                      .start_in_s = planned->start_in_s,
                      .allow_failure = planned->allow_failure,
                      .by_needs = planned->by_needs,
                      .bridge = planned->job->trigger != NULL,
                      .needs_resource = planned->job->resource_group != NULL,
                      .needs = needs,
                      .n_needs = planned->n_needs,
                      .user_id = OWNER,
                      .created_at = c->pipeline->now_us };
    policy_from_plan(planned, &job);
    engine_pipeline_add(c->pipeline, &job);
}

/* A stage is there if it has a job.  The plan lists jobs stage by stage. */
static void build_pipeline(Case *c, const CiPlan *plan)
{
    int n_stages = 0;
    int stage = -1;

    for (size_t i = 0; i < plan->n_jobs; i++)
        n_stages += i == 0 || plan->jobs[i].job->stage_index != plan->jobs[i - 1].job->stage_index;
    c->pipeline = engine_pipeline_new(c->arena, n_stages, US_PER_S);
    for (size_t i = 0; i < plan->n_jobs; i++) {
        const CiPlannedJob *planned = &plan->jobs[i];

        if (i == 0 || planned->job->stage_index != plan->jobs[i - 1].job->stage_index)
            c->pipeline->stages[++stage].name = planned->job->stage;
        add_planned_job(c, planned, stage);
    }
    engine_pipeline_ready(c->pipeline);
}

static bool create_pipeline(Case *c, Error *err)
{
    yaml_node_t *root = yaml_document_get_root_node(&c->document);
    yaml_node_t *config = case_yaml_get(&c->document, root, "config");

    if (!config)
        return error_set(err, ERR_INVALID, "no config");
    g_autofree char *text = case_yaml_dump(&c->document, config);
    const CiPlan *plan = plan_config(c, text, err);
    if (!plan)
        return false;
    build_pipeline(c, plan);
    c->pipeline->cancel_on_job_failure = c->config->cancel_on_job_failure;
    engine_advance(c->pipeline);
    return true;
}

/* ---- Events --------------------------------------------------------------------------------- */

/* A transition's event, with what the case says of it. */
typedef struct Event {
    const char *name;
    int run; /* which of a job, counted from 1; 0: the latest */
    FailureReason reason;
    int exit_code; /* -1: none */
} Event;

typedef bool (*ApplyFunc)(EnginePipeline *p, EngineJob *job, const Event *event, Error *err);

static bool moved_or(bool moved, Error *err)
{
    return moved || error_set(err, ERR_INVALID, "the job is in no state for it");
}

static bool apply_success(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(engine_succeed_job(p, job), err);
}

static bool apply_drop(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(
        engine_drop_job(p, job, event->reason, event->exit_code < 0 ? NULL : &event->exit_code),
        err);
}

static bool apply_run(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(engine_run_job(p, job, false), err);
}

static bool apply_run_gracefully(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(engine_run_job(p, job, true), err);
}

static bool apply_cancel(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(engine_cancel_job(p, job), err);
}

static bool apply_play(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return engine_play_job(p, job, OWNER, &job, err);
}

static bool apply_retry(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return engine_retry_job(p, job, OWNER, &job, err);
}

static bool apply_rerun(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return engine_rerun_from(p, job, OWNER, &job, err);
}

static bool apply_take_back(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(engine_take_back_job(p, job), err);
}

static bool apply_due(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    p->now_us = MAX(p->now_us, job->scheduled_at);
    return moved_or(engine_start_scheduled_job(p, job), err);
}

static bool apply_wait_again(EnginePipeline *p, EngineJob *job, const Event *event, Error *err)
{
    return moved_or(job->bridge && engine_wait_again(p, job, OWNER), err);
}

static const struct {
    const char *event;
    ApplyFunc apply;
} job_events[] = {
    { "success", apply_success },
    { "drop", apply_drop },
    { "run", apply_run },
    { "run_gracefully", apply_run_gracefully },
    { "cancel", apply_cancel },
    { "play", apply_play },
    { "retry", apply_retry },
    { "rerun", apply_rerun },
    { "take_back", apply_take_back },
    { "enqueue_scheduled", apply_due },
    { "wait_again", apply_wait_again },
};

static bool apply_to_job(EnginePipeline *p, const Event *event, EngineJob *job, Error *err)
{
    int bare = name_value(&job_event_names, event->name);

    for (size_t i = 0; i < G_N_ELEMENTS(job_events); i++)
        if (strcmp(job_events[i].event, event->name) == 0)
            return job_events[i].apply(p, job, event, err);
    if (bare < 0)
        return error_set(err, ERR_INVALID, "unknown event");
    return moved_or(engine_move_job(p, job, bare), err);
}

/* What `trigger:strategy` says of the bridge. */
static BridgeStrategy strategy_of(const Case *c, const EngineJob *job)
{
    const char *strategy = NULL;

    for (size_t i = 0; i < c->config->n_jobs; i++)
        if (strcmp(c->config->jobs[i].name, job->name) == 0 && c->config->jobs[i].trigger)
            strategy = c->config->jobs[i].trigger->strategy;
    return strategy ? (BridgeStrategy)name_value(&bridge_strategy_names, strategy) : STRATEGY_NONE;
}

/* "downstream_success": the pipeline of a bridge stands there. */
static bool apply_downstream(const Case *c, const char *status, EngineJob *job, Error *err)
{
    int downstream = name_value(&status_names, status);

    if (downstream < 0 || !job->bridge)
        return error_set(err, ERR_INVALID, "unknown status, or the job is no bridge");
    return moved_or(engine_follow_downstream(c->pipeline, job, strategy_of(c, job), downstream),
                    err);
}

/* NULL: there is none. */
static EngineJob *find_run(const EnginePipeline *p, const char *name, int run)
{
    for (int i = 0; run > 0 && i < p->n_jobs; i++)
        if (strcmp(p->jobs[i]->name, name) == 0 && p->jobs[i]->n_retried == run - 1)
            return p->jobs[i];
    return run > 0 ? NULL : engine_pipeline_find(p, name);
}

static bool apply_to_jobs(Case *c, const Event *event, yaml_node_t *names, Error *err)
{
    if (names->type != YAML_SEQUENCE_NODE)
        return error_set(err, ERR_INVALID, "jobs is not a list");
    for (yaml_node_item_t *item = names->data.sequence.items.start;
         item < names->data.sequence.items.top; item++) {
        const char *name = case_yaml_text(yaml_document_get_node(&c->document, *item));
        EngineJob *job = name ? find_run(c->pipeline, name, event->run) : NULL;

        if (!job)
            return error_set(err, ERR_INVALID, "no job %s", name ? name : "without a name");
        if (!(g_str_has_prefix(event->name, DOWNSTREAM)
                  ? apply_downstream(c, event->name + strlen(DOWNSTREAM), job, err)
                  : apply_to_job(c->pipeline, event, job, err)))
            return error_prefix(err, "%s", name);
    }
    return true;
}

static bool apply_to_pipeline(Case *c, const char *event, Error *err)
{
    if (strcmp(event, "retry") == 0) {
        engine_retry_pipeline(c->pipeline, OWNER);
        return true;
    }
    if (strcmp(event, "cancel") == 0)
        return engine_cancel_pipeline(c->pipeline, err);
    return error_set(err, ERR_INVALID, "unknown event");
}

static int number_of(Case *c, yaml_node_t *transition, const char *key, int missing)
{
    const char *text = case_yaml_text(case_yaml_get(&c->document, transition, key));

    return text ? atoi(text) : missing;
}

static bool read_event(Case *c, yaml_node_t *transition, Event *event, Error *err)
{
    const char *name = case_yaml_text(case_yaml_get(&c->document, transition, "event"));
    const char *reason = case_yaml_text(case_yaml_get(&c->document, transition, "reason"));
    int value = reason ? name_value(&failure_reason_names, reason) : FAILURE_UNKNOWN;

    if (!name)
        return error_set(err, ERR_INVALID, "no event");
    if (value < 0)
        return error_set(err, ERR_INVALID, "unknown reason %s", reason);
    *event = (Event){ .name = name,
                      .run = number_of(c, transition, "run", 0),
                      .reason = (FailureReason)value,
                      .exit_code = number_of(c, transition, "exit_code", -1) };
    return true;
}

static bool apply_transition(Case *c, yaml_node_t *transition, Error *err)
{
    yaml_node_t *names = case_yaml_get(&c->document, transition, "jobs");
    bool refused = case_yaml_get(&c->document, transition, "refused") != NULL;
    g_auto(Error) refusal = ERROR_INIT;
    Event event;

    if (!read_event(c, transition, &event, err))
        return false;
    c->pipeline->now_us += US_PER_S;
    bool applied = names ? apply_to_jobs(c, &event, names, &refusal)
                         : apply_to_pipeline(c, event.name, &refusal);
    if (!applied && !refused)
        return error_move(err, &refusal) || error_prefix(err, "%s", event.name);
    if (applied && refused)
        return error_set(err, ERR_INVALID, "%s: not refused", event.name);
    engine_advance(c->pipeline);
    return true;
}

/* ---- Comparison ----------------------------------------------------------------------------- */

static void add_difference(GString *out, const char *what, const char *expected, Status actual)
{
    const char *text = actual == N_STATUS ? "absent" : name_of(&status_names, actual);

    if (!expected)
        expected = "absent";
    if (strcmp(expected, text) != 0)
        g_string_append_printf(out, "%s%s is %s, not %s", out->len ? "; " : "", what, text,
                               expected);
}

static Status stage_status(const EnginePipeline *p, const char *name)
{
    for (int s = 0; s < p->n_stages; s++)
        if (strcmp(p->stages[s].name, name) == 0)
            return p->stages[s].status;
    return N_STATUS;
}

static Status job_status(const EnginePipeline *p, const char *name)
{
    const EngineJob *job = engine_pipeline_find(p, name);

    return job ? job->status : N_STATUS;
}

/* What is listed but not there; those that are there are compared by the caller. */
static void compare_listed(Case *c, yaml_node_t *listed,
                           Status (*status_of)(const EnginePipeline *, const char *), GString *out)
{
    if (!listed || listed->type != YAML_MAPPING_NODE)
        return;
    for (yaml_node_pair_t *pair = listed->data.mapping.pairs.start;
         pair < listed->data.mapping.pairs.top; pair++) {
        const char *name = case_yaml_text(yaml_document_get_node(&c->document, pair->key));
        const char *status = case_yaml_text(yaml_document_get_node(&c->document, pair->value));

        if (!name || !status)
            g_string_append(out, "an entry of expect is no text; ");
        else if (status_of(c->pipeline, name) == N_STATUS)
            add_difference(out, name, status, N_STATUS);
    }
}

static bool compare(Case *c, yaml_node_t *holder, Error *err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const EnginePipeline *p = c->pipeline;
    yaml_node_t *expect = case_yaml_get(&c->document, holder, "expect");
    yaml_node_t *stages = case_yaml_get(&c->document, expect, "stages");
    yaml_node_t *jobs = case_yaml_get(&c->document, expect, "jobs");

    add_difference(out, "the pipeline",
                   case_yaml_text(case_yaml_get(&c->document, expect, "pipeline")), p->status);
    for (int s = 0; s < p->n_stages; s++) {
        const char *name = p->stages[s].name;
        g_autofree char *what = g_strdup_printf("stage %s", name);

        add_difference(out, what, case_yaml_text(case_yaml_get(&c->document, stages, name)),
                       p->stages[s].status);
    }
    for (int i = 0; i < p->n_slots; i++) {
        const EngineJob *job = p->slots[i].latest;

        add_difference(out, job->name, case_yaml_text(case_yaml_get(&c->document, jobs, job->name)),
                       job->status);
    }
    compare_listed(c, stages, stage_status, out);
    compare_listed(c, jobs, job_status, out);
    return out->len == 0 || error_set(err, ERR_INVALID, "%s", out->str);
}

/* ---- Cases ---------------------------------------------------------------------------------- */

static bool run_transitions(Case *c, yaml_node_t *root, Error *err)
{
    yaml_node_t *transitions = case_yaml_get(&c->document, root, "transitions");

    if (!transitions || transitions->type != YAML_SEQUENCE_NODE)
        return error_set(err, ERR_INVALID, "no list of transitions");
    for (yaml_node_item_t *item = transitions->data.sequence.items.start;
         item < transitions->data.sequence.items.top; item++) {
        yaml_node_t *transition = yaml_document_get_node(&c->document, *item);

        if (!apply_transition(c, transition, err) || !compare(c, transition, err))
            return error_prefix(err, "line %zu", transition->start_mark.line + 1);
    }
    return true;
}

static bool run_loaded_case(Case *c, Error *err)
{
    yaml_node_t *root = yaml_document_get_root_node(&c->document);

    if (!create_pipeline(c, err))
        return false;
    if (!compare(c, case_yaml_get(&c->document, root, "init"), err))
        return error_prefix(err, "init");
    return run_transitions(c, root, err);
}

static bool run_case(const char *path)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    Case c = { .path = path, .arena = arena };

    if (case_yaml_load(path, &c.document, &err)) {
        bool passed = run_loaded_case(&c, &err);

        yaml_document_delete(&c.document);
        if (passed)
            return true;
    }
    printf("%s: %s\n", path, error_text(&err));
    return false;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the *.yml files of a folder in order of name, or the file itself. */
static void collect(const char *path, GPtrArray *cases)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".yml"))
            g_ptr_array_add(found, g_build_filename(path, name, NULL));
    if (!dir)
        g_ptr_array_add(found, g_strdup(path));
    g_ptr_array_sort(found, compare_paths);
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(cases, found->pdata[i]);
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func(g_free);
    guint passed = 0;

    for (int i = 1; i < argc; i++)
        collect(argv[i], cases);
    for (guint i = 0; i < cases->len; i++)
        passed += run_case(cases->pdata[i]);
    printf("%u passed, %u failed\n", passed, cases->len - passed);
    return passed == cases->len && passed > 0 ? 0 : 1;
}
