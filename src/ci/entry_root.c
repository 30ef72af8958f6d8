/* entry_root.c - the top level: stages, defaults, variables, workflow, and then the jobs. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_WORKFLOW_NAME = 255 };

static const char *const default_stages[] = { ".pre", "build", "test", "deploy", ".post", NULL };

static const Keyword default_keywords[] = {
    { "before_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, before_script) },
    { "image", entry_read_image, SHAPE_ANY, offsetof(Defaults, image) },
    { "after_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, after_script) },
    { "timeout", read_ignored }, /* accepted without effect, as in GitLab */
    { "tags", entry_read_tags, SHAPE_ANY, offsetof(Defaults, tags) },
    { "artifacts", entry_read_artifacts, SHAPE_ANY, offsetof(Defaults, artifacts) },
    KEYWORD_LATER("services"),
    KEYWORD_LATER("cache"),
    KEYWORD_LATER("interruptible"),
    { "retry", entry_read_retry, SHAPE_ANY, offsetof(Defaults, retry) },
    KEYWORD_LATER("hooks"),
    KEYWORD_LATER("id_tokens"),
    KEYWORD_LATER("identity"),
};

/* Top-level keywords that give the same as those of `default`. */
static const Keyword old_default_keywords[] = {
    { "before_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, before_script) },
    { "image", entry_read_image, SHAPE_ANY, offsetof(Defaults, image) },
    { "after_script", entry_read_script, SHAPE_ANY, offsetof(Defaults, after_script) },
};

static const char *const later_root_keys[] = { "services", "cache", "types" };

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

static const char *const job_failure_choices[] = { "none", "all", NULL };

static void read_on_job_failure(Entry *e, const Keyword *keyword, const Node *value)
{
    CiConfig *config = e->out;

    if (shape_fits(value, SHAPE_CHOICE, job_failure_choices))
        config->cancel_on_job_failure = g_str_equal(value->text, "all");
    else
        compiler_report_lower(e->c, value, "%s on job failure must be one of: none, all",
                              e->location);
}

static const Keyword auto_cancel_keywords[] = {
    KEYWORD_LATER("on_new_commit"),
    { "on_job_failure", read_on_job_failure },
};

static void read_auto_cancel(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry hash = { e->c, entry_location(e, keyword->name), value, e->out };

    (void)entry_read_hash(&hash, auto_cancel_keywords, G_N_ELEMENTS(auto_cancel_keywords));
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
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
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

static void check_later_keys(Compiler *c, const Node *root)
{
    for (size_t i = 0; i < G_N_ELEMENTS(later_root_keys); i++) {
        const Node *value = node_get(root, later_root_keys[i]);
        if (value)
            compiler_report_unsupported(c, value, "", later_root_keys[i]);
    }
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
    check_later_keys(c, root);
    read_workflow(c, root, config);
    entry_read_jobs(c, root, &defaults, config);
    return c->messages->len == 0;
}
