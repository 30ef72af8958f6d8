/* cache_keys.h - keys of caches that files of the repository name (`cache: key: files`). */
#ifndef PENSTOCK_PIPELINE_CACHE_KEYS_H
#define PENSTOCK_PIPELINE_CACHE_KEYS_H

#include "base/site.h"
#include "ci/ci.h"

/* The commit of a pipeline; @files is found when it is needed. */
typedef struct CacheKeys {
    const Site *site;
    Arena *arena;
    int64_t project_id;
    const char *sha;
    const char **files; /* NULL: not read yet */
} CacheKeys;

/* "PREFIX-DIGEST" of the files that there are; for none of them "PREFIX-default".  SpecKeys.find. */
const char *cache_keys_find(void *keys, const CiCache *cache, size_t index);

#endif
