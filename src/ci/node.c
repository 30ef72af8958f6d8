/* node.c - building, finding and merging nodes.
 *
 * A mapping with many keys carries an open-addressing index, so that merging and looking up stay
 * linear in the size of the file.
 */
#include "ci/node.h"

#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum { INDEX_FROM = 12 }; /* fewer keys are found faster by walking them */

struct NodeIndex {
    size_t mask;
    uint32_t slots[]; /* pair number + 1; 0: free */
};

Node *node_new(Arena *arena, NodeKind kind)
{
    Node *node = arena_new0(arena, Node, 1);

    node->kind = kind;
    node->weight = 1;
    node->height = 1;
    return node;
}

const Node *node_new_string(Arena *arena, const char *text, const Node *at)
{
    Node *node = node_new(arena, NODE_STRING);

    node->text = text;
    if (at) {
        node->file = at->file;
        node->line = at->line;
        node->column = at->column;
    }
    return node;
}

/* Room for one more of @size bytes in an array that doubles; arena memory is never moved back. */
static void *grown(Arena *arena, void *array, size_t n, uint32_t *capacity, size_t size)
{
    if (n < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 4;
    void *bigger = arena_alloc_n(arena, *capacity, size);
    if (n)
        memcpy(bigger, array, n * size);
    return bigger;
}

static void take_measure(Node *parent, const Node *child)
{
    if (__builtin_add_overflow(parent->weight, child->weight, &parent->weight))
        parent->weight = G_MAXSIZE;
    parent->height = (uint16_t)MAX(parent->height, MIN(child->height + 1, G_MAXUINT16));
    parent->unresolved = parent->unresolved || child->unresolved;
}

void node_append(Arena *arena, Node *list, const Node *item)
{
    list->items = grown(arena, list->items, list->n, &list->capacity, sizeof(*list->items));
    list->items[list->n++] = item;
    take_measure(list, item);
}

/* FNV-1a, folded so that all bits reach a small mask: names that count upwards do not cluster.  It
 * starts from where the index lies, which no author of a file knows: keys that are made to collide
 * do so in another process only. */
static size_t key_hash(const NodeIndex *index, NodeKind kind, const char *text)
{
    uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)index) + (unsigned)kind;

    for (const char *p = text ? text : ""; *p; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32);
}

static void index_insert(NodeIndex *index, const Node *key, size_t position)
{
    size_t slot = key_hash(index, key->kind, key->text) & index->mask;

    while (index->slots[slot])
        slot = (slot + 1) & index->mask;
    index->slots[slot] = (uint32_t)position + 1;
}

/* A fresh index of at most half full, over all pairs of @map. */
static void index_build(Arena *arena, Node *map)
{
    size_t size = 64;

    while (size < map->n * 4)
        size *= 2;
    map->index = arena_alloc(arena, sizeof(NodeIndex) + size * sizeof(uint32_t));
    map->index->mask = size - 1;
    for (size_t i = 0; i < map->n; i++)
        index_insert(map->index, map->pairs[i].key, i);
}

static bool is_key(const Node *key, NodeKind kind, const char *text, const Node *self)
{
    if (key->kind != kind)
        return false;
    return text ? key->text[0] == text[0] && g_str_equal(key->text, text) : key == self;
}

/* The position of the scalar key, or map->n. @self: a collection as key is equal to itself only. */
static size_t pair_position(const Node *map, NodeKind kind, const char *text, const Node *self)
{
    if (map->index) {
        size_t slot = key_hash(map->index, kind, text) & map->index->mask;
        for (; map->index->slots[slot]; slot = (slot + 1) & map->index->mask) {
            size_t i = map->index->slots[slot] - 1;
            if (is_key(map->pairs[i].key, kind, text, self))
                return i;
        }
        return map->n;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (is_key(map->pairs[i].key, kind, text, self))
            return i;
    }
    return map->n;
}

void node_put(Arena *arena, Node *map, const Node *key, const Node *value)
{
    size_t i = pair_position(map, key->kind, key->text, key);

    take_measure(map, value);
    if (i < map->n) {
        map->pairs[i].value = value;
        return;
    }
    take_measure(map, key);
    map->pairs = grown(arena, map->pairs, map->n, &map->capacity, sizeof(*map->pairs));
    map->pairs[map->n++] = (NodePair){ key, value };
    if (map->index && map->n * 2 <= map->index->mask)
        index_insert(map->index, key, map->n - 1);
    else if (map->n >= INDEX_FROM)
        index_build(arena, map);
}

const Node *node_find(const Node *map, const Node *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    size_t i = pair_position(map, key->kind, key->text, key);
    return i < map->n ? map->pairs[i].value : NULL;
}

const Node *node_get(const Node *map, const char *name)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    size_t i = pair_position(map, NODE_STRING, name, NULL);
    return i < map->n ? map->pairs[i].value : NULL;
}

bool node_is_null(const Node *node)
{
    return !node || node->kind == NODE_NULL;
}

bool node_is_string(const Node *node)
{
    return node && (node->kind == NODE_STRING || node->kind == NODE_SYMBOL);
}

bool node_is_scalar(const Node *node)
{
    return node && node->kind != NODE_NULL && node->kind != NODE_LIST && node->kind != NODE_MAP;
}

bool node_is_blank(const Node *node)
{
    if (node_is_null(node))
        return true;
    switch (node->kind) {
    case NODE_NULL:
        return true;
    case NODE_BOOL:
        return !node->truth;
    case NODE_STRING:
    case NODE_SYMBOL:
        return text_is_blank(node->text);
    case NODE_LIST:
    case NODE_MAP:
        return node->n == 0;
    case NODE_INT:
    case NODE_FLOAT:
        return false;
    }
    return false;
}

bool node_equal(const Node *a, const Node *b)
{
    return a == b || (a->kind == b->kind && a->text && g_str_equal(a->text, b->text));
}

/* Numbers that JSON has no form for, or that its readers refuse, are texts. */
static void write_number(JsonWriter *w, const Node *node)
{
    int64_t number;

    if (node->kind == NODE_INT ? text_to_int(node->text, &number)
                               : isfinite(g_ascii_strtod(node->text, NULL)))
        jw_raw(w, node->text);
    else
        jw_string(w, node->text);
}

static void write_json(JsonWriter *w, const Node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        jw_null(w);
        break;
    case NODE_BOOL:
        jw_bool(w, node->truth);
        break;
    case NODE_INT:
    case NODE_FLOAT:
        write_number(w, node);
        break;
    case NODE_STRING:
    case NODE_SYMBOL:
        jw_string(w, node->text);
        break;
    case NODE_LIST:
        jw_begin_array(w);
        for (size_t i = 0; i < node->n; i++)
            write_json(w, node->items[i]);
        jw_end_array(w);
        break;
    case NODE_MAP:
        jw_begin_object(w);
        for (size_t i = 0; i < node->n; i++) {
            const char *key = node->pairs[i].key->text;
            jw_key(w, key ? key : "");
            write_json(w, node->pairs[i].value);
        }
        jw_end_object(w);
        break;
    }
}

const char *node_to_json(Arena *arena, const Node *node)
{
    g_autoptr(GString) out = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, out);
    write_json(&w, node);
    return arena_strndup(arena, out->str, out->len);
}

static bool spend(size_t *budget, size_t n)
{
    if (n > *budget)
        return false;
    *budget -= n;
    return true;
}

/* Recursive: both sides are at most as deep as the YAML depth limit. */
const Node *node_merge(Arena *arena, const Node *left, const Node *right, size_t *budget)
{
    if (left->kind != NODE_MAP || right->kind != NODE_MAP || left->reference || right->reference)
        return right;
    if (!spend(budget, left->n + right->n))
        return NULL;

    Node *merged = node_new(arena, NODE_MAP);
    merged->file = right->file;
    merged->line = right->line;
    merged->column = right->column;
    merged->capacity = left->n + right->n; /* each at most what a budget allows */
    merged->pairs = arena_new0(arena, NodePair, merged->capacity);
    for (size_t i = 0; i < left->n; i++) {
        const NodePair *pair = &left->pairs[i];
        merged->pairs[merged->n++] = *pair;
        take_measure(merged, pair->key);
        take_measure(merged, pair->value);
    }
    if (merged->capacity >= INDEX_FROM)
        index_build(arena, merged);
    for (size_t i = 0; i < right->n; i++) {
        const NodePair *pair = &right->pairs[i];
        const Node *below = node_find(merged, pair->key);
        const Node *value = below ? node_merge(arena, below, pair->value, budget) : pair->value;
        if (!value)
            return NULL;
        node_put(arena, merged, pair->key, value);
    }
    return merged;
}
