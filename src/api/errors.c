/* errors.c - the table of statuses and the few shapes of error bodies. */
#include "api/errors.h"

#include "base/log.h"

#include <string.h>

typedef enum Shape {
    ERROR_KEY,     /* {"error": message} */
    NUMBERED,      /* {"message": "403 Forbidden"}, with a message "403 Forbidden - message" */
    NAMED,         /* {"message": "404 Project Not Found"}, without a message "404 Not Found" */
    PLAIN,         /* {"message": message}, without one as NUMBERED */
    DETAILED,      /* {"message": {"field": ["text"]}}, without details as PLAIN */
    BASE,          /* {"message": {"base": [message]}} */
    INVALID_TOKEN, /* RFC 6750 */
    SCOPE
} Shape;

typedef struct ErrorRow {
    int status;
    Shape shape;
    const char *text; /* behind the number */
    bool ours;        /* our trouble: logged, and its message kept from the caller */
} ErrorRow;

static const ErrorRow rows[N_ERR_CODES] = {
    [ERR_NONE] = { 500, NUMBERED, "Internal Server Error", true },
    [ERR_PARAM] = { 400, ERROR_KEY, "Bad request" },
    [ERR_BAD_REQUEST] = { 400, NUMBERED, "Bad request" },
    [ERR_INVALID] = { 400, DETAILED, "Bad request" },
    [ERR_UNAUTHORIZED] = { 401, PLAIN, "Unauthorized" },
    [ERR_TOKEN_EXPIRED] = { 401, INVALID_TOKEN,
                            "Token is expired. You can either do re-authorization or token "
                            "refresh." },
    [ERR_TOKEN_REVOKED] = { 401, INVALID_TOKEN,
                            "Token was revoked. You have to re-authorize from the user." },
    [ERR_SCOPE] = { 403, SCOPE, "Forbidden" },
    [ERR_FORBIDDEN] = { 403, NUMBERED, "Forbidden" },
    [ERR_NOT_FOUND] = { 404, NAMED, "Not Found" },
    [ERR_NO_RECORD] = { 404, NUMBERED, "Not found" },
    [ERR_NOT_ALLOWED] = { 405, PLAIN, "Method Not Allowed" },
    [ERR_CONFLICT] = { 409, PLAIN, "Conflict" },
    [ERR_GONE] = { 410, PLAIN, "Gone" },
    [ERR_TOO_LARGE] = { 413, NUMBERED, "Request Entity Too Large" },
    [ERR_RANGE] = { 416, NUMBERED, "Range Not Satisfiable" },
    [ERR_MEDIA_TYPE] = { 415, ERROR_KEY, "Unsupported Media Type" },
    [ERR_UNPROCESSABLE] = { 422, DETAILED, "Unprocessable Entity" },
    [ERR_TOO_MANY] = { 429, PLAIN, "Too Many Requests" },
    [ERR_UNAVAILABLE] = { 503, NUMBERED, "Service Unavailable" },
    [ERR_CONFIG] = { 400, BASE, "Bad request" },
    [ERR_LIMIT] = { 400, PLAIN, "Bad request" },
    [ERR_USAGE] = { 400, PLAIN, "Bad request" },
    [ERR_IO] = { 500, NUMBERED, "Internal Server Error", true },
    [ERR_DB] = { 500, NUMBERED, "Internal Server Error", true },
    [ERR_DB_UNIQUE] = { 409, NUMBERED, "Conflict", true },
    [ERR_DB_FOREIGN_KEY] = { 409, NUMBERED, "Conflict", true },
    [ERR_DB_AWAY] = { 503, NUMBERED, "Service Unavailable", true },
    [ERR_DB_RETRY] = { 503, NUMBERED, "Service Unavailable", true },
    [ERR_INTERNAL] = { 500, NUMBERED, "Internal Server Error", true },
};

static const char *const PRIVILEGES =
    "The request requires higher privileges than provided by the access token.";

static const char *numbered(Req *rq, const ErrorRow *row, const char *message)
{
    if (message && *message)
        return arena_printf(rq->arena, "%d %s - %s", row->status, row->text, message);
    return arena_printf(rq->arena, "%d %s", row->status, row->text);
}

static const char *named(Req *rq, const ErrorRow *row, const char *kind)
{
    return kind ? arena_printf(rq->arena, "%d %s %s", row->status, kind, row->text)
                : numbered(rq, row, NULL);
}

static const ErrorDetail *detail_at(const Error *err, guint i)
{
    return g_ptr_array_index(err->details, i);
}

/* Whether an earlier detail is of the same field: its texts are written with it. */
static bool is_later_of_its_field(const Error *err, guint i)
{
    for (guint j = 0; j < i; j++)
        if (g_str_equal(detail_at(err, j)->field, detail_at(err, i)->field))
            return true;
    return false;
}

static void write_details(JsonWriter *w, const Error *err)
{
    jw_begin_object(w);
    for (guint i = 0; i < err->details->len; i++) {
        if (is_later_of_its_field(err, i))
            continue;
        jw_key(w, detail_at(err, i)->field);
        jw_begin_array(w);
        for (guint j = i; j < err->details->len; j++)
            if (g_str_equal(detail_at(err, j)->field, detail_at(err, i)->field))
                jw_string(w, detail_at(err, j)->text);
        jw_end_array(w);
    }
    jw_end_object(w);
}

static void write_invalid_token(Req *rq, JsonWriter *w, const ErrorRow *row)
{
    jw_put_string(w, "error", "invalid_token");
    jw_put_string(w, "error_description", row->text);
    req_reply_header(rq, "WWW-Authenticate",
                     arena_printf(rq->arena,
                                  "Bearer realm=\"The API\", error=\"invalid_token\", "
                                  "error_description=\"%s\"",
                                  row->text));
}

static void write_body(Req *rq, JsonWriter *w, const ErrorRow *row, const Error *err)
{
    const char *message = row->ours ? NULL : err->message;

    switch (row->shape) {
    case ERROR_KEY:
        jw_put_string(w, "error", message ? message : row->text);
        return;
    case NUMBERED:
        jw_put_string(w, "message", numbered(rq, row, message));
        return;
    case NAMED:
        jw_put_string(w, "message", named(rq, row, message));
        return;
    case DETAILED:
        if (err->details) {
            jw_key(w, "message");
            write_details(w, err);
            return;
        }
        /* fall through */
    case PLAIN:
        jw_put_string(w, "message", message ? message : numbered(rq, row, NULL));
        return;
    case BASE:
        jw_key(w, "message");
        jw_begin_object(w);
        jw_key(w, "base");
        jw_strings(w, (const char *const[]){ message ? message : row->text, NULL });
        jw_end_object(w);
        return;
    case INVALID_TOKEN:
        write_invalid_token(rq, w, row);
        return;
    case SCOPE:
        jw_put_string(w, "error", "insufficient_scope");
        jw_put_string(w, "error_description", PRIVILEGES);
        jw_put_string(w, "scope", message);
        return;
    }
}

void errors_reply(Req *rq, const Error *err)
{
    const ErrorRow *row = &rows[err->code < N_ERR_CODES ? err->code : ERR_INTERNAL];

    if (row->ours)
        log_error(err, "request %s failed", rq->id);
    if (row->status == 503 || row->status == 429)
        req_reply_header(rq, "Retry-After", "5");
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    write_body(rq, w, row, err);
    jw_end_object(w);
    (void)reply_json_status(rq, row->status); /* a reply that cannot be sent has no other */
}

void errors_no_route(Req *rq, const char *allow)
{
    JsonWriter *w = reply_writer(rq);

    if (g_str_has_prefix(rq->path, "/api/v3/")) {
        jw_begin_object(w);
        jw_put_string(w, "error", "API V3 is no longer supported. Use API V4 instead.");
        jw_end_object(w);
        (void)reply_json_status(rq, 410);
        return;
    }

    jw_begin_object(w);
    jw_put_string(w, "error", allow ? "405 Not Allowed" : "404 Not Found");
    jw_end_object(w);
    req_reply_header(rq, "Allow", allow);
    (void)reply_json_status(rq, allow ? 405 : 404);
}
