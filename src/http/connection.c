/* connection.c - one request's life: headers, body, handler, reply.
 *
 * libmicrohttpd calls connection_access() once with the headers, then for each piece of the body,
 * then once more when the body is whole, and again after each resume.  No reply is queued while
 * body bytes are unread: the client might not see it. */
#include "http/private.h"

#include "base/log.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MAX_TARGET = 16 * 1024,
    MAX_REQUEST_ID = 128,
    ARENA_SIZE = 1536,           /* fits a runner's poll: thousands of them are parked */
    DRAIN_QUIET = 256 * 1024,    /* a refused body up to this size is read, then answered */
    DRAIN_MAX = 16 * 1024 * 1024 /* of a larger one: answered at once, cut off after this much */
};

/* --- made and freed --- */

static void take_target(ReqPrivate *c, const char *uri)
{
    Arena *arena = c->rq.arena;
    const char *path = uri;

    if (path[0] != '/') { /* a proxy's absolute form */
        const char *host = strstr(path, "://");
        path = host ? host + 3 + strcspn(host + 3, "/?") : path;
    }
    size_t length = strcspn(path, "?#");
    c->rq.path = length > 0 ? arena_strndup(arena, path, length) : "/";
    if (path[length] == '?')
        c->rq.query = arena_strndup(arena, path + length + 1, strcspn(path + length + 1, "#"));
    else
        c->rq.query = "";
}

void *connection_begin(void *p, const char *uri, struct MHD_Connection *connection)
{
    Server *server = p;
    Arena *arena = arena_new_sized(ARENA_SIZE);
    ReqPrivate *c = arena_new0(arena, ReqPrivate, 1);

    c->rq = (Req){ .arena = arena, .body_fd = -1, .app = server->options.app, .priv = c };
    c->server = server;
    c->connection = connection;
    atomic_init(&c->refs, 1);
    c->start_us = g_get_monotonic_time();
    c->socket = -1;
    c->part_fd = -1;
    c->reply.fd = -1;
    c->announced = -1;
    take_target(c, uri);
    return c;
}

void connection_free(ReqPrivate *c)
{
    reply_clear(c);
    stream_free(c->stream);
    body_free(c);
    arena_free(c->rq.arena);
}

void connection_unref(ReqPrivate *c)
{
    if (atomic_fetch_sub(&c->refs, 1) == 1)
        connection_free(c);
}

void connection_completed(void *p, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code)
{
    Server *server = p;
    ReqPrivate *c = *state;

    (void)connection;
    (void)code;
    if (!c)
        return;
    *state = NULL;
    atomic_store(&c->is_gone, true);
    stream_close(c);
    if (c->is_counted) {
        int64_t duration_us = g_get_monotonic_time() - c->start_us;
        int class = c->reply.status / 100;
        access_log(c, duration_us);
        atomic_fetch_add(&server->total_us, duration_us);
        atomic_fetch_add(&server->n_by_class[class >= 1 && class <= 5 ? class : 0], 1);
        atomic_fetch_sub(&server->n_open, 1);
        if (atomic_load(&server->state) >= SERVER_STOPPING) {
            pthread_mutex_lock(&server->idle_lock);
            pthread_cond_broadcast(&server->idle);
            pthread_mutex_unlock(&server->idle_lock);
        }
    }
    connection_unref(c);
}

/* --- the headers --- */

static enum MHD_Result take_header(void *p, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    ReqPrivate *c = p;

    (void)kind;
    if (c->headers.n < c->headers.room)
        c->headers.items[c->headers.n++] = (RouteParam){ name, value ? value : "" };
    return MHD_YES;
}

static bool is_sane_id(const char *id)
{
    size_t length = id ? strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789_-")
                       : 0;

    return length > 0 && length <= MAX_REQUEST_ID && id[length] == '\0';
}

static void take_headers(ReqPrivate *c)
{
    Req *rq = &c->rq;
    int n = MHD_get_connection_values(c->connection, MHD_HEADER_KIND, NULL, NULL);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    c->socket = info ? info->connect_fd : -1;
    c->headers.items = arena_new0(rq->arena, RouteParam, (size_t)MAX(n, 1));
    c->headers.room = n;
    MHD_get_connection_values(c->connection, MHD_HEADER_KIND, take_header, c);

    const char *id = header_find(&c->headers, "X-Request-Id");
    if (is_sane_id(id))
        rq->id = arena_strdup(rq->arena, id);
    else
        rq->id = arena_printf(rq->arena, "%s%010" G_GINT64_MODIFIER "x", c->server->id_prefix,
                              atomic_fetch_add(&c->server->n_ids, 1));
    char host[NI_MAXHOST];
    info = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    socklen_t size = info && info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                      : sizeof(struct sockaddr_in);
    if (!info ||
        getnameinfo(info->client_addr, size, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
        host[0] = '\0';
    rq->peer = arena_strdup(rq->arena, host);
}

/* What two parsers could read differently is refused: a request must end in one place only. */
static bool check_framing(ReqPrivate *c, Error *err)
{
    const char *length = NULL;
    const char *coding = NULL;

    for (int i = 0; i < c->headers.n; i++) {
        const RouteParam *header = &c->headers.items[i];
        const char **seen = NULL;
        if (g_ascii_strcasecmp(header->name, "Content-Length") == 0)
            seen = &length;
        else if (g_ascii_strcasecmp(header->name, "Transfer-Encoding") == 0)
            seen = &coding;
        if (seen && *seen)
            return error_set(err, ERR_BAD_REQUEST, "%s is given twice", header->name);
        if (seen)
            *seen = header->value;
    }
    if (length && coding)
        return error_set(err, ERR_BAD_REQUEST, "both Content-Length and Transfer-Encoding");
    if (coding && g_ascii_strcasecmp(coding, "chunked") != 0)
        return error_set(err, ERR_BAD_REQUEST, "Transfer-Encoding is not supported");
    if (length)
        c->announced = g_ascii_strtoll(length, NULL, 10);
    return true;
}

static void take_method(ReqPrivate *c, const char *method)
{
    int value = name_value(&http_method_names, method);

    c->method_text = arena_strdup(c->rq.arena, method);
    c->is_head = g_str_equal(method, "HEAD");
    if (c->is_head)
        value = GET;
    c->rq.method = value < 0 ? N_HTTP_METHODS : (HttpMethod)value;
}

/* --- what can be said without the body --- */

void connection_fail(ReqPrivate *c, Error *err)
{
    reply_clear(c);
    c->server->options.fail(&c->rq, err);
    if (c->reply.status == 503 && !header_find(&c->reply.headers, "Retry-After"))
        req_reply_header(&c->rq, "Retry-After",
                         atomic_load(&c->server->state) == SERVER_STARTING ? "1" : "5");
    error_clear(err);
    if (c->reply.kind == REPLY_NONE)
        reply_static(&c->rq, 500, "text/plain", "500\n", 4);
}

/* Browsers ask before they send: any origin may, with any header, but without credentials. */
static bool answer_options(ReqPrivate *c, unsigned allow)
{
    if (!g_str_equal(c->method_text, "OPTIONS"))
        return false;
    if (g_str_has_prefix(c->rq.path, "/api/") &&
        header_find(&c->headers, "Access-Control-Request-Method")) {
        req_reply_header(&c->rq, "Access-Control-Allow-Headers",
                         header_find(&c->headers, "Access-Control-Request-Headers"));
        return reply_empty(&c->rq, 200);
    }
    if (!allow)
        return false;
    req_reply_header(&c->rq, "Allow", router_allow_text(allow, c->rq.arena));
    return reply_empty(&c->rq, 204);
}

static bool check_state(ReqPrivate *c, Error *err)
{
    if (atomic_load(&c->server->state) == SERVER_SERVING ||
        (c->rq.route && c->rq.route->while_stopping))
        return true;
    return error_set(err, ERR_UNAVAILABLE, NULL);
}

/* true: a handler will run.  false: @err is set, or the reply is. */
static bool decide(ReqPrivate *c, Error *err)
{
    Req *rq = &c->rq;

    if (!check_framing(c, err)) {
        req_reply_header(rq, "Connection", "close");
        return false;
    }
    if (strlen(rq->path) + strlen(rq->query) > MAX_TARGET) {
        static const char body[] = "{\"message\":\"414 URI Too Long\"}";
        reply_static(rq, 414, "application/json", body, sizeof body - 1);
        return false;
    }
    RouteResult result =
        router_match(c->server->router, rq->method, rq->path, rq->arena, &c->match);
    rq->route = result == ROUTE_FOUND ? c->match.route : NULL;
    if (!check_state(c, err))
        return false;
    switch (result) {
    case ROUTE_FOUND:
        return body_begin(c, err);
    case ROUTE_BAD_ESCAPE:
        return error_set(err, ERR_BAD_REQUEST, NULL);
    case ROUTE_NO_PATH:
    case ROUTE_NO_METHOD:
        if (!answer_options(c, c->match.allow))
            c->server->options.no_route(
                rq, c->match.allow ? router_allow_text(c->match.allow, rq->arena) : NULL);
        break;
    }
    return false;
}

/* The end of what a client sends may come with its last bytes.  libmicrohttpd then reads the bytes,
 * waits for an event that has already been, and keeps the cut-off request until the connection's
 * time is over: this makes another event.  Answers can still be written. */
static void notice_end(const ReqPrivate *c)
{
    char byte;

    if (recv(c->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        shutdown(c->socket, SHUT_RD);
}

static enum MHD_Result refuse(ReqPrivate *c, Error *err)
{
    const char *expect = header_find(&c->headers, "Expect");
    bool fresh = c->phase == PHASE_NEW;

    if (err->code != ERR_NONE || c->reply.kind == REPLY_NONE)
        connection_fail(c, err);
    c->phase = PHASE_DRAIN;
    /* This client waits for a word before it sends: there is nothing to drain. */
    if (fresh && expect && g_ascii_strcasecmp(expect, "100-continue") == 0)
        return reply_queue(c);
    return MHD_YES;
}

static enum MHD_Result access_new(ReqPrivate *c, const char *method)
{
    g_auto(Error) err = ERROR_INIT;

    c->is_counted = true;
    atomic_fetch_add(&c->server->n_open, 1);
    atomic_fetch_add(&c->server->n_requests, 1);
    take_method(c, method);
    take_headers(c);
    if (c->rq.method != GET)
        notice_end(c);
    if (!decide(c, &err))
        return refuse(c, &err);
    c->phase = PHASE_BODY;
    return MHD_YES;
}

/* --- the handler --- */

/* What becomes of a request whose handler is back. */
typedef enum Outcome {
    OUTCOME_REPLY,  /* there is one to send */
    OUTCOME_WAIT,   /* to be parked */
    OUTCOME_STREAM, /* its stream is over, which libmicrohttpd ends */
} Outcome;

static Outcome run(ReqPrivate *c)
{
    g_auto(Error) err = ERROR_INIT;
    Handler again = c->again;
    bool good;

    if (again) {
        c->again = NULL;
        park_begin(c->server->park, c);
        good = again(&c->rq, &err);
    } else {
        good = body_read_params(c, &err) && c->server->options.dispatch(&c->rq, &err);
    }
    bool over = atomic_load(&c->is_gone) || atomic_load(&c->server->state) >= SERVER_STOPPING;
    bool may_wait = good && c->park.asked && !(again && over);
    if (c->stream) {
        if (!good)
            log_error(&err, "the reply to %s was cut off", c->rq.id);
        return stream_settle(c, may_wait) ? OUTCOME_STREAM : OUTCOME_WAIT;
    }
    if (!good) {
        connection_fail(c, &err);
    } else if (c->reply.kind == REPLY_NONE) {
        if (may_wait)
            return OUTCOME_WAIT;
        /* Woken for good, and waits again: the wait ends here. */
        error_set(&err, c->park.asked ? ERR_UNAVAILABLE : ERR_INTERNAL,
                  c->park.asked ? NULL : "no reply was made");
        connection_fail(c, &err);
    }
    return OUTCOME_REPLY;
}

void connection_work(void *p)
{
    ReqPrivate *c = p;

    if (atomic_load(&c->server->state) == SERVER_ENDING && !c->again) {
        g_auto(Error) err = ERROR_INIT;
        error_set(&err, ERR_UNAVAILABLE, NULL);
        connection_fail(c, &err);
        MHD_resume_connection(c->connection);
        return;
    }
    switch (run(c)) {
    case OUTCOME_REPLY:
        MHD_resume_connection(c->connection);
        break;
    case OUTCOME_WAIT:
        if (!park_commit(c->server->park, c))
            connection_work(c); /* once: what stops does not wait again */
        break;
    case OUTCOME_STREAM:
        connection_unref(c);
        break;
    }
}

static bool runs_inline(const ReqPrivate *c)
{
    const Route *route = c->rq.route;

    return route->inline_ && (c->server->options.inline_reads || route->auth == AUTH_NONE);
}

/* The body is whole. */
static enum MHD_Result access_run(ReqPrivate *c)
{
    g_auto(Error) err = ERROR_INIT;

    c->phase = PHASE_RUN;
    if (!body_end(c, &err)) {
        connection_fail(c, &err);
        return reply_queue(c);
    }
    if (runs_inline(c)) {
        if (run(c) == OUTCOME_REPLY)
            return reply_queue(c);
        MHD_suspend_connection(c->connection);
        if (!park_commit(c->server->park, c))
            connection_work(c);
        return MHD_YES;
    }
    /* Suspended first: the worker may be done before this returns. */
    MHD_suspend_connection(c->connection);
    if (!workers_push(c->server->workers, c, false)) {
        error_set(&err, ERR_UNAVAILABLE, NULL);
        connection_fail(c, &err);
        MHD_resume_connection(c->connection);
    }
    return MHD_YES;
}

static enum MHD_Result access_body(ReqPrivate *c, const char *upload, size_t *size)
{
    g_auto(Error) err = ERROR_INIT;
    size_t n = *size;

    if (n == 0)
        return access_run(c);
    notice_end(c);
    *size = 0;
    if (body_take(c, upload, n, &err))
        return MHD_YES;
    return refuse(c, &err);
}

/* A small body is read to its end and answered on a connection that lives on.  A large one is
 * answered at once, past libmicrohttpd, and read for a while so that the client finds the answer. */
static enum MHD_Result access_drain(ReqPrivate *c, size_t *size)
{
    size_t n = *size;

    if (n == 0 && !c->raw_sent)
        return reply_queue(c);
    c->body_seen += (int64_t)n;
    *size = 0;
    notice_end(c);
    if (!c->raw_sent && MAX(c->body_seen, c->announced) > DRAIN_QUIET) {
        reply_send_raw(c);
        c->raw_sent = true;
        c->body_seen = 0;
    }
    if (n > 0 && !(c->raw_sent && c->body_seen > DRAIN_MAX))
        return MHD_YES;
    shutdown(c->socket, SHUT_RDWR); /* see stream.c: in turbo mode a close waits for an event */
    return MHD_NO;
}

enum MHD_Result connection_access(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    ReqPrivate *c = *state;

    (void)server;
    (void)connection;
    (void)url;
    (void)version;
    switch (c->phase) {
    case PHASE_NEW:
        return access_new(c, method);
    case PHASE_BODY:
        return access_body(c, upload, upload_size);
    case PHASE_DRAIN:
        return access_drain(c, upload_size);
    case PHASE_RUN:
        return reply_queue(c);
    case PHASE_SENT:
        break;
    }
    return MHD_NO;
}
