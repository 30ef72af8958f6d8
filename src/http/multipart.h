/* multipart.h - multipart/form-data as it streams in.
 *
 * Memory stays bounded: a part's data goes to the sink as it comes, only a header block or the
 * bytes that may be the start of a boundary are held.
 */
#ifndef PENSTOCK_HTTP_MULTIPART_H
#define PENSTOCK_HTTP_MULTIPART_H

#include "base/error.h"

enum {
    MULTIPART_MAX_BOUNDARY = 200,
    MULTIPART_MAX_HEADERS = 8 * 1024, /* of one part */
    MULTIPART_MAX_PARTS = 1024
};

typedef struct Multipart Multipart;

typedef struct MultipartPart {
    const char *name;
    const char *filename;     /* NULL: a plain value */
    const char *content_type; /* NULL: not said */
} MultipartPart;

/* Where the parts go.  false with the error set ends the parsing. */
typedef struct MultipartSink {
    bool (*begin)(void *user, const MultipartPart *part, Error *err);
    bool (*data)(void *user, const void *bytes, size_t size, Error *err);
    bool (*end)(void *user, Error *err);
} MultipartSink;

/* The boundary out of a Content-Type: owned by the caller; NULL: none, or not a good one. */
char *multipart_boundary(const char *content_type);

/* @sink outlives the parser. */
Multipart *multipart_new(const char *boundary, const MultipartSink *sink, void *user);
void multipart_free(Multipart *multipart);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Multipart, multipart_free)

/* The next bytes of the body.  ERR_BAD_REQUEST for what is malformed; or the sink's error. */
bool multipart_feed(Multipart *multipart, const void *bytes, size_t size, Error *err);
/* The body has ended: ERR_BAD_REQUEST where the closing boundary is missing. */
bool multipart_finish(Multipart *multipart, Error *err);

#endif
