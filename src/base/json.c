/* json.c - the JSON writer. */
#include "base/json.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

void jw_init(JsonWriter *w, GString *out)
{
    w->out = out;
    w->comma = false;
}

static void before_value(JsonWriter *w)
{
    if (w->comma)
        g_string_append_c(w->out, ',');
    w->comma = true;
}

static void open_with(JsonWriter *w, char c)
{
    before_value(w);
    g_string_append_c(w->out, c);
    w->comma = false;
}

static void close_with(JsonWriter *w, char c)
{
    g_string_append_c(w->out, c);
    w->comma = true;
}

void jw_begin_object(JsonWriter *w)
{
    open_with(w, '{');
}

void jw_end_object(JsonWriter *w)
{
    close_with(w, '}');
}

void jw_begin_array(JsonWriter *w)
{
    open_with(w, '[');
}

void jw_end_array(JsonWriter *w)
{
    close_with(w, ']');
}

/* The length of the valid UTF-8 sequence at @s (at most @n bytes), 0 for a bad byte. */
static size_t sequence_length(const unsigned char *s, size_t n)
{
    gunichar c = g_utf8_get_char_validated((const char *)s, (gssize)n);

    if (c == (gunichar)-1 || c == (gunichar)-2)
        return 0;
    return c == 0 ? 1 : (size_t)g_unichar_to_utf8(c, NULL);
}

/* Bytes that stand for themselves: a run of them is copied as it is. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c < 0x80;
}

/* @n more bytes at the end of @out, to be filled. */
static char *append_room(GString *out, size_t n)
{
    size_t length = out->len;

    g_string_set_size(out, length + n);
    return out->str + length;
}

static void append_escape(GString *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    switch (c) {
    case '"':
        g_string_append(out, "\\\"");
        break;
    case '\\':
        g_string_append(out, "\\\\");
        break;
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    default:
        if (c >= 0x80) {
            g_string_append(out, "\xEF\xBF\xBD");
        } else {
            g_string_append(out, "\\u00");
            g_string_append_c(out, hex[c >> 4]);
            g_string_append_c(out, hex[c & 15]);
        }
    }
}

/* A text whose first @plain bytes are plain, in quotes. */
static void append_with_escapes(GString *out, const char *text, size_t n, size_t plain)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t start = 0; /* of the run that needs no change */

    g_string_append_c(out, '"');
    for (size_t i = plain; i < n;) {
        size_t length = is_plain(s[i]) ? 1 : s[i] >= 0x80 ? sequence_length(s + i, n - i) : 0;
        if (length > 0) {
            i += length;
            continue;
        }
        g_string_append_len(out, text + start, (gssize)(i - start));
        append_escape(out, s[i]);
        start = ++i;
    }
    g_string_append_len(out, text + start, (gssize)(n - start));
    g_string_append_c(out, '"');
}

static void append_escaped(GString *out, const char *text, size_t n)
{
    size_t plain = 0;

    while (plain < n && is_plain((unsigned char)text[plain]))
        plain++;
    if (plain < n) {
        append_with_escapes(out, text, n, plain);
        return;
    }
    char *at = append_room(out, n + 2);
    at[0] = '"';
    memcpy(at + 1, text, n);
    at[n + 1] = '"';
}

void jw_key(JsonWriter *w, const char *key)
{
    before_value(w);
    append_escaped(w->out, key, strlen(key));
    g_string_append_c(w->out, ':');
    w->comma = false;
}

void jw_null(JsonWriter *w)
{
    before_value(w);
    g_string_append(w->out, "null");
}

void jw_bool(JsonWriter *w, bool value)
{
    before_value(w);
    g_string_append(w->out, value ? "true" : "false");
}

void jw_int(JsonWriter *w, int64_t value)
{
    char digits[20]; /* from the last one */
    size_t n = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    before_value(w);
    do
        digits[--n] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        digits[--n] = '-';
    g_string_append_len(w->out, digits + n, (gssize)(sizeof digits - n));
}

void jw_double(JsonWriter *w, double value)
{
    char buf[G_ASCII_DTOSTR_BUF_SIZE];

    if (!isfinite(value)) {
        jw_null(w);
        return;
    }
    before_value(w);
    g_ascii_formatd(buf, sizeof buf, "%.15g", value);
    g_string_append(w->out, buf);
    if (!strpbrk(buf, ".e"))
        g_string_append(w->out, ".0");
}

void jw_string(JsonWriter *w, const char *text)
{
    if (text)
        jw_string_n(w, text, strlen(text));
    else
        jw_null(w);
}

void jw_string_n(JsonWriter *w, const char *text, size_t n)
{
    before_value(w);
    append_escaped(w->out, text, n);
}

void jw_time(JsonWriter *w, int64_t us)
{
    char buf[TIME_TEXT_SIZE];

    jw_string(w, us ? time_to_text(us, buf) : NULL);
}

void jw_date(JsonWriter *w, int64_t us)
{
    char buf[TIME_TEXT_SIZE];

    jw_string(w, us ? date_to_text(us, buf) : NULL);
}

void jw_raw(JsonWriter *w, const char *text)
{
    before_value(w);
    g_string_append(w->out, text ? text : "null");
}

void jw_strings(JsonWriter *w, const char *const *strings)
{
    jw_begin_array(w);
    for (; strings && *strings; strings++)
        jw_string(w, *strings);
    jw_end_array(w);
}

void jw_put_null(JsonWriter *w, const char *key)
{
    jw_key(w, key);
    jw_null(w);
}

void jw_put_bool(JsonWriter *w, const char *key, bool value)
{
    jw_key(w, key);
    jw_bool(w, value);
}

void jw_put_int(JsonWriter *w, const char *key, int64_t value)
{
    jw_key(w, key);
    jw_int(w, value);
}

void jw_put_double(JsonWriter *w, const char *key, double value)
{
    jw_key(w, key);
    jw_double(w, value);
}

void jw_put_string(JsonWriter *w, const char *key, const char *text)
{
    jw_key(w, key);
    jw_string(w, text);
}

void jw_put_time(JsonWriter *w, const char *key, int64_t us)
{
    jw_key(w, key);
    jw_time(w, us);
}

void jw_put_raw(JsonWriter *w, const char *key, const char *text)
{
    jw_key(w, key);
    jw_raw(w, text);
}

const char *json_get_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_get_bool(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}
