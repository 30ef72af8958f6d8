/* resource.c - keys, and handing on.
 *
 * Who hands on locks the group first and then the pipeline of the job whose turn it is; nobody
 * locks a group after a pipeline.  If that job has changed meanwhile, whoever changed it hands on
 * after their own commit.
 */
#include "pipeline/resource.h"

#include "base/log.h"
#include "pipeline/move.h"
#include "pipeline/planned.h"
#include "pipeline/process.h"
#include "store/resource_groups.h"

#include <string.h>

enum { AT_ONCE = 200 };

/* --- keys ------------------------------------------------------------------------------------ */

/* The rule of environment names: no more than a key can be looked up by. */
static bool is_key(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (!g_ascii_isalnum(text[i]) && !strchr("_/\\$ {}.-", text[i]))
            return false;
    return n > 0 && n <= RESOURCE_KEY_MAX;
}

const char *resource_key(Arena *arena, const CiPlannedJob *planned, const Variables *variables)
{
    const char *written = planned->job->resource_group;

    if (!written)
        return NULL;
    const char *key = strchr(written, '$') || strchr(written, '%')
                          ? ci_expand(arena, written, planned_variables(arena, planned, variables))
                          : written;
    return key && is_key(key) ? key : NULL;
}

/* --- turns ----------------------------------------------------------------------------------- */

typedef struct Give {
    const Site *site;
    int64_t group_id;
    Arena *arena; /* of the last attempt */
    Process process;
    bool given;
} Give;

/* *@next: who is to have the resource now; its id 0: nobody. */
static bool find_next(Db *db, Give *give, Job *next, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    ResourceGroup group;
    bool found = false;
    Job holder;

    *next = (Job){ 0 };
    if (!resource_group_lock(db, give->arena, give->group_id, &group, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    if (resource_group_holder(db, give->arena, give->group_id, &holder, &failed))
        return true;
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (!resource_group_next(db, give->arena, &group, next, &found, err))
        return false;
    if (!found || next->status != STATUS_WAITING_FOR_RESOURCE)
        *next = (Job){ 0 };
    return true;
}

static bool give_in_write(Db *db, void *data, Error *err)
{
    Give *give = data;
    g_auto(Error) failed = ERROR_INIT;
    Job next;

    g_clear_pointer(&give->arena, arena_free);
    give->arena = arena_new();
    give->given = false;
    if (!find_next(db, give, &next, err))
        return false;
    if (!next.id)
        return true;
    if (!process_load(&give->process, give->site, db, give->arena, next.pipeline_id, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    EngineJob *job = process_job(&give->process, next.id);
    give->given = job && engine_move_job(give->process.engine, job, EV_ASSIGN_RESOURCE);
    return !give->given || process_save(&give->process, err);
}

void resource_give(const Site *site, int64_t group_id)
{
    Give give = { .site = site, .group_id = group_id };
    g_auto(Error) err = ERROR_INIT;

    if (!database_write(site->database, give_in_write, &give, &err))
        log_error(&err, "the resource of group %" G_GINT64_FORMAT " stays where it is", group_id);
    else if (give.given)
        process_after_commit(&give.process);
    arena_free(give.arena);
}

static bool list_free(const Site *site, Arena *arena, int64_t after_id, ResourceGroup **groups,
                      size_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return resource_group_list_free(db, arena, after_id, AT_ONCE, groups, n, err);
}

bool resource_sweep(const Site *site, Error *err)
{
    int64_t after_id = 0;
    size_t n = 0;

    do {
        g_autoptr(Arena) arena = arena_new();
        ResourceGroup *groups = NULL;
        if (!list_free(site, arena, after_id, &groups, &n, err))
            return false;
        for (size_t i = 0; i < n; i++)
            resource_give(site, groups[i].id);
        if (n > 0)
            after_id = groups[n - 1].id;
    } while (n == AT_ONCE);
    return true;
}
