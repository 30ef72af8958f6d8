/* text.h - small string helpers that more than one module needs. */
#ifndef PENSTOCK_BASE_TEXT_H
#define PENSTOCK_BASE_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A whole decimal number, optional sign, nothing around it.  false: not one, or out of range. */
bool text_to_int(const char *text, int64_t *value);

/* The API's booleans: 1 on t true y yes / 0 off f false n no, lower, upper or capitalised. */
bool text_to_bool(const char *text, bool *value);

/* NULL, empty, or white space only. */
bool text_is_blank(const char *text);

/* GitLab's slug: lower case, each other character than a-z0-9 becomes "-", at most 63 bytes, no
 * "-" at either end.  Owned by the caller. */
char *text_slug(const char *text);

/* Percent-decodes @n bytes; false for a broken escape or for %00.  @out is owned by the caller. */
bool text_percent_decode(const char *text, size_t n, bool plus_is_blank, char **out);

/* Percent-encodes all but A-Z a-z 0-9 - . _ ~.  Owned by the caller. */
char *text_percent_encode(const char *text);

/* A copy that is valid UTF-8 (U+FFFD for bad bytes).  Owned by the caller. */
char *text_valid_utf8(const char *text, size_t n);

/* Whether @path stays inside its root: relative, no "..", no empty or "." parts, no NUL, no
 * backslash.  One leading "/" is not accepted here. */
bool text_is_inner_path(const char *path);

/* GHashFunc for texts that people give: nobody outside knows which of them collide (SipHash-2-4 with a key of this
 * process).  With g_str_hash(), a file of 30,000 chosen names takes ten seconds. */
guint text_hash(gconstpointer text);

#endif
