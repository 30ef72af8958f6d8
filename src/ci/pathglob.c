/* pathglob.c - braces are expanded once; each pattern is then matched part by part.
 *
 * Both levels (parts of a path, characters of a part) go back to the last star only, so a match
 * takes at most pattern times path.
 */
#include "ci/pathglob.h"

#include <string.h>

enum { MAX_ALTERNATIVES = 1000, MAX_ALTERNATIVE_BYTES = 1 << 20 };

struct PathGlob {
    const char *const *patterns;
    size_t n;
};

typedef struct Expansion {
    Arena *arena;
    GPtrArray *patterns;
    size_t bytes;
} Expansion;

/* The first brace of @s that is closed.  0: none at all; -1: one that is never closed. */
static int find_brace(const char *s, const char **open, const char **close)
{
    int nesting = 0;

    *open = NULL;
    for (const char *p = s; *p; p++) {
        if (*p == '{' && nesting++ == 0)
            *open = p;
        if (*p == '}' && *open && --nesting == 0) {
            *close = p;
            return 1;
        }
        if (*p == '\\' && !*++p)
            break;
    }
    return *open ? -1 : 0;
}

/* The end of the alternative that starts at @p. */
static const char *alternative_end(const char *p, const char *close)
{
    int nesting = 0;

    for (; p < close && !(*p == ',' && nesting == 0); p++) {
        nesting += (*p == '{') - (*p == '}');
        if (*p == '\\' && ++p == close)
            break;
    }
    return p;
}

/* As deep as braces stand one after the other.  false: too many. */
static bool expand(Expansion *x, const char *s)
{
    const char *open, *close;
    int found = find_brace(s, &open, &close);

    x->bytes += strlen(s) + 1;
    if (x->patterns->len >= MAX_ALTERNATIVES || x->bytes > MAX_ALTERNATIVE_BYTES)
        return false;
    if (found <= 0) { /* one that is never closed matches nothing */
        if (found == 0)
            g_ptr_array_add(x->patterns, arena_strdup(x->arena, s));
        return true;
    }
    for (const char *p = open; p < close;) {
        const char *from = p + 1;
        p = alternative_end(from, close);
        g_autofree char *one =
            g_strdup_printf("%.*s%.*s%s", (int)(open - s), s, (int)(p - from), from, close + 1);
        if (!expand(x, one))
            return false;
    }
    return true;
}

const PathGlob *path_glob_new(Arena *arena, const char *pattern)
{
    g_autoptr(GPtrArray) patterns = g_ptr_array_new();
    Expansion x = { arena, patterns, 0 };
    PathGlob *glob = arena_new0(arena, PathGlob, 1);

    if (!expand(&x, pattern))
        return NULL;
    glob->n = patterns->len;
    glob->patterns = arena_memdup(arena, patterns->pdata, patterns->len * sizeof(gpointer));
    return glob;
}

size_t path_glob_alternatives(const PathGlob *glob)
{
    return glob->n;
}

bool path_glob_is_plain(const char *pattern)
{
    return strpbrk(pattern, "*?[{") == NULL;
}

/* The character at @p, which is not at its end; a byte that is no UTF-8 stands for itself. */
static gunichar take_char(const char **p)
{
    gunichar c = g_utf8_get_char_validated(*p, -1);

    if (c == (gunichar)-1 || c == (gunichar)-2) {
        c = (guchar) * *p;
        (*p)++;
    } else {
        *p = g_utf8_next_char(*p);
    }
    return c;
}

static bool at_end(const char *p)
{
    return *p == '\0' || *p == '/';
}

static const char *unescape(const char *p)
{
    return *p == '\\' && p[1] ? p + 1 : p;
}

/* Matches @c against the set behind "[" at @p: the pattern behind it, or NULL. */
static const char *match_set(const char *p, gunichar c)
{
    bool negated = *p == '!' || *p == '^';
    bool found = false;

    for (p += negated; *p != ']';) {
        p = unescape(p);
        if (!*p)
            return NULL;
        gunichar low = take_char(&p), high = low;
        if (*p == '-' && p[1] != ']') {
            p = unescape(p + 1);
            if (!*p)
                return NULL;
            high = take_char(&p);
        }
        if (!*p)
            return NULL;
        found = found || (low <= c && c <= high);
    }
    return found != negated ? p + 1 : NULL;
}

/* Matches one character of the text: the pattern behind what matched it, or NULL. */
static const char *match_one(const char *p, gunichar c)
{
    if (*p == '?')
        return p + 1;
    if (*p == '[')
        return match_set(p + 1, c);
    p = unescape(p);
    if (at_end(p))
        return NULL;
    return take_char(&p) == c ? p : NULL;
}

/* One part, up to "/" or the end: *@pattern is moved there. */
static bool part_matches(const char **pattern, const char *text)
{
    const char *p = *pattern, *star = NULL, *retry = NULL;

    for (;;) {
        if (*p == '*') {
            while (*p == '*')
                p++;
            star = p;
            retry = text;
            continue;
        }
        if (at_end(text))
            break;
        const char *rest = text;
        const char *next = at_end(p) ? NULL : match_one(p, take_char(&rest));
        if (next) {
            p = next;
            text = rest;
        } else if (star) {
            p = star;
            (void)take_char(&retry);
            text = retry;
        } else {
            return false;
        }
    }
    *pattern = unescape(p);
    return at_end(*pattern);
}

static const char *next_part(const char *text)
{
    const char *slash = strchr(text, '/');

    return slash ? slash + 1 : NULL;
}

static bool matches(const char *p, const char *text)
{
    const char *star = NULL, *retry = NULL;

    for (;;) {
        while (strncmp(p, "**/", 3) == 0) {
            p += 3;
            star = p;
            retry = text;
        }
        const char *rest = next_part(text);
        if (part_matches(&p, text)) {
            if (!rest && !*p)
                return true;
            if (rest && *p) {
                p++;
                text = rest;
                continue;
            }
        }
        retry = star ? next_part(retry) : NULL;
        if (!retry)
            return false;
        p = star;
        text = retry;
    }
}

bool path_glob_matches(const PathGlob *glob, const char *path)
{
    for (size_t i = 0; i < glob->n; i++) {
        if (matches(glob->patterns[i], path))
            return true;
    }
    return false;
}
