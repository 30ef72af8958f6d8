/* error.c - setting, moving and freeing errors. */
#include "base/error.h"

#include <string.h>

static const char *const code_names[N_ERR_CODES] = {
    [ERR_NONE] = "none",
    [ERR_PARAM] = "param",
    [ERR_BAD_REQUEST] = "bad_request",
    [ERR_INVALID] = "invalid",
    [ERR_UNAUTHORIZED] = "unauthorized",
    [ERR_TOKEN_EXPIRED] = "token_expired",
    [ERR_TOKEN_REVOKED] = "token_revoked",
    [ERR_SCOPE] = "scope",
    [ERR_FORBIDDEN] = "forbidden",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_NO_RECORD] = "no_record",
    [ERR_NOT_ALLOWED] = "not_allowed",
    [ERR_CONFLICT] = "conflict",
    [ERR_GONE] = "gone",
    [ERR_TOO_LARGE] = "too_large",
    [ERR_RANGE] = "range",
    [ERR_MEDIA_TYPE] = "media_type",
    [ERR_UNPROCESSABLE] = "unprocessable",
    [ERR_TOO_MANY] = "too_many",
    [ERR_UNAVAILABLE] = "unavailable",
    [ERR_CONFIG] = "config",
    [ERR_LIMIT] = "limit",
    [ERR_USAGE] = "usage",
    [ERR_IO] = "io",
    [ERR_DB] = "db",
    [ERR_DB_UNIQUE] = "db_unique",
    [ERR_DB_FOREIGN_KEY] = "db_foreign_key",
    [ERR_DB_AWAY] = "db_away",
    [ERR_DB_RETRY] = "db_retry",
    [ERR_INTERNAL] = "internal",
};

static void detail_free(void *p)
{
    ErrorDetail *detail = p;

    g_free(detail->field);
    g_free(detail->text);
    g_free(detail);
}

void error_clear(Error *err)
{
    if (!err)
        return;
    err->code = ERR_NONE;
    g_clear_pointer(&err->message, g_free);
    g_clear_pointer(&err->details, g_ptr_array_unref);
}

bool error_set(Error *err, ErrCode code, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    /* Built first: an argument may point into the message that is replaced. */
    char *message = NULL;
    if (format) {
        va_start(args, format);
        message = g_strdup_vprintf(format, args);
        va_end(args);
    }
    error_clear(err);
    err->code = code;
    err->message = message;
    return false;
}

bool error_field(Error *err, const char *field, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    if (err->code != ERR_INVALID) {
        error_clear(err);
        err->code = ERR_INVALID;
    }
    if (!err->details)
        err->details = g_ptr_array_new_with_free_func(detail_free);
    ErrorDetail *detail = g_new0(ErrorDetail, 1);
    detail->field = g_strdup(field);
    va_start(args, format);
    detail->text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(err->details, detail);
    if (!err->message)
        err->message = g_str_equal(field, "base") ? g_strdup(detail->text)
                                                  : g_strconcat(field, " ", detail->text, NULL);
    return false;
}

bool error_errno(Error *err, int errnum, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    return error_set(err, ERR_IO, "%s: %s", what, g_strerror(errnum));
}

bool error_prefix(Error *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    g_autofree char *context = g_strdup_vprintf(format, args);
    va_end(args);
    char *message = g_strconcat(context, ": ", error_text(err), NULL);
    g_free(err->message);
    err->message = message;
    return false;
}

bool error_move(Error *dst, Error *src)
{
    if (dst) {
        error_clear(dst);
        *dst = *src;
        *src = (Error)ERROR_INIT;
    } else {
        error_clear(src);
    }
    return false;
}

const char *error_text(const Error *err)
{
    return err->message ? err->message : error_code_name(err->code);
}

const char *error_code_name(ErrCode code)
{
    return code < N_ERR_CODES ? code_names[code] : "unknown";
}
