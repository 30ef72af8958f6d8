/* dotenv.h - dotenv reports: KEY=VALUE, a line each.  Bounded by max-dotenv-bytes and
 * max-dotenv-variables. */
#ifndef PENSTOCK_RUNNER_DOTENV_H
#define PENSTOCK_RUNNER_DOTENV_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct DotenvPair {
    const char *key;
    const char *value;
} DotenvPair;

/* Pure.  Each key once, with its last value.  ERR_LIMIT with GitLab's text for what is no such file, or has more than
 * @max keys. */
bool dotenv_parse(Arena *arena, const char *bytes, size_t n_bytes, int64_t max, DotenvPair **pairs,
                  size_t *n, Error *err);

/* The gzip file @fd, from offset 0 (where it is again afterwards).  ERR_LIMIT also: no gzip, or more than @max_bytes in it. */
bool dotenv_read(Arena *arena, int fd, int64_t max_bytes, int64_t max, DotenvPair **pairs,
                 size_t *n, Error *err);

#endif
