/* entry_variables.c - variables of the file, of jobs and of rules. */
#include "ci/entry.h"

#include <string.h>

static const Keyword variable_keywords[] = {
    { "value", read_ignored },
    { "expand", read_ignored, SHAPE_BOOL },
    { "description", read_ignored },
    { "options", read_ignored, SHAPE_STRINGS },
};

/* How many of the keywords each form knows. */
static const size_t known_keywords[] = {
    [VARIABLES_SCALAR] = 0,
    [VARIABLES_JOB] = 2,
    [VARIABLES_GLOBAL] = 4,
};

static bool is_known(const Node *key, VariableForms forms)
{
    for (size_t i = 0; i < known_keywords[forms]; i++) {
        if (key->kind == NODE_STRING && g_str_equal(key->text, variable_keywords[i].name))
            return true;
    }
    return false;
}

static bool check_keys(const Entry *e, VariableForms forms)
{
    g_autoptr(GString) extra = g_string_new(NULL);

    if (forms == VARIABLES_SCALAR)
        return entry_report(e, e->node, "must be a string");
    for (size_t i = 0; i < e->node->n; i++) {
        const Node *key = e->node->pairs[i].key;
        if (!is_known(key, forms))
            g_string_append_printf(extra, "%s%s", extra->len ? ", " : "",
                                   key->text ? key->text : "");
    }
    return extra->len == 0 || entry_report(e, e->node, "uses invalid data keys: %s", extra->str);
}

static bool is_scalar_text(const Node *node)
{
    return node_is_string(node) || node->kind == NODE_INT;
}

static bool check_values(const Entry *e)
{
    const Node *value = node_get(e->node, "value");
    const Node *description = node_get(e->node, "description");
    const Node *expand = node_get(e->node, "expand");
    const Node *options = node_get(e->node, "options");
    bool ok = true;

    if (!node_is_null(value) && !node_is_scalar(value))
        ok = entry_report(e, value, "value must be a scalar");
    if (!node_is_null(description) && !is_scalar_text(description))
        ok = entry_report(e, description, "description must be an alphanumeric string");
    if (!node_is_null(expand) && expand->kind != NODE_BOOL)
        ok = entry_report(e, expand, "expand should be a boolean value");
    if (!node_is_null(options) && !node_is_strings(options))
        ok = entry_report(e, options, "options should be an array of strings");
    return ok;
}

static bool check_options(const Entry *e, const CiVariable *variable)
{
    return !variable->options || !node_get(e->node, "value") ||
           g_strv_contains(variable->options, variable->value) ||
           entry_report(e, e->node, "value must be present in options");
}

/* The hash form. */
static bool read_hash(const Entry *e, VariableForms forms, CiVariable *variable)
{
    const Node *value = node_get(e->node, "value");
    const Node *expand = node_get(e->node, "expand");
    const Node *description = node_get(e->node, "description");
    const Node *options = node_get(e->node, "options");
    bool ok = check_values(e);

    if (!check_keys(e, forms) || !ok)
        return false;
    variable->value = node_is_null(value) ? "" : value->text;
    variable->raw = !node_is_null(expand) && !expand->truth;
    variable->description = node_is_null(description) ? NULL : description->text;
    variable->options = node_is_null(options) ? NULL : strings_of(e->c->arena, options);
    return check_options(e, variable);
}

static bool read_variable(Compiler *c, const char *location, const NodePair *pair,
                          VariableForms forms, CiVariable *variable)
{
    const Node *value = pair->value;
    const char *key = pair->key->text ? pair->key->text : "";
    Entry e = { c, arena_join(c->arena, location, ':', key), value, variable };

    if (!node_is_scalar(value) && value->kind != NODE_MAP)
        return compiler_report(c, pair->key,
                               "variable definition must be either a string or a hash");
    if (!is_scalar_text(pair->key))
        return compiler_report_lower(c, pair->key, "%s key must be an alphanumeric string",
                                     e.location);
    variable->key = key;
    if (value->kind == NODE_MAP)
        return read_hash(&e, forms, variable);
    variable->value = value->text;
    return true;
}

CiVariables entry_variables(Compiler *c, const char *location, const Node *node,
                            VariableForms forms)
{
    CiVariables variables = { NULL, 0 };

    if (node->kind != NODE_MAP) {
        compiler_report_lower(c, node, "%s config should be a hash", location);
        return variables;
    }
    CiVariable *items = arena_new0(c->arena, CiVariable, node->n);
    for (size_t i = 0; i < node->n; i++) {
        if (read_variable(c, location, &node->pairs[i], forms, &items[variables.n]))
            variables.n++;
    }
    variables.items = items;
    return variables;
}
