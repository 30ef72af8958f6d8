/* entry_run.c - `run`: steps in place of a script.
 *
 * GitLab checks them by a JSON schema; the messages are the schema's.
 */
#include "ci/entry.h"

#include <string.h>

typedef struct Step {
    Entry *e;
    size_t index;
    const Node *node;
} Step;

static bool report(const Step *s, const Node *at, const char *before, const char *key,
                   const char *after)
{
    return compiler_report_lower(s->e->c, at, "%s run %s at `/%" G_GSIZE_FORMAT "%s%s` %s",
                                 s->e->location, before, s->index, key ? "/" : "", key ? key : "",
                                 after);
}

static bool is_name(const char *text)
{
    return (g_ascii_isalpha(*text) || *text == '_') &&
           text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_")] == '\0';
}

static bool check_name(const Step *s)
{
    const Node *name = node_get(s->node, "name");

    if (!name)
        return report(s, s->node, "object", NULL, "is missing required properties: name");
    if (!node_is_string(name))
        return report(s, name, "value", "name", "is not a string");
    return is_name(name->text) ||
           report(s, name, "string", "name", "does not match pattern: ^[a-zA-Z_][a-zA-Z0-9_]*$");
}

/* `step`, `func` and `action` may also be a hash that names a git or OCI reference. */
static bool check_body(const Step *s)
{
    static const char *const bodies[] = { "step", "func", "action", "script" };
    const char *found = NULL;
    int n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        if (!node_get(s->node, bodies[i]))
            continue;
        found = bodies[i];
        n++;
    }
    if (n != 1)
        return report(s, s->node, "value", NULL, "does not match exactly one `oneOf` schema");
    const Node *body = node_get(s->node, found);
    bool hash = body->kind == NODE_MAP && body->n > 0 && !g_str_equal(found, "script");
    return hash || node_is_string(body) || report(s, body, "value", found, "is not a string");
}

static bool check_env(const Step *s)
{
    const Node *env = node_get(s->node, "env");
    const Node *inputs = node_get(s->node, "inputs");
    bool ok = true;

    if (inputs && inputs->kind != NODE_MAP)
        ok = report(s, inputs, "value", "inputs", "is not an object");
    if (env && env->kind != NODE_MAP)
        return report(s, env, "value", "env", "is not an object");
    for (size_t i = 0; env && i < env->n; i++) {
        const char *key = env->pairs[i].key->text;
        if (!node_is_string(env->pairs[i].value))
            ok = report(s, env, "value", arena_printf(s->e->c->arena, "env/%s", key ? key : ""),
                        "is not a string");
    }
    return ok;
}

static bool check_step(const Step *s)
{
    static const char *const keys[] = { "name",   "step", "func",   "action",
                                        "script", "env",  "inputs", NULL };
    bool ok = true;

    if (s->node->kind != NODE_MAP)
        return report(s, s->node, "value", NULL, "is not an object");
    for (size_t i = 0; i < s->node->n; i++) {
        const Node *key = s->node->pairs[i].key;
        if (key->kind != NODE_STRING || !g_strv_contains(keys, key->text))
            ok = report(s, key, "object property", key->text ? key->text : "",
                        "is a disallowed additional property");
    }
    ok = check_name(s) && ok;
    ok = check_body(s) && ok;
    return check_env(s) && ok;
}

void entry_read_run(Entry *e, const Keyword *keyword, const Node *value)
{
    bool ok = true;

    if (value->kind != NODE_LIST) {
        compiler_report_lower(e->c, value, "%s run value at root is not an array", e->location);
        return;
    }
    for (size_t i = 0; i < value->n; i++)
        ok = check_step(&(Step){ e, i, value->items[i] }) && ok;
    if (ok)
        read_json(e, keyword, value);
}
