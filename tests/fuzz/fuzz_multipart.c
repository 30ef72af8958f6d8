/* fuzz_multipart.c - a multipart body of any bytes, in pieces of any size: the parts must not depend
 * on where it was cut. */
#include "http/multipart.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool note_begin(void *user, const MultipartPart *part, Error *err)
{
    (void)err;
    g_string_append_printf(user, "<%s|%s>", part->name, part->filename ? part->filename : "");
    return true;
}

static bool note_data(void *user, const void *bytes, size_t size, Error *err)
{
    (void)err;
    g_string_append_len(user, bytes, (gssize)size);
    return true;
}

static bool note_end(void *user, Error *err)
{
    (void)err;
    g_string_append(user, "</>");
    return true;
}

static const MultipartSink sink = { note_begin, note_data, note_end };

static bool parse(const uint8_t *data, size_t size, size_t step, GString *notes)
{
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(Multipart) m = multipart_new("b", &sink, notes);

    for (size_t at = 0; at < size; at += step)
        if (!multipart_feed(m, data + at, MIN(step, size - at), &err))
            return false;
    return multipart_finish(m, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GString) whole = g_string_new(NULL);
    g_autoptr(GString) pieces = g_string_new(NULL);

    if (size == 0)
        return 0;
    size_t step = 1 + data[0] % 17;
    bool good = parse(data + 1, size - 1, size, whole);
    g_assert(good == parse(data + 1, size - 1, step, pieces));
    g_assert(!good || g_string_equal(whole, pieces));

    g_autofree char *type = g_strndup((const char *)data, size);
    g_autofree char *boundary = multipart_boundary(type);
    g_assert(!boundary || strlen(boundary) <= MULTIPART_MAX_BOUNDARY);
    return 0;
}
