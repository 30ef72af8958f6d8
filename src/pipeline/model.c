/* model.c - builds the model: names become indexes, needs become edges, stages get their order. */
#include "pipeline/model.h"

#include "base/text.h"

#include <string.h>

EnginePipeline *engine_pipeline_new(Arena *arena, int n_stages, int64_t now_us)
{
    EnginePipeline *p = arena_new0(arena, EnginePipeline, 1);

    p->arena = arena;
    p->now_us = now_us;
    p->created_at = now_us;
    p->duration_s = -1;
    p->stages = arena_new0(arena, EngineStage, n_stages);
    p->n_stages = n_stages;
    return p;
}

EngineJob *engine_pipeline_add(EnginePipeline *p, const EngineJob *job)
{
    g_assert(job->stage >= 0 && job->stage < p->n_stages);
    EngineJob *copy = arena_memdup(p->arena, job, sizeof(*job));

    copy->before = job->status;
    if (p->n_jobs == p->n_jobs_allocated) {
        int n = MAX(16, 2 * p->n_jobs_allocated);
        EngineJob **grown = arena_new0(p->arena, EngineJob *, n);

        if (p->n_jobs > 0)
            memcpy(grown, p->jobs, (size_t)p->n_jobs * sizeof(*grown));
        p->jobs = grown;
        p->n_jobs_allocated = n;
    }
    p->jobs[p->n_jobs++] = copy;
    return copy;
}

/* One slot a name that has a latest run; @slot_of maps the name to its index + 1. */
static void make_slots(EnginePipeline *p, GHashTable *slot_of)
{
    p->slots = arena_new0(p->arena, EngineSlot, p->n_jobs);
    for (int i = 0; i < p->n_jobs; i++) {
        EngineJob *job = p->jobs[i];

        job->slot = -1;
        if (job->retried)
            continue;
        g_assert(!g_hash_table_contains(slot_of, job->name));
        job->slot = p->n_slots++;
        p->slots[job->slot].latest = job;
        g_hash_table_insert(slot_of, (void *)job->name, GINT_TO_POINTER(job->slot + 1));
    }
}

static void join_needs(EnginePipeline *p, GHashTable *slot_of)
{
    for (int i = 0; i < p->n_slots; i++) {
        EngineSlot *slot = &p->slots[i];

        slot->needs = arena_new0(p->arena, int, slot->latest->n_needs);
        for (size_t k = 0; k < slot->latest->n_needs; k++) {
            void *found = g_hash_table_lookup(slot_of, slot->latest->needs[k]);

            if (!found)
                continue;
            int need = GPOINTER_TO_INT(found) - 1;
            slot->needs[slot->n_needs++] = need;
            p->slots[need].n_needed_by++;
        }
    }
    for (int i = 0; i < p->n_slots; i++) {
        p->slots[i].needed_by = arena_new0(p->arena, int, p->slots[i].n_needed_by);
        p->slots[i].n_needed_by = 0;
    }
    for (int i = 0; i < p->n_slots; i++)
        for (int k = 0; k < p->slots[i].n_needs; k++) {
            EngineSlot *need = &p->slots[p->slots[i].needs[k]];
            need->needed_by[need->n_needed_by++] = i;
        }
}

/* Each stage's order: first the jobs that need none of their own stage, then those whose last such
 * need was just placed.  The compiler refuses circles; jobs of one are not placed by the walk and
 * go to the end, where they wait for each other. */
static void order_stages(EnginePipeline *p)
{
    g_autofree int *waits_for = g_new0(int, (gsize)p->n_slots + 1);

    for (int i = 0; i < p->n_slots; i++)
        p->stages[p->slots[i].latest->stage].n_order++;
    for (int s = 0; s < p->n_stages; s++) {
        p->stages[s].order = arena_new0(p->arena, int, p->stages[s].n_order);
        p->stages[s].n_order = 0;
    }
    for (int i = 0; i < p->n_slots; i++) {
        int own = p->slots[i].latest->stage;
        EngineStage *stage = &p->stages[own];

        for (int k = 0; k < p->slots[i].n_needs; k++)
            waits_for[i] += p->slots[p->slots[i].needs[k]].latest->stage == own;
        if (waits_for[i] == 0)
            stage->order[stage->n_order++] = i;
    }
    for (int s = 0; s < p->n_stages; s++)
        for (int at = 0; at < p->stages[s].n_order; at++) {
            const EngineSlot *placed = &p->slots[p->stages[s].order[at]];

            for (int k = 0; k < placed->n_needed_by; k++) {
                int next = placed->needed_by[k];

                if (p->slots[next].latest->stage == s && --waits_for[next] == 0)
                    p->stages[s].order[p->stages[s].n_order++] = next;
            }
        }
    for (int i = 0; i < p->n_slots; i++) {
        EngineStage *stage = &p->stages[p->slots[i].latest->stage];

        if (waits_for[i] > 0)
            stage->order[stage->n_order++] = i;
    }
}

void engine_pipeline_ready(EnginePipeline *p)
{
    g_autoptr(GHashTable) slot_of = g_hash_table_new(text_hash, g_str_equal);

    g_assert(!p->slots);
    p->before = p->status;
    for (int s = 0; s < p->n_stages; s++)
        p->stages[s].before = p->stages[s].status;
    make_slots(p, slot_of);
    join_needs(p, slot_of);
    order_stages(p);
}

EngineJob *engine_pipeline_find(const EnginePipeline *p, const char *name)
{
    for (int i = 0; i < p->n_slots; i++)
        if (strcmp(p->slots[i].latest->name, name) == 0)
            return p->slots[i].latest;
    return NULL;
}

EngineJob *engine_pipeline_replace(EnginePipeline *p, EngineJob *old, const EngineJob *job)
{
    g_assert(p->slots[old->slot].latest == old);
    EngineJob *latest = engine_pipeline_add(p, job);

    latest->slot = old->slot;
    p->slots[old->slot].latest = latest;
    old->retried = true;
    old->processed = true;
    old->changed = true;
    return latest;
}

bool engine_waits_for_person(const EnginePipeline *p)
{
    unsigned present = 0;

    if (STATUS_IN(p->status, STATUSES_COMPLETED))
        return false;
    for (int i = 0; i < p->n_slots; i++)
        present |= STATUS_BIT(p->slots[i].latest->status);
    return STATUS_IN(STATUS_MANUAL, present) &&
           (present &
            (STATUSES_ACTIVE | STATUS_BIT(STATUS_SCHEDULED) | STATUS_BIT(STATUS_CANCELING))) == 0;
}
