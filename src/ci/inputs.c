/* inputs.c - the values of inputs: given, by default, of the right type, allowed. */
#include "ci/header.h"

#include "base/json.h"
#include "base/regex.h"
#include "base/text.h"
#include "ci/yaml_scalar.h"

#include <string.h>

enum { MAX_REGEX = 1024 };

static const char *const wanted[] = { [INPUT_STRING] = "a string",
                                      [INPUT_NUMBER] = "a number",
                                      [INPUT_BOOLEAN] = "a boolean",
                                      [INPUT_ARRAY] = "an array" };

static const Node *from_json(Arena *arena, const json_t *json);

static const Node *scalar_from_json(Arena *arena, const json_t *json)
{
    Node *node = node_new(arena, NODE_STRING);

    switch (json_typeof(json)) {
    case JSON_STRING:
        node->text = arena_strdup(arena, json_string_value(json));
        break;
    case JSON_INTEGER:
        node->kind = NODE_INT;
        node->text = arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        break;
    case JSON_REAL:
        node->kind = NODE_FLOAT;
        node->text = yaml_float_text(arena, json_real_value(json));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        node->kind = NODE_BOOL;
        node->truth = json_is_true(json);
        node->text = node->truth ? "true" : "false";
        break;
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        node->kind = NODE_NULL;
        node->text = "";
        break;
    }
    return node;
}

/* Recursive: as deep as the JSON parser lets a text be. */
static const Node *from_json(Arena *arena, const json_t *json)
{
    if (json_is_array(json)) {
        Node *list = node_new(arena, NODE_LIST);
        for (size_t i = 0; i < json_array_size(json); i++)
            node_append(arena, list, from_json(arena, json_array_get(json, i)));
        return list;
    }
    if (json_is_object(json)) {
        Node *map = node_new(arena, NODE_MAP);
        const char *key;
        json_t *value;
        json_object_foreach ((json_t *)json, key, value)
            node_put(arena, map, node_new_string(arena, arena_strdup(arena, key), NULL),
                     from_json(arena, value));
        return map;
    }
    return scalar_from_json(arena, json);
}

const Node *node_from_json(Arena *arena, const char *text)
{
    g_autoptr(json_t) json = json_loads(text, JSON_DECODE_ANY, NULL);

    return json ? from_json(arena, json) : NULL;
}

static bool has_type(const Node *value, InputType type)
{
    switch (type) {
    case INPUT_STRING:
        return value->kind == NODE_STRING;
    case INPUT_NUMBER:
        return value->kind == NODE_INT || value->kind == NODE_FLOAT;
    case INPUT_BOOLEAN:
        return value->kind == NODE_BOOL;
    case INPUT_ARRAY:
        return value->kind == NODE_LIST;
    }
    return false;
}

/* @value as the type wants it: any scalar as a text, a text as the JSON that it is. */
static const Node *coerced(Arena *arena, const Node *value, InputType type)
{
    if (has_type(value, type))
        return value;
    if (type == INPUT_STRING)
        return node_is_scalar(value) ? node_new_string(arena, value->text, value) : value;
    const Node *parsed = node_is_string(value) ? node_from_json(arena, value->text) : NULL;
    return parsed && has_type(parsed, type) ? parsed : value;
}

static bool is_option(const Node *options, const Node *value)
{
    for (size_t i = 0; i < options->n; i++) {
        if (options->items[i]->text && value->text &&
            g_str_equal(options->items[i]->text, value->text))
            return true;
    }
    return false;
}

static bool check_array_options(const Input *input, const Node *value, Complaints *to)
{
    for (size_t i = 0; i < value->n; i++) {
        if (!is_option(input->options, value->items[i]))
            return complain(to, value,
                            "`%s` input: %s cannot be used because it is not in the list of "
                            "allowed options",
                            input->name, node_to_json(to->arena, value));
    }
    return true;
}

static bool check_options(const Input *input, const Node *value, Complaints *to)
{
    if (!input->options)
        return true;
    switch (input->type) {
    case INPUT_STRING:
    case INPUT_NUMBER:
        return is_option(input->options, value) ||
               complain(
                   to, value,
                   "`%s` input: `%s` cannot be used because it is not in the list of %sallowed "
                   "options",
                   input->name, value->text, input->type == INPUT_NUMBER ? "the " : "");
    case INPUT_ARRAY:
        return check_array_options(input, value, to);
    case INPUT_BOOLEAN:
        break;
    }
    return complain(to, input->at,
                    "`%s` input: Options can only be used with string and number inputs",
                    input->name);
}

static bool check_regex(const Input *input, const Node *value, const char *which, Complaints *to)
{
    if (!input->regex)
        return true;
    if (input->type != INPUT_STRING)
        return complain(to, input->at,
                        "`%s` input: RegEx validation can only be used with string inputs",
                        input->name);
    g_autoptr(Regex) regex =
        strlen(input->regex) <= MAX_REGEX ? regex_new(input->regex, 0, NULL) : NULL;
    if (!regex)
        return complain(to, input->at, "`%s` input: invalid regular expression", input->name);
    return regex_matches(regex, value->text, strlen(value->text)) ||
           complain(to, value, "`%s` input: %s value does not match required RegEx pattern",
                    input->name, which);
}

/* @value coerced, if it may be one of @input; NULL: complained. @which: "default", "provided" */
static const Node *check_value(const Input *input, const Node *value, const char *which,
                               Complaints *to)
{
    const Node *typed = coerced(to->arena, value, input->type);

    if (!has_type(typed, input->type)) {
        complain(to, value, "`%s` input: %s value is not %s", input->name, which,
                 wanted[input->type]);
        return NULL;
    }
    if (!check_options(input, typed, to) || !check_regex(input, typed, which, to))
        return NULL;
    return typed;
}

/* The value of one input; NULL: complained. */
static const Node *bind(const Input *input, const Node *given, Complaints *to)
{
    const Node *value = node_get(given, input->name);
    const Node *otherwise = input->otherwise;

    if (!input->has_default && node_is_null(value)) {
        complain(to, input->at, "`%s` input: required value has not been provided", input->name);
        return NULL;
    }
    if (!node_is_null(otherwise) && !(otherwise = check_value(input, otherwise, "default", to)))
        return NULL;
    if (node_is_null(value))
        return otherwise;
    return check_value(input, value, "provided", to);
}

static const Input *find(const GPtrArray *inputs, const char *name)
{
    for (guint i = 0; i < inputs->len; i++) {
        const Input *input = g_ptr_array_index(inputs, i);
        if (g_str_equal(input->name, name))
            return input;
    }
    return NULL;
}

static bool check_given(const GPtrArray *inputs, const Node *given, Complaints *to)
{
    g_autoptr(GString) unknown = g_string_new(NULL);

    for (size_t i = 0; given && i < given->n; i++) {
        const char *name = given->pairs[i].key->text;
        if (!name || !find(inputs, name))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", name ? name : "");
    }
    return unknown->len == 0 || complain(to, given, "unknown input arguments: %s", unknown->str);
}

/* Binds the inputs that need no other that is still unbound.  Answers how many that were. */
static guint bind_ready(Compiler *c, GPtrArray *left, const Node *given, Scope *scope,
                        Complaints *to)
{
    guint bound = 0;

    for (guint i = 0; i < left->len;) {
        Input *input = g_ptr_array_index(left, i);
        if (input_rules_wait(input, scope)) {
            i++;
            continue;
        }
        g_ptr_array_remove_index(left, i);
        bound++;
        if (input->rules)
            (void)input_rules_apply(c, input, scope); /* without a rule it has no default */
        const Node *value = bind(input, given, to);
        /* One that is wrong counts as null, so that those behind it are looked at too. */
        g_hash_table_insert(scope->inputs, (gpointer)input->name,
                            (gpointer)(value ? value : node_new(c->arena, NODE_NULL)));
    }
    return bound;
}

bool inputs_bind(Compiler *c, const GPtrArray *inputs, const Node *given, Scope *scope,
                 Complaints *complaints)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new();

    for (guint i = 0; i < inputs->len; i++)
        g_ptr_array_add(left, g_ptr_array_index(inputs, i));
    while (left->len > 0 && bind_ready(c, left, given, scope, complaints) > 0)
        ;
    return check_given(inputs, given, complaints) && complaints->texts->len == 0;
}
