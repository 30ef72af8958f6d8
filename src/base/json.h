/* json.h - an append-only JSON writer (parsing is jansson's).
 *
 * The writer (prefix jw_) puts commas and quotes; the caller pairs begin and end.  Text that is not valid UTF-8
 * is written with U+FFFD in place of the bad bytes, so the output is always valid JSON.
 */
#ifndef PENSTOCK_BASE_JSON_H
#define PENSTOCK_BASE_JSON_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct JsonWriter {
    GString *out; /* borrowed or owned: see jw_init() */
    bool comma;   /* the next value or key wants a comma before it */
} JsonWriter;

/* Writes into @out, which stays the caller's. */
void jw_init(JsonWriter *w, GString *out);

void jw_begin_object(JsonWriter *w);
void jw_end_object(JsonWriter *w);
void jw_begin_array(JsonWriter *w);
void jw_end_array(JsonWriter *w);

void jw_key(JsonWriter *w, const char *key);

void jw_null(JsonWriter *w);
void jw_bool(JsonWriter *w, bool value);
void jw_int(JsonWriter *w, int64_t value);
void jw_double(JsonWriter *w, double value);     /* not finite: null */
void jw_string(JsonWriter *w, const char *text); /* NULL: null */
void jw_string_n(JsonWriter *w, const char *text, size_t n);
void jw_time(JsonWriter *w, int64_t us);                    /* 0: null; see clock.h */
void jw_date(JsonWriter *w, int64_t us);                    /* 0: null */
void jw_raw(JsonWriter *w, const char *text);               /* a finished JSON value; NULL: null */
void jw_strings(JsonWriter *w, const char *const *strings); /* NULL-terminated; NULL: [] */

/* key + value in one call. */
void jw_put_null(JsonWriter *w, const char *key);
void jw_put_bool(JsonWriter *w, const char *key, bool value);
void jw_put_int(JsonWriter *w, const char *key, int64_t value);
void jw_put_double(JsonWriter *w, const char *key, double value);
void jw_put_string(JsonWriter *w, const char *key, const char *text);
void jw_put_time(JsonWriter *w, const char *key, int64_t us);
void jw_put_raw(JsonWriter *w, const char *key, const char *text);

/* Readers over jansson for objects that come from outside: NULL / the default where the key is
 * absent or of another type.  Borrowed from @object. */
const char *json_get_string(const json_t *object, const char *key);
int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise);
bool json_get_bool(const json_t *object, const char *key, bool otherwise);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

#endif
