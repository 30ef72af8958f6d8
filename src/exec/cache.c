/* cache.c - one zip a key, replaced by renaming, so a reader sees the old one or the new one. */
#include "exec/cache.h"

#include "base/secret.h"
#include "base/text.h"
#include "exec/artifacts.h"
#include "exec/files.h"
#include "exec/pack.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

enum { MAX_NAME = 200 };

/* The key as it counts: expanded, "<job>/<ref>" if empty.  Owned. */
static char *full_key(const JobRun *run, const char *key)
{
    g_autofree char *text = vars_expand(run->vars, key ? key : "");

    if (*text)
        return g_steal_pointer(&text);
    return g_strdup_printf("%s/%s", run->job->name, run->job->git.ref);
}

static char *cache_path(const JobRun *run, const char *key)
{
    g_autofree char *encoded = text_percent_encode(key);
    g_autofree char *hashed = strlen(encoded) > MAX_NAME ? secret_sha256(key, strlen(key)) : NULL;

    return g_strdup_printf("%s/cache/%s/%s.zip", run->context->work_dir, run->job->git.path,
                           hashed ? hashed : encoded);
}

static bool policy_is(const JobRun *run, const JobCache *cache, const char *excluded)
{
    g_autofree char *policy = vars_expand(run->vars, cache->policy ? cache->policy : "pull-push");

    return !g_str_equal(policy, excluded);
}

/* The cache's own fallback keys, then the one for the whole job.  The server has made sure of the
 * first; a job that names caches of protected refs itself gets none of them. */
static char **fallback_keys(JobRun *run, const JobCache *cache)
{
    const char *global = vars_get(run->vars, "CACHE_FALLBACK_KEY");
    g_autoptr(GStrvBuilder) keys = g_strv_builder_new();

    for (const char *const *next = cache->fallback_keys; *next; next++)
        g_strv_builder_add(keys, *next);
    if (global && g_str_has_suffix(global, "-protected"))
        trace_printf(run->trace,
                     "\033[0;33mWARNING: CACHE_FALLBACK_KEY may not end in -protected: it is "
                     "passed over\033[0;m\n");
    else if (global)
        g_strv_builder_add(keys, global);
    return g_strv_builder_end(keys);
}

static bool restore_key(JobRun *run, const char *key)
{
    g_autofree char *path = cache_path(run, key);
    g_autoptr(GString) notes = g_string_new(NULL);
    g_auto(Error) err = ERROR_INIT;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return false;
    if (!archive_extract(path, run->build_dir, notes, &err)) {
        trace_printf(run->trace, "\033[0;33mWARNING: cache %s: %s\033[0;m\n", key,
                     error_text(&err));
        return false;
    }
    trace_printf(run->trace, "Successfully extracted cache %s\n", key);
    return true;
}

void cache_restore(JobRun *run)
{
    for (size_t i = 0; i < run->job->n_caches; i++) {
        const JobCache *cache = &run->job->caches[i];
        g_autofree char *key = full_key(run, cache->key);
        if (!policy_is(run, cache, "push"))
            continue;
        trace_printf(run->trace, "Checking cache for %s...\n", key);
        bool found = restore_key(run, key);
        g_auto(GStrv) others = fallback_keys(run, cache);
        for (char **next = others; !found && *next; next++) {
            g_autofree char *fallback = vars_expand(run->vars, *next);
            found = *fallback && restore_key(run, fallback);
        }
        if (!found)
            trace_printf(run->trace, "No cache was found\n");
    }
}

static bool store_one(JobRun *run, const JobCache *cache, const char *key, Error *err)
{
    ArtifactPaths wanted = { cache->paths, NULL, cache->untracked };
    g_autofree char *path = cache_path(run, key);
    g_autofree char *fresh = g_strdup_printf("%s.%" G_GINT64_FORMAT ".new", path, run->job->id);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GString) notes = g_string_new(NULL);
    g_autoptr(FileSet) set = artifacts_find(run, &wanted);

    if (file_set_count(set) == 0)
        return true;
    if (!files_make_dir(folder, err) || !archive_write_zip(set, fresh, notes, err) ||
        (g_rename(fresh, path) < 0 && !error_errno(err, errno, "%s", path))) {
        g_unlink(fresh);
        return false;
    }
    trace_printf(run->trace, "Created cache %s\n", key);
    return true;
}

void cache_store(JobRun *run, bool success)
{
    for (size_t i = 0; i < run->job->n_caches; i++) {
        const JobCache *cache = &run->job->caches[i];
        g_autofree char *key = full_key(run, cache->key);
        g_auto(Error) err = ERROR_INIT;
        if ((cache->when != UPLOAD_ALWAYS && (cache->when == UPLOAD_ON_SUCCESS) != success) ||
            !policy_is(run, cache, "pull"))
            continue;
        trace_printf(run->trace, "Creating cache %s...\n", key);
        if (!store_one(run, cache, key, &err))
            trace_printf(run->trace, "\033[0;33mWARNING: cache %s: %s\033[0;m\n", key,
                         error_text(&err));
    }
}
