/* reply.c - what a handler answers, the headers that all answers carry, and the way out. */
#include "http/private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PULLED_AT_ONCE = 64 * 1024 };

static const char json_media[] = "application/json";
static const char cors_methods[] = "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD";
static const char cors_exposed[] =
    "Link, X-Total, X-Total-Pages, X-Per-Page, X-Page, X-Next-Page, X-Prev-Page, "
    "X-Gitlab-Blob-Id, X-Gitlab-Commit-Id, X-Gitlab-Content-Sha256, X-Gitlab-Encoding, "
    "X-Gitlab-File-Name, X-Gitlab-File-Path, X-Gitlab-Last-Commit-Id, X-Gitlab-Ref, "
    "X-Gitlab-Size, X-Request-Id, ETag";

/* --- headers --- */

void header_add(HeaderList *list, Arena *arena, const char *name, const char *value)
{
    if (list->n == list->room) {
        RouteParam *items = arena_new0(arena, RouteParam, (size_t)list->room + 16);
        if (list->n > 0)
            memcpy(items, list->items, (size_t)list->n * sizeof *items);
        list->items = items;
        list->room += 16;
    }
    list->items[list->n++] = (RouteParam){ name, value };
}

const char *header_find(const HeaderList *list, const char *name)
{
    for (int i = 0; i < list->n; i++)
        if (g_ascii_strcasecmp(list->items[i].name, name) == 0)
            return list->items[i].value;
    return NULL;
}

void req_reply_header(Req *rq, const char *name, const char *value)
{
    HeaderList *list = &rq->priv->reply.headers;

    if (!value)
        return;
    char *copy = arena_strdup(rq->arena, value);
    for (char *p = copy; *p != '\0'; p++) /* a line end would begin another header */
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    for (int i = 0; i < list->n; i++) {
        if (g_ascii_strcasecmp(list->items[i].name, name) == 0 &&
            g_ascii_strcasecmp(name, "Set-Cookie") != 0) {
            list->items[i].value = copy;
            return;
        }
    }
    header_add(list, rq->arena, arena_strdup(rq->arena, name), copy);
}

/* Adds what the handler did not say itself. */
static void header_default(ReqPrivate *c, const char *name, const char *value)
{
    if (value && !header_find(&c->reply.headers, name))
        header_add(&c->reply.headers, c->rq.arena, name, value);
}

/* --- the entity tag --- */

static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Tells two bodies of one address apart; no secret depends on it, so it need only be fast. */
static const char *entity_tag(ReqPrivate *c)
{
    uint64_t low = 0x9e3779b97f4a7c15u ^ c->reply.size;
    uint64_t high = 0xc2b2ae3d27d4eb4fu;
    uint64_t words[2];

    for (size_t at = 0; at < c->reply.size; at += sizeof words) {
        size_t n = MIN(c->reply.size - at, sizeof words);
        words[0] = words[1] = 0;
        memcpy(words, c->reply.bytes + at, n);
        low = fold(low ^ words[0], 0xa0761d6478bd642fu ^ words[1]);
        high = fold(high ^ words[1], 0xe7037ed1a0b428dbu ^ words[0]) + low;
    }
    return arena_printf(c->rq.arena, "W/\"%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x\"",
                        low, high);
}

/* Weak comparison with a list of tags, as If-None-Match brings it. */
static bool tag_is_in(const char *list, const char *tag)
{
    const char *opaque = g_str_has_prefix(tag, "W/") ? tag + 2 : tag;

    return list && (g_str_equal(list, "*") || strstr(list, opaque) != NULL);
}

static void add_tag(ReqPrivate *c)
{
    Reply *reply = &c->reply;

    if (reply->status != 200 || c->rq.method != GET || !c->rq.route)
        return;
    if (!header_find(&reply->headers, "ETag"))
        header_default(c, "ETag", entity_tag(c));
    if (!tag_is_in(header_find(&c->headers, "If-None-Match"), header_find(&reply->headers, "ETag")))
        return;
    if (reply->kind == REPLY_OWNED)
        g_free(reply->bytes);
    reply->kind = REPLY_STATIC;
    reply->bytes = NULL;
    reply->size = 0;
    reply->status = 304;
}

static void finish(ReqPrivate *c)
{
    Reply *reply = &c->reply;
    const char *type = header_find(&reply->headers, "Content-Type");
    bool is_bytes = reply->kind == REPLY_OWNED || reply->kind == REPLY_STATIC;

    if (reply->finished)
        return;
    reply->finished = true;
    if (type && g_str_equal(type, json_media)) {
        header_default(c, "Cache-Control", "max-age=0, private, must-revalidate");
        if (is_bytes)
            add_tag(c);
    }
    header_default(c, "Vary", "Origin");
    header_default(c, "X-Content-Type-Options", "nosniff");
    header_default(c, "X-Request-Id", c->rq.id);
    header_default(
        c, "X-Runtime",
        arena_printf(c->rq.arena, "%.6f", (double)(g_get_monotonic_time() - c->start_us) / 1e6));
    if (g_str_has_prefix(c->rq.path, "/api/")) {
        header_default(c, "X-Frame-Options", "SAMEORIGIN");
        if (header_find(&c->headers, "Origin")) {
            header_default(c, "Access-Control-Allow-Origin", "*");
            header_default(c, "Access-Control-Allow-Methods", cors_methods);
            header_default(c, "Access-Control-Expose-Headers", cors_exposed);
            header_default(c, "Access-Control-Max-Age", "7200");
        }
    }
    if (atomic_load(&c->server->state) >= SERVER_STOPPING)
        header_default(c, "Connection", "close");
}

/* --- what handlers call --- */

static Reply *reply_new(Req *rq, ReplyKind kind, int status, const char *content_type)
{
    Reply *reply = &rq->priv->reply;

    g_assert(reply->kind == REPLY_NONE);
    reply->kind = kind;
    reply->status = status;
    if (content_type)
        req_reply_header(rq, "Content-Type", content_type);
    return reply;
}

JsonWriter *reply_writer(Req *rq)
{
    Reply *reply = &rq->priv->reply;

    if (!reply->json) {
        reply->json = g_string_sized_new(1024);
        jw_init(&reply->writer, reply->json);
    }
    return &reply->writer;
}

bool reply_json(Req *rq)
{
    return reply_json_status(rq, rq->route && rq->route->status ? rq->route->status : 200);
}

bool reply_json_status(Req *rq, int status)
{
    (void)reply_writer(rq);
    Reply *reply = reply_new(rq, REPLY_OWNED, status, json_media);
    reply->size = reply->json->len;
    reply->bytes = g_string_free(reply->json, FALSE);
    reply->json = NULL;
    return true;
}

bool reply_bytes(Req *rq, int status, const char *content_type, const void *body, size_t size)
{
    Reply *reply = reply_new(rq, REPLY_OWNED, status, content_type);

    reply->bytes = g_memdup2(body, size);
    reply->size = size;
    return true;
}

bool reply_static(Req *rq, int status, const char *content_type, const void *body, size_t size)
{
    Reply *reply = reply_new(rq, REPLY_STATIC, status, content_type);

    reply->bytes = (char *)body;
    reply->size = size;
    return true;
}

bool reply_empty(Req *rq, int status)
{
    return reply_static(rq, status, NULL, "", 0);
}

bool reply_file(Req *rq, int status, const char *content_type, int fd, int64_t offset, int64_t size)
{
    Reply *reply = reply_new(rq, REPLY_FILE, status, content_type);

    reply->fd = fd;
    reply->offset = offset;
    reply->file_size = size;
    return true;
}

/* A source and where it begins; the reply's, then the response's. */
struct PulledReply {
    ReplySource source;
    int64_t offset;
};

static void pulled_free(void *data)
{
    PulledReply *pulled = data;

    if (!pulled)
        return;
    pulled->source.free(pulled->source.data);
    g_free(pulled);
}

static ssize_t pulled_read(void *data, uint64_t at, char *bytes, size_t room)
{
    const PulledReply *pulled = data;
    ssize_t n = pulled->source.read(pulled->source.data, pulled->offset + (int64_t)at, bytes, room);

    return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

bool reply_pulled(Req *rq, int status, const char *content_type, const ReplySource *source,
                  int64_t offset, int64_t size)
{
    Reply *reply = reply_new(rq, REPLY_PULLED, status, content_type);

    reply->pulled = g_new(PulledReply, 1);
    *reply->pulled = (PulledReply){ *source, offset };
    reply->file_size = size;
    return true;
}

void reply_clear(ReqPrivate *c)
{
    Reply *reply = &c->reply;

    if (reply->kind == REPLY_OWNED)
        g_free(reply->bytes);
    if (reply->fd >= 0)
        close(reply->fd);
    pulled_free(reply->pulled);
    if (reply->json)
        g_string_free(reply->json, TRUE);
    *reply = (Reply){ .fd = -1, .headers = reply->headers };
}

/* --- out --- */

static struct MHD_Response *make_response(ReqPrivate *c)
{
    Reply *reply = &c->reply;
    struct MHD_Response *response = NULL;

    switch (reply->kind) {
    case REPLY_NONE:
        break;
    case REPLY_OWNED:
        c->sent = (int64_t)reply->size;
        response =
            MHD_create_response_from_buffer_with_free_callback(reply->size, reply->bytes, g_free);
        break;
    case REPLY_STATIC:
        c->sent = (int64_t)reply->size;
        response =
            MHD_create_response_from_buffer(reply->size, reply->bytes, MHD_RESPMEM_PERSISTENT);
        break;
    case REPLY_FILE:
        c->sent = reply->file_size;
        response = MHD_create_response_from_fd_at_offset64((uint64_t)reply->file_size, reply->fd,
                                                           (uint64_t)reply->offset);
        break;
    case REPLY_PULLED:
        c->sent = reply->file_size;
        response = MHD_create_response_from_callback((uint64_t)reply->file_size, PULLED_AT_ONCE,
                                                     pulled_read, reply->pulled, pulled_free);
        break;
    case REPLY_STREAM:
        response = stream_response(c);
        break;
    }
    if (!response)
        return NULL;
    /* The response owns them now. */
    if (reply->kind == REPLY_OWNED)
        reply->kind = REPLY_STATIC;
    reply->fd = -1;
    reply->pulled = NULL;
    return response;
}

enum MHD_Result reply_queue(ReqPrivate *c)
{
    finish(c);
    struct MHD_Response *response = make_response(c);
    if (!response)
        return MHD_NO;
    for (int i = 0; i < c->reply.headers.n; i++) {
        const RouteParam *header = &c->reply.headers.items[i];
        /* The library refuses empty values; a blank reads the same to the client. */
        (void)MHD_add_response_header(response, header->name,
                                      header->value[0] != '\0' ? header->value : " ");
    }
    enum MHD_Result result = MHD_queue_response(c->connection, (unsigned)c->reply.status, response);
    MHD_destroy_response(response);
    c->phase = PHASE_SENT;
    return result;
}

void reply_send_raw(ReqPrivate *c)
{
    g_autoptr(GString) out = g_string_new(NULL);

    req_reply_header(&c->rq, "Connection", "close");
    finish(c);
    g_string_printf(out, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n", c->reply.status,
                    MHD_get_reason_phrase_for((unsigned)c->reply.status), c->reply.size);
    for (int i = 0; i < c->reply.headers.n; i++)
        g_string_append_printf(out, "%s: %s\r\n", c->reply.headers.items[i].name,
                               c->reply.headers.items[i].value);
    g_string_append(out, "\r\n");
    if (!c->is_head)
        g_string_append_len(out, c->reply.bytes, (gssize)c->reply.size);
    c->sent = (int64_t)c->reply.size;
    (void)send(c->socket, out->str, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(c->socket, SHUT_WR);
}
