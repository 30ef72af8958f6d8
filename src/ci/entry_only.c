/* entry_only.c - `only` and `except`. */
#include "ci/entry.h"
#include "ci/rules.h"

#include <string.h>

static const char NOT_REFS[] =
    "should be an array of strings or regular expressions using re2 syntax";

/* Strings; those between slashes are patterns that RE2 takes. */
static bool are_refs(Compiler *c, const Node *value)
{
    bool is_pattern;

    if (!node_is_strings(value))
        return false;
    for (size_t i = 0; i < value->n; i++) {
        if (!expression_pattern(c->cache, value->items[i]->text, &is_pattern) && is_pattern)
            return false;
    }
    return true;
}

static CiPolicyRef read_ref(Compiler *c, const char *text)
{
    const char *at = strchr(text, '@');
    bool is_pattern;
    CiPolicyRef ref = { .text = text };

    if (at) {
        ref.text = arena_strndup(c->arena, text, (size_t)(at - text));
        ref.project = at + 1;
    }
    ref.regexp = expression_pattern(c->cache, ref.text, &is_pattern);
    return ref;
}

static void set_refs(Compiler *c, CiPolicy *policy, const Node *value)
{
    CiPolicyRef *refs = arena_new0(c->arena, CiPolicyRef, value->n);

    for (size_t i = 0; i < value->n; i++)
        refs[i] = read_ref(c, value->items[i]->text);
    policy->has_refs = true;
    policy->refs = refs;
    policy->n_refs = value->n;
}

static void read_refs(Entry *e, const Keyword *keyword, const Node *value)
{
    set_refs(e->c, e->out, value);
}

static void read_variables(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPolicy *policy = e->out;
    const Expression **list = arena_new0(e->c->arena, const Expression *, value->n);

    for (size_t i = 0; i < value->n; i++)
        list[i] = expression_parse(e->c->cache, value->items[i]->text);
    policy->has_variables = true;
    policy->variables = list;
    policy->n_variables = value->n;
}

static void read_kubernetes(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPolicy *policy = e->out;

    policy->kubernetes = true;
}

static const Keyword policy_keywords[] = {
    { "refs", read_refs },
    { "kubernetes", read_kubernetes },
    { "variables", read_variables, SHAPE_STRINGS },
    { "changes", read_strings, SHAPE_STRINGS, offsetof(CiPolicy, changes) },
};

static const Node *given(const Entry *e, const char *key)
{
    const Node *value = node_get(e->node, key);

    return node_is_null(value) ? NULL : value;
}

static bool check_expressions(const Entry *e)
{
    const Node *variables = given(e, "variables");
    bool ok = true;

    if (!variables || variables->kind != NODE_LIST)
        return true;
    for (size_t i = 0; i < variables->n; i++) {
        const Node *item = variables->items[i];
        if (!node_is_string(item) || expression_parse(e->c->cache, item->text))
            continue;
        ok =
            expression_cache_is_spent(e->c->cache)
                ? compiler_report(e->c, item, "%s variables " EXPRESSION_TOO_MUCH_WORK, e->location)
                : compiler_report_lower(e->c, item, "%s variables invalid expression syntax",
                                        e->location);
    }
    return ok;
}

static bool read_hash(Entry *e)
{
    const Node *refs = given(e, "refs");
    const Node *kubernetes = given(e, "kubernetes");
    bool ok = true;

    if (e->node->n == 0)
        return entry_report(e, e->node, "can't be blank");
    ok = entry_check_keys(e, policy_keywords, G_N_ELEMENTS(policy_keywords));
    ok = check_expressions(e) && ok;
    if (refs && !are_refs(e->c, refs))
        ok = compiler_report_lower(e->c, refs, "%s refs %s", e->location, NOT_REFS);
    if (kubernetes && (!node_is_string(kubernetes) || !g_str_equal(kubernetes->text, "active")))
        ok = compiler_report_lower(e->c, kubernetes, "%s kubernetes unknown value: %s", e->location,
                                   kubernetes->text ? kubernetes->text
                                                    : node_to_json(e->c->arena, kubernetes));
    if (!entry_check_shapes(e, policy_keywords, G_N_ELEMENTS(policy_keywords)) || !ok)
        return false;
    entry_read(e, policy_keywords, G_N_ELEMENTS(policy_keywords));
    return true;
}

static CiPolicy *read_policy(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPolicy *policy = arena_new0(e->c->arena, CiPolicy, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, policy };
    bool ok = false;

    if (value->kind == NODE_LIST) {
        ok = are_refs(e->c, value) || entry_report(&entry, value, "%s", NOT_REFS);
        if (ok)
            set_refs(e->c, policy, value);
    } else if (value->kind == NODE_MAP) {
        ok = read_hash(&entry);
    } else {
        compiler_report(e->c, value, "%s has to be either an array of conditions or a hash",
                        entry.location);
    }
    return ok ? policy : NULL;
}

static const CiPolicyRef default_refs[] = { { .text = "branches" }, { .text = "tags" } };

static void set_default_refs(CiPolicy *policy)
{
    policy->has_refs = true;
    policy->refs = default_refs;
    policy->n_refs = G_N_ELEMENTS(default_refs);
}

void entry_read_only(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;
    CiPolicy *policy = read_policy(e, keyword, value);

    if (policy && !policy->has_refs)
        set_default_refs(policy);
    job->only = policy;
}

void entry_read_except(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    job->except = read_policy(e, keyword, value);
}

const CiPolicy *entry_default_only(Compiler *c)
{
    CiPolicy *policy = arena_new0(c->arena, CiPolicy, 1);

    set_default_refs(policy);
    return policy;
}
