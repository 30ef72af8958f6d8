/* users.c - people: read by all who are signed in, kept by administrators. */
#include "access/accounts.h"
#include "api/caller.h"
#include "api/fixed.h"
#include "api/project_life.h"
#include "api/routes.h"
#include "api/user_entity.h"

#include <string.h>

/* --- entities -------------------------------------------------------------------------------- */

/* The user first: the tables of user_entity.c write from it. */
typedef struct UserView {
    User user;
    int64_t namespace_id;
} UserView;

static const Field user_public_fields[] = {
    FIELDS_OF(user_fields),
    FIELD_NULL("last_sign_in_at"),
    FIELD_AS("confirmed_at", TIME, UserView, user.created_at),
    FIELD_NULL("last_activity_on"),
    FIELD_AS("email", STR, UserView, user.email),
    FIELD_FIXED("theme_id", "1"),
    FIELD_FIXED("color_scheme_id", "1"),
    FIELD_FIXED("projects_limit", "100000"),
    FIELD_NULL("current_sign_in_at"),
    FIELD_EMPTY("identities"),
    FIELD_TRUE("can_create_group"),
    FIELD_TRUE("can_create_project"),
    FIELD_FALSE("two_factor_enabled"),
    FIELD_FALSE("external"),
    FIELD_FALSE("private_profile"),
    FIELD_AS("commit_email", STR, UserView, user.email),
    FIELD_TEXT("preferred_language", "en"),
    FIELD_NULL("shared_runners_minutes_limit"),
    FIELD_NULL("extra_shared_runners_minutes_limit"),
    FIELD_EMPTY("scim_identities"),
    FIELDS_END,
};

static const Field user_with_admin_fields[] = {
    FIELDS_OF(user_public_fields),
    FIELD_AS("is_admin", BOOL, UserView, user.admin),
    FIELD_NULL("note"),
    FIELD_AS("namespace_id", ID, UserView, namespace_id),
    FIELD_NULL("created_by"),
    FIELDS_END,
};

/* --- reads ----------------------------------------------------------------------------------- */

static bool is_admin(Req *rq)
{
    const User *user = caller_of(rq)->user;

    return user && user->admin;
}

/* The namespace that is @user's own; a bot has none. */
static bool load_view(Req *rq, const User *user, UserView *view, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Namespace own = { 0 };

    if (!namespace_of_user(caller_of(rq)->db, rq->arena, user->id, &own, &failed) &&
        failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    *view = (UserView){ .user = *user, .namespace_id = own.id };
    return true;
}

static bool reply_user(Req *rq, const User *user, const Field *fields, Error *err)
{
    EntityContext context = caller_context(rq);
    UserView view;

    if (!load_view(rq, user, &view, err))
        return false;
    entity_write(reply_writer(rq), fields, &view, &context);
    return reply_json(rq);
}

static bool get_own_user(Req *rq, Error *err)
{
    return reply_user(rq, caller_of(rq)->user,
                      is_admin(rq) ? user_with_admin_fields : user_public_fields, err);
}

/* The user that the path's id names. */
static bool find_user(Req *rq, const char *param, User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (user_get(caller_of(rq)->db, rq->arena, req_int(rq, param), user, &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, "User");
    return error_move(err, &failed);
}

static bool get_user(Req *rq, Error *err)
{
    User user;

    if (!caller_of(rq)->user)
        return error_set(err, ERR_FORBIDDEN, "Not authorized!");
    return find_user(rq, "id", &user, err) &&
           reply_user(rq, &user, is_admin(rq) ? user_with_admin_fields : user_fields, err);
}

static bool write_users(Req *rq, const User *users, size_t n, Error *err)
{
    JsonWriter *w = reply_writer(rq);
    EntityContext context = caller_context(rq);

    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        UserView view = { .user = users[i] };
        if (is_admin(rq) && !load_view(rq, &users[i], &view, err))
            return false;
        entity_write(w, is_admin(rq) ? user_with_admin_fields : user_basic_fields, &view, &context);
    }
    jw_end_array(w);
    return true;
}

static UserFilter read_filter(Req *rq)
{
    return (UserFilter){
        .username = req_str(rq, "username"),
        .search = req_str(rq, "search"),
        .active = req_bool(rq, "active") || req_bool(rq, "exclude_blocked"),
        .blocked = req_bool(rq, "blocked") || req_bool(rq, "exclude_active"),
        .admins = is_admin(rq) && req_bool(rq, "admins"),
        .without_bots = req_bool(rq, "without_project_bots") || req_bool(rq, "humans"),
        .created_after = req_time(rq, "created_after"),
        .created_before = req_time(rq, "created_before"),
        .order_by = req_str(rq, "order_by"),
        .ascending = strcmp(req_str(rq, "sort"), "asc") == 0,
        .slice = { rq->page.per_page, rq->page.offset },
    };
}

static bool list_users(Req *rq, Error *err)
{
    UserFilter filter = read_filter(rq);
    User *users;
    size_t n;
    int64_t total;

    if (!caller_of(rq)->user && !filter.username)
        return error_set(err, ERR_FORBIDDEN, "Not authorized to access /api/v4/users");
    if (!user_count(caller_of(rq)->db, &filter, &total, err) ||
        !user_list(caller_of(rq)->db, rq->arena, &filter, &users, &n, err) ||
        !write_users(rq, users, n, err))
        return false;
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

/* --- writes ---------------------------------------------------------------------------------- */

/* With reset_password or force_random_password the account has none until an administrator sets
 * one: it works by tokens. */
static bool read_password(Req *rq, const char **hash, Error *err)
{
    *hash = NULL;
    if (req_has(rq, "password")) {
        char *made = account_hash_password(req_str(rq, "password"), err);
        if (made)
            arena_defer(rq->arena, g_free, made);
        *hash = made;
        return made != NULL;
    }
    if (!req_has(rq, "reset_password") && !req_has(rq, "force_random_password"))
        return error_set(err, ERR_PARAM,
                         "password, reset_password, force_random_password are missing, at least "
                         "one parameter must be provided");
    if (!req_bool(rq, "reset_password") && !req_bool(rq, "force_random_password"))
        return error_field(err, "password", "can't be blank");
    return true;
}

static bool create_user(Req *rq, Error *err)
{
    User user = { .username = req_str(rq, "username"),
                  .name = req_str(rq, "name"),
                  .email = req_str(rq, "email"),
                  .admin = req_bool(rq, "admin"),
                  .created_at = clock_now(site_of(rq)->clock) };

    return read_password(rq, &user.password_hash, err) && account_create(site_of(rq), &user, err) &&
           reply_user(rq, &user, user_with_admin_fields, err);
}

static bool update_user(Req *rq, Error *err)
{
    User user;

    if (!find_user(rq, "id", &user, err))
        return false;
    if (req_has(rq, "username"))
        user.username = req_str(rq, "username");
    if (req_has(rq, "name"))
        user.name = req_str(rq, "name");
    if (req_has(rq, "email"))
        user.email = req_str(rq, "email");
    if (req_has(rq, "admin"))
        user.admin = req_bool(rq, "admin");
    if (req_has(rq, "password") && !read_password(rq, &user.password_hash, err))
        return false;
    return account_update(site_of(rq), &user, err) &&
           reply_user(rq, &user, user_with_admin_fields, err);
}

static bool delete_user(Req *rq, Error *err)
{
    User user;

    if (!find_user(rq, "id", &user, err))
        return false;
    if (user.id == caller_of(rq)->user->id)
        return error_set(err, ERR_FORBIDDEN, "You cannot delete yourself");
    return project_life_remove_user(api_of(rq), user.id, err) && reply_empty(rq, 204);
}

static bool set_state(Req *rq, UserState state, Error *err)
{
    User user;

    if (!find_user(rq, "id", &user, err))
        return false;
    if (user.id == caller_of(rq)->user->id)
        return error_set(err, ERR_FORBIDDEN, "You cannot block or unblock yourself");
    user.state = state;
    if (!account_update(site_of(rq), &user, err))
        return false;
    jw_bool(reply_writer(rq), true);
    return reply_json(rq);
}

static bool block_user(Req *rq, Error *err)
{
    return set_state(rq, USER_BLOCKED, err);
}

static bool unblock_user(Req *rq, Error *err)
{
    return set_state(rq, USER_ACTIVE, err);
}

/* --- routes ---------------------------------------------------------------------------------- */

static const char *const user_orders[] = { "id", "name", "username", "created_at", NULL };
static const char *const sorts[] = { "asc", "desc", NULL };

static const Param list_params[] = {
    { "username", PARAM_STR },
    { "search", PARAM_STR },
    { "active", PARAM_BOOL },
    { "blocked", PARAM_BOOL },
    { "exclude_active", PARAM_BOOL },
    { "exclude_blocked", PARAM_BOOL },
    { "humans", PARAM_BOOL },
    { "without_project_bots", PARAM_BOOL },
    { "admins", PARAM_BOOL },
    { "created_after", PARAM_TIME },
    { "created_before", PARAM_TIME },
    { "order_by", PARAM_ENUM, .values = user_orders, .otherwise = "id" },
    { "sort", PARAM_ENUM, .values = sorts, .otherwise = "desc" },
    { 0 },
};

static const Param id_params[] = { { "id", PARAM_INT }, { 0 } };

static const Param create_params[] = {
    { "email", PARAM_STR, .required = true },
    { "name", PARAM_STR, .required = true },
    { "username", PARAM_STR, .required = true },
    { "password", PARAM_STR },
    { "reset_password", PARAM_BOOL },
    { "force_random_password", PARAM_BOOL },
    { "skip_confirmation", PARAM_BOOL },
    { "admin", PARAM_BOOL },
    { 0 },
};

static const Param update_params[] = {
    { "id", PARAM_INT },
    { "email", PARAM_STR },
    { "name", PARAM_STR },
    { "username", PARAM_STR },
    { "password", PARAM_STR },
    { "admin", PARAM_BOOL },
    { 0 },
};

const Route user_routes[] = {
    { GET, "/user", .handler = get_own_user, .scope = "read_user", .inline_ = true },
    { GET, "/users", .params = list_params, .handler = list_users, .auth = AUTH_OPTIONAL,
      .scope = "read_user", .paged = true },
    { GET, "/users/:id", .params = id_params, .handler = get_user, .auth = AUTH_OPTIONAL,
      .scope = "read_user" },
    { POST, "/users", .params = create_params, .handler = create_user, .status = 201,
      .auth = AUTH_ADMIN },
    { PUT, "/users/:id", .params = update_params, .handler = update_user, .auth = AUTH_ADMIN },
    { DELETE, "/users/:id", .params = id_params, .handler = delete_user, .auth = AUTH_ADMIN },
    { POST, "/users/:id/block", .params = id_params, .handler = block_user, .status = 201,
      .auth = AUTH_ADMIN },
    { POST, "/users/:id/unblock", .params = id_params, .handler = unblock_user, .status = 201,
      .auth = AUTH_ADMIN },
    { 0 },
};
