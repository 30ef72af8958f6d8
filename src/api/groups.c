/* groups.c - groups, and namespaces of both kinds. */
#include "access/spaces.h"
#include "access/subject.h"
#include "api/fixed.h"
#include "api/project_entity.h"
#include "api/project_life.h"
#include "api/routes.h"
#include "base/text.h"
#include "store/members.h"

#include <string.h>

enum { MAX_PROJECTS_IN_DETAIL = 100 };

/* --- entities -------------------------------------------------------------------------------- */

static void write_group_url(JsonWriter *w, const Field *field, const void *view,
                            const EntityContext *context)
{
    const Namespace *group = view;
    g_autofree char *url = g_strconcat(context->base_url, "/groups/", group->full_path, NULL);

    jw_put_string(w, field->name, url);
}

static const Field group_fields[] = {
    FIELD_INT(Namespace, id),
    FIELD_FUNC("web_url", write_group_url),
    FIELD_AS("name", STR, Namespace, name),
    FIELD_AS("path", STR, Namespace, path),
    FIELD_AS("description", STR, Namespace, description),
    FIELD_ENUM("visibility", Namespace, visibility, visibility_names),
    FIELD_FALSE("share_with_group_lock"),
    FIELD_FALSE("require_two_factor_authentication"),
    FIELD_FIXED("two_factor_grace_period", "48"),
    FIELD_TEXT("project_creation_level", "developer"),
    FIELD_NULL("auto_devops_enabled"),
    FIELD_TEXT("subgroup_creation_level", "maintainer"),
    FIELD_TRUE("emails_disabled"),
    FIELD_FALSE("emails_enabled"),
    FIELD_FALSE("show_diff_preview_in_email"),
    FIELD_NULL("mentions_disabled"),
    FIELD_FALSE("lfs_enabled"),
    FIELD_FALSE("archived"),
    FIELD_TRUE("math_rendering_limits_enabled"),
    FIELD_FALSE("lock_math_rendering_limits_enabled"),
    FIELD_NULL("default_branch"),
    FIELD_ZERO("default_branch_protection"),
    FIELD_FIXED("default_branch_protection_defaults", "{}"),
    FIELD_NULL("avatar_url"),
    FIELD_FALSE("request_access_enabled"),
    FIELD_AS("full_name", STR, Namespace, full_name),
    FIELD_AS("full_path", STR, Namespace, full_path),
    FIELD_AS("created_at", TIME, Namespace, created_at),
    FIELD_AS("parent_id", ID, Namespace, parent_id),
    FIELD_FIXED("organization_id", "1"),
    FIELD_TEXT("shared_runners_setting", "enabled"),
    FIELD_NULL("max_artifacts_size"),
    FIELDS_END,
};

static const Field group_detail_fields[] = {
    FIELDS_OF(group_fields),
    FIELD_EMPTY("shared_with_groups"),
    FIELD_NULL("enabled_git_access_protocol"),
    FIELD_FALSE("prevent_sharing_groups_outside_hierarchy"),
    FIELDS_END,
};

/* --- lists ----------------------------------------------------------------------------------- */

static bool is_admin(Req *rq)
{
    const User *user = caller_of(rq)->user;

    return user && user->admin;
}

static NamespaceFilter read_filter(Req *rq)
{
    const User *user = caller_of(rq)->user;

    return (NamespaceFilter){
        .user_id = user ? user->id : 0,
        .admin = is_admin(rq),
        .now_us = clock_now(site_of(rq)->clock),
        .owned = req_bool(rq, "owned") || req_bool(rq, "owned_only"),
        .min_access_level = req_int(rq, "min_access_level"),
        .top_level_only = req_bool(rq, "top_level_only"),
        .search = req_str(rq, "search"),
        .has_visibility = req_has(rq, "visibility"),
        .visibility = (Visibility)MAX(0, name_value(&visibility_names, req_str(rq, "visibility"))),
        .order_by = req_str(rq, "order_by"),
        .descending = g_strcmp0(req_str(rq, "sort"), "desc") == 0,
        .slice = { rq->page.per_page, rq->page.offset },
    };
}

static bool reply_list(Req *rq, const NamespaceFilter *filter, const Field *fields, Error *err)
{
    EntityContext context = caller_context(rq);
    JsonWriter *w = reply_writer(rq);
    Namespace *rows;
    int64_t total;
    size_t n;

    if (!namespace_count(caller_of(rq)->db, filter, &total, err) ||
        !namespace_list(caller_of(rq)->db, rq->arena, filter, &rows, &n, err))
        return false;
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, fields, &rows[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

/* Those one belongs to, unless all that are visible are asked for; administrators see all. */
static bool list_groups(Req *rq, Error *err)
{
    NamespaceFilter filter = read_filter(rq);

    filter.groups_only = true;
    filter.membership = caller_of(rq)->user && !is_admin(rq) && !req_bool(rq, "all_available");
    return reply_list(rq, &filter, group_fields, err);
}

static bool list_subgroups(Req *rq, Error *err)
{
    NamespaceFilter filter = read_filter(rq);

    filter.groups_only = true;
    filter.parent_id = caller_of(rq)->group->id;
    return reply_list(rq, &filter, group_fields, err);
}

static bool list_descendant_groups(Req *rq, Error *err)
{
    NamespaceFilter filter = read_filter(rq);

    filter.groups_only = true;
    filter.below_id = caller_of(rq)->group->id;
    return reply_list(rq, &filter, group_fields, err);
}

static bool list_namespaces(Req *rq, Error *err)
{
    NamespaceFilter filter = read_filter(rq);

    filter.membership = !is_admin(rq);
    return reply_list(rq, &filter, namespace_basic_fields, err);
}

/* --- one ------------------------------------------------------------------------------------- */

static bool write_projects(Req *rq, JsonWriter *w, const Namespace *group, Error *err)
{
    const User *user = caller_of(rq)->user;
    ProjectFilter filter = { .user_id = user ? user->id : 0,
                             .admin = is_admin(rq),
                             .now_us = clock_now(site_of(rq)->clock),
                             .namespace_id = group->id,
                             .slice = { .limit = MAX_PROJECTS_IN_DETAIL } };
    Project *projects;
    size_t n;

    if (!project_list(caller_of(rq)->db, rq->arena, &filter, &projects, &n, err))
        return false;
    jw_key(w, "projects");
    if (!project_write_list(rq, w, projects, n, false, err))
        return false;
    jw_put_raw(w, "shared_projects", "[]");
    return true;
}

static bool reply_group(Req *rq, const Namespace *group, bool with_projects, Error *err)
{
    EntityContext context = caller_context(rq);
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    entity_write_fields(w, group_detail_fields, group, &context);
    if (with_projects && !write_projects(rq, w, group, err))
        return false;
    jw_end_object(w);
    return reply_json(rq);
}

static bool get_group(Req *rq, Error *err)
{
    return reply_group(rq, caller_of(rq)->group, req_bool(rq, "with_projects"), err);
}

/* One's own, any group that one sees, and all for administrators. */
static bool get_namespace(Req *rq, Error *err)
{
    const char *id = req_path_param(rq, "id");
    EntityContext context = caller_context(rq);
    g_auto(Error) failed = ERROR_INIT;
    Db *db = caller_of(rq)->db;
    Namespace space;
    Subject subject = { 0 };
    int64_t number;

    bool found = text_to_int(id, &number) ? namespace_get(db, rq->arena, number, &space, &failed)
                                          : namespace_by_path(db, rq->arena, id, &space, &failed);
    if (!found)
        return failed.code == ERR_NO_RECORD ? error_set(err, ERR_NOT_FOUND, "Namespace")
                                            : error_move(err, &failed);
    if (!subject_of_group(db, caller_of(rq)->user->id, is_admin(rq), &space,
                          clock_now(site_of(rq)->clock), &subject, err))
        return false;
    if (!access_sees(&subject))
        return error_set(err, ERR_NOT_FOUND, "Namespace");
    entity_write(reply_writer(rq), namespace_basic_fields, &space, &context);
    return reply_json(rq);
}

/* --- writes ---------------------------------------------------------------------------------- */

/* Clients know the text that GitLab prints here, which is Ruby's form of the details. */
static bool fail_to_save(Error *err, const Error *failed)
{
    g_autoptr(GString) text = g_string_new("Failed to save group {");

    for (guint i = 0; i < failed->details->len; i++) {
        const ErrorDetail *detail = g_ptr_array_index(failed->details, i);
        g_string_append_printf(text, "%s:%s=>[\"%s\"]", i > 0 ? ", " : "", detail->field,
                               detail->text);
    }
    return error_set(err, ERR_INVALID, "%s}", text->str);
}

static bool check_parent(Req *rq, int64_t parent_id, Namespace *group, Error *err)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, parent_id);
    Subject subject;
    Namespace parent;

    if (!caller_find_group(rq, id, &parent, &subject, err))
        return false;
    if (!access_can(&subject, CAN_CREATE_SUBGROUPS))
        return error_set(err, ERR_FORBIDDEN, NULL);
    group->parent_id = parent.id;
    return true;
}

static bool create_group(Req *rq, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    int visibility = name_value(&visibility_names, req_str(rq, "visibility"));
    const char *description = req_str(rq, "description");
    Namespace group = { .name = req_str(rq, "name"),
                        .path = req_str(rq, "path"),
                        .description = description ? description : "",
                        .visibility = (Visibility)visibility };

    if (req_has(rq, "parent_id") && !check_parent(rq, req_int(rq, "parent_id"), &group, err))
        return false;
    if (!space_create_group(site_of(rq), rq->arena, caller_of(rq)->user->id, &group, &failed))
        return failed.details ? fail_to_save(err, &failed) : error_move(err, &failed);
    return reply_group(rq, &group, false, err);
}

static bool update_group(Req *rq, Error *err)
{
    Namespace group = *caller_of(rq)->group;
    const char *description = req_str(rq, "description");

    if (req_has(rq, "name"))
        group.name = req_str(rq, "name");
    if (req_has(rq, "path"))
        group.path = req_str(rq, "path");
    if (json_object_get(rq->params, "description"))
        group.description = description ? description : "";
    if (req_has(rq, "visibility"))
        group.visibility = (Visibility)name_value(&visibility_names, req_str(rq, "visibility"));
    return space_update_group(site_of(rq), rq->arena, &group, err) &&
           reply_group(rq, &group, true, err);
}

static bool delete_group(Req *rq, Error *err)
{
    if (!project_life_remove_group(api_of(rq), caller_of(rq)->group->id, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "message", "202 Accepted");
    jw_end_object(w);
    return reply_json(rq);
}

/* --- routes ---------------------------------------------------------------------------------- */

static const char *const orders[] = { "name", "path", "id", NULL };
static const char *const sorts[] = { "asc", "desc", NULL };
static const char *const visibilities[] = { "private", "internal", "public", NULL };

static const Param list_params[] = {
    { "search", PARAM_STR },
    { "owned", PARAM_BOOL },
    { "all_available", PARAM_BOOL },
    { "top_level_only", PARAM_BOOL },
    { "min_access_level", PARAM_INT },
    { "visibility", PARAM_ENUM, .values = visibilities },
    { "order_by", PARAM_ENUM, .values = orders, .otherwise = "name" },
    { "sort", PARAM_ENUM, .values = sorts, .otherwise = "asc" },
    { 0 },
};

static const Param namespace_params[] = {
    { "search", PARAM_STR },
    { "owned_only", PARAM_BOOL },
    { "top_level_only", PARAM_BOOL },
    { 0 },
};

static const Param detail_params[] = {
    { "with_projects", PARAM_BOOL, .otherwise = "true" },
    { 0 },
};

static const Param create_params[] = {
    { "name", PARAM_STR, .required = true },
    { "path", PARAM_STR, .required = true },
    { "parent_id", PARAM_INT },
    { "description", PARAM_STR },
    { "visibility", PARAM_ENUM, .values = visibilities, .otherwise = "private" },
    { 0 },
};

static const Param update_params[] = {
    { "name", PARAM_STR },
    { "path", PARAM_STR },
    { "description", PARAM_STR },
    { "visibility", PARAM_ENUM, .values = visibilities },
    { 0 },
};

const Route group_routes[] = {
    { GET, "/groups", .params = list_params, .handler = list_groups, .auth = AUTH_OPTIONAL,
      .paged = true },
    { POST, "/groups", .params = create_params, .handler = create_group, .status = 201 },
    { GET, "/groups/:id", CAN_READ_GROUP, detail_params, get_group, .auth = AUTH_OPTIONAL },
    { PUT, "/groups/:id", CAN_ADMIN_GROUP, update_params, update_group },
    { DELETE, "/groups/:id", CAN_REMOVE_GROUP, .handler = delete_group, .status = 202 },
    { GET, "/groups/:id/subgroups", CAN_READ_GROUP, list_params, list_subgroups,
      .auth = AUTH_OPTIONAL, .paged = true },
    { GET, "/groups/:id/descendant_groups", CAN_READ_GROUP, list_params, list_descendant_groups,
      .auth = AUTH_OPTIONAL, .paged = true },
    { GET, "/namespaces", .params = namespace_params, .handler = list_namespaces, .paged = true },
    { GET, "/namespaces/:id", .handler = get_namespace },
    { 0 },
};
