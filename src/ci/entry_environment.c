/* entry_environment.c - `environment`: where a job deploys to. */
#include "ci/entry.h"
#include "ci/environment.h"

#include <string.h>

enum { MAX_URL = 255 };

static const char *const actions[] = { "start", "stop", "prepare", "verify", "access", NULL };
static const char *const tiers[] = { "production",  "staging", "testing",
                                     "development", "other",   NULL };

static bool is_name(const Node *node)
{
    return node_is_string(node) && environment_name_has_form(node->text);
}

static bool check_name(const Entry *e, const Node *name)
{
    const Node *at = name ? name : e->node;
    bool ok = true;

    if (node_is_blank(name))
        ok = compiler_report_lower(e->c, at, "%s name can't be blank", e->location);
    return is_name(name)
               ? ok
               : compiler_report_lower(e->c, at, "%s name " ENVIRONMENT_NAME_TEXT, e->location);
}

static bool check_url(const Entry *e)
{
    const Node *url = node_get(e->node, "url");

    return node_is_null(url) || !url->text || g_utf8_strlen(url->text, -1) <= MAX_URL ||
           compiler_report_lower(e->c, url, "%s url is too long (maximum is %d characters)",
                                 e->location, MAX_URL);
}

/* A value of a list with a text of its own; with @variables one that refers to any will do. */
static bool check_choice(const Entry *e, const char *key, const char *const *choices,
                         bool variables, const char *text)
{
    const Node *value = node_get(e->node, key);
    g_autofree char *name = g_strdelimit(g_strdup(key), "_", ' ');
    bool ok = true;

    if (node_is_null(value))
        return true;
    if (!node_is_string(value))
        ok = compiler_report_lower(e->c, value, "%s %s should be a string", e->location, name);
    else if (g_strv_contains(choices, value->text) || (variables && strchr(value->text, '$')))
        return true;
    return compiler_report_lower(e->c, value, "%s %s %s", e->location, name, text) && ok;
}

static const Keyword resources_keywords[] = {
    { "enabled", read_ignored, SHAPE_BOOL },
};

static const Keyword dashboard_keywords[] = {
    { "namespace", read_ignored, SHAPE_STRING },
    { "flux_resource_path", read_ignored, SHAPE_STRING },
};

static void read_resources(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry entry = { e->c, entry_location(e, keyword->name), value, NULL };

    (void)entry_read_hash(&entry, resources_keywords, G_N_ELEMENTS(resources_keywords));
}

static void read_dashboard(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry entry = { e->c, entry_location(e, keyword->name), value, NULL };

    (void)entry_read_hash(&entry, dashboard_keywords, G_N_ELEMENTS(dashboard_keywords));
}

static const Keyword kubernetes_keywords[] = {
    { "namespace", read_ignored, SHAPE_STRING },
    { "agent", read_ignored, SHAPE_STRING },
    { "flux_resource_path", read_ignored, SHAPE_STRING },
    { "managed_resources", read_resources },
    { "dashboard", read_dashboard },
};

static void read_kubernetes(Entry *e, const Keyword *keyword, const Node *value)
{
    CiEnvironment *environment = e->out;
    Entry entry = { e->c, entry_location(e, keyword->name), value, environment };

    if (node_is_blank(value))
        entry_report(&entry, value, "can't be blank");
    else if (entry_read_hash(&entry, kubernetes_keywords, G_N_ELEMENTS(kubernetes_keywords)))
        environment->kubernetes = node_to_json(e->c->arena, value);
}

static const Keyword environment_keywords[] = {
    { "name", read_string, SHAPE_ANY, offsetof(CiEnvironment, name) },
    { "url", read_string, SHAPE_STRING, offsetof(CiEnvironment, url) },
    { "action", read_string, SHAPE_ANY, offsetof(CiEnvironment, action) },
    { "deployment_tier", read_string, SHAPE_ANY, offsetof(CiEnvironment, tier) },
    { "on_stop", read_string, SHAPE_STRING, offsetof(CiEnvironment, on_stop) },
    { "kubernetes", read_kubernetes, SHAPE_HASH },
    { "auto_stop_in", read_string, SHAPE_STRING, offsetof(CiEnvironment, auto_stop_in) },
};

static bool read_hash(Entry *e)
{
    bool ok = check_name(e, node_get(e->node, "name"));

    ok = entry_check_keys(e, environment_keywords, G_N_ELEMENTS(environment_keywords)) && ok;
    ok = check_url(e) && ok;
    ok = check_choice(e, "action", actions, false,
                      "should be start, stop, prepare, verify, or access") &&
         ok;
    ok = check_choice(e, "deployment_tier", tiers, true,
                      "must be one of production, staging, testing, development, other") &&
         ok;
    if (!entry_check_shapes(e, environment_keywords, G_N_ELEMENTS(environment_keywords)) || !ok)
        return false;
    entry_read(e, environment_keywords, G_N_ELEMENTS(environment_keywords));
    return true;
}

void entry_read_environment(Entry *e, const Keyword *keyword, const Node *value)
{
    CiEnvironment *environment = arena_new0(e->c->arena, CiEnvironment, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, environment };

    environment->action = actions[0];
    if (node_is_string(value)) {
        environment->name = value->text;
        if (!check_name(&entry, value))
            return;
    } else if (value->kind != NODE_MAP) {
        entry_report(&entry, value, "should be a hash or a string");
        return;
    } else if (!read_hash(&entry)) {
        return;
    }
    G_STRUCT_MEMBER(const CiEnvironment *, e->out, keyword->offset) = environment;
}
