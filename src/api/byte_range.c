/* byte_range.c - "bytes=0-99", "bytes=100-", "bytes=-50". */
#include "api/byte_range.h"

#include <glib.h>
#include <string.h>

static bool read_number(const char **at, int64_t *value)
{
    char *end = NULL;

    if (!g_ascii_isdigit(**at))
        return false;
    guint64 n = g_ascii_strtoull(*at, &end, 10);
    *at = end;
    *value = n > G_MAXINT64 ? G_MAXINT64 : (int64_t)n;
    return true;
}

RangeAnswer byte_range_read(const char *header, int64_t size, int64_t *start, int64_t *length)
{
    int64_t first = 0, last = 0;

    *start = 0;
    *length = size;
    if (!header || !g_str_has_prefix(header, "bytes="))
        return RANGE_WHOLE;
    const char *at = header + strlen("bytes=");
    bool has_first = read_number(&at, &first);
    if (*at++ != '-')
        return RANGE_WHOLE;
    bool has_last = read_number(&at, &last);
    if (*at || (!has_first && !has_last) || (has_first && has_last && last < first))
        return RANGE_WHOLE;
    if (!has_first) { /* the last so many */
        if (last == 0 || size == 0)
            return RANGE_IMPOSSIBLE;
        *start = MAX(size - last, 0);
    } else {
        if (first >= size)
            return RANGE_IMPOSSIBLE;
        *start = first;
    }
    *length = (has_first && has_last ? MIN(last, size - 1) : size - 1) - *start + 1;
    return RANGE_PART;
}
