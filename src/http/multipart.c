/* multipart.c - a pushed parser: what is not decided yet waits in .held.
 *
 * The body counts as beginning after a line end, so the first boundary looks like all others.
 */
#include "http/multipart.h"

#include "base/text.h"

#include <string.h>

typedef enum State {
    PREAMBLE, /* up to the first boundary: dropped */
    AFTER,    /* behind a boundary: "--" ends, a line end opens a part */
    HEADERS,  /* up to the empty line */
    DATA,     /* up to the next boundary */
    EPILOGUE  /* dropped */
} State;

struct Multipart {
    const MultipartSink *sink;
    void *user;
    char *delimiter; /* "\r\n--boundary" */
    size_t delimiter_size;
    State state;
    GString *held;
    int n_parts;
};

static bool malformed(Error *err)
{
    return error_set(err, ERR_BAD_REQUEST, "the multipart body is malformed");
}

/* --- header values --- */

/* Reads one "; name=value" at @p, moving it on; false at the end or for what is none. */
static bool attribute_next(const char **p, char **name, char **value)
{
    const char *at = *p;

    while (*at != '\0' && *at != ';')
        at++;
    if (*at == '\0')
        return false;
    at += 1 + strspn(at + 1, " \t");
    size_t length = strcspn(at, "=; \t");
    if (at[length] != '=')
        return false;
    *name = g_strndup(at, length);
    at += length + 1;
    GString *text = g_string_new(NULL);
    if (*at == '"') {
        for (at++; *at != '\0' && *at != '"'; at++) {
            if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
                at++;
            g_string_append_c(text, *at);
        }
        at += *at == '"';
    } else {
        length = strcspn(at, "; \t");
        g_string_append_len(text, at, (gssize)length);
        at += length;
    }
    *value = g_string_free(text, FALSE);
    *p = at;
    return true;
}

/* The attribute @name of a header's @value, owned; NULL: absent. */
static char *attribute_find(const char *header, const char *name)
{
    g_autofree char *key = NULL;
    g_autofree char *value = NULL;

    for (const char *p = header; attribute_next(&p, &key, &value);) {
        if (g_ascii_strcasecmp(key, name) == 0)
            return g_steal_pointer(&value);
        g_clear_pointer(&key, g_free);
        g_clear_pointer(&value, g_free);
    }
    return NULL;
}

char *multipart_boundary(const char *content_type)
{
    char *boundary = attribute_find(content_type, "boundary");

    if (boundary && (boundary[0] == '\0' || strlen(boundary) > MULTIPART_MAX_BOUNDARY))
        g_clear_pointer(&boundary, g_free);
    return boundary;
}

/* filename*=UTF-8''na%C3%AFve.txt; NULL: absent or not of that form. */
static char *filename_extended(const char *disposition)
{
    g_autofree char *value = attribute_find(disposition, "filename*");
    const char *encoded = value ? strchr(value, '\'') : NULL;
    char *filename = NULL;

    encoded = encoded ? strchr(encoded + 1, '\'') : NULL;
    if (!encoded || g_ascii_strncasecmp(value, "utf-8'", 6) != 0 ||
        !text_percent_decode(encoded + 1, strlen(encoded + 1), false, &filename))
        return NULL;
    return filename;
}

/* --- the parts --- */

static bool part_begin(Multipart *m, char *block, Error *err)
{
    g_auto(GStrv) lines = g_strsplit(block, "\r\n", -1);
    const char *disposition = NULL;
    const char *type = NULL;

    for (char **line = lines; *line; line++) {
        char *colon = strchr(*line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        const char *value = g_strstrip(colon + 1);
        if (g_ascii_strcasecmp(*line, "Content-Disposition") == 0)
            disposition = value;
        else if (g_ascii_strcasecmp(*line, "Content-Type") == 0)
            type = value;
    }
    if (!disposition || g_ascii_strncasecmp(disposition, "form-data", 9) != 0)
        return malformed(err);
    g_autofree char *name = attribute_find(disposition, "name");
    g_autofree char *filename = filename_extended(disposition);
    if (!filename)
        filename = attribute_find(disposition, "filename");
    if (!name || name[0] == '\0' || !g_utf8_validate(name, -1, NULL) ||
        (filename && !g_utf8_validate(filename, -1, NULL)))
        return malformed(err);
    if (++m->n_parts > MULTIPART_MAX_PARTS)
        return error_set(err, ERR_BAD_REQUEST, "more than %d parts", MULTIPART_MAX_PARTS);
    const MultipartPart part = { name, filename, type };
    return m->sink->begin(m->user, &part, err);
}

/* --- one step a state: *more says whether the held bytes may allow another --- */

static bool step_to_boundary(Multipart *m, bool *more, Error *err)
{
    const char *found = memmem(m->held->str, m->held->len, m->delimiter, m->delimiter_size);
    bool data = m->state == DATA;
    size_t sure = m->held->len;

    if (found)
        sure = (size_t)(found - m->held->str);
    else
        sure = sure >= m->delimiter_size ? sure - m->delimiter_size + 1 : 0;
    if (data && sure > 0 && !m->sink->data(m->user, m->held->str, sure, err))
        return false;
    g_string_erase(m->held, 0, (gssize)(sure + (found ? m->delimiter_size : 0)));
    *more = found != NULL;
    if (!found)
        return true;
    m->state = AFTER;
    return !data || m->sink->end(m->user, err);
}

static bool step_after(Multipart *m, bool *more, Error *err)
{
    size_t blanks = strspn(m->held->str, " \t");

    *more = false;
    if (m->held->len >= 2 && memcmp(m->held->str, "--", 2) == 0) {
        m->state = EPILOGUE;
        return true;
    }
    if (blanks > MULTIPART_MAX_BOUNDARY)
        return malformed(err);
    if (m->held->len < blanks + 2)
        return true;
    if (memcmp(m->held->str + blanks, "\r\n", 2) != 0)
        return malformed(err);
    /* The line end stays: a block without headers is then an empty line like any other. */
    g_string_erase(m->held, 0, (gssize)blanks);
    m->state = HEADERS;
    *more = true;
    return true;
}

static bool step_headers(Multipart *m, bool *more, Error *err)
{
    char *end = memmem(m->held->str, m->held->len, "\r\n\r\n", 4);
    size_t size = end ? (size_t)(end - m->held->str) : m->held->len;

    *more = end != NULL;
    if (size > MULTIPART_MAX_HEADERS)
        return error_set(err, ERR_BAD_REQUEST, "a part's headers are over %d bytes",
                         MULTIPART_MAX_HEADERS);
    if (!end)
        return true;
    if (memchr(m->held->str, '\0', size))
        return malformed(err);
    *end = '\0';
    if (!part_begin(m, m->held->str, err))
        return false;
    g_string_erase(m->held, 0, (gssize)(size + 4));
    m->state = DATA;
    return true;
}

Multipart *multipart_new(const char *boundary, const MultipartSink *sink, void *user)
{
    Multipart *m = g_new0(Multipart, 1);

    m->sink = sink;
    m->user = user;
    m->delimiter = g_strconcat("\r\n--", boundary, NULL);
    m->delimiter_size = strlen(m->delimiter);
    m->held = g_string_new("\r\n");
    return m;
}

void multipart_free(Multipart *m)
{
    if (!m)
        return;
    g_free(m->delimiter);
    g_string_free(m->held, TRUE);
    g_free(m);
}

bool multipart_feed(Multipart *m, const void *bytes, size_t size, Error *err)
{
    bool more = true;

    if (m->state == EPILOGUE)
        return true;
    g_string_append_len(m->held, bytes, (gssize)size);
    while (more) {
        bool good = false;
        switch (m->state) {
        case PREAMBLE:
        case DATA:
            good = step_to_boundary(m, &more, err);
            break;
        case AFTER:
            good = step_after(m, &more, err);
            break;
        case HEADERS:
            good = step_headers(m, &more, err);
            break;
        case EPILOGUE:
            return true;
        }
        if (!good)
            return false;
    }
    return true;
}

bool multipart_finish(Multipart *m, Error *err)
{
    return m->state == EPILOGUE || malformed(err);
}
