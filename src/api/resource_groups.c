/* resource_groups.c - /projects/:id/resource_groups: who has a resource, who is next, and in what order. */
#include "store/resource_groups.h"
#include "api/job_entity.h"
#include "api/routes.h"
#include "pipeline/resource.h"

static const Field group_fields[] = {
    FIELD_INT(ResourceGroup, id),
    FIELD_AS("key", STR, ResourceGroup, key),
    FIELD_ENUM("process_mode", ResourceGroup, process_mode, process_mode_names),
    FIELD_AS("created_at", TIME, ResourceGroup, created_at),
    FIELD_AS("updated_at", TIME, ResourceGroup, updated_at),
    FIELDS_END,
};

static bool list(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    EntityContext context = caller_context(rq);
    ResourceGroup *groups = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!resource_group_list(caller->db, rq->arena, caller->project->id,
                             (Slice){ rq->page.per_page, rq->page.offset }, &groups, &n, err) ||
        !resource_group_count(caller->db, caller->project->id, &total, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, group_fields, &groups[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

static bool find(Req *rq, ResourceGroup *group, Error *err)
{
    Caller *caller = caller_of(rq);

    return resource_group_by_key(caller->db, rq->arena, caller->project->id,
                                 req_path_param(rq, "key"), group, err);
}

static bool reply_group(Req *rq, const ResourceGroup *group)
{
    EntityContext context = caller_context(rq);

    entity_write(reply_writer(rq), group_fields, group, &context);
    return reply_json(rq);
}

static bool get(Req *rq, Error *err)
{
    ResourceGroup group;

    return find(rq, &group, err) && reply_group(rq, &group);
}

static bool set_mode(Db *db, void *data, Error *err)
{
    const ResourceGroup *group = data;

    return resource_group_set_mode(db, group->id, group->process_mode, group->updated_at, err);
}

/* Somebody's turn may have come by the new order. */
static bool update(Req *rq, Error *err)
{
    ResourceGroup group;

    if (!find(rq, &group, err))
        return false;
    if (!req_has(rq, "process_mode"))
        return reply_group(rq, &group);
    group.process_mode = (ProcessMode)name_value(&process_mode_names, req_str(rq, "process_mode"));
    group.updated_at = clock_now(site_of(rq)->clock);
    if (!database_write(site_of(rq)->database, set_mode, &group, err))
        return false;
    resource_give(site_of(rq), group.id);
    return reply_group(rq, &group);
}

static bool upcoming_jobs(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    ResourceGroup group;
    Job *jobs = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!find(rq, &group, err) ||
        !resource_group_upcoming(caller->db, rq->arena, &group,
                                 (Slice){ rq->page.per_page, rq->page.offset }, &jobs, &n, err) ||
        !resource_group_count_upcoming(caller->db, &group, &total, err))
        return false;
    reply_page_headers(rq, total, false);
    return reply_job_basic_rows(rq, jobs, n, err);
}

static bool current_job(Req *rq, Error *err)
{
    ResourceGroup group;
    Job job;

    return find(rq, &group, err) &&
           resource_group_holder(caller_of(rq)->db, rq->arena, group.id, &job, err) &&
           reply_job_basic(rq, &job, err);
}

static const char *const modes[] = { "unordered", "oldest_first", "newest_first",
                                     "newest_ready_first", NULL };

static const Param update_params[] = { { "process_mode", PARAM_ENUM, .values = modes }, { 0 } };

#define GROUPS "/projects/:id/resource_groups"

const Route resource_group_routes[] = {
    { GET, GROUPS, CAN_USE_RESOURCE_GROUPS, .handler = list, .paged = true },
    { GET, GROUPS "/:key", CAN_USE_RESOURCE_GROUPS, .handler = get },
    { PUT, GROUPS "/:key", CAN_USE_RESOURCE_GROUPS, update_params, update },
    { GET, GROUPS "/:key/upcoming_jobs", CAN_USE_RESOURCE_GROUPS, .handler = upcoming_jobs,
      .paged = true },
    { GET, GROUPS "/:key/current_job", CAN_USE_RESOURCE_GROUPS, .handler = current_job },
    { 0 },
};

#undef GROUPS
