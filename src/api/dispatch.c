/* dispatch.c - what happens between a matched route and its handler. */
#include "access/session.h"
#include "access/subject.h"
#include "access/token.h"
#include "api/caller.h"
#include "base/text.h"

#include <string.h>

/* --- credentials --- */

static bool is_job_token(const char *token)
{
    return g_str_has_prefix(token, "glcbt-");
}

static const char *param_text(const Req *rq, const char *name)
{
    return json_string_value(json_object_get(rq->params, name));
}

static const char *bearer(Req *rq)
{
    const char *header = req_header(rq, "Authorization");

    return header && g_ascii_strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
}

/* In GitLab's order: job token (where the route takes one), Bearer, access token. */
static const char *find_token(Req *rq, bool *from_job)
{
    const char *token = NULL;

    *from_job = false;
    if (rq->route->job_token) {
        token = param_text(rq, "job_token");
        if (!token)
            token = req_header(rq, "JOB-TOKEN");
        *from_job = token != NULL;
    }
    if (!token) {
        token = bearer(rq);
        *from_job = token && rq->route->job_token && is_job_token(token);
    }
    if (!token)
        token = param_text(rq, "access_token");
    if (!token)
        token = param_text(rq, "private_token");
    if (!token)
        token = req_header(rq, "PRIVATE-TOKEN");
    return token && *token ? token : NULL;
}

const char *caller_cookie(Req *rq)
{
    static const char name[] = SESSION_COOKIE "=";
    const char *header = req_header(rq, "Cookie");

    for (const char *p = header; p && *p; p = strchr(p, ';')) {
        p += strspn(p, "; ");
        if (g_str_has_prefix(p, name)) {
            p += strlen(name);
            return arena_strndup(rq->arena, p, strcspn(p, ";"));
        }
    }
    return NULL;
}

bool caller_check_page(Req *rq, Error *err)
{
    const char *site = req_header(rq, "Sec-Fetch-Site");

    if (rq->method == GET)
        return true;
    if (!req_header(rq, PAGE_HEADER))
        return error_set(err, ERR_FORBIDDEN, "the header " PAGE_HEADER " is missing");
    return !site || strcmp(site, "same-origin") == 0 ||
           error_set(err, ERR_FORBIDDEN, "the request comes from another site");
}

static bool accept_session(Req *rq, const char *secret, Error *err)
{
    Caller *caller = caller_of(rq);
    User *user = arena_new0(rq->arena, User, 1);
    Session session;

    if (!session_check(site_of(rq), caller->db, rq->arena, secret, &session, user, err) ||
        !caller_check_page(rq, err))
        return false;
    caller->user = user;
    caller->scopes = session.scopes;
    caller->session_id = session.id;
    return true;
}

static bool accept_access_token(Req *rq, const char *token, Error *err)
{
    Caller *caller = caller_of(rq);
    User *user = arena_new0(rq->arena, User, 1);
    TokenGrant grant;

    if (!token_check(site_of(rq), caller->db, rq->arena, token, user, &grant, err))
        return false;
    caller->user = user;
    caller->scopes = grant.scopes;
    caller->token_id = grant.token_id;
    return true;
}

static bool accept_job_token(Req *rq, const char *token, Error *err)
{
    Caller *caller = caller_of(rq);
    Job *job = arena_new0(rq->arena, Job, 1);
    User *user = arena_new0(rq->arena, User, 1);

    if (!token_check_job(caller->db, rq->arena, token, job, user, err))
        return false;
    caller->job = job;
    caller->user = user;
    return true;
}

bool scopes_hold(const char *scopes, const char *wanted)
{
    g_auto(GStrv) have = g_strsplit(scopes, " ", -1);
    g_auto(GStrv) want = g_strsplit(wanted, " ", -1);

    for (char **word = want; *word; word++)
        if (**word && g_strv_contains((const char *const *)have, *word))
            return true;
    return false;
}

/* The scopes that open @rq's route: api for all, read_api for reads, and the route's own. */
static const char *accepted_scopes(Req *rq)
{
    const char *read = rq->method == GET ? " read_api" : "";
    const char *own = rq->route->scope ? rq->route->scope : "";

    return arena_printf(rq->arena, "api%s%s%s", read, *own ? " " : "", own);
}

static bool check_scopes(Req *rq, Error *err)
{
    const Caller *caller = caller_of(rq);

    if (!caller->scopes)
        return true;
    const char *accepted = accepted_scopes(rq);
    return scopes_hold(caller->scopes, accepted) || error_set(err, ERR_SCOPE, "%s", accepted);
}

/* An administrator acts as somebody else: `sudo` names an id or a username. */
static bool act_as_another(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    const char *wanted = param_text(rq, "sudo");
    User *user = arena_new0(rq->arena, User, 1);
    g_auto(Error) failed = ERROR_INIT;
    int64_t id;

    if (!wanted)
        wanted = req_header(rq, "Sudo");
    if (!wanted || !*wanted)
        return true;
    if (!caller->user->admin)
        return error_set(err, ERR_FORBIDDEN, "Must be admin to use sudo");
    if (!caller->scopes || !scopes_hold(caller->scopes, "sudo"))
        return error_set(err, ERR_SCOPE, "sudo");
    if (!(text_to_int(wanted, &id)
              ? user_get(caller->db, rq->arena, id, user, &failed)
              : user_by_username(caller->db, rq->arena, wanted, user, &failed))) {
        if (failed.code == ERR_NO_RECORD)
            return error_set(err, ERR_NOT_FOUND, "User with ID or username '%s'", wanted);
        return error_move(err, &failed);
    }
    caller->user = user;
    return true;
}

/* Who knows @token, or else has the cookie of a session. */
static bool accept(Req *rq, const char *token, bool from_job, const char *cookie, Error *err)
{
    if (!token)
        return accept_session(rq, cookie, err);
    return from_job ? accept_job_token(rq, token, err) : accept_access_token(rq, token, err);
}

static bool authenticate(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    bool from_job;

    if (rq->route->auth == AUTH_NONE)
        return true;
    const char *token = find_token(rq, &from_job);
    const char *cookie = token ? NULL : caller_cookie(rq);
    if (!token && !cookie)
        return rq->route->auth == AUTH_OPTIONAL || error_set(err, ERR_UNAUTHORIZED, NULL);
    if (!accept(rq, token, from_job, cookie, err) || !check_scopes(rq, err) ||
        !act_as_another(rq, err))
        return false;
    rq->log_user = (int)caller->user->id;
    if (rq->route->auth == AUTH_ADMIN && !caller->user->admin)
        return error_set(err, ERR_FORBIDDEN, NULL);
    return true;
}

bool caller_from_password(Req *rq, const char *username, const char *token, Error *err)
{
    return strcmp(username, "gitlab-ci-token") == 0 || is_job_token(token)
               ? accept_job_token(rq, token, err)
               : accept_access_token(rq, token, err);
}

/* --- projects and groups --- */

static bool hide(Error *err, Error *failed, const char *kind)
{
    if (failed->code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, "%s", kind);
    return error_move(err, failed);
}

static int64_t user_id_of(const Caller *caller)
{
    return caller->user ? caller->user->id : 0;
}

static bool is_admin(const Caller *caller)
{
    return caller->user && caller->user->admin;
}

bool caller_lookup_project(Req *rq, const char *id, Project *project, Error *err)
{
    Db *db = caller_of(rq)->db;
    g_auto(Error) failed = ERROR_INIT;
    int64_t number;

    if (text_to_int(id, &number)
            ? project_get(db, rq->arena, number, project, &failed)
            : strchr(id, '/') && project_by_path(db, rq->arena, id, project, &failed))
        return true;
    return failed.code ? hide(err, &failed, "Project") : error_set(err, ERR_NOT_FOUND, "Project");
}

bool caller_find_project(Req *rq, const char *id, Project *project, Subject *subject, Error *err)
{
    const Caller *caller = caller_of(rq);
    Subject found;

    if (!caller_lookup_project(rq, id, project, err) ||
        !subject_of_project(caller->db, user_id_of(caller), is_admin(caller), project,
                            clock_now(site_of(rq)->clock), &found, err))
        return false;
    if (!access_sees(&found))
        return error_set(err, ERR_NOT_FOUND, "Project");
    if (subject)
        *subject = found;
    return true;
}

bool caller_find_group(Req *rq, const char *id, Namespace *group, Subject *subject, Error *err)
{
    const Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;
    Subject found;
    int64_t number;

    bool ok = text_to_int(id, &number)
                  ? namespace_get(caller->db, rq->arena, number, group, &failed)
                  : namespace_by_path(caller->db, rq->arena, id, group, &failed);
    if (!ok)
        return hide(err, &failed, "Group");
    if (group->kind != NAMESPACE_GROUP)
        return error_set(err, ERR_NOT_FOUND, "Group");
    if (!subject_of_group(caller->db, user_id_of(caller), is_admin(caller), group,
                          clock_now(site_of(rq)->clock), &found, err))
        return false;
    if (!access_sees(&found))
        return error_set(err, ERR_NOT_FOUND, "Group");
    if (subject)
        *subject = found;
    return true;
}

/* A job acts in its own project, and reads others that its user may read. */
static bool check_job_reach(Req *rq, Error *err)
{
    const Caller *caller = caller_of(rq);

    if (!caller->job || !caller->project || caller->job->project_id == caller->project->id ||
        rq->method == GET)
        return true;
    return error_set(err, ERR_FORBIDDEN, NULL);
}

static bool load_target(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    const char *path = rq->route->path;

    if (rq->route->ability == ABILITY_NONE)
        return true;
    if (g_str_has_prefix(path, "/projects/:id")) {
        Project *project = arena_new0(rq->arena, Project, 1);
        if (!caller_find_project(rq, req_path_param(rq, "id"), project, &caller->subject, err))
            return false;
        caller->project = project;
    } else {
        Namespace *group = arena_new0(rq->arena, Namespace, 1);
        if (!caller_find_group(rq, req_path_param(rq, "id"), group, &caller->subject, err))
            return false;
        caller->group = group;
    }
    return check_job_reach(rq, err) && caller_require(rq, (Ability)rq->route->ability, err);
}

bool caller_require(Req *rq, Ability ability, Error *err)
{
    return access_can(&caller_of(rq)->subject, ability) || error_set(err, ERR_FORBIDDEN, NULL);
}

EntityContext caller_context(Req *rq)
{
    const Caller *caller = caller_of(rq);

    return (EntityContext){ .base_url = site_of(rq)->external_url,
                            .now_us = clock_now(site_of(rq)->clock),
                            .user_id = user_id_of(caller),
                            .admin = is_admin(caller) };
}

/* --- keyset pages --- */

bool caller_wants_keyset(const Req *rq)
{
    return g_strcmp0(param_text(rq, "pagination"), "keyset") == 0;
}

bool reply_no_keyset(Req *rq)
{
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_string(w, "error", "Keyset pagination is not yet available for this type of request");
    jw_end_object(w);
    return reply_json_status(rq, 405);
}

/* Lists that have keyset pages declare the parameter. */
static bool declares_pagination(const Route *route)
{
    for (const Param *param = route->params; param && param->name; param++)
        if (strcmp(param->name, "pagination") == 0)
            return true;
    return false;
}

static bool run_handler(Req *rq, Error *err)
{
    if (rq->route->paged && caller_wants_keyset(rq) && !declares_pagination(rq->route))
        return reply_no_keyset(rq);
    return rq->route->handler(rq, err);
}

bool api_dispatch(Req *rq, Error *err)
{
    Caller *caller = arena_new0(rq->arena, Caller, 1);

    caller->db = database_reader(site_of(rq)->database);
    rq->caller = caller;
    if (rq->method == GET)
        database_reader_hold_still(caller->db);
    bool ok = authenticate(rq, err) && req_check_params(rq, err) && load_target(rq, err) &&
              run_handler(rq, err);
    caller_release_db(rq);
    return ok;
}

void caller_release_db(Req *rq)
{
    g_clear_pointer(&caller_of(rq)->db, database_reader_release);
}
