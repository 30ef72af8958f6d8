/* regex.h - regular expressions with RE2's syntax, as GitLab uses for what users write.
 *
 * Linear time in the subject; memory per expression is bounded.  The only C++ of the program is
 * behind this header.  A Regex is immutable and may be shared between threads.
 */
#ifndef PENSTOCK_BASE_REGEX_H
#define PENSTOCK_BASE_REGEX_H

#include "base/error.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Regex Regex;

typedef enum RegexFlags {
    REGEX_IGNORE_CASE = 1 << 0, /* /…/i */
    REGEX_MULTI_LINE = 1 << 1,  /* ^ and $ match at line ends, as Ruby's regexes always do */
    REGEX_DOT_NEWLINE = 1 << 2  /* . matches a newline: Ruby's /…/m */
} RegexFlags;

/* NULL and ERR_INVALID (message: RE2's own) for a bad or too large pattern. */
Regex *regex_new(const char *pattern, unsigned flags, Error *err);
void regex_free(Regex *regex);

/* Whether @regex matches anywhere in @subject (@length bytes). */
bool regex_matches(const Regex *regex, const char *subject, size_t length);

/* Finds the first match at or after @from. @start and @end: byte offsets of the capture group
 * @group (0: the whole match); -1 each for a group that took no part.  false: no match. */
bool regex_find(const Regex *regex, const char *subject, size_t length, size_t from, int group,
                ptrdiff_t *start, ptrdiff_t *end);

/* Number of capture groups, the whole match not counted. */
int regex_groups(const Regex *regex);

#ifdef __cplusplus
}
#else
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Regex, regex_free)
#endif

#endif
