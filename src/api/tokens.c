/* tokens.c - personal access tokens: one's own, and anyone's for administrators. */
#include "access/rotation.h"
#include "access/token.h"
#include "api/caller.h"
#include "api/routes.h"
#include "store/access_tokens.h"

#include <string.h>

enum { ROTATED_LIFE_DAYS = 7 };
#define US_PER_DAY (24 * 3600 * US_PER_S)

/* What any token may do with itself. */
static const char ANY_SCOPE[] = "read_api read_user read_repository write_repository create_runner "
                                "manage_runner self_rotate sudo admin_mode";

/* --- the entity ------------------------------------------------------------------------------ */

typedef struct TokenView {
    AccessToken token;
    bool active;
    const char *secret; /* in the clear; NULL: not told */
} TokenView;

static void write_scopes(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    g_auto(GStrv) scopes = g_strsplit(((const TokenView *)view)->token.scopes, " ", -1);

    jw_key(w, field->name);
    jw_strings(w, (const char *const *)scopes);
}

static void write_secret(JsonWriter *w, const Field *field, const void *view,
                         const EntityContext *context)
{
    const TokenView *v = view;

    if (v->secret)
        jw_put_string(w, field->name, v->secret);
}

static const Field token_fields[] = {
    FIELD_AS("id", INT, TokenView, token.id),
    FIELD_AS("name", STR, TokenView, token.name),
    FIELD_AS("revoked", BOOL, TokenView, token.revoked),
    FIELD_AS("created_at", TIME, TokenView, token.created_at),
    FIELD_AS("description", STR, TokenView, token.description),
    FIELD_FUNC("scopes", write_scopes),
    FIELD_AS("user_id", INT, TokenView, token.user_id),
    FIELD_AS("last_used_at", TIME, TokenView, token.last_used_at),
    FIELD_AS("active", BOOL, TokenView, active),
    FIELD_AS("expires_at", DATE, TokenView, token.expires_at),
    FIELD_FUNC("token", write_secret),
    FIELDS_END,
};

static TokenView view_of(Req *rq, const AccessToken *token, const char *secret)
{
    int64_t now = clock_now(site_of(rq)->clock);
    bool is_over = token->revoked || (token->expires_at && token->expires_at <= now);

    return (TokenView){ .token = *token, .active = !is_over, .secret = secret };
}

static bool reply_token(Req *rq, const AccessToken *token, const char *secret)
{
    EntityContext context = caller_context(rq);
    TokenView view = view_of(rq, token, secret);

    entity_write(reply_writer(rq), token_fields, &view, &context);
    return reply_json(rq);
}

/* --- which one ------------------------------------------------------------------------------- */

/* Somebody else's token answers as if there were no right to ask at all. */
static bool find_token(Req *rq, AccessToken *token, Error *err)
{
    const Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;

    bool found = access_token_get(caller->db, rq->arena, req_int(rq, "id"), token, &failed);
    if (found && (caller->user->admin || token->user_id == caller->user->id))
        return true;
    if (!found && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    return caller->user->admin ? error_set(err, ERR_NOT_FOUND, NULL)
                               : error_set(err, ERR_UNAUTHORIZED, NULL);
}

static bool find_own_token(Req *rq, AccessToken *token, Error *err)
{
    const Caller *caller = caller_of(rq);

    if (!caller->token_id)
        return error_set(err, ERR_BAD_REQUEST, "This endpoint requires an access token");
    return access_token_get(caller->db, rq->arena, caller->token_id, token, err);
}

static bool get_token(Req *rq, Error *err)
{
    AccessToken token;

    return find_token(rq, &token, err) && reply_token(rq, &token, NULL);
}

static bool get_own_token(Req *rq, Error *err)
{
    AccessToken token;

    return find_own_token(rq, &token, err) && reply_token(rq, &token, NULL);
}

/* --- the list -------------------------------------------------------------------------------- */

static Only read_state(const Req *rq)
{
    const char *state = req_str(rq, "state");

    return !state ? ONLY_ANY : strcmp(state, "active") == 0 ? ONLY_YES : ONLY_NO;
}

static AccessTokenFilter read_filter(Req *rq)
{
    const User *user = caller_of(rq)->user;

    return (AccessTokenFilter){
        .user_id = user->admin ? req_int(rq, "user_id") : user->id,
        .active = read_state(rq),
        .now_us = clock_now(site_of(rq)->clock),
        .revoked = !req_has(rq, "revoked")   ? ONLY_ANY
                   : req_bool(rq, "revoked") ? ONLY_YES
                                             : ONLY_NO,
        .search = req_str(rq, "search"),
        .slice = { rq->page.per_page, rq->page.offset },
    };
}

static bool list_tokens(Req *rq, Error *err)
{
    const User *user = caller_of(rq)->user;
    AccessTokenFilter filter = read_filter(rq);
    EntityContext context = caller_context(rq);
    JsonWriter *w = reply_writer(rq);
    AccessToken *tokens;
    int64_t total;
    size_t n;

    if (!user->admin && req_has(rq, "user_id") && req_int(rq, "user_id") != user->id)
        return error_set(err, ERR_UNAUTHORIZED, NULL);
    if (!access_token_count(caller_of(rq)->db, &filter, &total, err) ||
        !access_token_list(caller_of(rq)->db, rq->arena, &filter, &tokens, &n, err))
        return false;
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        TokenView view = view_of(rq, &tokens[i], NULL);
        entity_write(w, token_fields, &view, &context);
    }
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

/* --- writes ---------------------------------------------------------------------------------- */

static bool check_expiry(Req *rq, int64_t expires_at, Error *err)
{
    if (!expires_at || expires_at > clock_now(site_of(rq)->clock))
        return true;
    return error_set(err, ERR_BAD_REQUEST, "Expiration date must be in the future");
}

static bool reply_new(Req *rq, const TokenOrder *order, Error *err)
{
    g_autofree char *secret = NULL;
    AccessToken token;
    int64_t id;

    if (!token_create(site_of(rq), order, &id, &secret, err) ||
        !access_token_get(caller_of(rq)->db, rq->arena, id, &token, err))
        return false;
    return reply_token(rq, &token, secret);
}

static bool create_token(Req *rq, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    g_autofree char *scopes = g_strjoinv(" ", (char **)req_strs(rq, "scopes"));
    TokenOrder order = { .user_id = req_int(rq, "user_id"),
                         .name = req_str(rq, "name"),
                         .description = req_str(rq, "description"),
                         .scopes = scopes,
                         .expires_at = req_time(rq, "expires_at") };
    User user;

    if (!user_get(caller_of(rq)->db, rq->arena, order.user_id, &user, &failed))
        return failed.code == ERR_NO_RECORD ? error_set(err, ERR_NOT_FOUND, "User")
                                            : error_move(err, &failed);
    return check_expiry(rq, order.expires_at, err) && reply_new(rq, &order, err);
}

static bool rotate(Req *rq, const AccessToken *old, Error *err)
{
    int64_t now = clock_now(site_of(rq)->clock);
    int64_t in_a_week = (now / US_PER_DAY + ROTATED_LIFE_DAYS) * US_PER_DAY;
    int64_t expires_at = req_has(rq, "expires_at") ? req_time(rq, "expires_at") : in_a_week;
    g_autofree char *secret = NULL;
    AccessToken fresh;

    return check_expiry(rq, expires_at, err) &&
           token_rotate(site_of(rq), old, expires_at, &fresh, &secret, err) &&
           reply_token(rq, &fresh, secret);
}

static bool rotate_token(Req *rq, Error *err)
{
    AccessToken old;

    return find_token(rq, &old, err) && rotate(rq, &old, err);
}

static bool rotate_own_token(Req *rq, Error *err)
{
    AccessToken old;

    return find_own_token(rq, &old, err) && rotate(rq, &old, err);
}

static bool revoke_row(Db *db, void *data, Error *err)
{
    return access_token_revoke(db, *(const int64_t *)data, NULL, err);
}

static bool end_token(Req *rq, AccessToken *token, Error *err)
{
    return database_write(site_of(rq)->database, revoke_row, &token->id, err) &&
           reply_empty(rq, 204);
}

static bool revoke_token(Req *rq, Error *err)
{
    AccessToken token;

    return find_token(rq, &token, err) && end_token(rq, &token, err);
}

static bool revoke_own_token(Req *rq, Error *err)
{
    AccessToken token;

    return find_own_token(rq, &token, err) && end_token(rq, &token, err);
}

/* --- routes ---------------------------------------------------------------------------------- */

static const char *const states[] = { "active", "inactive", NULL };

static const Param list_params[] = {
    { "user_id", PARAM_INT },
    { "state", PARAM_ENUM, .values = states },
    { "revoked", PARAM_BOOL },
    { "search", PARAM_STR },
    { 0 },
};

static const Param id_params[] = { { "id", PARAM_INT }, { 0 } };

static const Param create_params[] = {
    { "user_id", PARAM_INT },
    { "name", PARAM_STR, .required = true },
    { "scopes", PARAM_STRS, .required = true },
    { "expires_at", PARAM_DATE },
    { "description", PARAM_STR },
    { 0 },
};

static const Param rotate_params[] = {
    { "id", PARAM_INT },
    { "expires_at", PARAM_DATE },
    { 0 },
};

static const Param rotate_own_params[] = { { "expires_at", PARAM_DATE }, { 0 } };

const Route token_routes[] = {
    { POST, "/users/:user_id/personal_access_tokens", .params = create_params,
      .handler = create_token, .status = 201, .auth = AUTH_ADMIN },
    { GET, "/personal_access_tokens", .params = list_params, .handler = list_tokens,
      .paged = true },
    { GET, "/personal_access_tokens/self", .handler = get_own_token, .scope = ANY_SCOPE },
    { DELETE, "/personal_access_tokens/self", .handler = revoke_own_token, .scope = ANY_SCOPE },
    { POST, "/personal_access_tokens/self/rotate", .params = rotate_own_params,
      .handler = rotate_own_token, .scope = "self_rotate" },
    { GET, "/personal_access_tokens/:id", .params = id_params, .handler = get_token },
    { DELETE, "/personal_access_tokens/:id", .params = id_params, .handler = revoke_token },
    { POST, "/personal_access_tokens/:id/rotate", .params = rotate_params,
      .handler = rotate_token },
    { 0 },
};
