/* members.c - who has which role in a project or a group. */
#include "store/members.h"
#include "api/caller.h"
#include "api/routes.h"
#include "api/user_entity.h"
#include "base/text.h"

#include <string.h>

/* --- the entity ------------------------------------------------------------------------------ */

/* The user first: user_entity.c writes from it. */
typedef struct MemberView {
    User user;
    Member member;
    const User *creator; /* NULL: gone */
} MemberView;

static void write_creator(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    const MemberView *v = view;

    if (v->creator) {
        jw_key(w, field->name);
        entity_write(w, user_basic_fields, v->creator, context);
    }
}

static void write_email(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    if (context->admin)
        jw_put_string(w, field->name, ((const MemberView *)view)->user.email);
}

static const Field member_fields[] = {
    FIELDS_OF(user_basic_fields),
    FIELD_AS("access_level", INT, MemberView, member.access_level),
    FIELD_AS("created_at", TIME, MemberView, member.created_at),
    FIELD_FUNC("created_by", write_creator),
    FIELD_AS("expires_at", DATE, MemberView, member.expires_at),
    FIELD_FUNC("email", write_email),
    FIELD_TEXT("membership_state", "active"),
    FIELDS_END,
};

static bool write_members(Req *rq, JsonWriter *w, const MemberUser *rows, size_t n, Error *err)
{
    EntityContext context = caller_context(rq);
    int64_t *ids = arena_new0(rq->arena, int64_t, MAX(n, 1));
    UserMap creators;

    for (size_t i = 0; i < n; i++)
        ids[i] = rows[i].member.created_by;
    if (!user_map_load(caller_of(rq)->db, rq->arena, ids, n, &creators, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        MemberView view = { .user = rows[i].user,
                            .member = rows[i].member,
                            .creator = user_map_find(&creators, ids[i]) };
        entity_write(w, member_fields, &view, &context);
    }
    return true;
}

/* --- reads ----------------------------------------------------------------------------------- */

/* The members of the route's project or group. */
static MemberFilter place_of(Req *rq)
{
    const Caller *caller = caller_of(rq);

    return (MemberFilter){ .project_id = caller->project ? caller->project->id : 0,
                           .namespace_id = caller->group ? caller->group->id : 0 };
}

static bool reply_list(Req *rq, bool inherited, Error *err)
{
    MemberFilter filter = place_of(rq);
    JsonWriter *w = reply_writer(rq);
    MemberUser *rows;
    int64_t total;
    size_t n;

    filter.inherited = inherited;
    filter.search = req_str(rq, "query");
    filter.slice = (Slice){ rq->page.per_page, rq->page.offset };
    if (!member_count(caller_of(rq)->db, &filter, &total, err) ||
        !member_list(caller_of(rq)->db, rq->arena, &filter, &rows, &n, err))
        return false;
    jw_begin_array(w);
    if (!write_members(rq, w, rows, n, err))
        return false;
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

static bool list_members(Req *rq, Error *err)
{
    return reply_list(rq, false, err);
}

static bool list_all_members(Req *rq, Error *err)
{
    return reply_list(rq, true, err);
}

static bool find_member(Req *rq, int64_t user_id, bool inherited, MemberUser *out, Error *err)
{
    MemberFilter filter = place_of(rq);
    MemberUser *rows;
    size_t n;

    filter.inherited = inherited;
    filter.user_id = user_id;
    if (!user_id)
        return error_set(err, ERR_NO_RECORD, NULL);
    if (!member_list(caller_of(rq)->db, rq->arena, &filter, &rows, &n, err))
        return false;
    if (n == 0)
        return error_set(err, ERR_NO_RECORD, NULL);
    *out = rows[0];
    return true;
}

static bool reply_member(Req *rq, int64_t user_id, bool inherited, Error *err)
{
    MemberUser row;

    return find_member(rq, user_id, inherited, &row, err) &&
           write_members(rq, reply_writer(rq), &row, 1, err) && reply_json(rq);
}

static bool get_member(Req *rq, Error *err)
{
    return reply_member(rq, req_int(rq, "user_id"), false, err);
}

static bool get_member_of_all(Req *rq, Error *err)
{
    return reply_member(rq, req_int(rq, "user_id"), true, err);
}

/* --- what is allowed ------------------------------------------------------------------------- */

static bool check_level(Req *rq, int64_t level, Error *err)
{
    static const AccessLevel levels[] = { ACCESS_MINIMAL,  ACCESS_GUEST,     ACCESS_PLANNER,
                                          ACCESS_REPORTER, ACCESS_DEVELOPER, ACCESS_MAINTAINER,
                                          ACCESS_OWNER };
    bool known = false;

    for (size_t i = caller_of(rq)->project ? 1 : 0; i < G_N_ELEMENTS(levels); i++)
        known = known || level == (int64_t)levels[i];
    return known || error_field(err, "access_level", "is not included in the list");
}

/* Nobody gives or takes a role above their own. */
static bool check_reach(Req *rq, int64_t level, Error *err)
{
    const Subject *subject = &caller_of(rq)->subject;

    return subject->admin || level <= (int64_t)subject->level ||
           error_set(err, ERR_FORBIDDEN, NULL);
}

static bool check_expiry(Req *rq, Error *err)
{
    int64_t expires_at = req_time(rq, "expires_at");

    return !expires_at || expires_at > clock_now(site_of(rq)->clock) ||
           error_field(err, "expires_at", "cannot be a date in the past");
}

/* --- POST ------------------------------------------------------------------------------------ */

static bool insert_row(Db *db, void *data, Error *err)
{
    bool is_new = false;

    if (!member_add(db, data, &is_new, err))
        return false;
    return is_new || error_set(err, ERR_CONFLICT, "Member already exists");
}

static bool add_member(Req *rq, int64_t user_id, Error *err)
{
    MemberFilter place = place_of(rq);
    Member member = { .user_id = user_id,
                      .project_id = place.project_id,
                      .namespace_id = place.namespace_id,
                      .access_level = req_int(rq, "access_level"),
                      .expires_at = req_time(rq, "expires_at"),
                      .created_by = caller_of(rq)->user->id,
                      .created_at = clock_now(site_of(rq)->clock) };

    return database_write(site_of(rq)->database, insert_row, &member, err);
}

static bool find_user(Req *rq, const char *id, User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Db *db = caller_of(rq)->db;
    int64_t number = 0;

    bool found = req_has(rq, "user_id")
                     ? text_to_int(id, &number) && user_get(db, rq->arena, number, user, &failed)
                     : user_by_username(db, rq->arena, id, user, &failed);
    if (found)
        return true;
    return failed.code && failed.code != ERR_NO_RECORD ? error_move(err, &failed)
                                                       : error_set(err, ERR_NOT_FOUND, "User");
}

static bool add_one(Req *rq, const char *id, Error *err)
{
    User user;

    return find_user(rq, id, &user, err) && add_member(rq, user.id, err) &&
           reply_member(rq, user.id, false, err);
}

/* Each that can be added is; what was wrong with the others is told by user. */
static bool add_several(Req *rq, const char *const *ids, Error *err)
{
    g_autoptr(GString) problems = g_string_new(NULL);
    JsonWriter inner;

    jw_init(&inner, problems);
    jw_begin_object(&inner);
    size_t empty = problems->len;
    for (; *ids; ids++) {
        g_auto(Error) failed = ERROR_INIT;
        User user;
        if (!find_user(rq, *ids, &user, &failed) || !add_member(rq, user.id, &failed))
            jw_put_string(&inner, *ids,
                          failed.code == ERR_NOT_FOUND ? "User not found" : error_text(&failed));
    }
    bool all_fine = problems->len == empty;
    jw_end_object(&inner);

    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "status", all_fine ? "success" : "error");
    if (!all_fine)
        jw_put_raw(w, "message", problems->str);
    jw_end_object(w);
    return reply_json(rq);
}

static bool create_member(Req *rq, Error *err)
{
    const char *name = req_has(rq, "user_id") ? "user_id" : "username";
    const char *const *ids = req_strs(rq, name);

    if (!ids || !*ids)
        return error_set(err, ERR_PARAM,
                         "user_id, username are missing, at least one parameter must be provided");
    if (!check_level(rq, req_int(rq, "access_level"), err) ||
        !check_reach(rq, req_int(rq, "access_level"), err) || !check_expiry(rq, err))
        return false;
    return ids[1] ? add_several(rq, ids, err) : add_one(rq, *ids, err);
}

/* --- PUT, DELETE ----------------------------------------------------------------------------- */

/* A group keeps an owner: of two that go at once, the second sees that the first has gone.
 * @level: what the member will have. */
static bool check_owner_stays(Db *db, const Member *member, int64_t level, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Namespace group;
    Member now;
    int64_t owners;

    if (!member->namespace_id)
        return true;
    if (!namespace_lock(db, arena, member->namespace_id, &group, err) ||
        !member_of_namespace(db, arena, member->namespace_id, member->user_id, &now, err))
        return false;
    if (now.access_level < ACCESS_OWNER || level >= ACCESS_OWNER)
        return true;
    if (!member_count_owners(db, member->namespace_id, &owners, err))
        return false;
    return owners > 1 || error_set(err, ERR_FORBIDDEN, "The last owner of a group stays");
}

typedef struct Change {
    Member before;
    Member after;
} Change;

static bool update_row(Db *db, void *data, Error *err)
{
    const Change *change = data;

    return check_owner_stays(db, &change->before, change->after.access_level, err) &&
           member_update(db, &change->after, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    const Change *change = data;

    return check_owner_stays(db, &change->before, ACCESS_NONE, err) &&
           member_delete(db, change->before.id, err);
}

/* Whose namespace a project is in owns it whatever the members say. */
static bool check_not_namespace_owner(Req *rq, int64_t user_id, Error *err)
{
    const Project *project = caller_of(rq)->project;
    Namespace space;

    if (!project)
        return true;
    if (!namespace_get(caller_of(rq)->db, rq->arena, project->namespace_id, &space, err))
        return false;
    return space.owner_id != user_id ||
           error_set(err, ERR_FORBIDDEN, "The owner of the namespace stays");
}

static bool update_member(Req *rq, Error *err)
{
    int64_t level = req_int(rq, "access_level");
    MemberUser row;

    if (!find_member(rq, req_int(rq, "user_id"), false, &row, err) ||
        !check_level(rq, level, err) || !check_reach(rq, level, err) ||
        !check_reach(rq, row.member.access_level, err) || !check_expiry(rq, err) ||
        !check_not_namespace_owner(rq, row.user.id, err))
        return false;
    Change change = { row.member, row.member };
    change.after.access_level = level;
    if (json_object_get(rq->params, "expires_at"))
        change.after.expires_at = req_time(rq, "expires_at");
    return database_write(site_of(rq)->database, update_row, &change, err) &&
           reply_member(rq, row.user.id, false, err);
}

/* One may always leave. */
static bool delete_member(Req *rq, Error *err)
{
    const Caller *caller = caller_of(rq);
    MemberUser row;

    if (req_int(rq, "user_id") != caller->user->id &&
        !caller_require(rq, caller->project ? CAN_ADMIN_MEMBERS : CAN_ADMIN_GROUP, err))
        return false;
    if (!find_member(rq, req_int(rq, "user_id"), false, &row, err) ||
        !check_reach(rq, row.member.access_level, err) ||
        !check_not_namespace_owner(rq, row.user.id, err))
        return false;
    Change change = { .before = row.member };
    return database_write(site_of(rq)->database, delete_row, &change, err) && reply_empty(rq, 204);
}

/* --- routes ---------------------------------------------------------------------------------- */

static const Param list_params[] = { { "query", PARAM_STR }, { 0 } };
static const Param user_params[] = { { "user_id", PARAM_INT }, { 0 } };

static const Param create_params[] = {
    { "access_level", PARAM_INT, .required = true },
    { "user_id", PARAM_STRS },
    { "username", PARAM_STRS },
    { "expires_at", PARAM_DATE },
    { 0 },
};

static const Param update_params[] = {
    { "user_id", PARAM_INT },
    { "access_level", PARAM_INT, .required = true },
    { "expires_at", PARAM_DATE },
    { 0 },
};

#define MEMBER_ROUTES(at, read, admin)                                                             \
    { GET, at "/members", read, list_params, list_members, .paged = true },                        \
        { GET, at "/members/all", read, list_params, list_all_members, .paged = true },            \
        { GET, at "/members/:user_id", read, user_params, get_member },                            \
        { GET, at "/members/all/:user_id", read, user_params, get_member_of_all },                 \
        { POST, at "/members", admin, create_params, create_member, .status = 201 },               \
        { PUT, at "/members/:user_id", admin, update_params, update_member },                      \
    {                                                                                              \
        DELETE, at "/members/:user_id", read, user_params, delete_member                           \
    }

const Route member_routes[] = {
    MEMBER_ROUTES("/projects/:id", CAN_READ_MEMBERS, CAN_ADMIN_MEMBERS),
    MEMBER_ROUTES("/groups/:id", CAN_READ_GROUP, CAN_ADMIN_GROUP),
    { 0 },
};

#undef MEMBER_ROUTES
