/* entry_needs.c - `needs`: a name, or a hash with job, artifacts and optional. */
#include "ci/entry.h"

#include <string.h>

static const Keyword need_keywords[] = {
    { "job", read_string, SHAPE_STRING, offsetof(CiNeed, job) },
    { "artifacts", read_bool, SHAPE_BOOL, offsetof(CiNeed, artifacts) },
    { "optional", read_bool, SHAPE_BOOL, offsetof(CiNeed, optional) },
    KEYWORD_LATER("parallel"),
    KEYWORD_LATER("project"),
    KEYWORD_LATER("pipeline"),
    KEYWORD_LATER("ref"),
};

static bool is_foreign(const Node *item)
{
    return node_get(item, "project") || node_get(item, "pipeline");
}

static bool read_need_hash(Entry *e)
{
    const Node *job = node_get(e->node, "job");

    if (!job && !is_foreign(e->node))
        return compiler_report(e->c, e->node, "%s has an unsupported type", e->location);
    bool ok = entry_check_keys(e, need_keywords, G_N_ELEMENTS(need_keywords));
    if (job && node_is_null(job))
        ok = compiler_report_lower(e->c, e->node, "%s job should be a string", e->location);
    if (job && node_is_blank(job))
        ok = compiler_report_lower(e->c, e->node, "%s job can't be blank", e->location);
    if (!entry_check_shapes(e, need_keywords, G_N_ELEMENTS(need_keywords)) || !ok)
        return false;
    entry_read(e, need_keywords, G_N_ELEMENTS(need_keywords));
    return true;
}

static bool read_need(Compiler *c, const char *location, const Node *item, CiNeed *need)
{
    Entry e = { c, location, item, need };

    *need = (CiNeed){ .artifacts = true };
    if (item->kind == NODE_MAP)
        return read_need_hash(&e);
    if (item->kind != NODE_STRING)
        return compiler_report(c, item, "%s has an unsupported type", location);
    if (node_is_blank(item))
        return entry_report(&e, item, "can't be blank");
    need->job = item->text;
    return true;
}

void entry_read_needs(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;
    Entry needs = { e->c, entry_location(e, keyword->name), value, job };
    const char *location = entry_location(&needs, "need");
    const Node *one[] = { value };
    const Node *const *items = value->kind == NODE_LIST ? value->items : one;
    size_t n = value->kind == NODE_LIST ? value->n : 1;

    if (value->kind != NODE_LIST && value->kind != NODE_MAP) {
        entry_report(&needs, value, "can only be a hash or an array");
        return;
    }
    if (value->kind == NODE_MAP && value->n == 0) {
        entry_report(&needs, value, "can not be an empty hash");
        return;
    }
    CiNeed *list = arena_new0(e->c->arena, CiNeed, n);
    job->has_needs = true;
    job->needs = list;
    for (size_t i = 0; i < n; i++) {
        if (read_need(e->c, location, items[i], &list[job->n_needs]))
            job->n_needs++;
    }
}
