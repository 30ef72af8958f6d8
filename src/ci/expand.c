/* expand.c - $X, ${X} and %X%: in one text, and among the values of a collection. */
#include "ci/expand.h"

#include "base/text.h"

#include <string.h>

/* Bytes that expanding one collection may give; the values past it stay as they are. */
enum { MAX_EXPANDED_TOTAL = 16 * CI_EXPANDED_MAX };

static bool is_first(char c)
{
    return g_ascii_isalpha(c) || c == '_';
}

static size_t name_length(const char *p)
{
    size_t n = 0;

    if (!is_first(*p))
        return 0;
    while (g_ascii_isalnum(p[n]) || p[n] == '_')
        n++;
    return n;
}

/* The length of the reference at @p, 0 for none; @name and @n: the name in it. */
static size_t reference_length(const char *p, const char **name, size_t *n)
{
    bool braces = p[0] == '$' && p[1] == '{';

    *name = p + (braces ? 2 : 1);
    *n = name_length(*name);
    if (*n == 0)
        return 0;
    if (p[0] == '%')
        return (*name)[*n] == '%' ? *n + 2 : 0;
    if (braces)
        return (*name)[*n] == '}' ? *n + 3 : 0;
    return *n + 1;
}

bool expand_has_reference(const char *text)
{
    return strpbrk(text, "$%") != NULL;
}

/* @escapes: "$$" and "%%" stand for themselves, as in values that a runner reads later. */
static const char *expand(Arena *arena, const char *text, bool keep_unknown, bool escapes,
                          ExpandLookup lookup, void *data)
{
    if (!expand_has_reference(text))
        return text;
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *p = text; *p && out->len <= CI_EXPANDED_MAX;) {
        const char *name;
        size_t n, length = 0;
        if (escapes && (*p == '$' || *p == '%') && p[1] == *p) {
            g_string_append_len(out, p, 2);
            p += 2;
            continue;
        }
        if (*p == '$' || *p == '%')
            length = reference_length(p, &name, &n);
        if (length == 0) {
            g_string_append_c(out, *p++);
            continue;
        }
        g_autofree char *key = g_strndup(name, n);
        const char *value = lookup(data, key);
        if (value)
            g_string_append(out, value);
        else if (keep_unknown)
            g_string_append_len(out, p, (gssize)length);
        p += length;
    }
    return out->len > CI_EXPANDED_MAX ? NULL : arena_strndup(arena, out->str, out->len);
}

const char *expand_text(Arena *arena, const char *text, bool keep_unknown, ExpandLookup lookup,
                        void *data)
{
    return expand(arena, text, keep_unknown, false, lookup, data);
}

GHashTable *expand_table(CiVariables variables)
{
    GHashTable *table = g_hash_table_new(text_hash, g_str_equal);

    for (size_t i = 0; i < variables.n; i++)
        g_hash_table_replace(table, (gpointer)variables.items[i].key,
                             (gpointer)&variables.items[i]);
    return table;
}

static const char *lookup_last(void *data, const char *name)
{
    const CiVariables *variables = data;

    for (size_t i = variables->n; i > 0; i--) {
        if (g_str_equal(variables->items[i - 1].key, name))
            return variables->items[i - 1].value;
    }
    return NULL;
}

static const char *lookup_table(void *data, const char *name)
{
    const CiVariable *variable = g_hash_table_lookup(data, name);

    return variable ? variable->value : NULL;
}

const char *ci_expand(Arena *arena, const char *text, CiVariables variables)
{
    if (!expand_has_reference(text))
        return text;
    if (strlen(text) < 256) /* few references: not worth a table */
        return expand(arena, text, false, false, lookup_last, &variables);
    g_autoptr(GHashTable) table = expand_table(variables);
    return expand(arena, text, false, false, lookup_table, table);
}

/* Tarjan's search over the references between values. */
typedef struct Sorter {
    Arena *arena;
    CiVariable *items;
    size_t n;
    GHashTable *positions; /* key -> position + 1 */
    int *ids;              /* 0: not seen; -1: done */
    int next_id;
    GArray *path;   /* of size_t: Tarjan's stack */
    GArray *frames; /* of Frame: the search's own stack */
    GArray *cycle;  /* of size_t: the first component of several */
    size_t *order;  /* what a value refers to comes before it */
    size_t n_order;
} Sorter;

typedef struct Frame {
    size_t item;
    const char *rest; /* of the value: where the next reference is looked for */
    int id;
    int low;
} Frame;

/* The next reference of the frame's value to another known variable.  false: no more. */
static bool next_reference(Sorter *s, Frame *frame, size_t *out)
{
    for (const char *p = frame->rest; *p;) {
        const char *name;
        size_t n, length = 0;
        if (*p == '$' || *p == '%')
            length = p[1] == *p ? 2 : reference_length(p, &name, &n);
        if (length == 0) {
            p++;
            continue;
        }
        bool escape = p[1] == *p;
        p += length;
        if (escape)
            continue;
        g_autofree char *key = g_strndup(name, n);
        size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(s->positions, key));
        if (position > 0 && position - 1 != frame->item) {
            frame->rest = p;
            *out = position - 1;
            return true;
        }
    }
    frame->rest = "";
    return false;
}

static void enter(Sorter *s, size_t item)
{
    const CiVariable *variable = &s->items[item];
    Frame frame = { item, variable->raw ? "" : variable->value, ++s->next_id, s->next_id };

    frame.low = frame.id;
    s->ids[item] = frame.id;
    g_array_append_val(s->path, item);
    g_array_append_val(s->frames, frame);
}

static void leave(Sorter *s, const Frame *frame)
{
    if (frame->low == frame->id) {
        guint from = s->path->len;
        while (g_array_index(s->path, size_t, from - 1) != frame->item)
            from--;
        from--;
        if (s->path->len - from > 1 && s->cycle->len == 0)
            g_array_append_vals(s->cycle, &g_array_index(s->path, size_t, from),
                                s->path->len - from);
        for (guint i = from; i < s->path->len; i++)
            s->ids[g_array_index(s->path, size_t, i)] = -1;
        g_array_set_size(s->path, from);
    }
    s->order[s->n_order++] = frame->item;
}

static void sort_from(Sorter *s, size_t root)
{
    enter(s, root);
    while (s->frames->len > 0) {
        Frame *top = &g_array_index(s->frames, Frame, s->frames->len - 1);
        size_t next;
        if (next_reference(s, top, &next)) {
            if (s->ids[next] == 0)
                enter(s, next);
            else if (s->ids[next] > 0)
                top->low = MIN(top->low, s->ids[next]);
            continue;
        }
        Frame done = *top;
        g_array_set_size(s->frames, s->frames->len - 1);
        leave(s, &done);
        if (s->frames->len > 0) {
            Frame *above = &g_array_index(s->frames, Frame, s->frames->len - 1);
            above->low = MIN(above->low, done.low);
        }
    }
}

static const char *lookup_sorted(void *data, const char *name)
{
    const Sorter *s = data;
    size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(s->positions, name));

    /* A variable that refers to itself keeps that reference for the runner. */
    if (position == 0 || position - 1 == s->order[s->n_order])
        return NULL;
    return s->items[position - 1].value;
}

static void expand_in_order(Sorter *s)
{
    size_t n = s->n_order, expanded = 0;

    for (s->n_order = 0; s->n_order < n; s->n_order++) {
        CiVariable *item = &s->items[s->order[s->n_order]];
        if (item->raw)
            continue;
        if (expanded > MAX_EXPANDED_TOTAL)
            break;
        const char *value = expand(s->arena, item->value, true, true, lookup_sorted, s);
        if (value && value != item->value) {
            item->value = value;
            expanded += strlen(value);
        }
    }
}

/* The variables with each key once; a later entry of a key takes the place of the first. */
static void collect(Sorter *s, CiVariables variables)
{
    s->items = arena_new0(s->arena, CiVariable, variables.n);
    for (size_t i = 0; i < variables.n; i++) {
        const char *key = variables.items[i].key;
        size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(s->positions, key));
        if (position == 0) {
            position = ++s->n;
            g_hash_table_insert(s->positions, (gpointer)key, GSIZE_TO_POINTER(position));
        }
        s->items[position - 1] = variables.items[i];
    }
}

static CiStrings cycle_names(const Sorter *s)
{
    if (s->cycle->len == 0)
        return NULL;
    const char **names = arena_new0(s->arena, const char *, s->cycle->len + 1);
    for (guint i = 0; i < s->cycle->len; i++)
        names[i] = s->items[g_array_index(s->cycle, size_t, i)].key;
    return names;
}

CiVariables ci_expand_values(Arena *arena, CiVariables variables, CiStrings *cycle)
{
    Sorter s = { .arena = arena };

    s.positions = g_hash_table_new(text_hash, g_str_equal);
    s.path = g_array_new(FALSE, FALSE, sizeof(size_t));
    s.frames = g_array_new(FALSE, FALSE, sizeof(Frame));
    s.cycle = g_array_new(FALSE, FALSE, sizeof(size_t));
    collect(&s, variables);
    s.ids = g_new0(int, s.n + 1);
    s.order = g_new0(size_t, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        if (s.ids[i] == 0)
            sort_from(&s, i);
    }
    *cycle = cycle_names(&s);
    if (!*cycle)
        expand_in_order(&s);
    g_free(s.order);
    g_free(s.ids);
    g_array_free(s.cycle, TRUE);
    g_array_free(s.frames, TRUE);
    g_array_free(s.path, TRUE);
    g_hash_table_destroy(s.positions);
    return (CiVariables){ s.items, s.n };
}
