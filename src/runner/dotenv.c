/* dotenv.c - lines to pairs. */
#include "runner/dotenv.h"

#include "runner/gunzip.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_KEY = 255 };

static const char BOM[] = "\xef\xbb\xbf";

static bool check_key(const char *key, Error *err)
{
    if (!*key)
        return error_set(err, ERR_LIMIT, "Validation failed: Key can't be blank");
    if (key[strspn(key, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_")] != '\0')
        return error_set(err, ERR_LIMIT,
                         "Validation failed: Key can contain only letters, digits and '_'.");
    if (strlen(key) > MAX_KEY)
        return error_set(err, ERR_LIMIT,
                         "Validation failed: Key is too long (maximum is %d characters)", MAX_KEY);
    return true;
}

/* Takes the place of an earlier value of the key; false: there is no room for one more. */
static bool put(DotenvPair *pairs, size_t *n, int64_t max, DotenvPair pair)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(pairs[i].key, pair.key) == 0) {
            pairs[i].value = pair.value;
            return true;
        }
    if ((int64_t)*n == max)
        return false;
    pairs[(*n)++] = pair;
    return true;
}

static bool parse_line(Arena *arena, const char *line, size_t length, DotenvPair *pair, Error *err)
{
    const char *equals = memchr(line, '=', length);

    if (!equals)
        return error_set(err, ERR_LIMIT, "Invalid Format");
    char *key = arena_strndup(arena, line, (size_t)(equals - line));
    char *value = arena_strndup(arena, equals + 1, length - (size_t)(equals + 1 - line));
    *pair = (DotenvPair){ g_strstrip(key), g_strstrip(value) };
    return check_key(pair->key, err);
}

bool dotenv_parse(Arena *arena, const char *bytes, size_t n_bytes, int64_t max, DotenvPair **pairs,
                  size_t *n, Error *err)
{
    g_autofree char *valid = g_utf8_make_valid(bytes, (gssize)n_bytes);
    const char *line = g_str_has_prefix(valid, BOM) ? valid + strlen(BOM) : valid;
    size_t count = 0;

    *pairs = arena_new0(arena, DotenvPair, (size_t)max + 1);
    while (*line) {
        size_t length = strcspn(line, "\n");
        DotenvPair pair = { 0 };
        if (!parse_line(arena, line, length, &pair, err))
            return false;
        if (!put(*pairs, &count, max, pair))
            return error_set(err, ERR_LIMIT,
                             "Dotenv files cannot have more than %" G_GINT64_FORMAT " variables",
                             max);
        line += length + (line[length] == '\n');
    }
    *n = count;
    return true;
}

static bool keep(void *data, const char *bytes, size_t n)
{
    g_string_append_len(data, bytes, (gssize)n);
    return true;
}

bool dotenv_read(Arena *arena, int fd, int64_t max_bytes, int64_t max, DotenvPair **pairs,
                 size_t *n, Error *err)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GunzipSink sink = { .bytes = keep, .data = text };
    g_auto(Error) failed = ERROR_INIT;
    int64_t left = max_bytes;

    bool ok = gunzip_each(fd, &left, &sink, &failed);
    if (lseek(fd, 0, SEEK_SET) < 0)
        return error_errno(err, errno, "cannot read an upload again");
    if (!ok && failed.code == ERR_TOO_LARGE)
        return error_set(err, ERR_LIMIT,
                         "Dotenv Artifact Too Big. Maximum Allowable Size: %" G_GINT64_FORMAT,
                         max_bytes);
    if (!ok && failed.code == ERR_INVALID)
        return error_set(err, ERR_LIMIT, "Invalid Format");
    if (!ok)
        return error_move(err, &failed);
    return dotenv_parse(arena, text->str, text->len, max, pairs, n, err);
}
