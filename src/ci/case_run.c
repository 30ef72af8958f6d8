/* case_run.c - from a tree to a run, and from a plan to a tree. */
#include "ci/case_run.h"

#include <string.h>

static void put(Arena *arena, Node *map, const char *key, const Node *value)
{
    node_put(arena, map, node_new_string(arena, key, NULL), value);
}

static void put_text(Arena *arena, Node *map, const char *key, const char *text)
{
    if (text)
        put(arena, map, key, node_new_string(arena, text, NULL));
}

static void put_bool(Arena *arena, Node *map, const char *key, bool value)
{
    put_text(arena, map, key, value ? "true" : "false");
}

static void put_number(Arena *arena, Node *map, const char *key, int64_t number)
{
    put_text(arena, map, key, arena_printf(arena, "%" G_GINT64_FORMAT, number));
}

/* --- the run ---------------------------------------------------------------------------------- */

static CiStrings strings_in(Arena *arena, const Node *list)
{
    const char **strings = arena_new0(arena, const char *, list->n + 1);

    for (size_t i = 0; i < list->n; i++)
        strings[i] = list->items[i]->text;
    return strings;
}

static CiFetchResult give(const Node *list, CiFetchResult missing, Arena *arena, CiStrings *paths)
{
    if (!list)
        return missing;
    *paths = strings_in(arena, list);
    return CI_FETCH_OK;
}

static CiFetchResult changes(void *data, const char *compare_to, Arena *arena, CiStrings *paths)
{
    const Node *run = data;

    if (compare_to)
        return give(node_get(node_get(run, "compared"), compare_to), CI_FETCH_NO_REF, arena, paths);
    return give(node_get(run, "changes"), CI_FETCH_OK, arena, paths);
}

static CiFetchResult tree(void *data, const char *project, const char *ref, Arena *arena,
                          CiStrings *paths)
{
    const Node *run = data;
    const Node *trees = node_get(run, "trees");

    if (!project)
        return give(node_get(run, "tree"), CI_FETCH_OK, arena, paths);
    if (!node_get(trees, project))
        return CI_FETCH_NO_PROJECT;
    const char *name = ref ? arena_printf(arena, "%s@%s", project, ref) : project;
    return give(node_get(trees, name), CI_FETCH_NO_REF, arena, paths);
}

static const char *text_in(const Node *map, const char *key)
{
    const Node *value = node_get(map, key);

    return value ? value->text : NULL;
}

CiRun case_run(const Node *node, CiVariables variables, CiLimits limits)
{
    const char *source = text_in(node, "source");
    CiRun run = { .variables = variables, .limits = limits, .explain = true };

    if (!node)
        return run;
    run.ref = text_in(node, "ref");
    run.tag = node_get(node, "tag") != NULL;
    run.source =
        source ? (PipelineSource)name_value(&pipeline_source_names, source) : SOURCE_UNKNOWN;
    run.project_path = text_in(node, "project");
    run.changes = changes;
    run.tree = tree;
    run.data = (void *)node;
    return run;
}

/* --- the plan --------------------------------------------------------------------------------- */

static const Node *cross_node(Arena *arena, const CiJob *job)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < job->n_cross_needs; i++) {
        const CiCrossNeed *need = &job->cross_needs[i];
        Node *map = node_new(arena, NODE_MAP);
        put_text(arena, map, "pipeline", need->pipeline);
        put_text(arena, map, "project", need->project);
        put_text(arena, map, "ref", need->ref);
        put_text(arena, map, "job", need->job);
        put_bool(arena, map, "artifacts", need->artifacts);
        put_bool(arena, map, "optional", need->optional);
        node_append(arena, list, map);
    }
    return list;
}

static const Node *trigger_node(Arena *arena, const CiTrigger *trigger)
{
    Node *map = node_new(arena, NODE_MAP);
    Node *includes = node_new(arena, NODE_LIST);

    put_text(arena, map, "project", trigger->project);
    put_text(arena, map, "branch", trigger->branch);
    put_text(arena, map, "strategy", trigger->strategy);
    put_text(arena, map, "inputs", trigger->inputs);
    put_bool(arena, map, "yaml_variables", trigger->forward_yaml_variables);
    put_bool(arena, map, "pipeline_variables", trigger->forward_pipeline_variables);
    for (size_t i = 0; i < trigger->n_includes; i++) {
        const CiTriggerInclude *include = &trigger->includes[i];
        Node *one = node_new(arena, NODE_MAP);
        put_text(arena, one, "kind", include->kind);
        put_text(arena, one, "location", include->location);
        put_text(arena, one, "project", include->project);
        put_text(arena, one, "ref", include->ref);
        put_text(arena, one, "job", include->job);
        put_text(arena, one, "inputs", include->inputs);
        node_append(arena, includes, one);
    }
    if (trigger->n_includes > 0)
        put(arena, map, "include", includes);
    return map;
}

void case_put_structure(Arena *arena, Node *map, const CiPlannedJob *planned)
{
    const CiJob *job = planned->job;

    put_bool(arena, map, "by_needs", planned->by_needs);
    put_bool(arena, map, "may_be_interrupted", planned->interruptible);
    if (planned->environment) {
        put_text(arena, map, "environment_name", planned->environment->name);
        put_text(arena, map, "environment_url", planned->environment->url);
        put_text(arena, map, "environment_tier", planned->environment->tier);
        put_text(arena, map, "environment_stops_in", planned->environment->auto_stop_in);
    }
    put_text(arena, map, "mirror", job->mirror);
    put_text(arena, map, "base_name", job->base_name);
    if (job->n_cross_needs > 0)
        put(arena, map, "cross_needs", cross_node(arena, job));
    if (job->trigger)
        put(arena, map, "trigger", trigger_node(arena, job->trigger));
}

static const char *const becauses[] = {
    [CI_BECAUSE_NO_CONDITION] = "no_condition",
    [CI_BECAUSE_RULE] = "rule",
    [CI_BECAUSE_NO_RULE] = "no_rule",
    [CI_BECAUSE_ONLY_MET] = "only_met",
    [CI_BECAUSE_ONLY] = "only",
    [CI_BECAUSE_EXCEPT] = "except",
    [CI_BECAUSE_ERROR] = "error",
};

static const Node *rules_node(Arena *arena, const CiExplained *told)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < told->n_rules; i++) {
        const CiRuleSeen *seen = &told->rules[i];
        Node *map = node_new(arena, NODE_MAP);
        put_number(arena, map, "index", (int64_t)seen->index);
        put_text(arena, map, "file", seen->file);
        put_number(arena, map, "line", seen->line);
        put_bool(arena, map, "matched", seen->matched);
        put_text(arena, map, "if", seen->condition);
        put_text(arena, map, "clause", seen->clause);
        put_text(arena, map, "path", seen->path);
        node_append(arena, list, map);
    }
    return list;
}

static const Node *saw_node(Arena *arena, CiVariables saw)
{
    Node *map = node_new(arena, NODE_MAP);

    for (size_t i = 0; i < saw.n; i++)
        put_text(arena, map, saw.items[i].key,
                 saw.items[i].value ? saw.items[i].value : "(undefined)");
    return map;
}

const Node *case_explained(Arena *arena, const CiPlan *plan)
{
    Node *all = node_new(arena, NODE_MAP);

    for (size_t i = 0; i < plan->n_explained; i++) {
        const CiExplained *told = &plan->explained[i];
        Node *map = node_new(arena, NODE_MAP);
        put_bool(arena, map, "kept", told->kept);
        put_text(arena, map, "because", becauses[told->because]);
        put_text(arena, map, "detail", told->detail);
        put(arena, map, "rules", rules_node(arena, told));
        put(arena, map, "saw", saw_node(arena, told->saw));
        put(arena, all, told->job ? told->job->name : "workflow", map);
    }
    return all;
}

const char *case_on_new_commit(const CiPlan *plan)
{
    static const char *const names[] = { "conservative", "interruptible", "none" };

    return names[plan->on_new_commit];
}
