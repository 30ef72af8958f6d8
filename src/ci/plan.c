/* plan.c - which jobs one run has, and with which variables (plan_scope.h).
 *
 * The rules of the workflow decide about the pipeline, those of each job about the job.  All problems
 * of the jobs that are in make one message.
 */
#include "base/text.h"
#include "ci/compiler.h"
#include "ci/conditions.h"
#include "ci/environment_expand.h"
#include "ci/expand.h"
#include "ci/plan_scope.h"

#include <string.h>

/* Variables that the jobs of one plan may have in sum: hostile files multiply. */
static const size_t max_variables = 1000000;

typedef struct Planner {
    const CiConfig *config;
    const CiRun *run;
    Arena *arena;
    CiLimits limits;
    Conditions *conditions;
    GArray *explained; /* of CiExplained */
    PlanVariables variables;
    CiStrings root_cycle; /* among what all jobs see: NULL for none */
    GString *errors;
} Planner;

static void add_error(Planner *p, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add_error(Planner *p, const char *format, ...)
{
    va_list args;

    if (p->errors->len > 0)
        g_string_append_c(p->errors, '\n');
    va_start(args, format);
    g_string_append_vprintf(p->errors, format, args);
    va_end(args);
}

static CiPlan *finish(Planner *p, CiPlan *plan, CiPlanResult result, const char *message)
{
    CiMessage *items = arena_new0(p->arena, CiMessage, 1);

    items[0].text = message;
    plan->result = result;
    plan->messages = (CiMessages){ items, 1 };
    return plan;
}

static void tell(Planner *p, Sight *sight, CiExplained told)
{
    if (!p->run->explain)
        return;
    sight_tell(sight, p->arena, &told);
    g_array_append_val(p->explained, told);
}

/* What a rule of the workflow says of `auto_cancel`. */
static void apply_auto_cancel(const CiRule *rule, CiPlan *plan)
{
    if (rule->has_on_new_commit)
        plan->on_new_commit = rule->on_new_commit;
    if (rule->cancel_on_job_failure != CI_OPEN)
        plan->cancel_on_job_failure = rule->cancel_on_job_failure == CI_TRUE;
}

/* The workflow's rules: false where they keep the pipeline out. */
static bool apply_workflow(Planner *p, CiPlan *plan)
{
    const CiConfig *config = p->config;
    Scope scope;
    Sight sight;
    const char *error;

    plan->on_new_commit = config->on_new_commit;
    plan->cancel_on_job_failure = config->cancel_on_job_failure;
    if (!config->has_workflow_rules)
        return true;
    scope_init(&scope, &p->variables, NULL);
    sight_init(&sight, p->run, scope_lookup, scope_expand_path, &scope);
    const CiRule *rule = conditions_match(p->conditions, &sight, config->workflow_rules,
                                          config->n_workflow_rules, &error);
    bool kept = rule && !(rule->has_when && rule->when == WHEN_NEVER);
    tell(p, &sight,
         (CiExplained){ .kept = kept,
                        .because = error  ? CI_BECAUSE_ERROR
                                   : rule ? CI_BECAUSE_RULE
                                          : CI_BECAUSE_NO_RULE,
                        .detail = error });
    sight_clear(&sight);
    scope_clear(&scope);
    if (error)
        add_error(p, "Failed to parse rule for workflow: %s", error);
    if (!kept)
        return false;
    apply_auto_cancel(rule, plan);
    plan_variables_put_root(&p->variables, rule->variables);
    return true;
}

static const char *strip(Arena *arena, const char *text)
{
    g_autofree char *copy = g_strstrip(g_strdup(text));

    return *copy ? arena_strdup(arena, copy) : NULL;
}

static void set_name(Planner *p, CiPlan *plan)
{
    const char *name = p->config->workflow_name;
    Scope scope;

    if (!name)
        return;
    scope_init(&scope, &p->variables, NULL);
    const char *expanded = expand_text(p->arena, name, false, scope_lookup, &scope);
    scope_clear(&scope);
    if (expanded)
        plan->name = strip(p->arena, expanded);
    else
        add_error(p, "workflow name is too long after expansion (maximum is %d bytes)",
                  CI_EXPANDED_MAX);
}

static bool refers(CiVariables variables)
{
    for (size_t i = 0; i < variables.n; i++) {
        if (!variables.items[i].raw && expand_has_reference(variables.items[i].value))
            return true;
    }
    return false;
}

static bool tags_refer(CiStrings tags)
{
    for (size_t i = 0; tags && tags[i]; i++) {
        if (expand_has_reference(tags[i]))
            return true;
    }
    return false;
}

static void report_cycle(Planner *p, const CiJob *job, CiStrings cycle)
{
    g_autofree char *names = g_strjoinv("\", \"", (char **)cycle);

    add_error(p, "%s: circular variable reference detected: [\"%s\"]", job->name, names);
}

static void expand_tags(Planner *p, CiPlannedJob *planned, GHashTable *values)
{
    const char *const *tags = planned->tags;
    size_t n = g_strv_length((char **)tags);
    const char **expanded = arena_new0(p->arena, const char *, n + 1);

    for (size_t i = 0; i < n; i++) {
        expanded[i] = expand_text(p->arena, tags[i], true, table_value, values);
        if (!expanded[i]) {
            add_error(p, "%s: a tag is too long after expansion (maximum is %d bytes)",
                      planned->job->name, CI_EXPANDED_MAX);
            expanded[i] = "";
        }
    }
    planned->tags = expanded;
}

/* Looks for cycles among the job's variables and expands its tags.  Both need the whole collection,
 * which is only built where the job's own variables or tags hold a reference. */
static void resolve_variables(Planner *p, Scope *scope, CiPlannedJob *planned, CiVariables own)
{
    CiStrings cycle = planned->job->inherit_variables.some ? NULL : p->root_cycle;

    if (own.n == 0 && cycle && !scope->owns_given && !tags_refer(planned->tags)) {
        report_cycle(p, planned->job, cycle);
        return;
    }
    if (!cycle && !refers(own) && !scope->owns_given && !tags_refer(planned->tags))
        return;
    CiVariables all = ci_expand_values(p->arena, scope_all(scope, planned->variables), &cycle);
    if (cycle) {
        report_cycle(p, planned->job, cycle);
    } else if (tags_refer(planned->tags)) {
        g_autoptr(GHashTable) table = expand_table(all);
        expand_tags(p, planned, table);
    }
}

/* The job's environment, with what its values refer to. */
static void expand_environment(Planner *p, Scope *scope, CiPlannedJob *planned)
{
    const CiEnvironment *written = planned->job->environment;

    planned->environment = written;
    if (!written || !environment_refers(written))
        return;
    planned->environment =
        environment_expand(p->arena, written, scope_all(scope, planned->variables));
    if (!planned->environment)
        add_error(p, "%s: environment is too long after expansion (maximum is %d bytes)",
                  planned->job->name, CI_EXPANDED_MAX);
}

/* Whether the job is in; *@rule: the one that matched.  Fills @told. */
static bool decide(Planner *p, Sight *sight, const CiJob *job, const CiRule **rule,
                   CiExplained *told)
{
    *rule = NULL;
    if (!job->has_rules) {
        told->because = CI_BECAUSE_NO_CONDITION;
        if (job->only || job->except)
            return conditions_let_in(p->conditions, sight, job->only, job->except, &told->because,
                                     &told->detail);
        return true;
    }
    *rule = conditions_match(p->conditions, sight, job->rules, job->n_rules, &told->detail);
    told->because = told->detail ? CI_BECAUSE_ERROR : *rule ? CI_BECAUSE_RULE : CI_BECAUSE_NO_RULE;
    return *rule && ((*rule)->has_when ? (*rule)->when : job->when) != WHEN_NEVER;
}

/* As decide(), with what the job sees; reports and explains. */
static bool is_in(Planner *p, Scope *scope, const CiJob *job, const CiRule **rule)
{
    Sight sight;
    CiExplained told = { .job = job };

    sight_init(&sight, p->run, scope_lookup, scope_expand_path, scope);
    told.kept = decide(p, &sight, job, rule, &told);
    if (told.because == CI_BECAUSE_ERROR)
        add_error(p, "Failed to parse rule for %s: %s", job->name, told.detail);
    tell(p, &sight, told);
    sight_clear(&sight);
    return told.kept;
}

/* What the matching rule says over the job. */
static void apply_rule(Planner *p, const CiRule *rule, CiPlannedJob *planned, CiVariables *own)
{
    if (rule->has_when) {
        planned->when = rule->when;
        planned->start_in_s = rule->start_in_s;
    }
    if (rule->has_allow_failure) {
        planned->allow_failure = rule->allow_failure;
        planned->allow_failure_exit_codes = (CiExitCodes){ 0 };
    }
    if (rule->interruptible != CI_OPEN)
        planned->interruptible = rule->interruptible == CI_TRUE;
    if (rule->n_needs > 0) {
        planned->needs = rule->needs;
        planned->n_needs = rule->n_needs;
        planned->by_needs = true;
    }
    *own = variables_overlay(p->arena, *own, rule->variables);
}

/* Whether the job is in, by its conditions; fills what they decide. */
static bool apply_rules(Planner *p, Scope *scope, CiPlannedJob *planned, CiVariables *own)
{
    const CiJob *job = scope->job;
    const CiRule *rule;

    *planned = (CiPlannedJob){ .job = job,
                               .when = job->when,
                               .start_in_s = job->start_in_s,
                               .allow_failure = job->allow_failure,
                               .allow_failure_exit_codes = job->allow_failure_exit_codes,
                               .tags = job->tags,
                               .needs = job->needs,
                               .n_needs = job->n_needs,
                               .by_needs = job->has_needs,
                               .interruptible = job->interruptible == CI_TRUE };
    *own = job->variables;
    if (!is_in(p, scope, job, &rule))
        return false;
    if (rule)
        apply_rule(p, rule, planned, own);
    return true;
}

/* A job that is in, with all that it needs but its needs. */
static bool plan_job(Planner *p, const CiJob *job, CiPlannedJob *planned)
{
    CiVariables own;
    Scope scope;

    if (p->variables.n_made > max_variables)
        return false;
    scope_init(&scope, &p->variables, job);
    bool in = apply_rules(p, &scope, planned, &own);
    if (in) {
        planned->variables = scope_variables(&scope, own);
        resolve_variables(p, &scope, planned, own);
        expand_environment(p, &scope, planned);
    }
    scope_clear(&scope);
    return in;
}

/* Keeps the needs whose jobs are in. */
static void plan_needs(Planner *p, CiPlannedJob *planned, GHashTable *names)
{
    const CiJob *job = planned->job;
    const CiNeed *wanted = planned->needs;
    size_t n = planned->n_needs;

    planned->n_needs = 0;
    if (n > (size_t)p->limits.needs) {
        add_error(p,
                  "%s: one job can only need %d others, but you have listed %" G_GSIZE_FORMAT
                  ". See needs keyword documentation for more details",
                  job->name, p->limits.needs, n);
        return;
    }
    CiNeed *needs = arena_new0(p->arena, CiNeed, n);
    for (size_t i = 0; i < n; i++) {
        const CiNeed *need = &wanted[i];
        if (g_hash_table_contains(names, need->job))
            needs[planned->n_needs++] = *need;
        else if (!need->optional && !p->config->partial)
            add_error(p,
                      "'%s' job needs '%s' job, but '%s' does not exist in the pipeline. This "
                      "might be because of the only, except, or rules keywords. To need a job that "
                      "sometimes does not exist in the pipeline, use needs:optional.",
                      job->name, need->job, need->job);
    }
    planned->needs = needs;
}

/* All jobs in the order of their stages: counted first, so that each is placed once. */
static const CiJob **in_stage_order(const Planner *p)
{
    const CiConfig *config = p->config;
    const CiJob **ordered = arena_new0(p->arena, const CiJob *, config->n_jobs);
    size_t *next = g_new0(size_t, config->n_stages + 1);

    for (size_t i = 0; i < config->n_jobs; i++)
        next[config->jobs[i].stage_index + 1]++;
    for (size_t i = 0; i < config->n_stages; i++)
        next[i + 1] += next[i];
    for (size_t i = 0; i < config->n_jobs; i++)
        ordered[next[config->jobs[i].stage_index]++] = &config->jobs[i];
    g_free(next);
    return ordered;
}

static void plan_jobs(Planner *p, CiPlan *plan)
{
    const CiJob **ordered = in_stage_order(p);
    CiPlannedJob *jobs = arena_new0(p->arena, CiPlannedJob, p->config->n_jobs);
    g_autoptr(GHashTable) names = g_hash_table_new(text_hash, g_str_equal);

    for (size_t i = 0; i < p->config->n_jobs; i++) {
        if (plan_job(p, ordered[i], &jobs[plan->n_jobs]))
            g_hash_table_add(names, (gpointer)jobs[plan->n_jobs++].job->name);
    }
    for (size_t i = 0; i < plan->n_jobs; i++)
        plan_needs(p, &jobs[i], names);
    if (p->variables.n_made > max_variables)
        add_error(p, "The jobs have too many variables in all (maximum is %" G_GSIZE_FORMAT ")",
                  max_variables);
    plan->jobs = jobs;
}

static bool has_middle_job(const CiPlan *plan)
{
    for (size_t i = 0; i < plan->n_jobs; i++) {
        const char *stage = plan->jobs[i].job->stage;
        if (!g_str_equal(stage, ".pre") && !g_str_equal(stage, ".post"))
            return true;
    }
    return false;
}

static CiPlan *make_plan(Planner *p)
{
    CiPlan *plan = arena_new0(p->arena, CiPlan, 1);
    bool in = apply_workflow(p, plan);

    if (p->errors->len > 0)
        return finish(p, plan, CI_PLAN_FAILED, arena_strdup(p->arena, p->errors->str));
    if (!in)
        return finish(p, plan, CI_PLAN_FILTERED_BY_WORKFLOW,
                      "The pipeline did not run. Review the workflow:rules configuration for "
                      "the pipeline.");
    (void)ci_expand_values(p->arena, plan_variables_all(&p->variables), &p->root_cycle);
    set_name(p, plan);
    plan_jobs(p, plan);
    if (expression_cache_is_spent(p->config->expressions))
        return finish(p, plan, CI_PLAN_FAILED, "rules:if " EXPRESSION_TOO_MUCH_WORK);
    if (p->errors->len > 0)
        return finish(p, plan, CI_PLAN_FAILED, arena_strdup(p->arena, p->errors->str));
    if (p->limits.jobs > 0 && plan->n_jobs > (size_t)p->limits.jobs)
        return finish(p, plan, CI_PLAN_TOO_MANY_JOBS,
                      arena_printf(p->arena,
                                   "Pipeline has too many jobs! Requested %" G_GSIZE_FORMAT
                                   ", but the limit is %d.",
                                   plan->n_jobs, p->limits.jobs));
    if (!has_middle_job(plan))
        return finish(p, plan, CI_PLAN_FILTERED_BY_RULES,
                      "The resulting pipeline would have been empty. Review the rules "
                      "configuration for the relevant jobs.");
    return plan;
}

CiPlan *ci_plan_run(CiConfig *config, const CiRun *run)
{
    Planner p = { .config = config,
                  .run = run,
                  .arena = config->arena,
                  .limits = compiler_limits(&run->limits) };

    plan_variables_init(&p.variables, p.arena, config->variables, run->variables);
    p.errors = g_string_new(NULL);
    p.explained = g_array_new(FALSE, TRUE, sizeof(CiExplained));
    p.conditions = conditions_new(config, run);
    CiPlan *plan = make_plan(&p);
    plan->n_explained = p.explained->len;
    plan->explained =
        arena_memdup(p.arena, p.explained->data, p.explained->len * sizeof(CiExplained));
    conditions_free(p.conditions);
    g_array_free(p.explained, TRUE);
    g_string_free(p.errors, TRUE);
    plan_variables_clear(&p.variables);
    return plan;
}

CiPlan *ci_plan(CiConfig *config, CiVariables variables, const CiLimits *limits)
{
    const CiRun run = { .variables = variables, .limits = *limits };

    return ci_plan_run(config, &run);
}
