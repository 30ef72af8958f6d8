/* glob.c - braces are expanded once; each alternative is a list of parts.
 *
 * Both levels (parts of a path, characters of a part) use the same linear idea: on a mismatch go
 * back to the last star only, so no pattern takes more than pattern times subject.
 */
#include "exec/glob.h"

#include <string.h>

enum { MAX_ALTERNATIVES = 1000 };

struct Glob {
    GPtrArray *alternatives; /* of char **: the parts of a pattern without braces */
};

/* The end of the set that starts behind "[" at @p, or NULL. */
static const char *set_end(const char *p)
{
    if (*p == '!' || *p == '^')
        p++;
    if (*p == ']')
        p++;
    for (; *p && *p != ']'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p : NULL;
}

static bool set_contains(const char *p, const char *end, char c)
{
    bool negated = *p == '!' || *p == '^';
    bool found = false;

    for (p += negated; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        unsigned char low = (unsigned char)*p, high = low;
        if (p + 2 < end && p[1] == '-') {
            p += 2;
            if (*p == '\\' && p + 1 < end)
                p++;
            high = (unsigned char)*p;
        }
        found |= low <= (unsigned char)c && (unsigned char)c <= high;
    }
    return found != negated;
}

/* Matches one character of @p against @c; NULL, or the rest of the pattern. */
static const char *match_one(const char *p, char c)
{
    if (*p == '?')
        return p + 1;
    if (*p == '[') {
        const char *end = set_end(p + 1);
        return end && set_contains(p + 1, end, c) ? end + 1 : NULL;
    }
    if (*p == '\\' && p[1])
        p++;
    return *p == c ? p + 1 : NULL;
}

static bool part_matches(const char *p, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text) {
        const char *next = NULL;
        if (*p == '*') {
            star = ++p;
            retry = text;
            continue;
        }
        if (*p && (next = match_one(p, *text))) {
            p = next;
            text++;
            continue;
        }
        if (!star)
            return false;
        p = star;
        text = ++retry;
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

static bool parts_match(char *const *pattern, char *const *path)
{
    char *const *star = NULL, *const *retry = NULL;

    while (*path) {
        if (*pattern && g_str_equal(*pattern, "**")) {
            star = ++pattern;
            retry = path;
        } else if (*pattern && part_matches(*pattern, *path)) {
            pattern++;
            path++;
        } else if (star) {
            pattern = star;
            path = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern && g_str_equal(*pattern, "**"))
        pattern++;
    return *pattern == NULL;
}

/* The "}" that closes the "{" at @open; @comma: the first "," on its level, or NULL. */
static const char *brace_end(const char *open)
{
    int depth = 0;

    for (const char *p = open; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '{')
            depth++;
        else if (*p == '}' && --depth == 0)
            return p;
    }
    return NULL;
}

static const char *find_brace(const char *p)
{
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '{')
            return p;
    }
    return NULL;
}

static bool expand(const char *pattern, GPtrArray *out);

/* One alternative of a brace, [@from, @to), put between what stands around the brace. */
static bool expand_with(const char *pattern, const char *open, const char *close, const char *from,
                        const char *to, GPtrArray *out)
{
    g_autoptr(GString) text = g_string_new_len(pattern, open - pattern);

    g_string_append_len(text, from, to - from);
    g_string_append(text, close + 1);
    return expand(text->str, out);
}

static bool expand(const char *pattern, GPtrArray *out)
{
    const char *open = find_brace(pattern);

    if (!open) {
        if (out->len >= MAX_ALTERNATIVES)
            return false;
        g_ptr_array_add(out, g_strsplit(pattern, "/", -1));
        return true;
    }
    const char *close = brace_end(open);
    if (!close)
        return false;
    const char *from = open + 1;
    int depth = 0;
    for (const char *p = from; p <= close; p++) {
        if (*p == '\\' && p + 1 < close) {
            p++;
        } else if (depth == 0 && (*p == ',' || p == close)) {
            if (!expand_with(pattern, open, close, from, p, out))
                return false;
            from = p + 1;
        } else {
            depth += (*p == '{') - (*p == '}');
        }
    }
    return true;
}

static bool sets_are_closed(const char *p)
{
    for (; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '[') {
            p = set_end(p + 1);
            if (!p)
                return false;
        }
    }
    return true;
}

Glob *glob_new(const char *pattern)
{
    if (!sets_are_closed(pattern))
        return NULL;
    g_autoptr(Glob) glob = g_new0(Glob, 1);
    glob->alternatives = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    if (!expand(pattern, glob->alternatives))
        return NULL;
    return g_steal_pointer(&glob);
}

void glob_free(Glob *glob)
{
    if (!glob)
        return;
    g_ptr_array_unref(glob->alternatives);
    g_free(glob);
}

bool glob_matches(const Glob *glob, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (guint i = 0; i < glob->alternatives->len; i++)
        if (parts_match(g_ptr_array_index(glob->alternatives, i), parts))
            return true;
    return false;
}

bool glob_may_match_below(const Glob *glob, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (guint i = 0; i < glob->alternatives->len; i++) {
        char *const *pattern = g_ptr_array_index(glob->alternatives, i);
        char *const *part = parts;
        while (*part && *pattern && !g_str_equal(*pattern, "**") && part_matches(*pattern, *part)) {
            pattern++;
            part++;
        }
        if ((!*part && *pattern) || (*pattern && g_str_equal(*pattern, "**")))
            return true;
    }
    return false;
}
