/* server.h - the HTTP server: libmicrohttpd's threads in front, a pool of workers behind. */
#ifndef PENSTOCK_HTTP_SERVER_H
#define PENSTOCK_HTTP_SERVER_H

#include "http/request.h"

typedef struct Server Server;

/* A table and the path it hangs under ("/api/v4", ""). */
typedef struct Mount {
    const char *prefix;
    const Route *routes;
} Mount;

typedef struct ServerOptions {
    const char *listen;       /* ADDR:PORT, [V6]:PORT; port 0 picks one */
    const char *external_url; /* for Link headers; NULL: http:// and the address */
    const Mount *mounts;      /* ends with a row without routes */
    int workers;
    int max_connections;
    bool inline_reads; /* a read of the database waits for nobody: see Route.inline_ */
    int64_t max_body_bytes;
    int64_t max_raw_bytes;
    int64_t max_upload_bytes;
    const char *spool_dir; /* for bodies on disk */

    /* Runs for each matched request, on the thread the route asks for: authenticate, check, call
     * route->handler.  false: @err is written by @fail. */
    bool (*dispatch)(Req *rq, Error *err);
    /* Writes an error as a reply, also before a route is known (rq->route and rq->params are NULL then),
     * on any thread: the api owns the table from ErrCode to status and body. */
    void (*fail)(Req *rq, const Error *err);
    /* For paths no route matches; @allow: the methods that would, NULL: none. Replies. */
    void (*no_route)(Req *rq, const char *allow);
    void *app;
} ServerOptions;

/* Listens and answers at once; until server_set_ready() everything but routes with while_stopping is 503 with
 * Retry-After.  ERR_USAGE for an address that cannot be had. */
Server *server_start(const ServerOptions *options, Error *err);
void server_set_ready(Server *server);

/* The port listened on. */
int server_port(const Server *server);
/* "http://127.0.0.1:8080": the address listened on. */
const char *server_address(const Server *server);

/* From now on 503 with Retry-After for new requests but those of running jobs; wakes parked ones. */
void server_drain(Server *server);

/* Drains, waits for what is under way, @grace_us at most, then stops listening.  server_free() ends
 * what is left. */
void server_stop(Server *server, int64_t grace_us);
void server_free(Server *server);

/* For /metrics: counts since the start. */
typedef struct ServerCounts {
    int64_t requests;
    int64_t requests_by_class[6]; /* [2]: 2xx ... */
    int64_t connections;          /* open now */
    int64_t parked;               /* now */
    int64_t queued;               /* waiting for a worker now */
    double seconds_total;         /* summed duration */
} ServerCounts;
void server_counts(const Server *server, ServerCounts *counts);

#endif
