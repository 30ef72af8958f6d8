/* plan_scope.c - lists and tables of variables, from the strongest to the weakest. */
#include "ci/plan_scope.h"

#include "ci/environment.h"
#include "ci/environment_expand.h"
#include "ci/expand.h"
#include "ci/job_variables.h"

#include <string.h>

enum { TABLE_FROM = 16 }; /* a job's own variables: fewer are walked */

const char *table_value(void *table, const char *name)
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

/* --- lists ----------------------------------------------------------------------------------- */

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

CiVariables variables_overlay(Arena *arena, CiVariables base, CiVariables over)
{
    if (base.n == 0 || over.n == 0)
        return over.n == 0 ? base : over;
    g_autoptr(GHashTable) table = expand_table(base);
    return overlay(arena, base, table, over);
}

/* All lists behind one another. */
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

/* Those of @variables that a job in @environment (NULL: in none) sees. */
static CiVariables in_environment(Arena *arena, CiVariables variables, const char *environment)
{
    CiVariable *items = arena_new0(arena, CiVariable, variables.n);
    CiVariables seen = { items, 0 };

    for (size_t i = 0; i < variables.n; i++) {
        const char *scope = variables.items[i].environment_scope;
        if (!scope || environment_is_in_scope(environment, scope))
            items[seen.n++] = variables.items[i];
    }
    return seen;
}

/* --- of a plan ------------------------------------------------------------------------------- */

static void split(PlanVariables *plan, CiVariables run)
{
    CiVariable *given = arena_new0(plan->arena, CiVariable, run.n);
    CiVariable *predefined = arena_new0(plan->arena, CiVariable, run.n);

    plan->all_given.items = given;
    plan->predefined.items = predefined;
    for (size_t i = 0; i < run.n; i++) {
        if (run.items[i].predefined)
            predefined[plan->predefined.n++] = run.items[i];
        else
            given[plan->all_given.n++] = run.items[i];
    }
}

void plan_variables_init(PlanVariables *plan, Arena *arena, CiVariables root, CiVariables run)
{
    *plan = (PlanVariables){ .arena = arena, .root = root };
    split(plan, run);
    plan->given = in_environment(arena, plan->all_given, NULL);
    plan->given_table = expand_table(plan->given);
    plan->predefined_table = expand_table(plan->predefined);
    plan->root_table = expand_table(root);
}

void plan_variables_clear(PlanVariables *plan)
{
    g_hash_table_destroy(plan->given_table);
    g_hash_table_destroy(plan->predefined_table);
    g_hash_table_destroy(plan->root_table);
}

void plan_variables_put_root(PlanVariables *plan, CiVariables over)
{
    plan->root = overlay(plan->arena, plan->root, plan->root_table, over);
    g_hash_table_destroy(plan->root_table);
    plan->root_table = expand_table(plan->root);
}

CiVariables plan_variables_all(PlanVariables *plan)
{
    const CiVariables lists[] = { plan->predefined, plan->root, plan->given };

    return concatenate(plan->arena, lists, G_N_ELEMENTS(lists));
}

/* --- of a job -------------------------------------------------------------------------------- */

/* The name of the job's environment, as what is of every environment has it; NULL: too long. */
static const char *environment_name(Scope *scope)
{
    const CiEnvironment *written = scope->job->environment;
    CiEnvironment name_only = { .name = written->name };

    if (!environment_refers(&name_only))
        return written->name;
    CiVariables all = scope_all(scope, scope_variables(scope, scope->job->variables));
    const CiEnvironment *expanded = environment_expand(scope->plan->arena, &name_only, all);
    return expanded ? expanded->name : NULL;
}

/* Adds what is given for the job's environment only. */
static void look_into_environment(Scope *scope)
{
    PlanVariables *plan = scope->plan;
    const char *name = environment_name(scope);

    if (!name)
        return;
    CiVariables given = in_environment(plan->arena, plan->all_given, name);
    plan->n_made += given.n;
    if (given.n == plan->given.n)
        return;
    scope->given = given;
    scope->given_table = expand_table(given);
    scope->owns_given = true;
}

void scope_init(Scope *scope, PlanVariables *plan, const CiJob *job)
{
    *scope =
        (Scope){ .plan = plan, .job = job, .given = plan->given, .given_table = plan->given_table };
    if (job && job->variables.n >= TABLE_FROM)
        scope->of_job = expand_table(job->variables);
    if (job && job->environment && plan->all_given.n > plan->given.n)
        look_into_environment(scope);
}

void scope_clear(Scope *scope)
{
    if (scope->owns_given)
        g_hash_table_destroy(scope->given_table);
    if (scope->of_job)
        g_hash_table_destroy(scope->of_job);
    if (scope->expanded)
        g_hash_table_destroy(scope->expanded);
}

/* A value of the job's environment with its references resolved. */
static const char *environment_value(const Scope *scope, const char *name)
{
    const char *text =
        scope->job && !scope->in_environment ? job_environment_variable(scope->job, name) : NULL;
    Scope inside = *scope;

    inside.in_environment = true;
    return text ? expand_text(scope->plan->arena, text, false, scope_lookup, &inside) : NULL;
}

const char *scope_lookup(void *data, const char *name)
{
    const Scope *scope = data;
    const PlanVariables *plan = scope->plan;
    const char *value = table_value(scope->given_table, name);

    if (!value && scope->job)
        value = scope->of_job ? table_value(scope->of_job, name)
                              : value_of_list(scope->job->variables, name);
    if (!value && (!scope->job || ci_inherits(&scope->job->inherit_variables, name)))
        value = table_value(plan->root_table, name);
    if (!value && scope->job &&
        (g_str_has_prefix(name, "CI_JOB_") || g_str_has_prefix(name, "CI_NODE_")))
        value = value_of_list(job_variables(plan->arena, scope->job), name);
    if (!value)
        value = environment_value(scope, name);
    return value ? value : table_value(plan->predefined_table, name);
}

/* The variables of the file that the job wants. */
static CiVariables inherited(const Scope *scope)
{
    const PlanVariables *plan = scope->plan;
    CiVariable *items = arena_new0(plan->arena, CiVariable, plan->root.n);
    CiVariables some = { items, 0 };

    for (size_t i = 0; i < plan->root.n; i++) {
        if (ci_inherits(&scope->job->inherit_variables, plan->root.items[i].key))
            items[some.n++] = plan->root.items[i];
    }
    return some;
}

CiVariables scope_variables(Scope *scope, CiVariables own)
{
    PlanVariables *plan = scope->plan;
    bool some = scope->job && scope->job->inherit_variables.some;
    CiVariables variables = some ? variables_overlay(plan->arena, inherited(scope), own)
                                 : overlay(plan->arena, plan->root, plan->root_table, own);

    if (own.n > 0 || some)
        plan->n_made += variables.n;
    return variables;
}

CiVariables scope_all(Scope *scope, CiVariables variables)
{
    PlanVariables *plan = scope->plan;
    const CiVariables lists[] = {
        plan->predefined,
        scope->job ? job_variables(plan->arena, scope->job) : (CiVariables){ 0 },
        variables,
        scope->given,
    };
    CiVariables all = concatenate(plan->arena, lists, G_N_ELEMENTS(lists));

    plan->n_made += all.n;
    return all;
}

const char *scope_expand_path(void *data, const char *text)
{
    Scope *scope = data;
    PlanVariables *plan = scope->plan;
    CiStrings cycle; /* the plan tells of it by itself */

    if (!expand_has_reference(text))
        return text;
    if (!scope->expanded) {
        CiVariables own = scope->job ? scope->job->variables : (CiVariables){ 0 };
        CiVariables all = scope_all(scope, scope_variables(scope, own));
        scope->expanded = expand_table(ci_expand_values(plan->arena, all, &cycle));
    }
    const char *expanded = expand_text(plan->arena, text, true, table_value, scope->expanded);
    return expanded ? expanded : text;
}
