/* extends.c - the bases of a job under the job.
 *
 * Bases are resolved before what extends them and each only once, so a file with many jobs over the
 * same base costs one merge a job.
 */
#include "ci/compiler.h"

enum { MAX_STEPS = 11 };

typedef struct Extends {
    Compiler *c;
    const Node *root;
    GHashTable *done; /* value of the root -> Done * */
} Extends;

/* A value with its bases under it, and how many steps its longest chain takes. */
typedef struct Done {
    const Node *value;
    int steps;
} Done;

/* The path from the job that asked to the one being resolved. */
typedef struct Trail {
    const struct Trail *up;
    const Node *value;
    int steps;
} Trail;

static const Node *resolve(Extends *e, const char *name, const Node *value, const Trail *up,
                           int *steps);

/* The names of the bases; false for a shape that the keyword check of `extends` reports later. */
static bool base_names(const Node *extends, GPtrArray *names)
{
    if (node_is_string(extends)) {
        g_ptr_array_add(names, (gpointer)extends);
        return true;
    }
    if (extends->kind != NODE_LIST)
        return false;
    for (size_t i = 0; i < extends->n; i++) {
        if (!node_is_string(extends->items[i]))
            return false;
        g_ptr_array_add(names, (gpointer)extends->items[i]);
    }
    return true;
}

static bool is_missing(const Node *base)
{
    return base == NULL;
}

/* Reports the names for which @wrong holds, all in one message.  true: there are none. */
static bool check_bases(Extends *e, const char *name, const Node *at, const GPtrArray *names,
                        bool (*wrong)(const Node *base), const char *what)
{
    g_autoptr(GString) list = NULL;

    for (guint i = 0; i < names->len; i++) {
        const Node *base_name = g_ptr_array_index(names, i);
        if (!wrong(node_get(e->root, base_name->text)))
            continue;
        if (wrong == is_missing &&
            compiler_excuse(e->c, base_name, "`%s`, which `%s` extends,", base_name->text, name))
            continue;
        if (list)
            g_string_append(list, ", ");
        else
            list = g_string_new(NULL);
        g_string_append(list, base_name->text);
    }
    return !list || compiler_report(e->c, at, "%s: %s in `extends` (%s)", name, what, list->str);
}

static bool is_no_map(const Node *base)
{
    return base && base->kind != NODE_MAP;
}

static bool is_on_trail(const Trail *trail, const Node *value)
{
    for (; trail; trail = trail->up) {
        if (trail->value == value)
            return true;
    }
    return false;
}

static bool check(Extends *e, const char *name, const Node *at, const GPtrArray *names,
                  const Trail *trail)
{
    if (!check_bases(e, name, at, names, is_missing, "unknown keys") ||
        !check_bases(e, name, at, names, is_no_map, "invalid base hashes"))
        return false;
    if (trail->steps > MAX_STEPS)
        return compiler_report(e->c, at, "%s: nesting too deep in `extends`", name);
    if (is_on_trail(trail->up, trail->value))
        return compiler_report(e->c, at, "%s: circular dependency detected in `extends`", name);
    return true;
}

static const Node *merge(Extends *e, const Node *left, const Node *right)
{
    const Node *merged = node_merge(e->c->arena, left, right, &e->c->merge_budget);

    if (!merged)
        compiler_report(e->c, right, "The parsed YAML is too big");
    return merged;
}

static const Node *resolve_bases(Extends *e, const GPtrArray *names, const Node *value,
                                 const Trail *trail, int *steps)
{
    const Node *merged = NULL;

    for (guint i = 0; i < names->len; i++) {
        const char *base = ((const Node *)g_ptr_array_index(names, i))->text;
        const Node *value_of_base = node_get(e->root, base);
        int below;
        if (!value_of_base)
            continue; /* out of reach */
        const Node *resolved = resolve(e, base, value_of_base, trail, &below);
        if (!resolved)
            return NULL;
        *steps = MAX(*steps, below + 1);
        merged = merged ? merge(e, merged, resolved) : resolved;
        if (!merged)
            return NULL;
    }
    return merged ? merge(e, merged, value) : value;
}

/* @value with its bases under it; @steps: of its longest chain.  NULL: reported.
 * A known result is taken over unless it makes the chain too deep: then the walk goes on down to
 * the one whose name the message needs. */
static const Node *resolve(Extends *e, const char *name, const Node *value, const Trail *up,
                           int *steps)
{
    const Node *extends = node_get(value, "extends");
    Trail trail = { up, value, up ? up->steps + 1 : 1 };

    *steps = 0;
    if (node_is_null(extends))
        return value;
    const Done *known = g_hash_table_lookup(e->done, value);
    *steps = known ? known->steps : 0;
    if (known && trail.steps - 1 + known->steps <= MAX_STEPS)
        return known->value;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    if (!base_names(extends, names))
        return value;
    if (!check(e, name, extends, names, &trail))
        return NULL;
    const Node *resolved = resolve_bases(e, names, value, &trail, steps);
    if (resolved) {
        Done *done = arena_new0(e->c->arena, Done, 1);
        *done = (Done){ resolved, *steps };
        g_hash_table_insert(e->done, (gpointer)value, done);
    }
    return resolved;
}

const Node *extends_resolve(Compiler *c, const Node *root)
{
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
    Extends e = { c, root, done };
    Node *resolved = node_new(c->arena, NODE_MAP);

    resolved->file = root->file;
    resolved->line = root->line;
    resolved->column = root->column;
    for (size_t i = 0; i < root->n; i++) {
        const NodePair *pair = &root->pairs[i];
        const char *name = pair->key->text ? pair->key->text : "";
        int steps;
        const Node *value = resolve(&e, name, pair->value, NULL, &steps);
        if (!value)
            return NULL;
        node_put(c->arena, resolved, pair->key, value);
    }
    return resolved;
}
