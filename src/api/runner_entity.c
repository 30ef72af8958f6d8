/* runner_entity.c - Runner, RunnerDetails, RunnerManager. */
#include "api/runner_entity.h"

static const char *status_of(int64_t contacted_at, int64_t now_us)
{
    if (!contacted_at)
        return "never_contacted";
    if (now_us - contacted_at < RUNNER_ONLINE_US)
        return "online";
    return now_us - contacted_at < RUNNER_STALE_US ? "offline" : "stale";
}

static void write_active(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    jw_put_bool(w, "active", !((const Runner *)view)->paused);
}

static void write_shared(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    jw_put_bool(w, "is_shared", ((const Runner *)view)->kind == RUNNER_INSTANCE);
}

static void write_online(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    int64_t at = ((const Runner *)view)->contacted_at;

    jw_put_bool(w, "online", at && context->now_us - at < RUNNER_ONLINE_US);
}

static void write_status(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    jw_put_string(w, "status", status_of(((const Runner *)view)->contacted_at, context->now_us));
}

/* Addresses and names are of managers: one runner may have many. */
const Field runner_fields[] = {
    FIELD_INT(Runner, id),
    FIELD_AS("description", STR, Runner, description),
    FIELD_TEXT("ip_address", ""),
    FIELD_FUNC("active", write_active),
    FIELD_AS("paused", BOOL, Runner, paused),
    FIELD_FUNC("is_shared", write_shared),
    FIELD_ENUM("runner_type", Runner, kind, runner_kind_names),
    FIELD_NULL("name"),
    FIELD_FUNC("online", write_online),
    FIELD_AS("created_at", TIME, Runner, created_at),
    FIELD_FUNC("status", write_status),
    FIELDS_END,
};

static void write_tags(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    g_auto(GStrv) tags = g_strsplit(((const RunnerView *)view)->row.tags, " ", -1);

    jw_key(w, "tag_list");
    jw_strings(w, (const char *const *)tags);
}

static void write_timeout(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    int64_t seconds = ((const RunnerView *)view)->row.maximum_timeout_s;

    if (seconds)
        jw_put_int(w, "maximum_timeout", seconds);
    else
        jw_put_null(w, "maximum_timeout");
}

static void write_program(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    const RunnerManager *manager = ((const RunnerView *)view)->manager;

    jw_put_string(w, "version", manager ? manager->version : NULL);
    jw_put_string(w, "revision", manager ? manager->revision : NULL);
    jw_put_string(w, "platform", manager ? manager->platform : NULL);
    jw_put_string(w, "architecture", manager ? manager->architecture : NULL);
}

static void write_projects(JsonWriter *w, const Field *field, const void *view,
                           const EntityContext *context)
{
    const RunnerView *runner = view;

    jw_key(w, "projects");
    jw_begin_array(w);
    for (size_t i = 0; i < runner->n_projects; i++)
        entity_write(w, project_basic_fields, &runner->projects[i], context);
    jw_end_array(w);
}

const Field runner_details_fields[] = {
    FIELDS_OF(runner_fields),
    FIELD_FUNC("tag_list", write_tags),
    FIELD_AS("run_untagged", BOOL, RunnerView, row.run_untagged),
    FIELD_AS("locked", BOOL, RunnerView, row.locked),
    FIELD_FUNC("maximum_timeout", write_timeout),
    FIELD_AS("access_level", STR, RunnerView, row.access_level),
    FIELD_FUNC("version", write_program),
    FIELD_AS("contacted_at", TIME, RunnerView, row.contacted_at),
    FIELD_AS("maintenance_note", STR, RunnerView, row.maintenance_note),
    FIELD_FUNC("projects", write_projects),
    FIELDS_END,
};

static void write_manager_status(JsonWriter *w, const Field *field, const void *view,
                                 const EntityContext *context)
{
    const RunnerManager *manager = view;

    jw_put_string(w, "status", status_of(manager->contacted_at, context->now_us));
}

const Field runner_manager_fields[] = {
    FIELD_INT(RunnerManager, id),
    FIELD_AS("system_id", STR, RunnerManager, system_id),
    FIELD_AS("version", STR, RunnerManager, version),
    FIELD_AS("revision", STR, RunnerManager, revision),
    FIELD_AS("platform", STR, RunnerManager, platform),
    FIELD_AS("architecture", STR, RunnerManager, architecture),
    FIELD_AS("created_at", TIME, RunnerManager, created_at),
    FIELD_AS("contacted_at", TIME, RunnerManager, contacted_at),
    FIELD_AS("ip_address", STR, RunnerManager, ip_address),
    FIELD_FUNC("status", write_manager_status),
    FIELDS_END,
};
