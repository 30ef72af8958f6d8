/* private.h - what the files of http/ know of a server and of one request's life.
 *
 * A request belongs to one thread at a time: libmicrohttpd's until it is suspended, then a worker's
 * (or nobody's, while parked), then libmicrohttpd's again.  Only a streamed reply is in two hands at
 * once: stream.c owns what they share.
 */
#ifndef PENSTOCK_HTTP_PRIVATE_H
#define PENSTOCK_HTTP_PRIVATE_H

#include "http/multipart.h"
#include "http/park.h"
#include "http/router.h"
#include "http/workers.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

typedef enum ServerState {
    SERVER_STARTING,
    SERVER_SERVING,
    SERVER_STOPPING,
    SERVER_ENDING /* handlers are not begun any more, streams are cut */
} ServerState;

struct Server {
    ServerOptions options; /* its texts are owned */
    Router *router;
    Workers *workers;
    Park *park;
    struct MHD_Daemon *daemon;
    int listen_fd; /* -1 while libmicrohttpd owns it */
    int port;
    char *address;
    char id_prefix[16]; /* of request ids */

    _Atomic ServerState state;
    _Atomic int64_t n_ids;
    _Atomic int64_t n_open; /* requests under way */
    _Atomic int64_t n_requests;
    _Atomic int64_t n_by_class[6];
    _Atomic int64_t n_connections;
    _Atomic int64_t total_us;
    pthread_mutex_t idle_lock;
    pthread_cond_t idle; /* n_open fell while stopping */
};

typedef struct HeaderList {
    RouteParam *items; /* name and value */
    int n;
    int room;
} HeaderList;

typedef enum ReplyKind {
    REPLY_NONE,
    REPLY_OWNED,  /* .bytes is freed with g_free() */
    REPLY_STATIC, /* .bytes outlives the server */
    REPLY_FILE,
    REPLY_PULLED,
    REPLY_STREAM
} ReplyKind;

typedef struct PulledReply PulledReply;

typedef struct Reply {
    ReplyKind kind;
    int status;
    HeaderList headers;
    char *bytes;
    size_t size;
    int fd;
    int64_t offset;
    int64_t file_size; /* also of what is pulled */
    PulledReply *pulled;
    GString *json; /* what reply_writer() fills */
    JsonWriter writer;
    bool finished; /* the headers that all replies carry are in */
} Reply;

typedef struct Stream Stream;

typedef enum Phase {
    PHASE_NEW,
    PHASE_BODY,  /* the body is taken in */
    PHASE_DRAIN, /* the reply is known, the body is dropped */
    PHASE_RUN,   /* a handler runs, or the request is parked */
    PHASE_SENT   /* the reply was queued */
} Phase;

typedef struct FilePart {
    const char *name;
    ReqFile file;
} FilePart;

struct ReqPrivate {
    Req rq;
    Server *server;
    struct MHD_Connection *connection;
    _Atomic int refs; /* the connection's, and a streaming handler's */
    Phase phase;
    bool is_head;
    bool is_counted;
    bool bad_escape;
    const char *method_text;
    int64_t start_us; /* monotonic */
    int socket;
    RouteMatch match;
    HeaderList headers; /* libmicrohttpd's texts, until a stream begins */
    const char *content_type;

    /* the body */
    int64_t body_limit;
    int64_t body_seen;
    GByteArray *body;
    Multipart *multipart;
    json_t *form;   /* of multipart */
    GString *value; /* of the part that is being read */
    const char *part_name;
    int64_t values_size; /* of all parts without a file */
    GArray *files;       /* of FilePart */
    int part_fd;         /* the file part being read, -1: a value */
    int n_params;
    bool raw_sent;     /* the reply went out past libmicrohttpd, which only drains now */
    int64_t announced; /* Content-Length, -1: none */

    Reply reply;
    int64_t sent; /* bytes of the body, for the log */
    Stream *stream;
    ParkPlace park;
    Handler again;
    atomic_bool is_gone;
};

/* --- connection.c --- */

void connection_free(ReqPrivate *c);
void connection_unref(ReqPrivate *c);
/* A worker's item: runs the handler, or .again, and gives the request back. */
void connection_work(void *c);
/* Has the api write @err; clears it. */
void connection_fail(ReqPrivate *c, Error *err);
enum MHD_Result connection_access(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state);
void *connection_begin(void *server, const char *uri, struct MHD_Connection *connection);
void connection_completed(void *server, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code);

/* --- body.c: where the bytes of a body go --- */

/* Chooses by route and Content-Type, once the headers are known. */
bool body_begin(ReqPrivate *c, Error *err);
bool body_take(ReqPrivate *c, const char *bytes, size_t size, Error *err);
/* The body is whole: the last of what belongs to the HTTP thread. */
bool body_end(ReqPrivate *c, Error *err);
/* Query, body and path into rq->params; by the thread that runs the handler. */
bool body_read_params(ReqPrivate *c, Error *err);
void body_free(ReqPrivate *c);

/* --- reply.c --- */

/* Hands the reply to libmicrohttpd. */
enum MHD_Result reply_queue(ReqPrivate *c);
/* Writes the reply to the socket itself and ends our side of it: for requests whose body is still
 * coming.  What does not fit at once is lost: such a client reads nothing. */
void reply_send_raw(ReqPrivate *c);
void reply_clear(ReqPrivate *c);
void header_add(HeaderList *list, Arena *arena, const char *name, const char *value);
const char *header_find(const HeaderList *list, const char *name);

/* --- stream.c --- */

/* The response over the stream, for reply_queue(). */
struct MHD_Response *stream_response(ReqPrivate *c);
/* The connection is over: writers get false. */
void stream_close(ReqPrivate *c);
/* The handler is back: ends a stream that it left open, unless it is to wait and may.  Whether it is
 * over. */
bool stream_settle(ReqPrivate *c, bool may_wait);
void stream_free(Stream *stream);

/* --- access_log.c --- */

void access_log(const ReqPrivate *c, int64_t duration_us);

#endif
