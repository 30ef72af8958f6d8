/* text.c - small string helpers. */
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

bool text_to_int(const char *text, int64_t *value)
{
    if (!text || !*text || g_ascii_isspace(*text) || *text == '+')
        return false;
    char *end = NULL;
    errno = 0;
    gint64 n = g_ascii_strtoll(text, &end, 10);
    if (errno || *end || end == text)
        return false;
    *value = n;
    return true;
}

static bool in_list(const char *const *list, const char *text)
{
    for (; *list; list++) {
        g_autofree char *upper = g_ascii_strup(*list, -1);
        g_autofree char *capital = g_strdup(*list);
        capital[0] = g_ascii_toupper(capital[0]);
        if (g_str_equal(text, *list) || g_str_equal(text, upper) || g_str_equal(text, capital))
            return true;
    }
    return false;
}

bool text_to_bool(const char *text, bool *value)
{
    static const char *const yes[] = { "1", "on", "t", "true", "y", "yes", NULL };
    static const char *const no[] = { "0", "off", "f", "false", "n", "no", NULL };

    if (in_list(yes, text)) {
        *value = true;
        return true;
    }
    if (in_list(no, text)) {
        *value = false;
        return true;
    }
    return false;
}

bool text_is_blank(const char *text)
{
    for (; text && *text; text++)
        if (!g_ascii_isspace(*text))
            return false;
    return true;
}

char *text_slug(const char *text)
{
    enum { MAX_SLUG = 63 };
    GString *slug = g_string_new(NULL);

    for (; *text; text++) {
        char c = g_ascii_tolower(*text);
        g_string_append_c(slug, g_ascii_isalnum(c) ? c : '-');
    }
    g_string_truncate(slug, MIN(slug->len, (gsize)MAX_SLUG));
    while (slug->len > 0 && slug->str[slug->len - 1] == '-')
        g_string_truncate(slug, slug->len - 1);
    size_t dashes = strspn(slug->str, "-");
    g_string_erase(slug, 0, (gssize)dashes);
    return g_string_free(slug, FALSE);
}

bool text_percent_decode(const char *text, size_t n, bool plus_is_blank, char **out)
{
    GString *decoded = g_string_sized_new(n);

    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            bool room = i + 2 < n;
            int high = room ? g_ascii_xdigit_value(text[i + 1]) : -1;
            int low = room ? g_ascii_xdigit_value(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                g_string_free(decoded, TRUE);
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        g_string_append_c(decoded, c);
    }
    *out = g_string_free(decoded, FALSE);
    return true;
}

char *text_percent_encode(const char *text)
{
    return g_uri_escape_string(text, NULL, FALSE);
}

char *text_valid_utf8(const char *text, size_t n)
{
    return g_utf8_make_valid(text, (gssize)n);
}

bool text_is_inner_path(const char *path)
{
    if (!*path || *path == '/' || strchr(path, '\\'))
        return false;
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (char **part = parts; *part; part++)
        if (!**part || g_str_equal(*part, ".") || g_str_equal(*part, ".."))
            return false;
    return true;
}

static gpointer make_hash_key(gpointer unused)
{
    unsigned char *key = g_malloc(crypto_shorthash_KEYBYTES);

    crypto_shorthash_keygen(key);
    return key;
}

guint text_hash(gconstpointer text)
{
    static GOnce once = G_ONCE_INIT; /* the key, for as long as the process lives */
    uint64_t hash;

    const unsigned char *key = g_once(&once, make_hash_key, NULL);
    crypto_shorthash((unsigned char *)&hash, text, strlen(text), key);
    return (guint)hash;
}
