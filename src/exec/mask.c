/* mask.c - leftmost-longest replacement over a stream.
 *
 * At each position: if some pattern could still grow into a longer match with the bytes to come,
 * wait; else replace the longest that matches, else pass the byte on.
 */
#include "exec/mask.h"

#include <string.h>

#define MASKED "[MASKED]"

typedef enum PatternKind {
    PATTERN_VALUE,
    PATTERN_PREFIX,   /* what follows, up to the word's end, goes as well */
    PATTERN_PARAMETER /* "name=" in a URL: it stays, what follows goes */
} PatternKind;

typedef struct Pattern {
    char *text;
    size_t length;
    PatternKind kind;
} Pattern;

struct Mask {
    GArray *patterns;     /* of Pattern, longest first */
    bool starts[256];     /* first bytes of patterns: most positions are decided by this alone */
    GString *held;        /* not decided yet */
    PatternKind skipping; /* behind a prefix or parameter: dropping what belongs to it */
    bool silent;          /* "[MASKED]" stands for what is dropped already */
    char last;            /* the byte before the held ones: prefixes count at word starts only */
};

static void pattern_clear(void *data)
{
    Pattern *pattern = data;

    g_free(pattern->text);
}

Mask *mask_new(void)
{
    Mask *mask = g_new0(Mask, 1);

    mask->patterns = g_array_new(FALSE, TRUE, sizeof(Pattern));
    g_array_set_clear_func(mask->patterns, pattern_clear);
    mask->held = g_string_new(NULL);
    return mask;
}

void mask_free(Mask *mask)
{
    if (!mask)
        return;
    g_array_unref(mask->patterns);
    g_string_free(mask->held, TRUE);
    g_free(mask);
}

static int by_length(const void *a, const void *b)
{
    const Pattern *left = a, *right = b;

    return (left->length < right->length) - (left->length > right->length);
}

static void add_pattern(Mask *mask, const char *value, PatternKind kind)
{
    g_autofree char *text = g_strstrip(g_strdup(value));

    if (!*text)
        return;
    for (guint i = 0; i < mask->patterns->len; i++) {
        const Pattern *known = &g_array_index(mask->patterns, Pattern, i);
        if (known->kind == kind && g_str_equal(known->text, text))
            return;
    }
    Pattern pattern = { g_strdup(text), strlen(text), kind };
    mask->starts[(unsigned char)*text] = true;
    if (kind == PATTERN_PARAMETER)
        mask->starts[(unsigned char)g_ascii_toupper(*text)] = true;
    g_array_append_val(mask->patterns, pattern);
    g_array_sort(mask->patterns, by_length);
}

void mask_add(Mask *mask, const char *value)
{
    add_pattern(mask, value, PATTERN_VALUE);
}

void mask_add_prefix(Mask *mask, const char *prefix)
{
    add_pattern(mask, prefix, PATTERN_PREFIX);
}

void mask_add_parameter(Mask *mask, const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    g_autofree char *text = g_strconcat(lower, "=", NULL);

    add_pattern(mask, text, PATTERN_PARAMETER);
}

static bool is_word_byte(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

/* Whether @c behind a pattern of @kind still belongs to it. */
static bool belongs(PatternKind kind, char c)
{
    switch (kind) {
    case PATTERN_VALUE:
        return false;
    case PATTERN_PREFIX:
        return is_word_byte(c);
    case PATTERN_PARAMETER:
        return (unsigned char)c > ' ' && !strchr("&#\"'<>\x7f", c);
    }
    return false;
}

/* Whether @n bytes at @text, with @before in front, are those of the pattern. */
static bool fits(const Pattern *pattern, const char *text, size_t n, char before)
{
    switch (pattern->kind) {
    case PATTERN_VALUE:
        break;
    case PATTERN_PREFIX:
        if (is_word_byte(before))
            return false;
        break;
    case PATTERN_PARAMETER:
        return (before == '?' || before == '&') && g_ascii_strncasecmp(text, pattern->text, n) == 0;
    }
    return memcmp(text, pattern->text, n) == 0;
}

typedef enum Verdict { VERDICT_NONE, VERDICT_MATCH, VERDICT_WAIT } Verdict;

/* The bytes not decided yet. */
typedef struct Rest {
    const char *text;
    size_t n;
    bool more; /* others may follow */
} Rest;

/* What begins at the first of them.  @values_only: prefixes and parameters do not count. */
static Verdict look_at(const Mask *mask, const Rest *rest, bool values_only, const Pattern **found)
{
    if (!mask->starts[(unsigned char)*rest->text])
        return VERDICT_NONE;
    for (guint i = 0; i < mask->patterns->len; i++) {
        const Pattern *pattern = &g_array_index(mask->patterns, Pattern, i);
        size_t known = MIN(rest->n, pattern->length);
        if ((values_only && pattern->kind != PATTERN_VALUE) ||
            !fits(pattern, rest->text, known, mask->last))
            continue;
        if (known < pattern->length) {
            if (rest->more)
                return VERDICT_WAIT;
            continue;
        }
        *found = pattern;
        return VERDICT_MATCH;
    }
    return VERDICT_NONE;
}

/* One or more bytes of what is dropped; a secret that goes on behind it is dropped whole. */
static size_t skip(Mask *mask, const Rest *rest, GString *out)
{
    const Pattern *found = NULL;
    Verdict verdict = look_at(mask, rest, true, &found);

    if (verdict == VERDICT_WAIT)
        return 0;
    if (!mask->silent)
        g_string_append(out, MASKED);
    mask->silent = true;
    size_t done = verdict == VERDICT_MATCH ? found->length : 1;
    mask->last = rest->text[done - 1];
    return done;
}

static size_t replace(Mask *mask, const Rest *rest, const Pattern *found, GString *out)
{
    if (found->kind == PATTERN_PARAMETER)
        g_string_append_len(out, rest->text, (gssize)found->length);
    else
        g_string_append(out, MASKED);
    mask->skipping = found->kind;
    mask->silent = found->kind != PATTERN_PARAMETER;
    mask->last = rest->text[found->length - 1];
    return found->length;
}

/* Handles the next byte or match and returns how many bytes are done; 0: wait for more. */
static size_t step(Mask *mask, const Rest *rest, GString *out)
{
    const Pattern *found = NULL;

    if (belongs(mask->skipping, *rest->text))
        return skip(mask, rest, out);
    mask->skipping = PATTERN_VALUE;
    switch (look_at(mask, rest, false, &found)) {
    case VERDICT_WAIT:
        return 0;
    case VERDICT_MATCH:
        return replace(mask, rest, found, out);
    case VERDICT_NONE:
        break;
    }
    g_string_append_c(out, *rest->text);
    mask->last = *rest->text;
    return 1;
}

static void run(Mask *mask, bool more, GString *out)
{
    const char *text = mask->held->str;
    size_t n = mask->held->len, at = 0;

    while (at < n) {
        Rest rest = { text + at, n - at, more };
        size_t done = step(mask, &rest, out);
        if (done == 0)
            break;
        at += done;
    }
    g_string_erase(mask->held, 0, (gssize)at);
}

void mask_feed(Mask *mask, const char *bytes, size_t n, GString *out)
{
    g_string_append_len(mask->held, bytes, (gssize)n);
    run(mask, true, out);
}

void mask_flush(Mask *mask, GString *out)
{
    run(mask, false, out);
    mask->skipping = PATTERN_VALUE;
    mask->last = '\0';
}
