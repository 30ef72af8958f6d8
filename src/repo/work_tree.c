/* work_tree.c - the files of a checkout, for `penstock lint`: what a commit of it would hold. */
#include "repo/store.h"

#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_status_list, git_status_list_free)

/* Tracked or not, ignored files left out; nothing is written. */
static const git_status_options all_files = {
    .version = GIT_STATUS_OPTIONS_VERSION,
    .show = GIT_STATUS_SHOW_WORKDIR_ONLY,
    .flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
             GIT_STATUS_OPT_INCLUDE_UNMODIFIED | GIT_STATUS_OPT_EXCLUDE_SUBMODULES,
};

static bool is_file(const git_diff_file *file)
{
    return file->mode == GIT_FILEMODE_BLOB || file->mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list(const char *root, size_t max, Arena *arena, const char ***paths, Error *err)
{
    g_autoptr(git_repository) repo = NULL;
    g_autoptr(git_status_list) status = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    int rc = git_repository_open_ext(&repo, root, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
    if (rc != 0)
        return git_error_to(err, rc, "repository");
    if (git_repository_is_bare(repo))
        return error_set(err, ERR_NO_RECORD, "the repository has no work tree");
    rc = git_status_list_new(&status, repo, &all_files);
    if (rc != 0)
        return git_error_to(err, rc, "work tree");
    size_t n = git_status_list_entrycount(status);
    if (n > max)
        return error_set(err, ERR_LIMIT, "the work tree has more than %zu files", max);
    for (size_t i = 0; i < n; i++) {
        const git_status_entry *entry = git_status_byindex(status, i);
        const git_diff_delta *delta = entry->index_to_workdir;
        if (delta && !(entry->status & GIT_STATUS_WT_DELETED) && is_file(&delta->new_file))
            g_ptr_array_add(found, arena_strdup(arena, delta->new_file.path));
    }
    g_ptr_array_sort(found, compare_paths);
    g_ptr_array_add(found, NULL);
    *paths = arena_memdup(arena, found->pdata, found->len * sizeof(char *));
    return true;
}

bool repo_work_tree_files(const char *root, size_t max, Arena *arena, const char ***paths,
                          Error *err)
{
    (void)git_libgit2_init(); /* it counts, and cannot fail twice */
    bool ok = list(root, max, arena, paths, err);
    (void)git_libgit2_shutdown();
    return ok;
}
