/* header.c - reading `spec`: which inputs a file takes, and what else its header may say. */
#include "ci/header.h"

#include <string.h>

/* MAX_INPUTS is ours: what takes inputs is bound by time that grows with their square. */
enum { MAX_TOLD = 3, MAX_OPTIONS = 50, MAX_DESCRIPTION = 256, MAX_INPUTS = 500 };

static const char *const spec_keys[] = { "inputs", "include", "component", "description", NULL };
static const char *const input_keys[] = { "default", "description", "options", "regex",
                                          "type",    "rules",       NULL };
static const char *const component_fields[] = { "name", "sha", "version", "reference", NULL };
static const char *const rule_keys[] = { "if", "options", "default", NULL };
static const char *const input_types[] = { [INPUT_STRING] = "string",
                                           [INPUT_NUMBER] = "number",
                                           [INPUT_BOOLEAN] = "boolean",
                                           [INPUT_ARRAY] = "array" };

static bool add(Complaints *to, const Node *at, const char *text)
{
    if (!to->at)
        to->at = at;
    g_ptr_array_add(to->texts, arena_strdup(to->arena, text));
    return false;
}

bool complain(Complaints *to, const Node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return add(to, at, text);
}

bool complain_lower(Complaints *to, const Node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *lower = g_utf8_strdown(text, -1);
    return add(to, at, lower);
}

const char *complaints_text(const Complaints *complaints)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < complaints->texts->len && i < MAX_TOLD; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               (const char *)g_ptr_array_index(complaints->texts, i));
    return arena_strndup(complaints->arena, text->str, text->len);
}

/* Complains of the keys of @map that are not in @known. */
static bool check_keys(Complaints *to, const char *location, const Node *map,
                       const char *const *known)
{
    g_autoptr(GString) unknown = g_string_new(NULL);

    for (size_t i = 0; i < map->n; i++) {
        const Node *key = map->pairs[i].key;
        if (!key->text || !g_strv_contains(known, key->text))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "",
                                   key->text ? key->text : node_to_json(to->arena, key));
    }
    return unknown->len == 0 ||
           complain_lower(to, map, "%s config contains unknown keys: %s", location, unknown->str);
}

static bool read_type(Complaints *to, const char *location, const Node *type, Input *input)
{
    if (node_is_null(type))
        return true;
    for (size_t i = 0; node_is_string(type) && i < G_N_ELEMENTS(input_types); i++) {
        if (g_str_equal(type->text, input_types[i])) {
            input->type = (InputType)i;
            return true;
        }
    }
    return complain_lower(to, type, "%s input type unknown value: %s", location,
                          type->text ? type->text : node_to_json(to->arena, type));
}

static bool read_options(Complaints *to, const char *location, const Node *options,
                         const Node **out)
{
    if (node_is_null(options))
        return true;
    if (options->kind != NODE_LIST)
        return complain_lower(to, options, "%s options should be a array", location);
    if (options->n > MAX_OPTIONS)
        return complain_lower(to, options, "%s config cannot define more than %d options", location,
                              MAX_OPTIONS);
    *out = options;
    return true;
}

static bool check_rule(Complaints *to, const char *location, const Node *rule)
{
    const char *at = arena_printf(to->arena, "%s:rules:rule", location);
    const Node *options = NULL;

    if (rule->kind != NODE_MAP)
        return complain_lower(to, rule, "%s config should be a hash", at);
    if (!check_keys(to, at, rule, rule_keys) ||
        !read_options(to, at, node_get(rule, "options"), &options))
        return false;
    if (!options && !node_get(rule, "if"))
        return complain_lower(to, rule, "%s config missing required keys: options", at);
    if (options && !node_get(rule, "default"))
        return complain_lower(to, rule, "%s config missing required keys: default", at);
    return true;
}

static bool read_rules(Complaints *to, const char *location, const Node *node, Input *input)
{
    const Node *rules = node_get(node, "rules");
    const char *beside = node_get(node, "options")   ? "options"
                         : node_get(node, "default") ? "default"
                                                     : NULL;

    if (node_is_null(rules))
        return true;
    if (beside)
        return complain_lower(to, node, "%s config these keys cannot be used together: rules, %s",
                              location, beside);
    if (rules->kind != NODE_LIST)
        return complain_lower(to, rules, "%s:rules config should be a array", location);
    for (size_t i = 0; i < rules->n; i++) {
        if (!check_rule(to, location, rules->items[i]))
            return false;
    }
    input->rules = rules;
    return true;
}

static bool read_input_keys(Complaints *to, const char *location, const Node *node, Input *input)
{
    const Node *regex = node_get(node, "regex");
    const Node *description = node_get(node, "description");

    if (!check_keys(to, location, node, input_keys) ||
        !read_type(to, location, node_get(node, "type"), input) ||
        !read_options(to, location, node_get(node, "options"), &input->options) ||
        !read_rules(to, location, node, input))
        return false;
    if (!node_is_null(regex) && !node_is_string(regex))
        return complain_lower(to, regex, "%s regex should be a string", location);
    if (!node_is_null(description) && !node_is_string(description) && description->kind != NODE_INT)
        return complain_lower(to, description, "%s description should be a string or a integer",
                              location);
    input->regex = node_is_null(regex) ? NULL : regex->text;
    input->otherwise = node_get(node, "default");
    input->has_default = input->otherwise != NULL;
    return true;
}

static bool read_input(Complaints *to, const NodePair *pair, GPtrArray *inputs)
{
    Input *input = arena_new0(to->arena, Input, 1);
    const char *name = pair->key->text ? pair->key->text : "";
    const char *location = arena_printf(to->arena, "header:spec:inputs:%s", name);

    input->name = name;
    input->at = pair->key;
    if (!node_is_null(pair->value)) {
        if (pair->value->kind != NODE_MAP)
            return complain_lower(to, pair->value, "%s config should be a hash", location);
        if (!read_input_keys(to, location, pair->value, input))
            return false;
    }
    g_ptr_array_add(inputs, input);
    return true;
}

static bool read_inputs(Complaints *to, const Node *map, GPtrArray *inputs)
{
    bool ok = true;

    if (node_is_null(map))
        return true;
    if (map->kind != NODE_MAP)
        return complain_lower(to, map, "header:spec:inputs config should be a hash");
    if (map->n > MAX_INPUTS)
        return complain_lower(to, map, "header:spec:inputs config has more than %d inputs",
                              MAX_INPUTS);
    for (size_t i = 0; i < map->n; i++)
        ok = read_input(to, &map->pairs[i], inputs) && ok;
    return ok;
}

static bool read_component(Complaints *to, const Node *list, CiStrings *out)
{
    g_autoptr(GString) unknown = g_string_new(NULL);

    *out = NULL;
    if (node_is_null(list))
        return true;
    if (list->kind != NODE_LIST)
        return complain_lower(to, list,
                              "header:spec:component config should be an array of strings");
    const char **fields = arena_new0(to->arena, const char *, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        if (!node_is_string(list->items[i]))
            return complain_lower(to, list->items[i],
                                  "header:spec:component config should be an array of strings");
        fields[i] = list->items[i]->text;
        if (!g_strv_contains(component_fields, fields[i]))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", fields[i]);
    }
    *out = fields;
    return unknown->len == 0 ||
           complain_lower(to, list, "header:spec:component config contains unknown values: %s",
                          unknown->str);
}

static bool check_description(Complaints *to, const Node *description)
{
    if (node_is_null(description))
        return true;
    if (!node_is_string(description))
        return complain_lower(to, description, "header:spec description should be a string");
    return g_utf8_strlen(description->text, -1) <= MAX_DESCRIPTION ||
           complain_lower(to, description,
                          "header:spec description is too long (maximum is %d characters)",
                          MAX_DESCRIPTION);
}

static bool check_repeated(Complaints *to, const Node *more, const Node *own)
{
    for (size_t i = 0; more && own && own->kind == NODE_MAP && i < own->n; i++) {
        const Node *key = own->pairs[i].key;
        if (node_find(more, key))
            return complain(to, key, "header:spec:inputs `%s` is defined in an included file too",
                            key->text ? key->text : "");
    }
    return true;
}

bool header_read(Compiler *c, const Node *header, const Node *more, GPtrArray *inputs,
                 CiStrings *component, Complaints *complaints)
{
    static const char *const header_keys[] = { "spec", NULL };
    const Node *spec = node_get(header, "spec");

    *component = NULL;
    if (!check_keys(complaints, "header", header, header_keys))
        return false;
    if (node_is_null(spec))
        return true;
    if (spec->kind != NODE_MAP)
        return complain_lower(complaints, spec, "header:spec config should be a hash");
    if (!check_keys(complaints, "header:spec", spec, spec_keys) ||
        !check_description(complaints, node_get(spec, "description")) ||
        !read_component(complaints, node_get(spec, "component"), component) ||
        !check_repeated(complaints, more, node_get(spec, "inputs")))
        return false;
    return read_inputs(complaints, more, inputs) &&
           read_inputs(complaints, node_get(spec, "inputs"), inputs) &&
           input_rules_check(c, inputs, complaints);
}
