/* entry.c - shapes of values, and the walk over a table of keywords. */
#include "ci/entry.h"

#include <string.h>

bool node_is_strings(const Node *node)
{
    if (!node || node->kind != NODE_LIST)
        return false;
    for (size_t i = 0; i < node->n; i++) {
        if (!node_is_string(node->items[i]))
            return false;
    }
    return true;
}

bool node_is_nested(const Node *node, int levels, bool (*leaf)(const Node *))
{
    if (leaf(node))
        return true;
    if (levels <= 0 || node->kind != NODE_LIST)
        return false;
    for (size_t i = 0; i < node->n; i++) {
        if (!node_is_nested(node->items[i], levels - 1, leaf))
            return false;
    }
    return true;
}

void node_flatten(const Node *node, GPtrArray *leaves)
{
    if (node->kind != NODE_LIST) {
        g_ptr_array_add(leaves, (gpointer)node);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        node_flatten(node->items[i], leaves);
}

CiStrings strings_of(Arena *arena, const Node *node)
{
    if (node_is_string(node)) {
        const char **one = arena_new0(arena, const char *, 2);
        one[0] = node->text;
        return one;
    }
    g_autoptr(GPtrArray) leaves = g_ptr_array_new();
    node_flatten(node, leaves);
    const char **strings = arena_new0(arena, const char *, leaves->len + 1);
    for (guint i = 0; i < leaves->len; i++)
        strings[i] = ((const Node *)g_ptr_array_index(leaves, i))->text;
    return strings;
}

static bool is_map(const Node *node)
{
    return node->kind == NODE_MAP;
}

static bool is_duration(const Node *node, bool never)
{
    int64_t seconds;

    return node_is_string(node) && ci_parse_duration(node->text, &seconds) &&
           (never || seconds > 0);
}

static bool is_choice(const Node *node, const char *const *choices)
{
    return node_is_string(node) && g_strv_contains(choices, node->text);
}

bool shape_fits(const Node *node, Shape shape, const char *const *choices)
{
    switch (shape) {
    case SHAPE_ANY:
        return true;
    case SHAPE_STRING:
        return node_is_string(node);
    case SHAPE_BOOL:
        return node->kind == NODE_BOOL;
    case SHAPE_HASH:
        return is_map(node);
    case SHAPE_STRINGS:
        return node_is_strings(node);
    case SHAPE_STRINGS_OR_STRING:
        return node_is_string(node) || node_is_strings(node);
    case SHAPE_NESTED_HASHES:
        return node->kind == NODE_LIST && node_is_nested(node, ENTRY_NESTING, is_map);
    case SHAPE_DURATION:
        return is_duration(node, false);
    case SHAPE_DURATION_OR_NEVER:
        return is_duration(node, true);
    case SHAPE_CHOICE:
        return is_choice(node, choices);
    }
    return false;
}

/* What a message says of a value without the shape. */
static const char *const shape_texts[] = {
    [SHAPE_ANY] = "",
    [SHAPE_STRING] = "should be a string",
    [SHAPE_BOOL] = "should be a boolean value",
    [SHAPE_HASH] = "should be a hash",
    [SHAPE_STRINGS] = "should be an array of strings",
    [SHAPE_STRINGS_OR_STRING] = "should be an array of strings or a string",
    [SHAPE_NESTED_HASHES] = "should be an array containing hashes and arrays of hashes",
    [SHAPE_DURATION] = "should be a duration",
    [SHAPE_DURATION_OR_NEVER] = "should be a duration",
    [SHAPE_CHOICE] = "should be one of: ",
};

const char *entry_location(const Entry *e, const char *key)
{
    return *e->location ? arena_join(e->c->arena, e->location, ':', key)
                        : arena_strdup(e->c->arena, key);
}

const char *entry_member_location(const Entry *e, const Node *key)
{
    return entry_location(e, key->text ? key->text : node_to_json(e->c->arena, key));
}

bool entry_report(const Entry *e, const Node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return compiler_report_lower(e->c, at, "%s config %s", *e->location ? e->location : "root",
                                 text);
}

enum { MAX_KEYWORDS = 64 };

static const Keyword *find(const Keyword *keywords, size_t n, const Node *key)
{
    if (key->kind != NODE_STRING)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (keywords[i].name[0] == key->text[0] && g_str_equal(keywords[i].name, key->text))
            return &keywords[i];
    }
    return NULL;
}

/* The value of every keyword by its place in the table; NULL: absent or null. */
static void find_values(const Entry *e, const Keyword *keywords, size_t n, const Node **values)
{
    g_assert(n <= MAX_KEYWORDS);
    memset(values, 0, n * sizeof(*values));
    for (size_t i = 0; i < e->node->n; i++) {
        const Keyword *keyword = find(keywords, n, e->node->pairs[i].key);
        if (keyword && !node_is_null(e->node->pairs[i].value))
            values[keyword - keywords] = e->node->pairs[i].value;
    }
}

bool entry_check_keys(const Entry *e, const Keyword *keywords, size_t n)
{
    g_autoptr(GString) unknown = NULL;

    for (size_t i = 0; i < e->node->n; i++) {
        const Node *key = e->node->pairs[i].key;
        if (find(keywords, n, key))
            continue;
        if (unknown)
            g_string_append(unknown, ", ");
        else
            unknown = g_string_new(NULL);
        g_string_append(unknown, key->text ? key->text : node_to_json(e->c->arena, key));
    }
    return !unknown || entry_report(e, e->node, "contains unknown keys: %s", unknown->str);
}

static void report_shape(const Entry *e, const Keyword *keyword, const Node *value)
{
    g_autofree char *choices =
        keyword->choices ? g_strjoinv(", ", (char **)keyword->choices) : NULL;
    g_autofree char *name = g_strdelimit(g_strdup(keyword->name), "_", ' ');

    if (keyword->shape == SHAPE_CHOICE && !node_is_string(value))
        compiler_report_lower(e->c, value, "%s %s should be a string", e->location, name);
    compiler_report_lower(e->c, value, "%s %s %s%s", e->location, name, shape_texts[keyword->shape],
                          choices ? choices : "");
}

bool entry_check_shapes(const Entry *e, const Keyword *keywords, size_t n)
{
    const Node *values[MAX_KEYWORDS];
    bool ok = true;

    find_values(e, keywords, n, values);
    for (size_t i = 0; i < n; i++) {
        if (!values[i] || shape_fits(values[i], keywords[i].shape, keywords[i].choices))
            continue;
        report_shape(e, &keywords[i], values[i]);
        ok = false;
    }
    return ok;
}

void entry_read(Entry *e, const Keyword *keywords, size_t n)
{
    const Node *values[MAX_KEYWORDS];

    find_values(e, keywords, n, values);
    for (size_t i = 0; i < n; i++) {
        if (values[i] && keywords[i].read)
            keywords[i].read(e, &keywords[i], values[i]);
    }
}

bool entry_read_hash(Entry *e, const Keyword *keywords, size_t n)
{
    if (e->node->kind != NODE_MAP)
        return entry_report(e, e->node, "should be a hash");
    bool ok = entry_check_keys(e, keywords, n);
    if (!entry_check_shapes(e, keywords, n) || !ok)
        return false;
    entry_read(e, keywords, n);
    return true;
}

void read_string(Entry *e, const Keyword *keyword, const Node *value)
{
    G_STRUCT_MEMBER(const char *, e->out, keyword->offset) = value->text;
}

void read_bool(Entry *e, const Keyword *keyword, const Node *value)
{
    G_STRUCT_MEMBER(bool, e->out, keyword->offset) = value->truth;
}

void read_strings(Entry *e, const Keyword *keyword, const Node *value)
{
    G_STRUCT_MEMBER(CiStrings, e->out, keyword->offset) = strings_of(e->c->arena, value);
}

void read_json(Entry *e, const Keyword *keyword, const Node *value)
{
    G_STRUCT_MEMBER(const char *, e->out, keyword->offset) = node_to_json(e->c->arena, value);
}

void read_ignored(Entry *e, const Keyword *keyword, const Node *value)
{
}
