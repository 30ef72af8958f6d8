/* request.h - one request and its reply, as a handler sees them.
 *
 * Everything a handler makes for the reply lives in rq->arena, which dies with the request.
 */
#ifndef PENSTOCK_HTTP_REQUEST_H
#define PENSTOCK_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/json.h"
#include "http/route.h"

#include <sys/types.h>

typedef struct ReqPrivate ReqPrivate; /* the server's side */

typedef struct ReqPage {
    int64_t page;     /* from 1 */
    int64_t per_page; /* 1 to 100 */
    int64_t offset;   /* rows to skip */
} ReqPage;

struct Req {
    Arena *arena;
    const Route *route;
    HttpMethod method;
    const char *path;  /* still encoded, without the query */
    const char *query; /* still encoded; "" without one */
    const char *id;    /* X-Request-Id */
    const char *peer;  /* address of the client */
    json_t *params;    /* an object: query, body and path merged, the path strongest.  Scalars of
                            forms are strings */
    ReqPage page;      /* for routes that page */
    const char *body;  /* BODY_RAW */
    size_t body_size;
    /* BODY_SPOOL with a body that is not multipart: at offset 0; else, and where the body is empty,
     * -1.  The request closes it. */
    int body_fd;
    int64_t body_fd_size;
    void *app;    /* ServerOptions.app */
    void *caller; /* the dispatcher's: who calls (api/caller.h) */
    int log_user; /* for the log line: the caller's id, 0: nobody */
    ReqPrivate *priv;
};

/* --- what came in --- */

/* A request header by name (any case), NULL: absent.  Borrowed from the request. */
const char *req_header(Req *rq, const char *name);

/* Reads the declared @params (route->params) out of rq->params: checks kinds, puts defaults and
 * native values in their place.  ERR_PARAM with all problems joined by ", ". */
bool req_check_params(Req *rq, Error *err);

/* A path parameter as it came (decoded once), NULL: the path has none of that name. */
const char *req_path_param(Req *rq, const char *name);

/* Declared parameters after the check; absent ones are NULL, 0, false. */
bool req_has(const Req *rq, const char *name); /* given and not null */
const char *req_str(const Req *rq, const char *name);
int64_t req_int(const Req *rq, const char *name);
bool req_bool(const Req *rq, const char *name);
int64_t req_time(const Req *rq, const char *name); /* microseconds */
const json_t *req_json(const Req *rq, const char *name);
const char *const *req_strs(Req *rq,
                            const char *name); /* NULL-terminated, in the arena; NULL: absent */

/* A spooled file part: descriptor at offset 0 (the request's), its size and client file name. */
typedef struct ReqFile {
    int fd;
    int64_t size;
    const char *filename;
    const char *content_type;
} ReqFile;
const ReqFile *req_file(const Req *rq, const char *name); /* NULL: absent */

/* --- the reply: exactly one of these, or req_park() --- */

/* @value may be NULL: the header is left out. */
void req_reply_header(Req *rq, const char *name, const char *value);

/* Starts the JSON body; write it with rq's writer, then reply_json().  In the request's memory. */
JsonWriter *reply_writer(Req *rq);
/* Sends what the writer holds, with the route's success status. */
bool reply_json(Req *rq);
bool reply_json_status(Req *rq, int status);

/* @body is copied. */
bool reply_bytes(Req *rq, int status, const char *content_type, const void *body, size_t size);
/* Static bytes that outlive the server: not copied. */
bool reply_static(Req *rq, int status, const char *content_type, const void *body, size_t size);
bool reply_empty(Req *rq, int status); /* no body: 204, 202, 304 ... */
/* @size bytes of @fd from @offset; the server closes @fd. */
bool reply_file(Req *rq, int status, const char *content_type, int fd, int64_t offset,
                int64_t size);

/* Where a body of known size comes from, piece by piece, as the client takes it. */
typedef struct ReplySource {
    /* Writes 1 to @room bytes of what is from @at on; answers how many, or -1: no more can be had (the
     * connection is cut, so that the client does not take it for whole).  Runs on the HTTP thread: a bounded
     * read. */
    ssize_t (*read)(void *data, int64_t at, char *bytes, size_t room);
    void (*free)(void *data); /* also where nothing was read */
    void *data;
} ReplySource;
/* @size bytes of @source from its @offset. */
bool reply_pulled(Req *rq, int status, const char *content_type, const ReplySource *source,
                  int64_t offset, int64_t size);

/* A body of unknown length, written by the handler's own (worker) thread.  The headers go out at
 * once.  reply_stream_write() blocks while the client is slow; false: the client is gone.  The
 * handler calls reply_stream_end() last, also after a failure (@complete false: the connection is cut, so
 * that the client does not take it for whole). */
bool reply_stream_begin(Req *rq, int status, const char *content_type);
bool reply_stream_write(Req *rq, const void *bytes, size_t size);
bool reply_stream_end(Req *rq, bool complete);

/* A stream that waits without a thread: its handler writes what there is, then calls req_park(), and
 * `again` goes on.  reply_stream_offer() never blocks: it takes as much as there is room for and
 * says how much; if that was not all, the request is woken when there is room.  A stream that is not
 * parked when its handler returns has ended. */
size_t reply_stream_offer(Req *rq, const void *bytes, size_t size);

/* The lists' headers (X-Page ... Link) from rq->page.  @total < 0: not counted; then @has_more says
 * whether there is a next page. */
void reply_page_headers(Req *rq, int64_t total, bool has_more);
/* Link to the next keyset page: this request with @key = @value. */
void reply_keyset_header(Req *rq, const char *key, int64_t value);

/* --- waiting without a thread --- */

/* Leaves the request open and returns the thread.  @again runs on a worker when req_wake() is called
 * (also when it was called before the handler returned), at @deadline_us (of the wall clock, as all
 * times here), when the client went away, or when the server stops.  It replies or parks again; once
 * the client is gone or the server stops, parking again is answered 503.  The handler returns true
 * after it. */
void req_park(Req *rq, int64_t deadline_us, Handler again);
/* From any thread, at any time while the request is parked or about to be; more than once does no
 * harm.  Whoever wakes is told to forget the request by its @again.  A wake that came just before
 * `again` began may run it once more later: it looks for itself whether there is something. */
void req_wake(Req *rq);
/* Whether the client has closed its side. */
bool req_is_gone(Req *rq);
/* Whether the server is stopping: what waits should answer now. */
bool req_is_stopping(const Req *rq);

#endif
