/* entry_dependencies.c - `dependencies` beside `needs`: what is downloaded must be waited for. */
#include "ci/entry.h"

#include "base/text.h"

#include <string.h>

/* The jobs of this pipeline that a job needs; false: it names none at all. */
typedef struct Needed {
    GHashTable *names;
    bool any;
    bool own; /* some are of this pipeline */
} Needed;

static void add_need(Needed *needed, const Node *item)
{
    const Node *job = item->kind == NODE_MAP ? node_get(item, "job") : item;

    needed->any = true;
    if (node_get(item, "project") || node_get(item, "pipeline") || !job || !job->text)
        return;
    needed->own = true;
    g_hash_table_add(needed->names, (gpointer)job->text);
}

bool entry_check_dependencies(const Entry *e)
{
    const Node *dependencies = node_get(e->node, "dependencies");
    const Node *needs = node_get(e->node, "needs");
    g_autoptr(GHashTable) names = g_hash_table_new(text_hash, g_str_equal);
    g_autoptr(GString) missing = g_string_new(NULL);
    Needed needed = { .names = names };

    if (node_is_blank(dependencies) || node_is_null(needs))
        return true;
    if (needs->kind == NODE_MAP)
        add_need(&needed, needs);
    for (size_t i = 0; needs->kind == NODE_LIST && i < needs->n; i++)
        add_need(&needed, needs->items[i]);
    if (!needed.any)
        return true;
    if (!needed.own)
        return compiler_report_lower(
            e->c, dependencies,
            "%s needs corresponding to dependencies must be from the same pipeline", e->location);
    for (size_t i = 0; i < dependencies->n; i++) {
        const char *name = dependencies->items[i]->text;
        if (!g_hash_table_contains(names, name))
            g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", name);
    }
    return missing->len == 0 ||
           compiler_report_lower(e->c, dependencies,
                                 "%s dependencies the %s should be part of needs", e->location,
                                 missing->str);
}
