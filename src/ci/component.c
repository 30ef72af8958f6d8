/* component.c - which tag the version of a component stands for. */
#include "ci/ci.h"

#include <string.h>

enum { PARTS = 3 };

/* "1.2.3" or "v1.2.3": its numbers; a release candidate is no version to choose. */
static bool read_version(const char *text, guint64 parts[PARTS], int *n)
{
    const char *p = *text == 'v' ? text + 1 : text;

    for (*n = 0; *n < PARTS; (*n)++) {
        char *end;
        if (!g_ascii_isdigit(*p))
            return false;
        parts[*n] = g_ascii_strtoull(p, &end, 10);
        p = end;
        if (*p == '\0') {
            (*n)++;
            return true;
        }
        if (*p++ != '.')
            return false;
    }
    return false;
}

bool ci_version_is_open(const char *wanted)
{
    guint64 parts[PARTS];
    int n;

    return strcmp(wanted, "~latest") == 0 ||
           (g_ascii_isdigit(*wanted) && read_version(wanted, parts, &n) && n < PARTS);
}

bool ci_is_version(const char *text)
{
    guint64 parts[PARTS];
    int n;

    return read_version(text, parts, &n) && n == PARTS;
}

static bool is_newer(const guint64 a[PARTS], const guint64 b[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        if (a[i] != b[i])
            return a[i] > b[i];
    }
    return false;
}

const char *ci_newest_version(CiStrings tags, const char *wanted)
{
    guint64 prefix[PARTS], parts[PARTS], best_parts[PARTS];
    const char *best = NULL;
    int n_prefix = 0, n;

    if (strcmp(wanted, "~latest") != 0 && !read_version(wanted, prefix, &n_prefix))
        return NULL;
    for (size_t i = 0; tags[i]; i++) {
        if (!read_version(tags[i], parts, &n) || n != PARTS ||
            memcmp(parts, prefix, (size_t)n_prefix * sizeof(*parts)) != 0 ||
            (best && !is_newer(parts, best_parts)))
            continue;
        best = tags[i];
        memcpy(best_parts, parts, sizeof(parts));
    }
    return best;
}
