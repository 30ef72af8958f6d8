/* request.c - what a handler reads from its request, and how it waits. */
#include "http/private.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

const char *req_header(Req *rq, const char *name)
{
    return header_find(&rq->priv->headers, name);
}

const char *req_path_param(Req *rq, const char *name)
{
    const RouteMatch *match = &rq->priv->match;

    for (int i = 0; i < match->n_params; i++)
        if (strcmp(match->params[i].name, name) == 0)
            return match->params[i].value;
    return NULL;
}

const json_t *req_json(const Req *rq, const char *name)
{
    const json_t *value = json_object_get(rq->params, name);

    return json_is_null(value) ? NULL : value;
}

bool req_has(const Req *rq, const char *name)
{
    return req_json(rq, name) || req_file(rq, name);
}

const char *req_str(const Req *rq, const char *name)
{
    return json_get_string(rq->params, name);
}

int64_t req_int(const Req *rq, const char *name)
{
    const json_t *value = json_object_get(rq->params, name);
    int64_t n = 0;

    if (json_is_string(value)) /* a path parameter without a row */
        return text_to_int(json_string_value(value), &n) ? n : 0;
    return json_integer_value(value);
}

bool req_bool(const Req *rq, const char *name)
{
    return json_get_bool(rq->params, name, false);
}

int64_t req_time(const Req *rq, const char *name)
{
    const char *text = req_str(rq, name);
    int64_t us = 0;

    return text && time_from_text(text, &us) ? us : 0;
}

const char *const *req_strs(Req *rq, const char *name)
{
    const json_t *array = req_json(rq, name);
    size_t n = json_array_size(array);

    if (!json_is_array(array))
        return NULL;
    const char **texts = arena_new0(rq->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        texts[i] = text ? text : "";
    }
    return texts;
}

const ReqFile *req_file(const Req *rq, const char *name)
{
    const GArray *files = rq->priv->files;

    for (guint i = 0; files && i < files->len; i++) {
        const FilePart *part = &g_array_index(files, FilePart, i);
        if (strcmp(part->name, name) == 0)
            return &part->file;
    }
    return NULL;
}

void req_park(Req *rq, int64_t deadline_us, Handler again)
{
    ReqPrivate *c = rq->priv;
    int64_t left_us = deadline_us - g_get_real_time();

    c->again = again;
    c->park.asked = true;
    /* A stepped clock must not make a wait longer. */
    c->park.deadline_us = g_get_monotonic_time() + MAX(left_us, 0);
}

void req_wake(Req *rq)
{
    park_wake(rq->priv->server->park, rq->priv);
}

bool req_is_stopping(const Req *rq)
{
    return atomic_load(&rq->priv->server->state) >= SERVER_STOPPING;
}
