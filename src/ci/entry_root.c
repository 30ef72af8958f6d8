/* entry_root.c - the top level: stages, defaults, variables, workflow, and then the jobs. */
#include "ci/entry.h"

#include "base/text.h"

#include <string.h>

enum { MAX_WORKFLOW_NAME = 255 };

static const char *const default_stages[] = { ".pre", "build", "test", "deploy", ".post", NULL };

static const Keyword default_keywords[] = {
    { "before_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, before_script) },
    { "image", entry_read_image, SHAPE_ANY, offsetof(Defaults, image) },
    { "services", entry_read_services, SHAPE_ANY, offsetof(Defaults, services) },
    { "after_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, after_script) },
    { "hooks", entry_read_hooks, SHAPE_ANY, offsetof(Defaults, pre_get_sources) },
    { "cache", entry_read_caches, SHAPE_ANY, offsetof(Defaults, caches) },
    { "interruptible", entry_read_interruptible, SHAPE_ANY, offsetof(Defaults, interruptible) },
    { "timeout", entry_read_timeout, SHAPE_ANY, offsetof(Defaults, unused_timeout_s) },
    { "retry", entry_read_retry, SHAPE_ANY, offsetof(Defaults, retry) },
    { "tags", entry_read_tags, SHAPE_ANY, offsetof(Defaults, tags) },
    { "artifacts", entry_read_artifacts, SHAPE_ANY, offsetof(Defaults, artifacts) },
    { "id_tokens", entry_read_id_tokens, SHAPE_ANY, offsetof(Defaults, id_tokens) },
    { "identity", entry_read_identity, SHAPE_ANY, offsetof(Defaults, identity) },
};

/* Top-level keywords that give the same as those of `default`. */
static const Keyword old_default_keywords[] = {
    { "before_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, before_script) },
    { "image", entry_read_image, SHAPE_ANY, offsetof(Defaults, image) },
    { "services", entry_read_services, SHAPE_ANY, offsetof(Defaults, services) },
    { "after_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, after_script) },
    { "cache", entry_read_caches, SHAPE_ANY, offsetof(Defaults, caches) },
};

static void read_workflow_name(Entry *e, const Keyword *keyword, const Node *value)
{
    if (g_utf8_strlen(value->text, -1) > MAX_WORKFLOW_NAME)
        compiler_report_lower(e->c, value, "workflow name is too long (maximum is %d characters)",
                              MAX_WORKFLOW_NAME);
    else
        read_string(e, keyword, value);
}

static void read_workflow_rules(Entry *e, const Keyword *keyword, const Node *value)
{
    CiConfig *config = e->out;

    if (!shape_fits(value, SHAPE_NESTED_HASHES, NULL)) {
        compiler_report_lower(e->c, value,
                              "workflow:rules config should be an array containing hashes and "
                              "arrays of hashes");
        return;
    }
    config->has_workflow_rules = true;
    config->workflow_rules =
        entry_rules(e->c, "workflow:rules", value, true, &config->n_workflow_rules);
}

static void read_auto_cancel(Entry *e, const Keyword *keyword, const Node *value)
{
    CiConfig *config = e->out;
    AutoCancel chosen = { 0 };

    entry_auto_cancel(e->c, entry_location(e, keyword->name), value, &chosen);
    config->on_new_commit = chosen.on_new_commit;
    config->cancel_on_job_failure = chosen.on_job_failure == CI_TRUE;
}

static const Keyword workflow_keywords[] = {
    { "name", read_workflow_name, SHAPE_STRING, offsetof(CiConfig, workflow_name) },
    { "rules", read_workflow_rules },
    { "auto_cancel", read_auto_cancel },
};

/* A level of the root that is a section and not a job of that name; NULL: absent, null or a job. */
static const Node *section(const Node *root, const char *name)
{
    const Node *value = node_get(root, name);

    return node_is_null(value) || job_has_body(value) ? NULL : value;
}

static void read_defaults(Compiler *c, const Node *root, Defaults *defaults)
{
    const Node *node = section(root, "default");
    Entry old = { c, "", root, defaults };

    if (node) {
        Entry e = { c, "default", node, defaults };
        (void)entry_read_hash(&e, default_keywords, G_N_ELEMENTS(default_keywords));
    }
    entry_read(&old, old_default_keywords, G_N_ELEMENTS(old_default_keywords));
}

/* The same keyword at both places is an error of its own that hides all others. */
static bool check_double_defaults(Compiler *c, const Node *root)
{
    const Node *node = section(root, "default");

    for (size_t i = 0; i < G_N_ELEMENTS(old_default_keywords); i++) {
        const char *key = old_default_keywords[i].name;
        if (!node_is_null(node_get(node, key)) && !node_is_null(node_get(root, key)))
            return compiler_report(c, node, "%s is defined in top-level and `default:` entry", key);
    }
    return true;
}

static bool is_edge_stage(const char *name)
{
    return g_str_equal(name, ".pre") || g_str_equal(name, ".post");
}

static void set_stages(Compiler *c, CiConfig *config, CiStrings given)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(text_hash, g_str_equal);
    const char **stages = arena_new0(c->arena, const char *, g_strv_length((char **)given) + 3);
    size_t n = 0;

    if (given[0])
        stages[n++] = ".pre";
    for (size_t i = 0; given[i]; i++) {
        if (!is_edge_stage(given[i]) && g_hash_table_add(seen, (gpointer)given[i]))
            stages[n++] = given[i];
    }
    if (given[0])
        stages[n++] = ".post";
    config->stages = stages;
    config->n_stages = n;
}

static void read_stages(Compiler *c, const Node *root, CiConfig *config)
{
    const Node *node = node_get(root, "stages");

    config->stages = default_stages;
    config->n_stages = G_N_ELEMENTS(default_stages) - 1;
    if (node_is_null(node))
        return;
    if (node->kind != NODE_LIST || !node_is_nested(node, ENTRY_NESTING, node_is_string))
        compiler_report_lower(c, node,
                              "stages config should be an array of strings or a nested array of "
                              "strings up to %d levels deep",
                              ENTRY_NESTING);
    else
        set_stages(c, config, strings_of(c->arena, node));
}

static void read_workflow(Compiler *c, const Node *root, CiConfig *config)
{
    const Node *node = section(root, "workflow");
    Entry e = { c, "workflow", node, config };

    if (node)
        (void)entry_read_hash(&e, workflow_keywords, G_N_ELEMENTS(workflow_keywords));
}

bool entry_read_root(Compiler *c, const Node *root, CiConfig *config)
{
    Defaults defaults = { 0 };
    const Node *variables = node_get(root, "variables");

    if (!check_double_defaults(c, root))
        return false;
    read_defaults(c, root, &defaults);
    if (!node_is_null(variables))
        config->variables = entry_variables(c, "variables", variables, VARIABLES_GLOBAL);
    read_stages(c, root, config);
    read_workflow(c, root, config);
    entry_read_jobs(c, root, &defaults, config);
    return c->messages->len == 0;
}
