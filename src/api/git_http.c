/* git_http.c - git over HTTP at the root: /<path of a project>.git/...
 *
 * A catch-all: what is none of git's three requests is a page's address, for a browser, and nobody's else.  A push is told to pipeline/
 * before git moves a ref and after it, so that a crash between gives its pipelines all the same.
 */
#include "access/subject.h"
#include "api/caller.h"
#include "api/errors.h"
#include "api/page_files.h"
#include "api/routes.h"
#include "base/log.h"
#include "pipeline/push.h"
#include "repo/repo.h"
#include "store/protected_refs.h"

#include <string.h>

typedef struct GitRequest {
    const char *path; /* of the project */
    GitService service;
    bool advertise;
} GitRequest;

/* --- what is asked for ----------------------------------------------------------------------- */

static const struct {
    HttpMethod method;
    const char *suffix;
    const char *query; /* of ?service=; NULL: the suffix says it */
    GitService service;
} forms[] = {
    { GET, "/info/refs", "git-upload-pack", GIT_UPLOAD_PACK },
    { GET, "/info/refs", "git-receive-pack", GIT_RECEIVE_PACK },
    { POST, "/git-upload-pack", NULL, GIT_UPLOAD_PACK },
    { POST, "/git-receive-pack", NULL, GIT_RECEIVE_PACK },
};

static const char *const service_names[] = { "upload-pack", "receive-pack" };

/* "group/project.git" and "group/project" are the same. */
static const char *project_path(Req *rq, const char *path, size_t n)
{
    const char *name = arena_strndup(rq->arena, path, n);

    return g_str_has_suffix(name, ".git") ? arena_strndup(rq->arena, name, n - strlen(".git"))
                                          : name;
}

static bool read_request(Req *rq, GitRequest *out)
{
    const char *path = req_path_param(rq, "path");
    const char *service = req_str(rq, "service");

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (rq->method != forms[i].method || !g_str_has_suffix(path, forms[i].suffix) ||
            (forms[i].query && g_strcmp0(service, forms[i].query) != 0))
            continue;
        size_t n = strlen(path) - strlen(forms[i].suffix);
        *out = (GitRequest){ project_path(rq, path, n), forms[i].service, forms[i].query != NULL };
        return strchr(out->path, '/') != NULL;
    }
    return false;
}

/* --- who asks -------------------------------------------------------------------------------- */

/* git shows the text of a refusal to the person. */
static bool refuse(Req *rq, int status, const char *text)
{
    if (status == 401)
        req_reply_header(rq, "WWW-Authenticate", "Basic realm=\"Penstock\"");
    return reply_bytes(rq, status, "text/plain; charset=utf-8", text, strlen(text));
}

static bool ask_for_password(Req *rq)
{
    return refuse(rq, 401,
                  "HTTP Basic: Access denied. Use an access token as the password, with a scope "
                  "that opens repositories.\n");
}

/* NULL: there is none, or it is not to be read. */
static char **basic_credentials(Req *rq)
{
    const char *header = req_header(rq, "Authorization");
    gsize n = 0;

    if (!header || g_ascii_strncasecmp(header, "Basic ", 6) != 0)
        return NULL;
    g_autofree guchar *bytes = g_base64_decode(header + 6, &n);
    g_autofree char *text = g_strndup((const char *)bytes, n);
    char **parts = g_strsplit(text, ":", 2);
    if (g_strv_length(parts) == 2)
        return parts;
    g_strfreev(parts);
    return NULL;
}

/* Without credentials the caller stays nobody.  ERR_UNAUTHORIZED and its relatives. */
static bool sign_in(Req *rq, Error *err)
{
    g_auto(GStrv) parts = basic_credentials(rq);

    if (!parts)
        return !req_header(rq, "Authorization") || error_set(err, ERR_UNAUTHORIZED, NULL);
    if (!caller_from_password(rq, parts[0], parts[1], err))
        return false;
    rq->log_user = (int)caller_of(rq)->user->id;
    return true;
}

static bool is_wrong_password(const Error *err)
{
    return err->code == ERR_UNAUTHORIZED || err->code == ERR_TOKEN_EXPIRED ||
           err->code == ERR_TOKEN_REVOKED;
}

/* Why the caller may not do it, as text for a 403; NULL: they may. */
static const char *refusal(Req *rq, const GitRequest *git, const Project *project)
{
    const Caller *caller = caller_of(rq);
    bool push = git->service == GIT_RECEIVE_PACK;
    const char *scopes = push ? "api write_repository" : "api read_repository write_repository";

    if (caller->scopes && !scopes_hold(caller->scopes, scopes))
        return push ? "The access token lacks the scope write_repository.\n"
                    : "The access token lacks the scope read_repository.\n";
    if (!access_can(&caller->subject, CAN_READ_CODE))
        return "You are not allowed to download code from this project.\n";
    if (!push)
        return NULL;
    if (caller->job)
        return "You are not allowed to push code to this project: a job token reads only.\n";
    if (!access_can(&caller->subject, CAN_PUSH_CODE))
        return "You are not allowed to push code to this project.\n";
    return project->archived ? "You can't push code to an archived project.\n" : NULL;
}

/* --- a push's rules -------------------------------------------------------------------------- */

typedef struct PushRules {
    GPtrArray *protected_refs; /* of char *, NULL-terminated */
    GPtrArray *no_force_refs;
} PushRules;

static void push_rules_clear(PushRules *rules)
{
    g_clear_pointer(&rules->protected_refs, g_ptr_array_unref);
    g_clear_pointer(&rules->no_force_refs, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PushRules, push_rules_clear)

static bool reaches(const Subject *subject, int64_t level)
{
    return level != ACCESS_NONE && (subject->admin || (int64_t)subject->level >= level);
}

static bool add_rules(Req *rq, const Project *project, const char *kind, const char *prefix,
                      PushRules *rules, Error *err)
{
    const Caller *caller = caller_of(rq);
    ProtectedRef *rows = NULL;
    size_t n = 0;

    if (!protected_ref_list(caller->db, rq->arena, project->id, kind, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        char *pattern = arena_printf(rq->arena, "%s%s", prefix, rows[i].name);
        if (!reaches(&caller->subject, rows[i].push_level))
            g_ptr_array_add(rules->protected_refs, pattern);
        if (!rows[i].allow_force_push)
            g_ptr_array_add(rules->no_force_refs, pattern);
    }
    return true;
}

static bool find_rules(Req *rq, const Project *project, PushRules *rules, Error *err)
{
    const Subject *subject = &caller_of(rq)->subject;

    rules->protected_refs = g_ptr_array_new();
    rules->no_force_refs = g_ptr_array_new();
    if (!add_rules(rq, project, "branch", "refs/heads/", rules, err) ||
        !add_rules(rq, project, "tag", "refs/tags/", rules, err))
        return false;
    /* Moving or removing a tag that others may have fetched takes a maintainer. */
    if (!reaches(subject, ACCESS_MAINTAINER))
        g_ptr_array_add(rules->no_force_refs, (char *)"refs/tags/*");
    g_ptr_array_add(rules->protected_refs, NULL);
    g_ptr_array_add(rules->no_force_refs, NULL);
    return true;
}

/* --- serving --------------------------------------------------------------------------------- */

typedef struct Output {
    Req *rq;
    const char *content_type;
    bool begun;
} Output;

/* The status is decided by git's first byte: what fails before it has a status of its own. */
static bool put_out(void *data, const void *bytes, size_t size)
{
    Output *out = data;

    if (!out->begun) {
        out->begun = true;
        if (!reply_stream_begin(out->rq, 200, out->content_type))
            return false;
    }
    return reply_stream_write(out->rq, bytes, size);
}

/* @ok, @err: what git's run came to. */
static bool finish(Output *out, bool ok, Error *err)
{
    if (out->begun) {
        (void)reply_stream_end(out->rq, ok); /* a client that is gone misses nothing */
        return ok;
    }
    return ok && reply_bytes(out->rq, 200, out->content_type, "", 0);
}

static void set_call(Req *rq, const GitRequest *git, GitCall *call)
{
    const char *encoding = req_header(rq, "Content-Encoding");

    *call =
        (GitCall){ .service = git->service,
                   .advertise = git->advertise,
                   .protocol = req_header(rq, "Git-Protocol"),
                   .body_fd = rq->body_fd,
                   .gzip = g_strcmp0(encoding, "gzip") == 0 || g_strcmp0(encoding, "x-gzip") == 0,
                   .max_bytes = site_of(rq)->settings->max_upload_bytes };
}

static bool serve_read(Req *rq, const Project *project, const GitCall *call, Output *out,
                       Error *err)
{
    caller_release_db(rq);
    return finish(out, repo_serve(site_of(rq)->repos, project->id, call, put_out, out, err), err);
}

/* What git accepted is processed whatever became of the answer to it. */
static bool serve_push(Req *rq, const Project *project, GitCall *call, Output *out, Error *err)
{
    const Site *site = site_of(rq);
    g_auto(PushRules) rules = { 0 };
    g_auto(Error) late = ERROR_INIT;
    int64_t id;

    if (!find_rules(rq, project, &rules, err))
        return false;
    caller_release_db(rq);
    call->protected_refs = (const char *const *)rules.protected_refs->pdata;
    call->no_force_refs = (const char *const *)rules.no_force_refs->pdata;
    if (!push_begin(site, project->id, caller_of(rq)->user->id, &id, err))
        return false;
    bool ok = repo_serve(site->repos, project->id, call, put_out, out, err);
    if (!push_end(site, id, &late))
        log_error(&late, "the push %" G_GINT64_FORMAT " is left for later", id);
    return finish(out, ok, err);
}

static bool serve(Req *rq, const GitRequest *git, const Project *project, Error *err)
{
    Output out = { .rq = rq,
                   .content_type = arena_printf(rq->arena, "application/x-git-%s-%s",
                                                service_names[git->service],
                                                git->advertise ? "advertisement" : "result") };
    GitCall call;

    set_call(rq, git, &call);
    req_reply_header(rq, "Cache-Control", "no-cache");
    return git->service == GIT_RECEIVE_PACK && !git->advertise
               ? serve_push(rq, project, &call, &out, err)
               : serve_read(rq, project, &call, &out, err);
}

/* Running jobs fetch while the server stops; nobody pushes any more. */
static bool git(Req *rq, Error *err)
{
    Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;
    GitRequest request;
    Project project;

    if (!read_request(rq, &request)) {
        if (page_is_wanted(rq))
            return reply_page(rq);
        errors_no_route(rq, NULL);
        return true;
    }
    if (request.service == GIT_RECEIVE_PACK && req_is_stopping(rq))
        return error_set(err, ERR_UNAVAILABLE, NULL);
    if (!sign_in(rq, &failed))
        return is_wrong_password(&failed) ? ask_for_password(rq) : error_move(err, &failed);
    if (!caller_find_project(rq, request.path, &project, &caller->subject, &failed)) {
        if (failed.code != ERR_NOT_FOUND)
            return error_move(err, &failed);
        return !caller->user ? ask_for_password(rq)
                             : refuse(rq, 404,
                                      "The project you were looking for could not be found or you "
                                      "don't have permission to view it.\n");
    }
    const char *why_not = refusal(rq, &request, &project);
    if (why_not)
        return caller->user ? refuse(rq, 403, why_not) : ask_for_password(rq);
    return serve(rq, &request, &project, err);
}

static const Param git_params[] = { { "service", PARAM_STR }, { 0 } };

const Route git_routes[] = {
    { GET, "/*path", 0, git_params, git, .auth = AUTH_NONE, .while_stopping = true,
      .hidden = true },
    { POST, "/*path", 0, git_params, git, .auth = AUTH_NONE, .body = BODY_SPOOL,
      .while_stopping = true, .hidden = true },
    { 0 },
};
