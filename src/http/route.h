/* route.h - what a route is: data.
 *
 * A table of these ends with a row without a path.  http/ matches and parses; what `auth`, `ability`
 * and `scope` mean is the api's, which gets each matched request through ServerOptions.dispatch.
 */
#ifndef PENSTOCK_HTTP_ROUTE_H
#define PENSTOCK_HTTP_ROUTE_H

#include "base/error.h"
#include "base/names.h"

#include <stdint.h>

typedef struct Req Req;

typedef enum HttpMethod {
    GET, /* answers HEAD too */
    POST,
    PUT,
    PATCH,
    DELETE,
    N_HTTP_METHODS
} HttpMethod;
extern const NameTable http_method_names; /* "GET", ... */

typedef enum ParamKind {
    PARAM_STR,
    PARAM_INT,
    PARAM_BOOL,
    PARAM_TIME,  /* ISO 8601 */
    PARAM_DATE,  /* YYYY-MM-DD */
    PARAM_ENUM,  /* one of .values */
    PARAM_ENUMS, /* one or an array of .values; the index form too (rest-api 1.2) */
    PARAM_STRS,  /* a comma list or an array of strings */
    PARAM_HASH,  /* an object */
    PARAM_LIST,  /* an array of objects; .of describes their members */
    PARAM_FILE,  /* a multipart part with a filename: spooled */
    PARAM_ANY    /* as it comes */
} ParamKind;

/* One declared parameter; rows end with one without a name.  Path parameters need a row only where
 * they are not plain strings: { "pipeline_id", PARAM_INT }. */
typedef struct Param {
    const char *name;
    ParamKind kind;
    bool required;  /* "NAME is missing" */
    bool non_blank; /* "NAME is empty" */
    /* PARAM_ENUM(S), NULL-terminated: "NAME does not have a valid value" */
    const char *const *values;
    const char *otherwise;  /* the default, as text; NULL: none */
    const struct Param *of; /* PARAM_LIST */
    int64_t min;            /* PARAM_INT, with max; both 0: any */
    int64_t max;
} Param;

typedef enum BodyKind {
    BODY_PARAMS, /* JSON, form or multipart, parsed into req->params; up to max_body_bytes */
    BODY_RAW,    /* held in memory as it is, up to max_raw_bytes: req->body */
    BODY_SPOOL, /* streamed into an unlinked file: req->body_fd; up to .max_body or max_upload_bytes.
                    A multipart body is parsed on the way: its file parts are spooled one by one */
} BodyKind;

typedef enum RouteAuth {
    AUTH_USER,     /* a signed-in user (the default): 401 otherwise */
    AUTH_OPTIONAL, /* anonymous callers may pass where visibility allows */
    AUTH_NONE,     /* no credentials are read: the handler knows who calls (runner, trigger) */
    AUTH_ADMIN     /* an administrator: 403 otherwise */
} RouteAuth;

/* A handler reads its request, asks the domain and replies.  false: @err is set and nothing was
 * replied; the dispatcher writes the error. */
typedef bool (*Handler)(Req *rq, Error *err);

typedef struct Route {
    HttpMethod method;
    /* "/projects/:id/pipelines/:pipeline_id"; a last part "*name" takes the rest, slashes too */
    const char *path;
    int ability;         /* the api's (access/ability.h); 0: none is asked for */
    const Param *params; /* NULL: none */
    Handler handler;
    int status; /* of success; 0: 200 */
    RouteAuth auth;
    /* The token scope that also opens it besides api (and read_api for GET); NULL: none. */
    const char *scope;
    BodyKind body;
    int64_t max_body; /* 0: the server's limit for its kind */
    bool paged;       /* page and per_page are read into req->page */
    /* Bounded: memory, or reads by index; runs on the HTTP thread itself.  One that reads the
     * database does so only where that is local (ServerOptions.inline_reads); AUTH_NONE: it reads
     * none. */
    bool inline_;
    bool job_token;      /* also takes a CI job token */
    bool while_stopping; /* served also while the server stops: running jobs' calls, health */
    bool hidden;         /* not in the API's coverage page (git, pages, health) */
} Route;

#endif
