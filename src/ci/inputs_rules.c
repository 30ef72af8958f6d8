/* inputs_rules.c - `rules` of an input: its options and default by the values of the others.
 *
 * Conditions are those of jobs, with "$[[ inputs.NAME ]]" and the words true and false beside: they
 * are put as variables and texts before the condition is parsed.
 */
#include "ci/header.h"

#include "base/text.h"

#include <string.h>

#define PLACEHOLDER "__penstock_input_"

/* The name in "$[[ inputs.NAME ]]" at @p, in the arena, and the length of it all; NULL: none. */
static const char *input_at(Arena *arena, const char *p, size_t *length)
{
    const char *end = g_str_has_prefix(p, "$[[") ? strstr(p, "]]") : NULL;

    if (!end)
        return NULL;
    g_autofree char *inside = g_strstrip(g_strndup(p + 3, (size_t)(end - p) - 3));
    *length = (size_t)(end - p) + 2;
    return g_str_has_prefix(inside, "inputs.") ? arena_strdup(arena, inside + 7) : NULL;
}

/* The length of a quoted text or a pattern at @p, 0 for none. */
static size_t quoted_length(const char *p)
{
    if (*p != '"' && *p != '\'' && *p != '/')
        return 0;
    const char *end = p + 1;
    while (*end && (*end != *p || (*p == '/' && end[-1] == '\\')))
        end++;
    return *end ? (size_t)(end - p) + 1 : 0;
}

static size_t word_length(const char *p)
{
    size_t n = 0;

    while (g_ascii_isalnum(p[n]) || p[n] == '_')
        n++;
    return n;
}

/* The condition as the expressions of jobs are written.  The names of the inputs go to @names. */
static char *plain_condition(Arena *arena, const char *text, GPtrArray *names)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p;) {
        size_t n = quoted_length(p);
        const char *name = n ? NULL : input_at(arena, p, &n);
        if (name) {
            g_string_append_printf(out, "$" PLACEHOLDER "%u", names->len);
            g_ptr_array_add(names, (gpointer)name);
        } else if (n == 0 && (n = word_length(p)) > 0 &&
                   ((n == 4 && memcmp(p, "true", 4) == 0) ||
                    (n == 5 && memcmp(p, "false", 5) == 0))) {
            g_string_append_printf(out, "\"%.*s\"", (int)n, p);
        } else {
            n = MAX(n, *p == '$' ? 1 + word_length(p + 1) : 1);
            g_string_append_len(out, p, (gssize)n);
        }
        p += n;
    }
    return g_string_free(out, FALSE);
}

/* The names of the inputs that the rules of @input name: of rule @only, or of all (-1). */
static GPtrArray *names_in(Arena *arena, const Input *input, int only)
{
    GPtrArray *names = g_ptr_array_new();

    for (size_t i = 0; input->rules && i < input->rules->n; i++) {
        const Node *condition = node_get(input->rules->items[i], "if");
        if ((only < 0 || (size_t)only == i) && node_is_string(condition))
            g_free(plain_condition(arena, condition->text, names));
    }
    return names;
}

static Input *find(const GPtrArray *inputs, const char *name)
{
    for (guint i = 0; i < inputs->len; i++) {
        Input *input = g_ptr_array_index(inputs, i);
        if (g_str_equal(input->name, name))
            return input;
    }
    return NULL;
}

static bool check_names(Compiler *c, const GPtrArray *inputs, const Input *input,
                        Complaints *complaints)
{
    for (size_t i = 0; input->rules && i < input->rules->n; i++) {
        g_autoptr(GPtrArray) names = names_in(c->arena, input, (int)i);
        for (guint k = 0; k < names->len; k++) {
            if (!find(inputs, g_ptr_array_index(names, k)))
                return complain(complaints, input->rules->items[i],
                                "header:spec:inputs:%s config rule[%zu] references undefined "
                                "inputs: %s",
                                input->name, i, (const char *)g_ptr_array_index(names, k));
        }
    }
    return true;
}

bool input_rules_check(Compiler *c, const GPtrArray *inputs, Complaints *complaints)
{
    g_autoptr(GHashTable) known = g_hash_table_new(text_hash, g_str_equal);
    Scope scope = { .arena = c->arena, .inputs = known };
    bool more = true;

    for (guint i = 0; i < inputs->len; i++) {
        if (!check_names(c, inputs, g_ptr_array_index(inputs, i), complaints))
            return false;
    }
    while (more) {
        more = false;
        for (guint i = 0; i < inputs->len; i++) {
            const Input *input = g_ptr_array_index(inputs, i);
            if (!g_hash_table_contains(known, input->name) && !input_rules_wait(input, &scope))
                more = g_hash_table_insert(known, (gpointer)input->name, (gpointer)input->at);
        }
    }
    for (guint i = 0; i < inputs->len; i++) {
        const Input *input = g_ptr_array_index(inputs, i);
        if (!g_hash_table_contains(known, input->name))
            return complain(complaints, input->at,
                            "header:spec:inputs:%s config circular dependency detected",
                            input->name);
    }
    return true;
}

bool input_rules_wait(const Input *input, const Scope *scope)
{
    g_autoptr(GPtrArray) names = names_in(scope->arena, input, -1);

    for (guint i = 0; i < names->len; i++) {
        if (!g_hash_table_contains(scope->inputs, g_ptr_array_index(names, i)))
            return true;
    }
    return false;
}

typedef struct Seen {
    const Scope *scope;
    const GPtrArray *names;
} Seen;

static const char *look_up(void *data, const char *name)
{
    const Seen *seen = data;

    if (g_str_has_prefix(name, PLACEHOLDER)) {
        guint64 i = g_ascii_strtoull(name + strlen(PLACEHOLDER), NULL, 10);
        const Node *value =
            i < seen->names->len
                ? g_hash_table_lookup(seen->scope->inputs, g_ptr_array_index(seen->names, i))
                : NULL;
        return node_is_null(value) ? NULL : value->text;
    }
    for (size_t i = seen->scope->variables.n; i > 0; i--) {
        const CiVariable *variable = &seen->scope->variables.items[i - 1];
        if (g_str_equal(variable->key, name))
            return variable->value;
    }
    return NULL;
}

static bool holds(Compiler *c, const Node *condition, const Scope *scope)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    Seen seen = { scope, names };

    if (node_is_null(condition))
        return true;
    if (!node_is_string(condition))
        return false;
    g_autofree char *text = plain_condition(c->arena, condition->text, names);
    const Expression *expression = expression_parse(c->cache, text);
    return expression && expression_holds(c->cache, expression, look_up, &seen);
}

bool input_rules_apply(Compiler *c, Input *input, const Scope *scope)
{
    for (size_t i = 0; i < input->rules->n; i++) {
        const Node *rule = input->rules->items[i];
        if (!holds(c, node_get(rule, "if"), scope))
            continue;
        input->options = node_get(rule, "options");
        input->otherwise = node_get(rule, "default");
        input->has_default = input->otherwise != NULL;
        return input->options != NULL;
    }
    return false;
}
