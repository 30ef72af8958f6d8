/* stream.c - a reply that its handler writes while it goes out.
 *
 * The worker fills a ring, libmicrohttpd's thread empties it.  A reader without bytes suspends its
 * connection instead of answering 0, which would spin; the next write resumes it.  Between two writes
 * the request may be parked: then the ring is all that it holds.
 *
 * Lock order: a stream's, then the park's. */
#include "http/private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { RING_SIZE = 256 * 1024, LOOK_UP_MS = 200 };

struct Stream {
    ReqPrivate *c;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t room;
    char *ring;
    size_t head; /* of the oldest byte */
    size_t used;
    bool suspended;  /* the reader waits */
    bool wants_room; /* an offer was not taken whole: its request is to be woken */
    bool closed;     /* the client is gone */
    bool ended;
    bool complete;
};

/* The request outlives its connection here, so the headers must outlive libmicrohttpd's copy. */
static void keep_headers(ReqPrivate *c)
{
    for (int i = 0; i < c->headers.n; i++) {
        RouteParam *header = &c->headers.items[i];
        header->name = arena_strdup(c->rq.arena, header->name);
        header->value = arena_strdup(c->rq.arena, header->value);
    }
}

bool reply_stream_begin(Req *rq, int status, const char *content_type)
{
    ReqPrivate *c = rq->priv;
    Stream *stream = g_new0(Stream, 1);
    pthread_condattr_t monotonic;

    g_assert(!rq->route->inline_ && c->reply.kind == REPLY_NONE);
    stream->c = c;
    pthread_mutex_init(&stream->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&stream->room, &monotonic);
    pthread_condattr_destroy(&monotonic);
    stream->ring = g_malloc(RING_SIZE);
    if (content_type)
        req_reply_header(rq, "Content-Type", content_type);
    keep_headers(c);
    c->reply.kind = REPLY_STREAM;
    c->reply.status = status;
    c->stream = stream;
    atomic_fetch_add(&c->refs, 1);
    MHD_resume_connection(c->connection);
    return true;
}

/* Under the lock: lets the reader go on. */
static void wake_reader(Stream *stream)
{
    if (!stream->suspended || stream->closed)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->c->connection);
}

/* Under the lock: waits for room; looks up now and then, since the end of the server is not told to
 * each stream.  false: nobody will read. */
static bool wait_for_room(Stream *stream)
{
    while (stream->used == RING_SIZE && !stream->closed) {
        struct timespec until;
        if (atomic_load(&stream->c->server->state) == SERVER_ENDING)
            return false;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_UP_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&stream->room, &stream->lock, &until);
    }
    return !stream->closed;
}

/* Under the lock: takes what fits. */
static size_t fill(Stream *stream, const char *from, size_t size)
{
    size_t taken = 0;

    while (taken < size && stream->used < RING_SIZE) {
        size_t tail = (stream->head + stream->used) % RING_SIZE;
        size_t n = MIN(size - taken, RING_SIZE - stream->used);
        n = MIN(n, RING_SIZE - tail);
        memcpy(stream->ring + tail, from + taken, n);
        stream->used += n;
        taken += n;
    }
    if (taken > 0)
        wake_reader(stream);
    return taken;
}

bool reply_stream_write(Req *rq, const void *bytes, size_t size)
{
    Stream *stream = rq->priv->stream;
    size_t taken = 0;
    bool good;

    pthread_mutex_lock(&stream->lock);
    while ((good = wait_for_room(stream)) && taken < size)
        taken += fill(stream, (const char *)bytes + taken, size - taken);
    pthread_mutex_unlock(&stream->lock);
    return good;
}

size_t reply_stream_offer(Req *rq, const void *bytes, size_t size)
{
    Stream *stream = rq->priv->stream;

    pthread_mutex_lock(&stream->lock);
    size_t taken = fill(stream, bytes, size);
    stream->wants_room = taken < size;
    pthread_mutex_unlock(&stream->lock);
    return taken;
}

bool reply_stream_end(Req *rq, bool complete)
{
    Stream *stream = rq->priv->stream;

    pthread_mutex_lock(&stream->lock);
    if (!stream->ended) {
        stream->ended = true;
        stream->complete = complete;
        wake_reader(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    return true;
}

bool stream_settle(ReqPrivate *c, bool may_wait)
{
    Stream *stream = c->stream;

    pthread_mutex_lock(&stream->lock);
    bool waits = may_wait && !stream->ended; /* its end too is told by the park */
    pthread_mutex_unlock(&stream->lock);
    if (!waits) /* it came back without an end: it did not write all */
        reply_stream_end(&c->rq, false);
    return !waits;
}

static ssize_t stream_read(void *p, uint64_t at, char *buffer, size_t room)
{
    Stream *stream = p;
    ssize_t result;

    (void)at;
    pthread_mutex_lock(&stream->lock);
    if (stream->used > 0) {
        size_t n = MIN(MIN(room, stream->used), RING_SIZE - stream->head);
        memcpy(buffer, stream->ring + stream->head, n);
        stream->head = (stream->head + n) % RING_SIZE;
        stream->used -= n;
        stream->c->sent += (int64_t)n;
        pthread_cond_signal(&stream->room);
        if (stream->wants_room) {
            stream->wants_room = false;
            req_wake(&stream->c->rq);
        }
        result = (ssize_t)n;
    } else if (stream->ended && stream->complete) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (stream->ended) {
        /* In turbo mode the library would close only at the socket's next event: this is one. */
        shutdown(stream->c->socket, SHUT_RDWR);
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->c->connection);
        result = 0;
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

struct MHD_Response *stream_response(ReqPrivate *c)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 * 1024, stream_read, c->stream,
                                             NULL);
}

void stream_close(ReqPrivate *c)
{
    Stream *stream = c->stream;

    if (!stream)
        return;
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    pthread_cond_signal(&stream->room);
    pthread_mutex_unlock(&stream->lock);
    req_wake(&c->rq); /* while the socket is still ours to unwatch */
}

static bool socket_is_gone(int socket)
{
    struct pollfd look = { .fd = socket, .events = POLLRDHUP };

    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool req_is_gone(Req *rq)
{
    ReqPrivate *c = rq->priv;
    Stream *stream = c->stream;

    if (atomic_load(&c->is_gone))
        return true;
    if (!stream)
        return socket_is_gone(c->socket);
    /* Under the lock the socket cannot be closed and its number used again. */
    pthread_mutex_lock(&stream->lock);
    bool gone = stream->closed || socket_is_gone(c->socket);
    pthread_mutex_unlock(&stream->lock);
    return gone;
}

void stream_free(Stream *stream)
{
    if (!stream)
        return;
    pthread_mutex_destroy(&stream->lock);
    pthread_cond_destroy(&stream->room);
    g_free(stream->ring);
    g_free(stream);
}
