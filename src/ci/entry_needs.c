/* entry_needs.c - `needs`: jobs of this pipeline, of others, and the pipeline that is mirrored. */
#include "ci/entry.h"
#include "ci/matrix.h"

#include <string.h>

enum { MAX_CROSS_NEEDS = 5 };

typedef enum NeedKind { NEED_JOB, NEED_CROSS, NEED_BRIDGE, NEED_UNKNOWN, N_NEED_KINDS } NeedKind;

static const char *const kind_names[] = {
    [NEED_JOB] = "job",
    [NEED_CROSS] = "cross_dependency",
    [NEED_BRIDGE] = "bridge",
};

static void read_parallel(Entry *e, const Keyword *keyword, const Node *value)
{
    CiNeed *need = e->out;

    need->parallel = entry_parallel(e->c, entry_location(e, keyword->name), value, false);
}

static const Keyword job_keywords[] = {
    { "job", read_string, SHAPE_STRING, offsetof(CiNeed, job) },
    { "artifacts", read_bool, SHAPE_BOOL, offsetof(CiNeed, artifacts) },
    { "optional", read_bool, SHAPE_BOOL, offsetof(CiNeed, optional) },
    { "parallel", read_parallel },
};

static const Keyword pipeline_keywords[] = {
    { "pipeline", read_string, SHAPE_STRING, offsetof(CiCrossNeed, pipeline) },
    { "job", read_string, SHAPE_STRING, offsetof(CiCrossNeed, job) },
    { "artifacts", read_bool, SHAPE_BOOL, offsetof(CiCrossNeed, artifacts) },
    { "optional", read_bool, SHAPE_BOOL, offsetof(CiCrossNeed, optional) },
};

static const Keyword project_keywords[] = {
    { "project", read_string, SHAPE_STRING, offsetof(CiCrossNeed, project) },
    { "ref", read_string, SHAPE_STRING, offsetof(CiCrossNeed, ref) },
    { "job", read_string, SHAPE_STRING, offsetof(CiCrossNeed, job) },
    { "artifacts", read_bool, SHAPE_BOOL, offsetof(CiCrossNeed, artifacts) },
    { "optional", read_bool, SHAPE_BOOL, offsetof(CiCrossNeed, optional) },
};

static const Keyword bridge_keywords[] = {
    { "pipeline", read_string, SHAPE_STRING, offsetof(CiCrossNeed, pipeline) },
};

static const char *const job_required[] = { "job", NULL };
static const char *const pipeline_required[] = { "pipeline", "job", NULL };
static const char *const project_required[] = { "project", "ref", "job", NULL };
static const char *const bridge_required[] = { "pipeline", NULL };

static NeedKind kind_of(const Node *item)
{
    if (item->kind == NODE_STRING)
        return NEED_JOB;
    if (node_get(item, "project"))
        return NEED_CROSS;
    if (node_get(item, "pipeline"))
        return node_get(item, "job") ? NEED_CROSS : NEED_BRIDGE;
    return node_get(item, "job") ? NEED_JOB : NEED_UNKNOWN;
}

static bool check_required(const Entry *e, const char *const *required)
{
    bool ok = true;

    for (; *required; required++) {
        const Node *value = node_get(e->node, *required);
        if (node_is_null(value))
            ok = compiler_report_lower(e->c, e->node, "%s %s should be a string", e->location,
                                       *required);
        if (node_is_blank(value))
            ok = compiler_report_lower(e->c, e->node, "%s %s can't be blank", e->location,
                                       *required);
    }
    return ok;
}

static bool read_hash(Entry *e, const Keyword *keywords, size_t n, const char *const *required)
{
    bool ok = entry_check_keys(e, keywords, n);

    ok = check_required(e, required) && ok;
    if (!entry_check_shapes(e, keywords, n) || !ok)
        return false;
    entry_read(e, keywords, n);
    return true;
}

static bool read_cross(Entry *e)
{
    if (node_get(e->node, "project"))
        return read_hash(e, project_keywords, G_N_ELEMENTS(project_keywords), project_required);
    return read_hash(e, pipeline_keywords, G_N_ELEMENTS(pipeline_keywords), pipeline_required);
}

static bool read_need(Entry *e)
{
    CiNeed *need = e->out;

    if (e->node->kind == NODE_MAP)
        return read_hash(e, job_keywords, G_N_ELEMENTS(job_keywords), job_required);
    if (node_is_blank(e->node))
        return entry_report(e, e->node, "can't be blank");
    need->job = e->node->text;
    return true;
}

static void read_item(Compiler *c, const char *location, const Node *item, Needs *needs,
                      CiNeed *need, CiCrossNeed *cross)
{
    Entry e = { c, location, item, NULL };
    CiCrossNeed bridge = { 0 };

    *need = (CiNeed){ .artifacts = true };
    *cross = (CiCrossNeed){ .artifacts = true };
    switch (kind_of(item)) {
    case NEED_JOB:
        e.out = need;
        needs->n_jobs += read_need(&e);
        break;
    case NEED_CROSS:
        e.out = cross;
        needs->n_cross += read_cross(&e);
        break;
    case NEED_BRIDGE:
        e.out = &bridge;
        if (read_hash(&e, bridge_keywords, G_N_ELEMENTS(bridge_keywords), bridge_required))
            needs->mirror = bridge.pipeline;
        break;
    case NEED_UNKNOWN:
    case N_NEED_KINDS:
        compiler_report(c, item, "%s has an unsupported type", location);
        break;
    }
}

/* The kinds that this job may not have, and too many of another pipeline. */
static void check_kinds(const Entry *e, const Node *const *items, size_t n, NeedsAllowed allowed)
{
    static const bool table[][N_NEED_KINDS] = {
        [NEEDS_OF_JOB] = { [NEED_JOB] = true, [NEED_CROSS] = true },
        [NEEDS_OF_BRIDGE] = { [NEED_JOB] = true, [NEED_BRIDGE] = true },
        [NEEDS_OF_RULE] = { [NEED_JOB] = true },
    };
    g_autoptr(GString) refused = g_string_new(NULL);
    bool seen[N_NEED_KINDS] = { false };
    int pipelines = 0;

    for (size_t i = 0; i < n; i++) {
        NeedKind kind = kind_of(items[i]);
        pipelines += kind == NEED_CROSS && !node_get(items[i], "project");
        if (kind == NEED_UNKNOWN || table[allowed][kind] || seen[kind])
            continue;
        seen[kind] = true;
        g_string_append_printf(refused, "%s%s", refused->len ? ", " : "", kind_names[kind]);
    }
    if (refused->len > 0)
        entry_report(e, e->node, "uses invalid types: %s", refused->str);
    if (pipelines > MAX_CROSS_NEEDS)
        entry_report(e, e->node, "must be less than or equal to %d", MAX_CROSS_NEEDS);
}

bool entry_needs(Compiler *c, const char *location, const Node *value, NeedsAllowed allowed,
                 Needs *needs)
{
    Entry e = { c, location, value, NULL };
    const char *item_location = entry_location(&e, "need");
    const Node *one[] = { value };
    const Node *const *items = value->kind == NODE_LIST ? value->items : one;
    size_t n = value->kind == NODE_LIST ? value->n : 1;

    *needs = (Needs){ 0 };
    if (value->kind != NODE_LIST && value->kind != NODE_MAP)
        return entry_report(&e, value, "can only be a hash or an array");
    if (value->kind == NODE_MAP && value->n == 0)
        return entry_report(&e, value, "can not be an empty hash");
    CiNeed *jobs = arena_new0(c->arena, CiNeed, n);
    CiCrossNeed *cross = arena_new0(c->arena, CiCrossNeed, n);
    needs->jobs = jobs;
    needs->cross = cross;
    check_kinds(&e, items, n, allowed);
    for (size_t i = 0; i < n; i++)
        read_item(c, item_location, items[i], needs, &jobs[needs->n_jobs], &cross[needs->n_cross]);
    return true;
}

void entry_read_needs(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;
    bool bridge = !node_get(e->node, "script") && !node_get(e->node, "run");
    Needs needs;

    if (!entry_needs(e->c, entry_location(e, keyword->name), value,
                     bridge ? NEEDS_OF_BRIDGE : NEEDS_OF_JOB, &needs))
        return;
    job->has_needs = !needs.mirror || needs.n_jobs > 0;
    job->needs = needs.jobs;
    job->n_needs = needs.n_jobs;
    job->cross_needs = needs.cross;
    job->n_cross_needs = needs.n_cross;
    job->mirror = needs.mirror;
}
