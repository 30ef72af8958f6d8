/* entry_trigger.c - `trigger`: the pipeline of another project, or a child of this one. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_INCLUDES = 3 };

bool trigger_knows(const char *keyword)
{
    static const char *const known[] = {
        "extends",  "when",          "allow_failure",  "icon",        "stage", "rules",
        "only",     "except",        "variables",      "inherit",     "needs", "trigger",
        "parallel", "interruptible", "resource_group", "environment", NULL,
    };

    return g_strv_contains(known, keyword);
}

/* Whether @text may name a project: "group/project" or something with a variable.  GitLab finds out
 * only when the job runs, and then can only fail. */
static bool is_project_path(const char *text)
{
    const char *slash = strchr(text, '/');
    const char *variable = strchr(text, '$');

    if (variable && variable[1])
        return true;
    return slash && slash != text && slash[1] && !g_str_has_suffix(text, "/");
}

/* @subject: what the message names. */
static bool check_project_path(const Entry *e, const char *subject, const Node *project)
{
    return node_is_blank(project) || !node_is_string(project) || is_project_path(project->text) ||
           compiler_report_lower(e->c, project, "%s %s should be a path such as group/project",
                                 e->location, subject);
}

/* --- include ---------------------------------------------------------------------------------- */

/* What an item names, and the keyword that holds where it is. */
static const struct {
    const char *keyword;
    const char *kind;
    const char *location;
} kinds[] = {
    { "local", "local", "local" },          { "project", "project", "file" },
    { "file", "project", "file" },          { "template", "template", "template" },
    { "remote", "remote", "remote" },       { "component", "component", "component" },
    { "artifact", "artifact", "artifact" },
};

static void read_inputs(Entry *e, const Keyword *keyword, const Node *value)
{
    G_STRUCT_MEMBER(const char *, e->out, keyword->offset) = node_to_json(e->c->arena, value);
}

static const Keyword include_keywords[] = {
    { "local", read_ignored, SHAPE_STRING },
    { "file", read_ignored, SHAPE_STRINGS_OR_STRING },
    { "remote", read_ignored, SHAPE_STRING },
    { "project", read_string, SHAPE_STRING, offsetof(CiTriggerInclude, project) },
    { "ref", read_string, SHAPE_STRING, offsetof(CiTriggerInclude, ref) },
    { "template", read_ignored, SHAPE_STRING },
    { "artifact", read_ignored, SHAPE_STRING },
    { "job", read_string, SHAPE_STRING, offsetof(CiTriggerInclude, job) },
    { "component", read_ignored, SHAPE_STRING },
    { "inputs", read_inputs, SHAPE_HASH, offsetof(CiTriggerInclude, inputs) },
};

static bool check_item(const Entry *e)
{
    bool ok = entry_check_keys(e, include_keywords, G_N_ELEMENTS(include_keywords));
    const Node *project = node_get(e->node, "project");

    if (project && node_is_blank(node_get(e->node, "file")))
        ok = entry_report(e, e->node, "must specify the file where to fetch the config from");
    if (project && node_is_blank(project))
        ok = compiler_report_lower(e->c, project, "%s project can't be blank", e->location);
    if (project)
        ok = check_project_path(e, "project", project) && ok;
    if (node_get(e->node, "artifact") && node_is_blank(node_get(e->node, "job")))
        ok = entry_report(e, e->node, "must specify the job where to fetch the artifact from");
    return entry_check_shapes(e, include_keywords, G_N_ELEMENTS(include_keywords)) && ok;
}

/* The item as one include, or as one for each of its files. */
static void read_hash_item(Compiler *c, const char *location, const Node *node, GArray *list)
{
    CiTriggerInclude include = { 0 };
    Entry e = { c, location, node, &include };

    if (!check_item(&e))
        return;
    entry_read(&e, include_keywords, G_N_ELEMENTS(include_keywords));
    for (size_t i = 0; i < G_N_ELEMENTS(kinds) && !include.kind; i++) {
        if (node_is_null(node_get(node, kinds[i].keyword)))
            continue;
        CiStrings locations = strings_of(c->arena, node_get(node, kinds[i].location));
        include.kind = kinds[i].kind;
        for (; *locations; locations++) {
            include.location = *locations;
            g_array_append_val(list, include);
        }
    }
    if (!include.kind)
        entry_report(&e, node, "must specify the file where to fetch the config from");
}

static void read_item(Compiler *c, const char *location, const Node *node, GArray *list)
{
    CiTriggerInclude include = { .location = node->text };
    Entry e = { c, location, node, NULL };

    if (node->kind == NODE_MAP) {
        read_hash_item(c, location, node, list);
    } else if (!node_is_string(node)) {
        entry_report(&e, node, "should be a hash or a string");
    } else if (node_is_blank(node)) {
        entry_report(&e, node, "can't be blank");
    } else {
        include.kind =
            g_str_has_prefix(node->text, "http://") || g_str_has_prefix(node->text, "https://")
                ? "remote"
                : "local";
        g_array_append_val(list, include);
    }
}

static void read_include(Entry *e, const Keyword *keyword, const Node *value)
{
    CiTrigger *trigger = e->out;
    Entry entry = { e->c, entry_location(e, keyword->name), value, NULL };

    if (node_is_blank(value)) {
        entry_report(&entry, value, "can't be blank");
        return;
    }
    if (value->kind == NODE_LIST && value->n > MAX_INCLUDES) {
        entry_report(&entry, value, "is too long (maximum is %d)", MAX_INCLUDES);
        return;
    }
    GArray *list = g_array_new(FALSE, TRUE, sizeof(CiTriggerInclude));
    if (value->kind != NODE_LIST)
        read_item(e->c, entry.location, value, list);
    for (size_t i = 0; value->kind == NODE_LIST && i < value->n; i++)
        read_item(e->c, entry.location, value->items[i], list);
    trigger->includes = arena_memdup(e->c->arena, list->data, list->len * sizeof(CiTriggerInclude));
    trigger->n_includes = list->len;
    g_array_free(list, TRUE);
}

/* --- trigger ---------------------------------------------------------------------------------- */

static void read_strategy(Entry *e, const Keyword *keyword, const Node *value)
{
    static const char *const strategies[] = { "depend", "mirror", NULL };

    if (shape_fits(value, SHAPE_CHOICE, strategies))
        read_string(e, keyword, value);
    else
        compiler_report_lower(e->c, value, "%s strategy should be depend or mirror", e->location);
}

static const Keyword forward_keywords[] = {
    { "yaml_variables", read_bool, SHAPE_BOOL, offsetof(CiTrigger, forward_yaml_variables) },
    { "pipeline_variables", read_bool, SHAPE_BOOL,
      offsetof(CiTrigger, forward_pipeline_variables) },
};

static void read_forward(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry forward = { e->c, entry_location(e, keyword->name), value, e->out };

    (void)entry_read_hash(&forward, forward_keywords, G_N_ELEMENTS(forward_keywords));
}

static const Keyword project_keywords[] = {
    { "project", read_string, SHAPE_STRING, offsetof(CiTrigger, project) },
    { "branch", read_string, SHAPE_STRING, offsetof(CiTrigger, branch) },
    { "strategy", read_strategy, SHAPE_ANY, offsetof(CiTrigger, strategy) },
    { "forward", read_forward },
    { "inputs", read_inputs, SHAPE_HASH, offsetof(CiTrigger, inputs) },
};

static const Keyword child_keywords[] = {
    { "include", read_include },
    { "strategy", read_strategy, SHAPE_ANY, offsetof(CiTrigger, strategy) },
    { "forward", read_forward },
    { "inputs", read_inputs, SHAPE_HASH, offsetof(CiTrigger, inputs) },
};

static bool read_project(Entry *e)
{
    const Node *project = node_get(e->node, "project");
    bool ok = entry_check_keys(e, project_keywords, G_N_ELEMENTS(project_keywords));

    if (node_is_blank(project))
        ok = compiler_report_lower(e->c, e->node, "%s project can't be blank", e->location);
    else
        ok = check_project_path(e, "project", project) && ok;
    if (!entry_check_shapes(e, project_keywords, G_N_ELEMENTS(project_keywords)) || !ok)
        return false;
    entry_read(e, project_keywords, G_N_ELEMENTS(project_keywords));
    return true;
}

void entry_read_trigger(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;
    CiTrigger *trigger = arena_new0(e->c->arena, CiTrigger, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, trigger };
    bool ok = true;

    trigger->forward_yaml_variables = true;
    if (node_is_string(value)) {
        ok = (!node_is_blank(value) || entry_report(&entry, value, "can't be blank")) &&
             check_project_path(&entry, "config", value);
        trigger->project = value->text;
    } else if (value->kind != NODE_MAP) {
        ok = compiler_report(e->c, value, "%s has to be either a string or a hash", entry.location);
    } else if (node_get(value, "include")) {
        ok = entry_read_hash(&entry, child_keywords, G_N_ELEMENTS(child_keywords));
    } else {
        ok = read_project(&entry);
    }
    job->trigger = ok ? trigger : NULL;
}
