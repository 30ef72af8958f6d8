/* mask.c - leftmost-longest replacement over a stream.
 *
 * At each position: if some pattern could still grow into a longer match with the bytes to come,
 * wait; else replace the longest that matches, else pass the byte on.
 */
#include "exec/mask.h"

#include <string.h>

#define MASKED "[MASKED]"

typedef struct Pattern {
    char *text;
    size_t length;
    bool word; /* what follows, up to the word's end, goes as well */
} Pattern;

struct Mask {
    GArray *patterns; /* of Pattern, longest first */
    bool starts[256]; /* first bytes of patterns: most positions are decided by this alone */
    GString *held;    /* not decided yet */
    bool in_word;     /* behind a prefix: skipping the rest of the word */
    char last;        /* the byte before the held ones: prefixes count at word starts only */
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

static void add_pattern(Mask *mask, const char *value, bool word)
{
    g_autofree char *text = g_strstrip(g_strdup(value));

    if (!*text)
        return;
    for (guint i = 0; i < mask->patterns->len; i++) {
        const Pattern *known = &g_array_index(mask->patterns, Pattern, i);
        if (known->word == word && g_str_equal(known->text, text))
            return;
    }
    Pattern pattern = { g_strdup(text), strlen(text), word };
    mask->starts[(unsigned char)*text] = true;
    g_array_append_val(mask->patterns, pattern);
    g_array_sort(mask->patterns, by_length);
}

void mask_add(Mask *mask, const char *value)
{
    add_pattern(mask, value, false);
}

void mask_add_prefix(Mask *mask, const char *prefix)
{
    add_pattern(mask, prefix, true);
}

static bool is_word_byte(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

typedef enum Verdict { VERDICT_NONE, VERDICT_MATCH, VERDICT_WAIT } Verdict;

/* What begins at @text, of which @n bytes are known and @more may follow.  @before: the byte in
 * front of it. */
static Verdict look_at(const Mask *mask, const char *text, size_t n, char before, bool more,
                       const Pattern **found)
{
    if (!mask->starts[(unsigned char)*text])
        return VERDICT_NONE;
    for (guint i = 0; i < mask->patterns->len; i++) {
        const Pattern *pattern = &g_array_index(mask->patterns, Pattern, i);
        size_t known = MIN(n, pattern->length);
        if ((pattern->word && is_word_byte(before)) || memcmp(text, pattern->text, known) != 0)
            continue;
        if (known < pattern->length) {
            if (more)
                return VERDICT_WAIT;
            continue;
        }
        *found = pattern;
        return VERDICT_MATCH;
    }
    return VERDICT_NONE;
}

/* Handles the byte or match at @text and returns how many bytes are done; 0: wait for more. */
static size_t step(Mask *mask, const char *text, size_t n, bool more, GString *out)
{
    const Pattern *found = NULL;

    if (mask->in_word && is_word_byte(*text)) {
        mask->last = *text;
        return 1;
    }
    mask->in_word = false;
    switch (look_at(mask, text, n, mask->last, more, &found)) {
    case VERDICT_WAIT:
        return 0;
    case VERDICT_MATCH:
        g_string_append(out, MASKED);
        mask->in_word = found->word;
        mask->last = text[found->length - 1];
        return found->length;
    case VERDICT_NONE:
        break;
    }
    g_string_append_c(out, *text);
    mask->last = *text;
    return 1;
}

static void run(Mask *mask, bool more, GString *out)
{
    const char *text = mask->held->str;
    size_t n = mask->held->len, at = 0;

    while (at < n) {
        size_t done = step(mask, text + at, n - at, more, out);
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
    mask->in_word = false;
    mask->last = '\0';
}
