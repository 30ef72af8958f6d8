/* body.c - where the bytes of a body go: memory, an unlinked file, or the parts of a form.
 *
 * Files are written by the HTTP thread as the bytes come: a write() into the page cache, so memory
 * stays flat and the socket itself holds a client back. */
#include "http/params.h"
#include "http/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_type(const char *content_type, const char *type)
{
    size_t length = strcspn(content_type, "; \t");

    return strlen(type) == length && g_ascii_strncasecmp(content_type, type, length) == 0;
}

/* --- files --- */

static int spool_open(const Server *server, Error *err)
{
    const char *dir = server->options.spool_dir;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        g_autofree char *name = g_build_filename(dir, "body-XXXXXX", NULL);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0)
            unlink(name);
    }
    if (fd < 0)
        error_errno(err, errno, "cannot keep a request's body in %s", dir);
    return fd;
}

static bool spool_write(int fd, const char *bytes, size_t size, Error *err)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "cannot write a request's body");
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* --- the parts of multipart/form-data --- */

static bool part_begin(void *user, const MultipartPart *part, Error *err)
{
    ReqPrivate *c = user;
    Arena *arena = c->rq.arena;

    c->part_name = arena_strdup(arena, part->name);
    if (!part->filename) {
        g_string_truncate(c->value, 0);
        return true;
    }
    FilePart file = { c->part_name,
                      { -1, 0, arena_strdup(arena, part->filename),
                        arena_strdup(arena, part->content_type) } };
    if (++c->n_params > PARAMS_MAX_COUNT)
        return error_set(err, ERR_BAD_REQUEST, "more than %d parameters", PARAMS_MAX_COUNT);
    file.file.fd = spool_open(c->server, err);
    if (file.file.fd < 0)
        return false;
    c->part_fd = file.file.fd;
    g_array_append_val(c->files, file);
    return true;
}

static bool part_data(void *user, const void *bytes, size_t size, Error *err)
{
    ReqPrivate *c = user;

    if (c->part_fd >= 0) {
        FilePart *part = &g_array_index(c->files, FilePart, c->files->len - 1);
        part->file.size += (int64_t)size;
        return spool_write(c->part_fd, bytes, size, err);
    }
    c->values_size += (int64_t)size;
    if (c->values_size > c->server->options.max_body_bytes)
        return error_set(err, ERR_TOO_LARGE, NULL);
    g_string_append_len(c->value, bytes, (gssize)size);
    return true;
}

static bool part_end(void *user, Error *err)
{
    ReqPrivate *c = user;
    int fd = c->part_fd;

    c->part_fd = -1;
    if (fd >= 0)
        return lseek(fd, 0, SEEK_SET) == 0 || error_errno(err, errno, "cannot rewind a body");
    return params_put(c->form, c->part_name, c->value->str, c->value->len, &c->n_params, err);
}

static const MultipartSink part_sink = { part_begin, part_data, part_end };

static bool multipart_start(ReqPrivate *c, Error *err)
{
    g_autofree char *boundary = multipart_boundary(c->content_type);

    if (!boundary)
        return error_set(err, ERR_BAD_REQUEST, "the multipart body has no boundary");
    c->form = json_object();
    c->value = g_string_new(NULL);
    c->files = g_array_new(FALSE, FALSE, sizeof(FilePart));
    c->multipart = multipart_new(boundary, &part_sink, c);
    return true;
}

/* --- any body --- */

static int64_t limit_of(const ReqPrivate *c)
{
    const ServerOptions *options = &c->server->options;

    if (c->rq.route->max_body > 0)
        return c->rq.route->max_body;
    switch (c->rq.route->body) {
    case BODY_PARAMS:
        return options->max_body_bytes;
    case BODY_RAW:
        return options->max_raw_bytes;
    case BODY_SPOOL:
        return options->max_upload_bytes;
    }
    return 0;
}

bool body_begin(ReqPrivate *c, Error *err)
{
    const char *type = header_find(&c->headers, "Content-Type");

    c->content_type = type ? arena_strdup(c->rq.arena, type) : "";
    c->body_limit = limit_of(c);
    return c->announced <= c->body_limit || error_set(err, ERR_TOO_LARGE, NULL);
}

/* The first bytes are here: what is to be done with them? */
static bool body_open(ReqPrivate *c, Error *err)
{
    BodyKind kind = c->rq.route->body;

    if (kind != BODY_RAW && is_type(c->content_type, "multipart/form-data"))
        return multipart_start(c, err);
    if (kind == BODY_SPOOL) {
        c->rq.body_fd = spool_open(c->server, err);
        return c->rq.body_fd >= 0;
    }
    if (kind == BODY_PARAMS && !is_type(c->content_type, "application/json") &&
        !is_type(c->content_type, "application/x-www-form-urlencoded"))
        return error_set(err, ERR_MEDIA_TYPE, "The provided content-type '%s' is not supported.",
                         c->content_type);
    c->body = g_byte_array_new();
    return true;
}

bool body_take(ReqPrivate *c, const char *bytes, size_t size, Error *err)
{
    if (c->body_seen == 0 && !body_open(c, err))
        return false;
    c->body_seen += (int64_t)size;
    if (c->body_seen > c->body_limit)
        return error_set(err, ERR_TOO_LARGE, NULL);
    if (c->multipart)
        return multipart_feed(c->multipart, bytes, size, err);
    if (c->body) {
        g_byte_array_append(c->body, (const guint8 *)bytes, (guint)size);
        return true;
    }
    c->rq.body_fd_size += (int64_t)size;
    return spool_write(c->rq.body_fd, bytes, size, err);
}

bool body_end(ReqPrivate *c, Error *err)
{
    if (c->multipart)
        return multipart_finish(c->multipart, err);
    if (c->rq.body_fd >= 0 && lseek(c->rq.body_fd, 0, SEEK_SET) != 0)
        return error_errno(err, errno, "cannot rewind a request's body");
    if (c->body && c->rq.route->body == BODY_RAW) {
        c->rq.body = (const char *)c->body->data;
        c->rq.body_size = c->body->len;
    }
    return true;
}

static bool read_body(ReqPrivate *c, json_t *params, Error *err)
{
    const char *text = c->body ? (const char *)c->body->data : NULL;

    if (c->form) {
        json_object_update(params, c->form);
        return true;
    }
    if (!text || c->rq.route->body != BODY_PARAMS)
        return true;
    if (is_type(c->content_type, "application/json"))
        return params_read_json(params, text, c->body->len, err);
    g_autoptr(json_t) form = json_object();
    if (!params_read_form(form, text, c->body->len, &c->n_params, err))
        return false;
    json_object_update(params, form);
    return true;
}

bool body_read_params(ReqPrivate *c, Error *err)
{
    Req *rq = &c->rq;

    rq->params = json_object();
    if (!params_read_form(rq->params, rq->query, strlen(rq->query), &c->n_params, err) ||
        !read_body(c, rq->params, err))
        return false;
    if (rq->route->body == BODY_PARAMS) /* it may be parked for long */
        g_clear_pointer(&c->body, g_byte_array_unref);
    for (int i = 0; i < c->match.n_params; i++)
        json_object_set_new(rq->params, c->match.params[i].name,
                            json_string(c->match.params[i].value));
    return true;
}

void body_free(ReqPrivate *c)
{
    json_decref(c->rq.params);
    json_decref(c->form);
    multipart_free(c->multipart);
    if (c->body)
        g_byte_array_unref(c->body);
    if (c->value)
        g_string_free(c->value, TRUE);
    for (guint i = 0; c->files && i < c->files->len; i++)
        close(g_array_index(c->files, FilePart, i).file.fd);
    if (c->files)
        g_array_unref(c->files);
    if (c->rq.body_fd >= 0)
        close(c->rq.body_fd);
}
