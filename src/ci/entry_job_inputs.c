/* entry_job_inputs.c - `inputs` of a job: values that a person may change when they start it. */
#include "ci/entry.h"

#include "base/regex.h"

#include <string.h>

enum { MAX_INPUTS = 50, MAX_OPTIONS = 50 };

/* What is_typed() tells apart. */
static const char *const types[] = { "string", "number", "boolean", "array", NULL };
static const char *const type_texts[] = { "a string", "a number", "a boolean", "an array" };

static bool is_typed(const Node *value, size_t type)
{
    switch (type) {
    case 0:
        return node_is_string(value);
    case 1:
        return value->kind == NODE_INT || value->kind == NODE_FLOAT;
    case 2:
        return value->kind == NODE_BOOL;
    default:
        return value->kind == NODE_LIST;
    }
}

static const Keyword input_keywords[] = {
    { "type", read_ignored },    { "default", read_ignored }, { "description", read_ignored },
    { "options", read_ignored }, { "regex", read_ignored },
};

static bool is_option(const Node *options, const Node *value)
{
    for (size_t i = 0; i < options->n; i++) {
        if (node_equal(options->items[i], value))
            return true;
    }
    return false;
}

static bool check_options(const Entry *e, const char *name, size_t type, const Node *value)
{
    const Node *options = node_get(e->node, "options");

    if (node_is_null(options))
        return true;
    if (options->kind != NODE_LIST)
        return compiler_report_lower(e->c, options, "%s options should be an array", e->location);
    if (options->n > MAX_OPTIONS)
        return entry_report(e, options, "cannot define more than %d options", MAX_OPTIONS);
    if (type > 1)
        return compiler_report(e->c, options,
                               "`%s` input: Options can only be used with string and number inputs",
                               name);
    return is_option(options, value) ||
           compiler_report(e->c, value,
                           "`%s` input: `%s` cannot be used because it is not in the list of %s "
                           "options",
                           name, value->text, type == 0 ? "allowed" : "the allowed");
}

static bool check_regex(const Entry *e, const char *name, size_t type, const Node *value)
{
    const Node *pattern = node_get(e->node, "regex");
    g_auto(Error) err = ERROR_INIT;

    if (node_is_null(pattern))
        return true;
    if (!node_is_string(pattern))
        return compiler_report_lower(e->c, pattern, "%s regex should be a string", e->location);
    if (type != 0)
        return compiler_report(e->c, pattern,
                               "`%s` input: RegEx validation can only be used with string inputs",
                               name);
    g_autoptr(Regex) regex = regex_new(pattern->text, 0, &err);
    if (!regex)
        return compiler_report(e->c, pattern, "`%s` input: invalid regular expression", name);
    return regex_matches(regex, value->text, strlen(value->text)) ||
           compiler_report(e->c, value,
                           "`%s` input: default value does not match required RegEx pattern", name);
}

static bool find_type(const Entry *e, size_t *type)
{
    const Node *given = node_get(e->node, "type");

    *type = 0;
    if (node_is_null(given))
        return true;
    while (types[*type] && !(node_is_string(given) && g_str_equal(given->text, types[*type])))
        ++*type;
    return types[*type] ||
           compiler_report_lower(e->c, given, "%s input type unknown value: %s", e->location,
                                 given->text ? given->text : node_to_json(e->c->arena, given));
}

static bool check_description(const Entry *e)
{
    const Node *description = node_get(e->node, "description");

    return node_is_null(description) || node_is_string(description) ||
           description->kind == NODE_INT ||
           compiler_report_lower(e->c, description, "%s description must be an alphanumeric string",
                                 e->location);
}

static void read_input(Entry *e, const char *name)
{
    const Node *value = node_get(e->node, "default");
    size_t type;

    if (e->node->kind != NODE_MAP) {
        entry_report(e, e->node, "should be a hash");
        return;
    }
    bool ok = entry_check_keys(e, input_keywords, G_N_ELEMENTS(input_keywords));
    ok = find_type(e, &type) && ok;
    ok = check_description(e) && ok;
    if (node_is_null(value))
        ok = compiler_report_lower(e->c, e->node, "%s must have a default value", e->location);
    if (!ok)
        return;
    if (!is_typed(value, type))
        compiler_report(e->c, value, "`%s` input: default value is not %s", name, type_texts[type]);
    else if (check_options(e, name, type, value))
        (void)check_regex(e, name, type, value); /* reported */
}

void entry_read_job_inputs(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry inputs = { e->c, entry_location(e, keyword->name), value, NULL };

    if (value->kind != NODE_MAP) {
        entry_report(&inputs, value, "should be a hash");
        return;
    }
    if (value->n > MAX_INPUTS) {
        entry_report(&inputs, value, "has too many items (maximum is %d)", MAX_INPUTS);
        return;
    }
    for (size_t i = 0; i < value->n; i++) {
        const Node *key = value->pairs[i].key;
        Entry input = { e->c, entry_member_location(&inputs, key), value->pairs[i].value, NULL };
        read_input(&input, key->text ? key->text : "");
    }
    read_json(e, keyword, value);
}
