/* cache_keys.c - the digest is the SHA-1 of the sorted ids of the files, as in GitLab. */
#include "pipeline/cache_keys.h"

#include "base/log.h"
#include "ci/pathglob.h"
#include "repo/repo.h"

#include <string.h>

/* Files that patterns are held against, and that one key may be made of. */
enum { MAX_FILES = 100 * 1000, MAX_KEY_FILES = 200 };

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file that is not there takes no part; nor one that cannot be read, which the log then tells. */
static void add_file(CacheKeys *keys, const CiCache *cache, const char *path, GPtrArray *ids)
{
    g_auto(Error) err = ERROR_INIT;
    const char *id = NULL;

    if (ids->len >= MAX_KEY_FILES)
        return;
    if (repo_file_id(keys->site->repos, keys->project_id, keys->sha, path, cache->key_commits,
                     keys->arena, &id, &err))
        g_ptr_array_add(ids, (gpointer)id);
    else if (err.code != ERR_NO_RECORD)
        log_error(&err, "the cache key of %s is made without it", path);
}

static void add_matching(CacheKeys *keys, const CiCache *cache, const char *pattern, GPtrArray *ids)
{
    static const char *none[] = { NULL };
    const PathGlob *glob = path_glob_new(keys->arena, pattern);
    g_auto(Error) err = ERROR_INIT;

    if (!keys->files && !repo_list_files(keys->site->repos, keys->project_id, keys->sha, "", NULL,
                                         MAX_FILES, keys->arena, &keys->files, &err)) {
        log_error(&err, "a cache key is made without the files of %s", pattern);
        keys->files = none;
    }
    for (size_t i = 0; glob && keys->files[i]; i++)
        if (path_glob_matches(glob, keys->files[i]))
            add_file(keys, cache, keys->files[i], ids);
}

static const char *digest_of(CacheKeys *keys, const CiCache *cache)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);

    for (CiStrings path = cache->key_files; *path; path++) {
        if (path_glob_is_plain(*path))
            add_file(keys, cache, *path, ids);
        else
            add_matching(keys, cache, *path, ids);
    }
    if (ids->len == 0)
        return "default";
    g_ptr_array_sort(ids, compare_ids);
    for (guint i = 0; i < ids->len; i++)
        if (i == 0 || !g_str_equal(ids->pdata[i], ids->pdata[i - 1]))
            g_string_append_printf(text, "%s%s", i > 0 ? "-" : "", (char *)ids->pdata[i]);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA1, text->str, -1);
    return arena_strdup(keys->arena, digest);
}

/* Of a cache without a prefix: its place in the job and the names of its files. */
static const char *default_prefix(CacheKeys *keys, const CiCache *cache, size_t index)
{
    g_autoptr(GString) prefix = g_string_new(NULL);

    g_string_append_printf(prefix, "%" G_GSIZE_FORMAT, index);
    for (CiStrings path = cache->key_files; *path; path++) {
        g_autofree char *name = g_path_get_basename(*path);
        g_string_append_printf(prefix, "_%.*s", (int)strcspn(name, "."), name);
    }
    return arena_strdup(keys->arena, prefix->str);
}

const char *cache_keys_find(void *data, const CiCache *cache, size_t index)
{
    CacheKeys *keys = data;
    const char *prefix =
        cache->prefix && *cache->prefix ? cache->prefix : default_prefix(keys, cache, index);

    return arena_printf(keys->arena, "%s-%s", prefix, digest_of(keys, cache));
}
