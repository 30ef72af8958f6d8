/* plan.c - which jobs one run has, and with which variables.
 *
 * The rules of the workflow decide about the pipeline, those of each job about the job.  What is
 * given wins over the file, and the file over what is predefined.  All problems of the jobs that
 * are in make one message.
 */
#include "ci/compiler.h"
#include "ci/conditions.h"
#include "ci/environment_expand.h"
#include "ci/expand.h"
#include "ci/job_variables.h"

#include <string.h>

/* Variables that the jobs of one plan may have in sum: hostile files multiply. */
static const size_t max_variables = 1000000;

typedef struct Planner {
    const CiConfig *config;
    const CiRun *run;
    Arena *arena;
    CiLimits limits;
    Conditions *conditions;
    GArray *explained;            /* of CiExplained */
    CiVariables given;            /* wins over the file */
    CiVariables predefined;       /* weaker than the file */
    CiVariables root;             /* of the file, with the workflow rule's over them */
    GHashTable *given_table;      /* name -> const CiVariable * */
    GHashTable *predefined_table; /* likewise */
    GHashTable *root_table;       /* likewise, into root.items */
    CiStrings root_cycle;         /* among given, predefined and root: NULL for none */
    size_t n_variables;
    GString *errors;
} Planner;

/* What one job sees. */
typedef struct Scope {
    Planner *planner;
    const CiJob *job;     /* NULL: the workflow */
    GHashTable *of_job;   /* the job's own variables, where they are many; NULL: walk them */
    bool in_environment;  /* expanding a value of the environment, which does not see itself */
    GHashTable *expanded; /* all with their references resolved; NULL: not needed yet */
} Scope;

enum { TABLE_FROM = 16 };

/* ExpandLookup over a table of expand_table(). */
static const char *value_in(void *table, const char *name)
{
    const CiVariable *variable = g_hash_table_lookup(table, name);

    return variable ? variable->value : NULL;
}

static const char *value_of_list(CiVariables variables, const char *name)
{
    for (size_t i = variables.n; i > 0; i--) {
        if (g_str_equal(variables.items[i - 1].key, name))
            return variables.items[i - 1].value;
    }
    return NULL;
}

static const char *lookup(void *data, const char *name);

/* A value of the job's environment with its references resolved. */
static const char *environment_value(const Scope *scope, const char *name)
{
    const char *text =
        scope->job && !scope->in_environment ? job_environment_variable(scope->job, name) : NULL;
    Scope inside = *scope;

    inside.in_environment = true;
    return text ? expand_text(scope->planner->arena, text, false, lookup, &inside) : NULL;
}

/* ExpressionLookup: conditions see values as they are written. */
static const char *lookup(void *data, const char *name)
{
    const Scope *scope = data;
    const Planner *p = scope->planner;
    const char *value = value_in(p->given_table, name);

    if (!value && scope->job)
        value = scope->of_job ? value_in(scope->of_job, name)
                              : value_of_list(scope->job->variables, name);
    if (!value && (!scope->job || ci_inherits(&scope->job->inherit_variables, name)))
        value = value_in(p->root_table, name);
    if (!value && scope->job && g_str_has_prefix(name, "CI_JOB_"))
        value = value_of_list(job_variables(p->arena, scope->job), name);
    if (!value)
        value = environment_value(scope, name);
    return value ? value : value_in(p->predefined_table, name);
}

/* @over over @base: a key that is there keeps its place. */
static CiVariables overlay(Arena *arena, CiVariables base, GHashTable *base_table, CiVariables over)
{
    if (over.n == 0)
        return base;
    CiVariable *items = arena_new0(arena, CiVariable, base.n + over.n);
    size_t n = base.n;
    if (n > 0)
        memcpy(items, base.items, n * sizeof(*items));
    for (size_t i = 0; i < over.n; i++) {
        const CiVariable *known = g_hash_table_lookup(base_table, over.items[i].key);
        items[known ? (size_t)(known - base.items) : n++] = over.items[i];
    }
    return (CiVariables){ items, n };
}

static CiVariables overlay_lists(Arena *arena, CiVariables base, CiVariables over)
{
    if (base.n == 0 || over.n == 0)
        return over.n == 0 ? base : over;
    g_autoptr(GHashTable) table = expand_table(base);
    return overlay(arena, base, table, over);
}

/* All lists behind one another, the weaker first. */
static CiVariables concatenate(Arena *arena, const CiVariables *lists, size_t n_lists)
{
    size_t n = 0;

    for (size_t i = 0; i < n_lists; i++)
        n += lists[i].n;
    CiVariable *items = arena_new0(arena, CiVariable, n);
    CiVariables all = { items, 0 };
    for (size_t i = 0; i < n_lists; i++) {
        if (lists[i].n > 0)
            memcpy(items + all.n, lists[i].items, lists[i].n * sizeof(*items));
        all.n += lists[i].n;
    }
    return all;
}

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

/* ExpandLookup for paths: references in values are resolved, too. */
static const char *expand_path(void *data, const char *text)
{
    Scope *scope = data;
    Planner *p = scope->planner;
    CiStrings cycle;

    if (!expand_has_reference(text))
        return text;
    if (!scope->expanded) {
        const CiVariables lists[] = {
            p->predefined, scope->job ? job_variables(p->arena, scope->job) : (CiVariables){ 0 },
            p->root, scope->job ? scope->job->variables : (CiVariables){ 0 }, p->given
        };
        CiVariables all = concatenate(p->arena, lists, G_N_ELEMENTS(lists));
        p->n_variables += all.n;
        scope->expanded = expand_table(ci_expand_values(p->arena, all, &cycle));
    }
    const char *expanded = expand_text(p->arena, text, true, value_in, scope->expanded);
    return expanded ? expanded : text;
}

static void scope_clear(Scope *scope)
{
    if (scope->of_job)
        g_hash_table_destroy(scope->of_job);
    if (scope->expanded)
        g_hash_table_destroy(scope->expanded);
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
    Scope scope = { .planner = p };
    Sight sight;
    const char *error;

    plan->on_new_commit = config->on_new_commit;
    plan->cancel_on_job_failure = config->cancel_on_job_failure;
    if (!config->has_workflow_rules)
        return true;
    sight_init(&sight, p->run, lookup, expand_path, &scope);
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
    p->root = overlay(p->arena, p->root, p->root_table, rule->variables);
    g_hash_table_destroy(p->root_table);
    p->root_table = expand_table(p->root);
    return true;
}

static const char *strip(Arena *arena, const char *text)
{
    g_autofree char *copy = g_strstrip(g_strdup(text));

    return *copy ? arena_strdup(arena, copy) : NULL;
}

static void set_name(Planner *p, CiPlan *plan)
{
    Scope scope = { p, NULL, NULL };
    const char *name = p->config->workflow_name;

    if (!name)
        return;
    const char *expanded = expand_text(p->arena, name, false, lookup, &scope);
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
        expanded[i] = expand_text(p->arena, tags[i], true, value_in, values);
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
static void resolve_variables(Planner *p, CiPlannedJob *planned, CiVariables own)
{
    CiStrings cycle = planned->job->inherit_variables.some ? NULL : p->root_cycle;

    if (own.n == 0 && cycle && !tags_refer(planned->tags)) {
        report_cycle(p, planned->job, cycle);
        return;
    }
    if (!cycle && !refers(own) && !tags_refer(planned->tags))
        return;
    const CiVariables lists[] = { p->predefined, job_variables(p->arena, planned->job),
                                  planned->variables, p->given };
    CiVariables all = concatenate(p->arena, lists, G_N_ELEMENTS(lists));
    p->n_variables += all.n;
    all = ci_expand_values(p->arena, all, &cycle);
    if (cycle) {
        report_cycle(p, planned->job, cycle);
    } else if (tags_refer(planned->tags)) {
        g_autoptr(GHashTable) table = expand_table(all);
        expand_tags(p, planned, table);
    }
}

/* The job's environment, with what its values refer to. */
static void expand_environment(Planner *p, CiPlannedJob *planned)
{
    const CiEnvironment *written = planned->job->environment;

    planned->environment = written;
    if (!written || !environment_refers(written))
        return;
    const CiVariables lists[] = { p->predefined, job_variables(p->arena, planned->job),
                                  planned->variables, p->given };
    CiVariables all = concatenate(p->arena, lists, G_N_ELEMENTS(lists));
    p->n_variables += all.n;
    planned->environment = environment_expand(p->arena, written, all);
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
static bool is_in(Planner *p, const CiJob *job, const CiRule **rule)
{
    Scope scope = { .planner = p, .job = job };
    Sight sight;
    CiExplained told = { .job = job };

    if (job->variables.n >= TABLE_FROM)
        scope.of_job = expand_table(job->variables);
    sight_init(&sight, p->run, lookup, expand_path, &scope);
    told.kept = decide(p, &sight, job, rule, &told);
    if (told.because == CI_BECAUSE_ERROR)
        add_error(p, "Failed to parse rule for %s: %s", job->name, told.detail);
    tell(p, &sight, told);
    sight_clear(&sight);
    scope_clear(&scope);
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
    *own = overlay_lists(p->arena, *own, rule->variables);
}

/* Whether the job is in, by its conditions; fills what they decide. */
static bool apply_rules(Planner *p, const CiJob *job, CiPlannedJob *planned, CiVariables *own)
{
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
    if (!is_in(p, job, &rule))
        return false;
    if (rule)
        apply_rule(p, rule, planned, own);
    return true;
}

/* The variables of the file that the job wants. */
static CiVariables inherited(const Planner *p, const CiJob *job)
{
    CiVariable *items = arena_new0(p->arena, CiVariable, p->root.n);
    CiVariables some = { items, 0 };

    for (size_t i = 0; i < p->root.n; i++) {
        if (ci_inherits(&job->inherit_variables, p->root.items[i].key))
            items[some.n++] = p->root.items[i];
    }
    return some;
}

/* A job that is in, with all that it needs but its needs. */
static bool plan_job(Planner *p, const CiJob *job, CiPlannedJob *planned)
{
    CiVariables own;

    if (p->n_variables > max_variables || !apply_rules(p, job, planned, &own))
        return false;
    if (job->inherit_variables.some)
        planned->variables = overlay_lists(p->arena, inherited(p, job), own);
    else
        planned->variables = overlay(p->arena, p->root, p->root_table, own);
    if (own.n > 0 || job->inherit_variables.some)
        p->n_variables += planned->variables.n;
    resolve_variables(p, planned, own);
    expand_environment(p, planned);
    return true;
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
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < p->config->n_jobs; i++) {
        if (plan_job(p, ordered[i], &jobs[plan->n_jobs]))
            g_hash_table_add(names, (gpointer)jobs[plan->n_jobs++].job->name);
    }
    for (size_t i = 0; i < plan->n_jobs; i++)
        plan_needs(p, &jobs[i], names);
    if (p->n_variables > max_variables)
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
    const CiVariables lists[] = { p->predefined, p->root, p->given };
    (void)ci_expand_values(p->arena, concatenate(p->arena, lists, G_N_ELEMENTS(lists)),
                           &p->root_cycle);
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

/* Tells what is predefined from what is given. */
static void split_variables(Planner *p, CiVariables variables)
{
    CiVariable *given = arena_new0(p->arena, CiVariable, variables.n);
    CiVariable *predefined = arena_new0(p->arena, CiVariable, variables.n);

    p->given.items = given;
    p->predefined.items = predefined;
    for (size_t i = 0; i < variables.n; i++) {
        const CiVariable *variable = &variables.items[i];
        if (variable->predefined)
            predefined[p->predefined.n++] = *variable;
        else
            given[p->given.n++] = *variable;
    }
}

CiPlan *ci_plan_run(CiConfig *config, const CiRun *run)
{
    Planner p = { .config = config,
                  .run = run,
                  .arena = config->arena,
                  .limits = compiler_limits(&run->limits),
                  .root = config->variables };

    split_variables(&p, run->variables);
    p.given_table = expand_table(p.given);
    p.predefined_table = expand_table(p.predefined);
    p.root_table = expand_table(p.root);
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
    g_hash_table_destroy(p.root_table);
    g_hash_table_destroy(p.predefined_table);
    g_hash_table_destroy(p.given_table);
    return plan;
}

CiPlan *ci_plan(CiConfig *config, CiVariables variables, const CiLimits *limits)
{
    const CiRun run = { .variables = variables, .limits = *limits };

    return ci_plan_run(config, &run);
}
