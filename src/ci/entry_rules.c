/* entry_rules.c - `rules` of jobs and of `workflow`. */
#include "ci/entry.h"
#include "ci/rules.h"

#include <string.h>

static const int64_t max_start_in_s = 604800; /* a week */

static void read_if(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    rule->text = value->text;
    rule->condition = expression_parse(e->c->cache, value->text);
}

static void read_when(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    rule->has_when = true;
    rule->when = (JobWhen)name_value(&job_when_names, value->text);
}

static void read_start_in(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    if (value->text) /* an empty list or map is blank, which is checked with the rule */
        (void)ci_parse_duration(value->text, &rule->start_in_s);
}

static void read_allow_failure(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    rule->has_allow_failure = true;
    rule->allow_failure = value->truth;
}

static void read_variables(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    rule->variables =
        entry_variables(e->c, entry_location(e, keyword->name), value, VARIABLES_SCALAR);
}

static void read_interruptible(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;

    rule->interruptible = value->truth ? CI_TRUE : CI_FALSE;
}

static void read_needs(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;
    Needs needs;

    if (!entry_needs(e->c, entry_location(e, keyword->name), value, NEEDS_OF_RULE, &needs))
        return;
    rule->needs = needs.jobs;
    rule->n_needs = needs.n_jobs;
}

static const Keyword rule_keywords[] = {
    { "if", read_if },
    { "allow_failure", read_allow_failure, SHAPE_BOOL },
    { "interruptible", read_interruptible, SHAPE_BOOL },
    { "when", read_when },
    { "start_in", read_start_in },
    { "changes", entry_read_changes, SHAPE_ANY, offsetof(CiRule, changes) },
    { "exists", entry_read_exists, SHAPE_ANY, offsetof(CiRule, exists) },
    { "variables", read_variables },
    { "needs", read_needs },
};

static void read_auto_cancel(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRule *rule = e->out;
    AutoCancel chosen = { 0 };

    entry_auto_cancel(e->c, entry_location(e, keyword->name), value, &chosen);
    rule->has_on_new_commit = chosen.has_on_new_commit;
    rule->on_new_commit = chosen.on_new_commit;
    rule->cancel_on_job_failure = chosen.on_job_failure;
}

/* For a workflow some keywords are known and mean nothing. */
static const Keyword workflow_rule_keywords[] = {
    { "if", read_if },
    { "allow_failure", read_ignored },
    { "when", read_when },
    { "start_in", read_ignored },
    { "variables", read_variables },
    { "needs", read_ignored },
    { "changes", entry_read_changes, SHAPE_ANY, offsetof(CiRule, changes) },
    { "exists", entry_read_exists, SHAPE_ANY, offsetof(CiRule, exists) },
    { "auto_cancel", read_auto_cancel },
};

static bool check_if(const Entry *e)
{
    const Node *condition = node_get(e->node, "if");

    if (node_is_null(condition) ||
        (node_is_string(condition) && expression_parse(e->c->cache, condition->text)))
        return true;
    if (expression_cache_is_spent(e->c->cache))
        return compiler_report(e->c, condition, "%s if " EXPRESSION_TOO_MUCH_WORK, e->location);
    return compiler_report_lower(e->c, condition, "%s if invalid expression syntax", e->location);
}

static bool check_when(const Entry *e, bool workflow)
{
    const Node *when = node_get(e->node, "when");

    if (node_is_null(when))
        return true;
    int value = node_is_string(when) ? name_value(&job_when_names, when->text) : -1;
    if (value >= 0 && (!workflow || value == WHEN_ALWAYS || value == WHEN_NEVER))
        return true;
    return compiler_report_lower(e->c, when, "%s when unknown value: %s", e->location,
                                 when->text ? when->text : node_to_json(e->c->arena, when));
}

static bool check_start_in(const Entry *e)
{
    const Node *when = node_get(e->node, "when");
    const Node *start_in = node_get(e->node, "start_in");
    bool delayed = node_is_string(when) && g_str_equal(when->text, "delayed");
    int64_t seconds = 0;
    bool ok = true;

    if (!delayed)
        return !start_in || entry_report(e, e->node, "contains disallowed keys: start_in");
    if (node_is_blank(start_in))
        ok = compiler_report_lower(e->c, e->node, "%s start in can't be blank", e->location);
    if (!start_in || !shape_fits(start_in, SHAPE_DURATION, NULL))
        return ok && compiler_report_lower(e->c, e->node, "%s start in should be a duration",
                                           e->location);
    (void)ci_parse_duration(start_in->text, &seconds); /* it has the shape */
    return seconds <= max_start_in_s ||
           compiler_report_lower(e->c, e->node, "%s start in should not exceed the limit",
                                 e->location);
}

static void read_rule(Entry *e, bool workflow)
{
    const Keyword *keywords = workflow ? workflow_rule_keywords : rule_keywords;
    size_t n = workflow ? G_N_ELEMENTS(workflow_rule_keywords) : G_N_ELEMENTS(rule_keywords);

    CiRule *rule = e->out;

    rule->file = e->node->file;
    rule->line = e->node->line;
    rule->column = e->node->column;
    if (e->node->n == 0) {
        entry_report(e, e->node, "can't be blank");
        return;
    }
    bool ok = entry_check_keys(e, keywords, n);
    ok = (workflow || check_start_in(e)) && ok;
    ok = check_if(e) && ok;
    ok = entry_check_shapes(e, keywords, n) && ok;
    ok = check_when(e, workflow) && ok;
    if (ok)
        entry_read(e, keywords, n);
}

const CiRule *entry_rules(Compiler *c, const char *location, const Node *node, bool workflow,
                          size_t *n)
{
    g_autoptr(GPtrArray) leaves = g_ptr_array_new();

    node_flatten(node, leaves);
    CiRule *rules = arena_new0(c->arena, CiRule, leaves->len);
    *n = leaves->len;
    for (guint i = 0; i < leaves->len; i++) {
        Entry e = { c, arena_join(c->arena, location, ':', "rule"), g_ptr_array_index(leaves, i),
                    &rules[i] };
        read_rule(&e, workflow);
    }
    return rules;
}
