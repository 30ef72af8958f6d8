/* sessions.c - signing in and out of the web page: a cookie that the API takes as well. */
#include "access/attempts.h"
#include "access/session.h"
#include "api/caller.h"
#include "api/routes.h"
#include "api/user_entity.h"

#include <string.h>

enum { MOST_LISTED = 100 };

/* --- the entity ------------------------------------------------------------------------------ */

typedef struct SessionView {
    Session session;
    const User *user;
    int64_t current_id;
} SessionView;

static void write_user(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    const SessionView *v = view;

    jw_key(w, field->name);
    jw_begin_object(w);
    entity_write_fields(w, user_basic_fields, v->user, context);
    jw_put_bool(w, "is_admin", v->user->admin);
    jw_end_object(w);
}

static void write_current(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    const SessionView *v = view;

    jw_put_bool(w, field->name, v->session.id == v->current_id);
}

static const Field session_fields[] = {
    FIELD_AS("id", INT, SessionView, session.id),
    FIELD_FUNC("user", write_user),
    FIELD_AS("created_at", TIME, SessionView, session.created_at),
    FIELD_AS("last_used_at", TIME, SessionView, session.last_used_at),
    FIELD_AS("expires_at", TIME, SessionView, session.expires_at),
    FIELD_FUNC("current", write_current),
    FIELDS_END,
};

static void write_session(Req *rq, const Session *session, const User *user, int64_t current_id)
{
    EntityContext context = caller_context(rq);
    SessionView view = { .session = *session, .user = user, .current_id = current_id };

    entity_write(reply_writer(rq), session_fields, &view, &context);
}

/* @secret "": the browser forgets the cookie. */
static void set_cookie(Req *rq, const char *secret, int64_t seconds)
{
    bool secure = g_str_has_prefix(site_of(rq)->external_url, "https://");

    req_reply_header(rq, "Set-Cookie",
                     arena_printf(rq->arena,
                                  SESSION_COOKIE "=%s; Path=/; Max-Age=%" G_GINT64_FORMAT
                                                 "; HttpOnly; SameSite=Strict%s",
                                  secret, seconds, secure ? "; Secure" : ""));
}

/* --- signing in ------------------------------------------------------------------------------ */

static bool is_given(Req *rq, const char *name)
{
    const char *text = req_str(rq, name);

    return text && *text;
}

static bool recognise(Req *rq, SignIn *who, Error *err)
{
    const Site *site = site_of(rq);
    Db *db = caller_of(rq)->db;

    if (is_given(rq, "link"))
        return sign_in_by_link(site, req_str(rq, "link"), who, err);
    if (is_given(rq, "token"))
        return sign_in_by_token(site, db, req_str(rq, "token"), who, err);
    if (!is_given(rq, "username") || !is_given(rq, "password"))
        return error_set(err, ERR_BAD_REQUEST, "username and password, token or link is missing");
    return sign_in_by_password(db, req_str(rq, "username"), req_str(rq, "password"), who, err);
}

static bool reply_wait(Req *rq, int64_t seconds)
{
    JsonWriter *w = reply_writer(rq);

    req_reply_header(rq, "Retry-After", arena_printf(rq->arena, "%" G_GINT64_FORMAT, seconds));
    jw_begin_object(w);
    jw_put_string(w, "message", "429 Too Many Requests");
    jw_end_object(w);
    return reply_json_status(rq, 429);
}

/* An address, and a name that somebody guesses from many addresses. */
static void attempt_names(Req *rq, const char *names[3])
{
    const char *name = req_str(rq, "username");

    names[0] = arena_printf(rq->arena, "from %s", rq->peer);
    names[1] = NULL;
    if (name && *name) {
        g_autofree char *key = g_utf8_casefold(name, -1);
        names[1] = arena_printf(rq->arena, "as %.255s", key);
    }
    names[2] = NULL;
}

static void forgive(Req *rq, const char *const *names)
{
    for (; *names; names++)
        attempts_succeeded(api_of(rq)->attempts, *names);
}

static bool reply_session(Req *rq, const SignIn *who, Error *err)
{
    g_autofree char *secret = NULL;
    Session session;
    User user;

    if (!session_open(site_of(rq), who, &session, &secret, err) ||
        !user_get(caller_of(rq)->db, rq->arena, who->user_id, &user, err))
        return false;
    set_cookie(rq, secret, (session.expires_at - session.created_at) / US_PER_S);
    req_reply_header(rq, "Cache-Control", "no-store");
    rq->log_user = (int)user.id;
    write_session(rq, &session, &user, session.id);
    return reply_json(rq);
}

static bool sign_in(Req *rq, Error *err)
{
    const char *names[3];
    SignIn who;

    if (!caller_check_page(rq, err))
        return false;
    attempt_names(rq, names);
    for (int i = 0; names[i]; i++) {
        int64_t wait =
            attempts_begin(api_of(rq)->attempts, names[i], clock_now(site_of(rq)->clock));
        if (wait > 0)
            return reply_wait(rq, wait);
    }
    if (!recognise(rq, &who, err))
        return false;
    forgive(rq, names);
    return reply_session(rq, &who, err);
}

/* --- what there is, and its end -------------------------------------------------------------- */

/* A token is no session. */
static bool require_session(Req *rq, Error *err)
{
    return caller_of(rq)->session_id || error_set(err, ERR_UNAUTHORIZED, NULL);
}

static bool list(Req *rq, Session **sessions, size_t *n, Error *err)
{
    const Caller *caller = caller_of(rq);

    return session_list(caller->db, rq->arena, caller->user->id, clock_now(site_of(rq)->clock),
                        MOST_LISTED, sessions, n, err);
}

static bool get_session(Req *rq, Error *err)
{
    const Caller *caller = caller_of(rq);
    Session session;
    User user;

    if (!require_session(rq, err) ||
        !session_check(site_of(rq), caller->db, rq->arena, caller_cookie(rq), &session, &user, err))
        return false;
    req_reply_header(rq, "Cache-Control", "no-store");
    write_session(rq, &session, &user, session.id);
    return reply_json(rq);
}

static bool list_sessions(Req *rq, Error *err)
{
    const Caller *caller = caller_of(rq);
    JsonWriter *w = reply_writer(rq);
    Session *sessions;
    size_t n;

    if (!list(rq, &sessions, &n, err))
        return false;
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        write_session(rq, &sessions[i], caller->user, caller->session_id);
    jw_end_array(w);
    return reply_json(rq);
}

static bool close_session(Req *rq, int64_t id, Error *err)
{
    const Caller *caller = caller_of(rq);
    bool done;

    if (!session_close(site_of(rq), id, caller->user->id, &done, err))
        return false;
    if (!done)
        return error_set(err, ERR_NOT_FOUND, "Session");
    if (id == caller->session_id)
        set_cookie(rq, "", 0);
    return reply_empty(rq, 204);
}

static bool sign_out(Req *rq, Error *err)
{
    return require_session(rq, err) && close_session(rq, caller_of(rq)->session_id, err);
}

static bool delete_session(Req *rq, Error *err)
{
    return close_session(rq, req_int(rq, "session_id"), err);
}

static const Param sign_in_params[] = { { "username", PARAM_STR },
                                        { "password", PARAM_STR },
                                        { "token", PARAM_STR },
                                        { "link", PARAM_STR },
                                        { 0 } };
static const Param session_params[] = { { "session_id", PARAM_INT }, { 0 } };

const Route session_routes[] = {
    { POST, "/-/session", .params = sign_in_params, .handler = sign_in, .status = 201,
      .auth = AUTH_NONE, .hidden = true },
    { GET, "/-/session", .handler = get_session, .hidden = true },
    { DELETE, "/-/session", .handler = sign_out, .status = 204, .hidden = true },
    { GET, "/-/sessions", .handler = list_sessions, .hidden = true },
    { DELETE, "/-/sessions/:session_id", .params = session_params, .handler = delete_session,
      .status = 204, .hidden = true },
    { 0 },
};
