/* caller.h - who calls, and what the route's path names: found before a handler runs.
 *
 * dispatch.c fills it; handlers read it through caller_of(rq).  Everything in it lives in rq->arena.
 */
#ifndef PENSTOCK_API_CALLER_H
#define PENSTOCK_API_CALLER_H

#include "access/ability.h"
#include "api/entity.h"
#include "base/site.h"
#include "db/db.h"
#include "http/request.h"
#include "runner/trace_file.h"
#include "store/jobs.h"
#include "store/namespaces.h"
#include "store/projects.h"
#include "store/users.h"

typedef struct Server Server;
typedef struct Imports Imports;
typedef struct Attempts Attempts;

/* ServerOptions.app of this server. */
typedef struct Api {
    Site *site;
    TraceFiles *traces;
    Imports *imports;   /* api/imports.h */
    Attempts *attempts; /* failed sign-ins: access/attempts.h */
    Server *server;     /* set once it runs: for /metrics */
    bool git_over_http;
} Api;

typedef struct Caller {
    Db *db;                 /* for reads, for as long as the handler runs; not after a park */
    const User *user;       /* NULL: nobody */
    const char *scopes;     /* of the access token, blank-separated; NULL: none was used */
    int64_t token_id;       /* of the access token */
    int64_t session_id;     /* of the browser that is signed in; 0: none was used */
    const Job *job;         /* whose job token was used; NULL: none */
    const Project *project; /* of /projects/:id; NULL: the route has none */
    const Namespace *group; /* of /groups/:id */
    Subject subject;        /* the user beside that project or group */
} Caller;

static inline Caller *caller_of(Req *rq)
{
    return rq->caller;
}

static inline Api *api_of(Req *rq)
{
    return rq->app;
}

static inline Site *site_of(Req *rq)
{
    return api_of(rq)->site;
}

/* ServerOptions.dispatch: credentials, parameters, project or group, ability, handler - in this order, so
 * that GitLab's statuses come in its order (401, 400, 404, 403, then the handler's own). */
bool api_dispatch(Req *rq, Error *err);

/* The cookie of browsers that are signed in, and the header without which it opens reads alone: no form and no
 * page from elsewhere can send that one. */
#define SESSION_COOKIE "penstock_session"
#define PAGE_HEADER    "X-Penstock-Page"

/* The secret in the request's cookie, NULL: none. */
const char *caller_cookie(Req *rq);
/* ERR_FORBIDDEN unless a request that changes something comes from our own page. */
bool caller_check_page(Req *rq, Error *err);

/* Gives caller->db back before the handler ends: for one that waits, streams, or calls what takes a
 * reader of its own.  A second call does no harm. */
void caller_release_db(Req *rq);

/* Whether keyset pages are asked for. */
bool caller_wants_keyset(const Req *rq);
/* GitLab's answer where a list, or this order of it, has none. */
bool reply_no_keyset(Req *rq);

/* ERR_FORBIDDEN unless the caller has @ability beside the route's project or group. */
bool caller_require(Req *rq, Ability ability, Error *err);

/* What entities of this reply need. */
EntityContext caller_context(Req *rq);

/* The project that @id (a number, or a full path with at least one "/") names, if the caller sees it: else ERR_NOT_FOUND
 * "Project", whatever the reason.  @subject may be NULL. */
bool caller_find_project(Req *rq, const char *id, Project *project, Subject *subject, Error *err);
/* The same without a look at who asks: for routes that know their caller by another token. */
bool caller_lookup_project(Req *rq, const char *id, Project *project, Error *err);
bool caller_find_group(Req *rq, const char *id, Namespace *group, Subject *subject, Error *err);

/* The user that @token belongs to: an access token's or a running job's (then @job is set). For git. ERR_UNAUTHORIZED otherwise. */
bool caller_from_password(Req *rq, const char *username, const char *token, Error *err);

/* Whether the token's scopes (NULL: no token was asked for any) hold one of the blank-separated @wanted. */
bool scopes_hold(const char *scopes, const char *wanted);

#endif
