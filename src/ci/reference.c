/* reference.c - "!reference [key, key]": the value at a path of the merged configuration.
 *
 * Runs after `extends`, so a base hands its references down.  A reference is resolved once and its
 * value shared, so what comes out is a graph: its weight as a tree is held against a limit.
 */
#include "ci/compiler.h"

enum {
    MAX_CHAIN = 500,     /* references that stand for references, and what they are in */
    WEIGHT_PER_NODE = 10 /* of all that comes out, for each node a file may have */
};

typedef struct Resolver {
    Compiler *c;
    const Node *root;
    GHashTable *done; /* Node -> Node; a reference that is being resolved -> itself */
    const Node *open; /* what an include that is out of reach may define: it is left out */
    int depth;
} Resolver;

static const Node *resolve(Resolver *r, const Node *node);

/* "["a", "b"]", as the messages print it. */
static void print(const Node *node, Arena *arena, GString *out)
{
    if (node->kind != NODE_LIST) {
        g_string_append(out, node_to_json(arena, node));
        return;
    }
    g_string_append_c(out, '[');
    for (size_t i = 0; i < node->n; i++) {
        g_string_append(out, i ? ", " : "");
        print(node->items[i], arena, out);
    }
    g_string_append_c(out, ']');
}

/* @missing: nothing stands there. */
static const Node *refuse(Resolver *r, const Node *reference, const char *what, bool missing)
{
    g_autoptr(GString) path = g_string_new(NULL);

    print(reference, r->c->arena, path);
    if (missing && compiler_excuse(r->c, reference, "!reference %s", path->str))
        return r->open;
    compiler_report(r->c, reference, "!reference %s %s", path->str, what);
    return NULL;
}

static bool is_valid(const Node *reference)
{
    if (reference->kind != NODE_LIST || reference->n == 0)
        return false;
    for (size_t i = 0; i < reference->n; i++) {
        if (reference->items[i]->kind != NODE_STRING || reference->items[i]->reference)
            return false;
    }
    return true;
}

/* What stands at the path of @reference, resolved.  NULL: reported. */
static const Node *look_up(Resolver *r, const Node *reference)
{
    const Node *at = r->root;

    for (size_t i = 0; i < reference->n; i++) {
        at = node_get(at, reference->items[i]->text);
        if (at && at->reference && (!(at = resolve(r, at)) || at == r->open))
            return at;
    }
    if (node_is_null(at) || (at->kind == NODE_BOOL && !at->truth))
        return refuse(r, reference, "could not be found", true);
    return resolve(r, at);
}

static const Node *resolve_reference(Resolver *r, const Node *reference)
{
    if (!is_valid(reference))
        return refuse(r, reference, "is not valid", false);
    g_hash_table_insert(r->done, (gpointer)reference, (gpointer)reference);
    return look_up(r, reference);
}

static Node *copy_of(Resolver *r, const Node *node)
{
    Node *copy = node_new(r->c->arena, node->kind);

    copy->file = node->file;
    copy->line = node->line;
    copy->column = node->column;
    return copy;
}

static const Node *resolve_list(Resolver *r, const Node *list)
{
    Node *copy = copy_of(r, list);

    for (size_t i = 0; i < list->n; i++) {
        const Node *item = resolve(r, list->items[i]);
        if (!item)
            return NULL;
        if (item != r->open)
            node_append(r->c->arena, copy, item);
    }
    return copy->n > 0 ? copy : r->open; /* @list was not empty: it had a reference */
}

static const Node *resolve_map(Resolver *r, const Node *map)
{
    Node *copy = copy_of(r, map);

    for (size_t i = 0; i < map->n; i++) {
        const Node *value = resolve(r, map->pairs[i].value);
        if (!value)
            return NULL;
        if (value != r->open)
            node_put(r->c->arena, copy, map->pairs[i].key, value);
    }
    return copy->n > 0 || map == r->root ? copy : r->open;
}

/* @node with no reference in it; NULL: reported.  Recursive: to MAX_CHAIN. */
static const Node *resolve(Resolver *r, const Node *node)
{
    if (!node->unresolved)
        return node;
    const Node *known = g_hash_table_lookup(r->done, node);
    if (known && known->reference)
        return refuse(r, node, "is part of a circular chain", false);
    if (known)
        return known;
    if (r->depth >= MAX_CHAIN) {
        compiler_report(r->c, node, "The parsed YAML is too big");
        return NULL;
    }
    r->depth++;
    const Node *resolved = node->reference           ? resolve_reference(r, node)
                           : node->kind == NODE_LIST ? resolve_list(r, node)
                                                     : resolve_map(r, node);
    r->depth--;
    if (resolved)
        g_hash_table_insert(r->done, (gpointer)node, (gpointer)resolved);
    return resolved;
}

const Node *reference_resolve(Compiler *c, const Node *root)
{
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
    Resolver r = { c, root, done, node_new(c->arena, NODE_NULL), 0 };
    const Node *resolved = resolve(&r, root);

    if (!resolved || resolved == root)
        return resolved;
    if (resolved->height <= c->limits.yaml_depth &&
        resolved->weight / WEIGHT_PER_NODE <= c->limits.yaml_nodes)
        return resolved;
    compiler_report(c, root, "The parsed YAML is too big");
    return NULL;
}
