/* error.h - the one error type of the program.
 *
 * A function that can fail returns bool and takes an `Error *err` last.  true: outputs are set and
 * @err is untouched.  false: @err is set, outputs are untouched.  Domain code never knows an HTTP
 * status; api/errors.c owns the only table from ErrCode to status and body.
 */
#ifndef PENSTOCK_BASE_ERROR_H
#define PENSTOCK_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS /* regex.cc includes this */

    typedef enum ErrCode {
        ERR_NONE,
        ERR_PARAM,         /* a request parameter is missing or malformed */
        ERR_BAD_REQUEST,   /* refused by the handler, the message says why */
        ERR_INVALID,       /* what is asked for breaks a rule; details name the fields */
        ERR_UNAUTHORIZED,  /* no or unknown credentials */
        ERR_TOKEN_EXPIRED, /* a token that was good once */
        ERR_TOKEN_REVOKED,
        ERR_SCOPE,     /* the token's scopes are too small; the message lists the accepted ones */
        ERR_FORBIDDEN, /* visible, but not allowed */
        ERR_NOT_FOUND, /* a named thing is missing or hidden: the message is its kind ("Project") */
        ERR_NO_RECORD, /* a row looked up by id is missing */
        ERR_NOT_ALLOWED, /* the method is refused in this state */
        ERR_CONFLICT,
        ERR_GONE,
        ERR_TOO_LARGE, /* past a size limit; the message names the limit */
        ERR_RANGE,     /* a byte range that does not fit */
        ERR_MEDIA_TYPE,
        ERR_UNPROCESSABLE,
        ERR_TOO_MANY,    /* past a rate or count limit */
        ERR_UNAVAILABLE, /* starting, stopping, or a service behind us is away */
        ERR_CONFIG,      /* the pipeline configuration is wrong; the message is for the user */
        ERR_LIMIT,       /* an input is past a named limit */
        ERR_USAGE,       /* wrong use of the command line or of a setting */
        ERR_IO,          /* file, process or network */
        ERR_DB,          /* the database said no */
        ERR_DB_UNIQUE,
        ERR_DB_FOREIGN_KEY,
        ERR_DB_AWAY,  /* the database cannot be reached, or does not answer in time */
        ERR_DB_RETRY, /* serialization failure or busy: the transaction may run again */
        ERR_INTERNAL, /* our own bug, told apart so that nobody blames the input */
        N_ERR_CODES
    } ErrCode;

/* One broken rule of one field, as in {"message":{"cron":["syntax is invalid"]}}. */
typedef struct ErrorDetail {
    char *field;
    char *text;
} ErrorDetail;

typedef struct Error {
    ErrCode code;
    char *message;      /* owned; NULL where the code says it all */
    GPtrArray *details; /* of ErrorDetail *, owned; NULL where there are none */
} Error;

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        ERR_NONE, NULL, NULL                                                                       \
    }

/* Frees what @err holds and leaves it as ERROR_INIT.  Accepts NULL. */
void error_clear(Error *err);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Error, error_clear)

/* Sets @err (NULL: the caller does not care) and returns false, so that failing is one line.
 * @format may be NULL.  What @err held before is freed. */
bool error_set(Error *err, ErrCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Like error_set() with ERR_INVALID and one detail; called again on the same @err, adds a detail.
 * The message becomes "field text". Returns false. */
bool error_field(Error *err, const char *field, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Sets @err to ERR_IO with "what: strerror(errnum)" and returns false. */
bool error_errno(Error *err, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Puts "context: " in front of the message, where that helps who reads it. Returns false. */
bool error_prefix(Error *err, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Moves @src into @dst (NULL: drops it). @src is left as ERROR_INIT. Returns false. */
bool error_move(Error *dst, Error *src);

/* The message for a log line or a terminal, never NULL. */
const char *error_text(const Error *err);

/* "invalid", "not_found", ...: for logs. */
const char *error_code_name(ErrCode code);

G_END_DECLS

#endif
