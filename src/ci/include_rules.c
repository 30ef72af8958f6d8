/* include_rules.c - `rules` of an include: whether it happens. */
#include "ci/conditions.h"
#include "ci/entry.h"
#include "ci/expand.h"
#include "ci/include.h"

#include <string.h>

static void read_if(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    rule->text = value->text;
    rule->condition = node_is_string(value) ? expression_parse(e->c->cache, value->text) : NULL;
    if (!rule->condition)
        compiler_report_lower(e->c, value, "%s if invalid expression syntax", e->location);
}

static void read_when(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;
    const char *text = value->text ? value->text : node_to_json(e->c->arena, value);

    rule->has_when = true;
    rule->when = g_str_equal(text, "never") ? WHEN_NEVER : WHEN_ALWAYS;
    if (rule->when != WHEN_NEVER && !g_str_equal(text, "always"))
        compiler_report_lower(e->c, value, "%s when unknown value: %s", e->location, text);
}

static const Keyword rule_keywords[] = {
    { "if", read_if },
    { "changes", entry_read_changes, SHAPE_ANY, offsetof(CiRule, changes) },
    { "exists", entry_read_exists, SHAPE_ANY, offsetof(CiRule, exists) },
    { "when", read_when },
};

/* Paths are looked for where the file is from that holds the include. */
static void place_paths(Compiler *c, const Place *place, CiRule *rule)
{
    if (!rule->exists || rule->exists->project || !place->project)
        return;
    CiPathsClause *clause = arena_memdup(c->arena, rule->exists, sizeof(*clause));
    clause->project = place->project;
    clause->ref = place->ref;
    rule->exists = clause;
}

static CiRule *read_rules(Compiler *c, const Place *place, const Node *node)
{
    CiRule *rules = arena_new0(c->arena, CiRule, node->n);

    for (size_t i = 0; i < node->n; i++) {
        Entry e = { c, "include:rules:rule", node->items[i], &rules[i] };
        rules[i].file = node->items[i]->file;
        rules[i].line = node->items[i]->line;
        rules[i].column = node->items[i]->column;
        if (!entry_read_hash(&e, rule_keywords, G_N_ELEMENTS(rule_keywords)) ||
            c->messages->len > 0)
            return NULL;
        place_paths(c, place, &rules[i]);
    }
    return rules;
}

typedef struct Seen {
    Compiler *c;
    GHashTable *table; /* name -> const CiVariable * */
} Seen;

static const char *look_up(void *data, const char *name)
{
    const Seen *seen = data;
    const CiVariable *variable = g_hash_table_lookup(seen->table, name);

    return variable ? variable->value : NULL;
}

static const char *expand(void *data, const char *text)
{
    const Seen *seen = data;
    const char *out = expand_text(seen->c->arena, text, true, look_up, data);

    return out ? out : text;
}

bool include_rules_hold(Compiler *c, const Place *place, const Node *node, bool *hold)
{
    const char *error = NULL;

    *hold = true;
    if (node_is_null(node))
        return true;
    if (node->kind != NODE_LIST)
        return compiler_report(c, node, "include:rules config should be a array");
    CiRule *rules = read_rules(c, place, node);
    if (!rules)
        return false;
    CiConfig config = { .arena = c->arena, .expressions = c->cache };
    CiRun run = { .tree = c->input->tree,
                  .changes = c->input->changes,
                  .data = c->input->fetch_data };
    g_autoptr(GHashTable) table = expand_table(include_variables(c, place));
    Seen seen = { c, table };
    Sight sight;
    Conditions *conditions = conditions_new(&config, &run);
    sight_init(&sight, &run, look_up, expand, &seen);
    const CiRule *match = conditions_match(conditions, &sight, rules, node->n, &error);
    sight_clear(&sight);
    conditions_free(conditions);
    *hold = match && (!match->has_when || match->when != WHEN_NEVER);
    return !error || compiler_report(c, node, "include:%s", error);
}
