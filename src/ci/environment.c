/* environment.c - slug and tier of an environment (GitLab: lib/gitlab/slug/environment.rb and
 * app/models/environment.rb). */
#include "ci/environment.h"

#include <string.h>

bool environment_name_has_form(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_/${}. ";
    size_t n = strlen(name);

    return n > 0 && strspn(name, letters) == n && name[0] != '/' && name[n - 1] != '/';
}

/* --- the slug --- */

enum { SLUG_MAX = 24, SLUG_KEPT = 17, SUFFIX = 6 };

/* The last digits of the name's SHA-256, read as one number, to the base of 36. */
static void append_suffix(GString *slug, const char *name)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static const guint64 modulus = G_GUINT64_CONSTANT(2176782336); /* 36^6 */
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
    char text[SUFFIX];
    guint64 rest = 0;

    for (const char *c = hash; *c; c++)
        rest = (rest * 16 + (guint64)g_ascii_xdigit_value(*c)) % modulus;
    for (int i = SUFFIX - 1; i >= 0; i--, rest /= 36)
        text[i] = digits[rest % 36];
    g_string_append_len(slug, text, SUFFIX);
}

/* One "-" for each run of what is no letter or digit. */
static void append_letters(GString *slug, const char *name)
{
    for (; *name; name++) {
        char c = g_ascii_tolower(*name);
        bool is_dash = !g_ascii_isalnum(c);
        if (!is_dash)
            g_string_append_c(slug, c);
        else if (slug->len == 0 || slug->str[slug->len - 1] != '-')
            g_string_append_c(slug, '-');
    }
}

char *environment_slug(const char *name)
{
    GString *slug = g_string_new(NULL);

    if (!g_ascii_isalpha(*name))
        g_string_append(slug, "env-");
    append_letters(slug, name);
    if (slug->len > SLUG_MAX || strcmp(slug->str, name) != 0) {
        g_string_truncate(slug, MIN(slug->len, (gsize)SLUG_KEPT));
        if (slug->str[slug->len - 1] != '-')
            g_string_append_c(slug, '-');
        append_suffix(slug, name);
    } else if (slug->str[slug->len - 1] == '-') {
        g_string_truncate(slug, slug->len - 1);
    }
    return g_string_free(slug, FALSE);
}

/* --- the tier --- */

/* The first row with a word that is in the name. */
static const struct {
    EnvironmentTier tier;
    const char *words[12];
} tier_words[] = {
    { TIER_DEVELOPMENT, { "dev", "review", "trunk" } },
    { TIER_TESTING, { "test", "tst", "int", "accept", "acpt", "qa", "qc", "control", "quality" } },
    { TIER_STAGING, { "stg", "stag", "model", "modl", "pre", "demo", "non" } },
    { TIER_PRODUCTION, { "prd", "prod", "live" } },
};

EnvironmentTier environment_guess_tier(const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);

    for (size_t i = 0; i < G_N_ELEMENTS(tier_words); i++)
        for (const char *const *word = tier_words[i].words; *word; word++)
            if (strstr(lower, *word))
                return tier_words[i].tier;
    return TIER_OTHER;
}

bool environment_is_in_scope(const char *name, const char *scope)
{
    const char *star = NULL;   /* the last one met */
    const char *behind = NULL; /* where what it stands for ends, so far */

    if (!name)
        return strcmp(scope, "*") == 0;
    while (*name) {
        if (*scope == '*') {
            star = scope++;
            behind = name;
        } else if (*scope == *name) {
            scope++;
            name++;
        } else if (star) {
            scope = star + 1;
            name = ++behind;
        } else {
            return false;
        }
    }
    return scope[strspn(scope, "*")] == '\0';
}
