/* file_ids.c - what tells one state of a file from another: its contents, or its last change. */
#include "repo/store.h"

#include "base/text.h"

/* Commits looked at for one file: history is as long as its author likes. */
enum { MAX_STEPS = 200 * 1000 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)

/* The id of what stands at @path; false: nothing, or it cannot be read. */
static bool find_id(git_commit *commit, const char *path, git_oid *id)
{
    g_autoptr(git_tree) tree = NULL;
    g_autoptr(git_tree_entry) entry = NULL;

    if (git_commit_tree(&tree, commit) != 0 || git_tree_entry_bypath(&entry, tree, path) != 0)
        return false;
    git_oid_cpy(id, git_tree_entry_id(entry));
    return true;
}

/* A parent that has the same at @path; NULL: the commit changed it. */
static git_commit *same_parent(git_commit *commit, const char *path, const git_oid *id)
{
    unsigned n = git_commit_parentcount(commit);
    git_commit *parent = NULL;
    git_oid other;

    for (unsigned i = 0; i < n; i++) {
        if (git_commit_parent(&parent, commit, i) != 0)
            continue; /* the history is cut off here */
        if (find_id(parent, path, &other) && git_oid_equal(id, &other))
            return parent;
        git_commit_free(parent);
    }
    return NULL;
}

/* Follows the parents that have the same file, as `git log -1 -- PATH` does. */
static void last_change(git_commit *commit, const char *path, const git_oid *id, git_oid *out)
{
    git_commit *at = NULL;

    git_oid_cpy(out, git_commit_id(commit));
    at = same_parent(commit, path, id);
    for (int i = 0; at && i < MAX_STEPS; i++) {
        git_commit *parent = same_parent(at, path, id);
        git_oid_cpy(out, git_commit_id(at));
        git_commit_free(at);
        at = parent;
    }
    git_commit_free(at);
}

bool repo_file_id(RepoStore *store, int64_t project_id, const char *sha, const char *path,
                  bool of_commit, Arena *arena, const char **id, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_commit) commit = NULL;
    git_oid oid, found;

    if (!lease)
        return false;
    if (!text_is_inner_path(path) || !oid_from_sha(&oid, sha))
        return error_set(err, ERR_NO_RECORD, "no such file");
    int rc = git_commit_lookup(&commit, lease->repo, &oid);
    if (rc != 0)
        return git_error_to(err, rc, "commit");
    if (!find_id(commit, path, &found))
        return error_set(err, ERR_NO_RECORD, "no such file");
    if (of_commit)
        last_change(commit, path, &found, &oid);
    *id = sha_in_arena(arena, of_commit ? &oid : &found);
    return true;
}
