/* protected_refs.c - rules over branches and tags. */
#include "store/protected_refs.h"
#include "api/caller.h"
#include "api/routes.h"
#include "base/text.h"

#include <string.h>

/* --- entities -------------------------------------------------------------------------------- */

static const char *describe_level(int64_t level)
{
    static const struct {
        int64_t level;
        const char *text;
    } texts[] = {
        { ACCESS_NONE, "No one" },
        { ACCESS_DEVELOPER, "Developers + Maintainers" },
        { ACCESS_MAINTAINER, "Maintainers" },
        { ACCESS_ADMIN, "Administrators" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].level == level)
            return texts[i].text;
    return NULL;
}

/* Each rule has one level of a kind, so the rule's id tells it apart. */
static void put_levels(JsonWriter *w, const char *name, int64_t id, int64_t level)
{
    jw_key(w, name);
    jw_begin_array(w);
    jw_begin_object(w);
    jw_put_int(w, "id", id);
    jw_put_int(w, "access_level", level);
    jw_put_string(w, "access_level_description", describe_level(level));
    jw_put_null(w, "deploy_key_id");
    jw_put_null(w, "user_id");
    jw_put_null(w, "group_id");
    jw_end_object(w);
    jw_end_array(w);
}

static void write_push_levels(JsonWriter *w, const Field *field, const void *view,
                              const EntityContext *context)
{
    const ProtectedRef *ref = view;

    put_levels(w, field->name, ref->id, ref->push_level);
}

static void write_merge_levels(JsonWriter *w, const Field *field, const void *view,
                               const EntityContext *context)
{
    const ProtectedRef *ref = view;

    put_levels(w, field->name, ref->id, ref->merge_level);
}

static const Field branch_fields[] = {
    FIELD_INT(ProtectedRef, id),
    FIELD_AS("name", STR, ProtectedRef, name),
    FIELD_FUNC("push_access_levels", write_push_levels),
    FIELD_FUNC("merge_access_levels", write_merge_levels),
    FIELD_AS("allow_force_push", BOOL, ProtectedRef, allow_force_push),
    FIELD_FALSE("code_owner_approval_required"),
    FIELD_FALSE("inherited"),
    FIELDS_END,
};

static const Field tag_fields[] = {
    FIELD_AS("name", STR, ProtectedRef, name),
    FIELD_FUNC("create_access_levels", write_push_levels),
    FIELDS_END,
};

/* Branches and tags differ in their words. */
typedef struct Kind {
    const char *kind;  /* as stored */
    const char *title; /* in texts */
    const Field *fields;
} Kind;

static const Kind branches = { "branch", "branch", branch_fields };
static const Kind tags = { "tag", "tag", tag_fields };

static bool reply_ref(Req *rq, const Kind *kind, const ProtectedRef *ref)
{
    EntityContext context = caller_context(rq);

    entity_write(reply_writer(rq), kind->fields, ref, &context);
    return reply_json(rq);
}

/* --- reads ----------------------------------------------------------------------------------- */

/* The rules whose name holds @search, in place; their number. */
static size_t keep_found(ProtectedRef *refs, size_t n, const char *search)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (text_is_blank(search) || strstr(refs[i].name, search))
            refs[kept++] = refs[i];
    return kept;
}

/* A project has few rules: the page is cut out of all. */
static bool list(Req *rq, const Kind *kind, Error *err)
{
    EntityContext context = caller_context(rq);
    JsonWriter *w = reply_writer(rq);
    ProtectedRef *refs;
    size_t n;

    if (!protected_ref_list(caller_of(rq)->db, rq->arena, caller_of(rq)->project->id, kind->kind,
                            &refs, &n, err))
        return false;
    int64_t total = (int64_t)keep_found(refs, n, req_str(rq, "search"));
    int64_t end = MIN(total, rq->page.offset + rq->page.per_page);
    jw_begin_array(w);
    for (int64_t i = rq->page.offset; i < end; i++)
        entity_write(w, kind->fields, &refs[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

static bool find(Req *rq, const Kind *kind, ProtectedRef *ref, Error *err)
{
    return protected_ref_by_name(caller_of(rq)->db, rq->arena, caller_of(rq)->project->id,
                                 kind->kind, req_path_param(rq, "name"), ref, err);
}

static bool get(Req *rq, const Kind *kind, Error *err)
{
    ProtectedRef ref;

    return find(rq, kind, &ref, err) && reply_ref(rq, kind, &ref);
}

static bool list_branches(Req *rq, Error *err)
{
    return list(rq, &branches, err);
}

static bool list_tags(Req *rq, Error *err)
{
    return list(rq, &tags, err);
}

static bool get_branch(Req *rq, Error *err)
{
    return get(rq, &branches, err);
}

static bool get_tag(Req *rq, Error *err)
{
    return get(rq, &tags, err);
}

/* --- levels ---------------------------------------------------------------------------------- */

static bool is_level(int64_t level)
{
    return describe_level(level) != NULL;
}

/* One element of allowed_to_...: only roles can be named here.  The most permissive of several
 * counts; "no one" gives way to any. */
static bool add_allowed(const char *name, const json_t *element, int64_t *level, Error *err)
{
    const json_t *given = json_object_get(element, "access_level");
    int64_t value = json_integer_value(given);

    if (json_is_string(given) && !text_to_int(json_string_value(given), &value))
        return error_set(err, ERR_PARAM, "%s[access_level] is invalid", name);
    if (!given || !is_level(value))
        return error_set(err, ERR_UNPROCESSABLE, "%s: only access levels 0, 30, 40 and 60", name);
    if (*level < 0 || *level == ACCESS_NONE || (value != ACCESS_NONE && value < *level))
        *level = value;
    return true;
}

/* @level keeps its value where the request says nothing. */
static bool read_level(Req *rq, const char *plain, const char *allowed, int64_t *level, Error *err)
{
    const json_t *elements = req_json(rq, allowed);
    int64_t found = -1;
    const json_t *element;
    size_t i;

    if (req_has(rq, plain)) {
        *level = req_int(rq, plain);
        return is_level(*level) ||
               error_set(err, ERR_PARAM, "%s does not have a valid value", plain);
    }
    json_array_foreach (elements, i, element) {
        if (json_is_true(json_object_get(element, "_destroy")))
            continue;
        if (!add_allowed(allowed, element, &found, err))
            return false;
    }
    if (found >= 0)
        *level = found;
    return true;
}

static bool read_branch(Req *rq, ProtectedRef *ref, Error *err)
{
    if (req_has(rq, "allow_force_push"))
        ref->allow_force_push = req_bool(rq, "allow_force_push");
    return read_level(rq, "push_access_level", "allowed_to_push", &ref->push_level, err) &&
           read_level(rq, "merge_access_level", "allowed_to_merge", &ref->merge_level, err);
}

/* --- writes ---------------------------------------------------------------------------------- */

static bool insert_row(Db *db, void *data, Error *err)
{
    return protected_ref_insert(db, data, err);
}

static bool update_row(Db *db, void *data, Error *err)
{
    return protected_ref_update(db, data, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return protected_ref_delete(db, ((const ProtectedRef *)data)->id, err);
}

static ProtectedRef fresh(Req *rq, const Kind *kind)
{
    return (ProtectedRef){ .project_id = caller_of(rq)->project->id,
                           .kind = kind->kind,
                           .name = req_str(rq, "name"),
                           .push_level = ACCESS_MAINTAINER,
                           .merge_level = ACCESS_MAINTAINER,
                           .created_at = clock_now(site_of(rq)->clock) };
}

static bool create(Req *rq, const Kind *kind, ProtectedRef *ref, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (text_is_blank(ref->name))
        return error_set(err, ERR_UNPROCESSABLE, "Name can't be blank");
    if (database_write(site_of(rq)->database, insert_row, ref, &failed))
        return reply_ref(rq, kind, ref);
    if (failed.code == ERR_DB_UNIQUE)
        return error_set(err, ERR_CONFLICT, "Protected %s '%s' already exists", kind->title,
                         ref->name);
    return error_move(err, &failed);
}

static bool create_branch(Req *rq, Error *err)
{
    ProtectedRef ref = fresh(rq, &branches);

    return read_branch(rq, &ref, err) && create(rq, &branches, &ref, err);
}

static bool create_tag(Req *rq, Error *err)
{
    ProtectedRef ref = fresh(rq, &tags);

    return read_level(rq, "create_access_level", "allowed_to_create", &ref.push_level, err) &&
           create(rq, &tags, &ref, err);
}

static bool update_branch(Req *rq, Error *err)
{
    ProtectedRef ref;

    return find(rq, &branches, &ref, err) && read_branch(rq, &ref, err) &&
           database_write(site_of(rq)->database, update_row, &ref, err) &&
           reply_ref(rq, &branches, &ref);
}

static bool delete (Req *rq, const Kind *kind, Error *err)
{
    ProtectedRef ref;

    return find(rq, kind, &ref, err) &&
           database_write(site_of(rq)->database, delete_row, &ref, err) && reply_empty(rq, 204);
}

static bool delete_branch(Req *rq, Error *err)
{
    return delete (rq, &branches, err);
}

static bool delete_tag(Req *rq, Error *err)
{
    return delete (rq, &tags, err);
}

/* --- routes ---------------------------------------------------------------------------------- */

static const Param list_params[] = { { "search", PARAM_STR }, { 0 } };

static const Param allowed_params[] = {
    { "access_level", PARAM_INT },
    { "_destroy", PARAM_BOOL },
    { "id", PARAM_INT },
    { 0 },
};

#define BRANCH_PARAMS                                                                              \
    { "push_access_level", PARAM_INT }, { "merge_access_level", PARAM_INT },                       \
        { "allow_force_push", PARAM_BOOL },                                                        \
        { "allowed_to_push", PARAM_LIST, .of = allowed_params },                                   \
    {                                                                                              \
        "allowed_to_merge", PARAM_LIST, .of = allowed_params                                       \
    }

static const Param create_branch_params[] = {
    { "name", PARAM_STR, .required = true },
    BRANCH_PARAMS,
    { 0 },
};

static const Param update_branch_params[] = { BRANCH_PARAMS, { 0 } };

#undef BRANCH_PARAMS

static const Param create_tag_params[] = {
    { "name", PARAM_STR, .required = true },
    { "create_access_level", PARAM_INT },
    { "allowed_to_create", PARAM_LIST, .of = allowed_params },
    { 0 },
};

#define BRANCHES "/projects/:id/protected_branches"
#define TAGS     "/projects/:id/protected_tags"

const Route protected_ref_routes[] = {
    { GET, BRANCHES, CAN_ADMIN_PROTECTED_REFS, list_params, list_branches, .paged = true },
    { GET, BRANCHES "/:name", CAN_ADMIN_PROTECTED_REFS, .handler = get_branch },
    { POST, BRANCHES, CAN_ADMIN_PROTECTED_REFS, create_branch_params, create_branch,
      .status = 201 },
    { PATCH, BRANCHES "/:name", CAN_ADMIN_PROTECTED_REFS, update_branch_params, update_branch },
    { DELETE, BRANCHES "/:name", CAN_ADMIN_PROTECTED_REFS, .handler = delete_branch },
    { GET, TAGS, CAN_ADMIN_PROTECTED_REFS, list_params, list_tags, .paged = true },
    { GET, TAGS "/:name", CAN_ADMIN_PROTECTED_REFS, .handler = get_tag },
    { POST, TAGS, CAN_ADMIN_PROTECTED_REFS, create_tag_params, create_tag, .status = 201 },
    { DELETE, TAGS "/:name", CAN_ADMIN_PROTECTED_REFS, .handler = delete_tag },
    { 0 },
};

#undef BRANCHES
#undef TAGS
