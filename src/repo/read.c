/* read.c - files, trees and commits. */
#include "repo/store.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum {
    /* A tree that names itself over and over costs its author a few hundred bytes: what one walk
     * looks at is bounded. */
    MAX_WALKED_ENTRIES = 1000 * 1000,
    MAX_TREE_DEPTH = 128
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tag, git_tag_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb, git_odb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb_object, git_odb_object_free)

static bool find_commit(git_repository *repo, const char *sha, git_commit **commit, Error *err)
{
    git_oid oid;

    if (!oid_from_sha(&oid, sha))
        return error_set(err, ERR_NO_RECORD, "no such commit");
    int rc = git_commit_lookup(commit, repo, &oid);
    return rc == 0 || git_error_to(err, rc, "commit");
}

static bool find_root_tree(git_repository *repo, const char *sha, git_tree **tree, Error *err)
{
    g_autoptr(git_commit) commit = NULL;

    if (!find_commit(repo, sha, &commit, err))
        return false;
    int rc = git_commit_tree(tree, commit);
    return rc == 0 || git_error_to(err, rc, "tree");
}

/* --- one file -------------------------------------------------------------------------------- */

static bool is_file(const git_tree_entry *entry)
{
    git_filemode_t mode = git_tree_entry_filemode(entry);

    return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

static bool read_blob(git_repository *repo, const git_oid *oid, size_t max, Arena *arena,
                      const char **bytes, size_t *size, Error *err)
{
    g_autoptr(git_odb) odb = NULL;
    g_autoptr(git_odb_object) object = NULL;
    git_object_t type;
    size_t len = 0;

    int rc = git_repository_odb(&odb, repo);
    if (rc == 0)
        rc = git_odb_read_header(&len, &type, odb, oid);
    if (rc == 0 && len > max)
        return error_set(err, ERR_TOO_LARGE, "the file has %zu bytes, the limit is %zu", len, max);
    if (rc == 0)
        rc = git_odb_read(&object, odb, oid);
    if (rc != 0)
        return git_error_to(err, rc, "file");
    *size = git_odb_object_size(object);
    char *copy = arena_alloc(arena, *size + 1);
    memcpy(copy, git_odb_object_data(object), *size);
    *bytes = copy;
    return true;
}

bool repo_read_file(RepoStore *store, int64_t project_id, const char *sha, const char *path,
                    size_t max, Arena *arena, const char **bytes, size_t *size, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_tree) tree = NULL;
    g_autoptr(git_tree_entry) entry = NULL;

    if (!lease)
        return false;
    if (!text_is_inner_path(path))
        return error_set(err, ERR_NO_RECORD, "no such file");
    if (!find_root_tree(lease->repo, sha, &tree, err))
        return false;
    int rc = git_tree_entry_bypath(&entry, tree, path);
    if (rc == 0 && !is_file(entry))
        rc = GIT_ENOTFOUND;
    if (rc != 0)
        return git_error_to(err, rc, "file");
    return read_blob(lease->repo, git_tree_entry_id(entry), max, arena, bytes, size, err);
}

/* --- many paths ------------------------------------------------------------------------------ */

typedef struct Walk {
    git_repository *repo;
    const char *suffix;
    size_t max;
    Arena *arena;
    GPtrArray *paths;
    size_t looked_at;
} Walk;

static bool walk_tree(Walk *walk, const git_tree *tree, const char *above, int depth, Error *err);

static bool walk_entry(Walk *walk, const git_tree_entry *entry, const char *above, int depth,
                       Error *err)
{
    const char *name = git_tree_entry_name(entry);
    g_autoptr(git_tree) below = NULL;

    if (++walk->looked_at > MAX_WALKED_ENTRIES)
        return error_set(err, ERR_LIMIT, "the tree has more than %d entries", MAX_WALKED_ENTRIES);
    if (is_file(entry)) {
        if (!walk->suffix || g_str_has_suffix(name, walk->suffix))
            g_ptr_array_add(walk->paths, arena_printf(walk->arena, "%s%s", above, name));
        return true;
    }
    if (git_tree_entry_type(entry) != GIT_OBJECT_TREE)
        return true;
    int rc = git_tree_lookup(&below, walk->repo, git_tree_entry_id(entry));
    if (rc != 0)
        return git_error_to(err, rc, "tree");
    g_autofree char *path = g_strconcat(above, name, "/", NULL);
    return walk_tree(walk, below, path, depth + 1, err);
}

static bool walk_tree(Walk *walk, const git_tree *tree, const char *above, int depth, Error *err)
{
    size_t n = git_tree_entrycount(tree);

    if (depth > MAX_TREE_DEPTH)
        return error_set(err, ERR_LIMIT, "the tree is deeper than %d folders", MAX_TREE_DEPTH);
    for (size_t i = 0; i < n && walk->paths->len < walk->max; i++)
        if (!walk_entry(walk, git_tree_entry_byindex(tree, i), above, depth, err))
            return false;
    return true;
}

/* The tree at @dir; NULL in @tree where there is none. */
static bool find_tree(git_repository *repo, const char *sha, const char *dir, git_tree **tree,
                      Error *err)
{
    g_autoptr(git_tree) root = NULL;
    g_autoptr(git_tree_entry) entry = NULL;

    if (!find_root_tree(repo, sha, &root, err))
        return false;
    if (dir[0] == '\0') {
        *tree = g_steal_pointer(&root);
        return true;
    }
    int rc = text_is_inner_path(dir) ? git_tree_entry_bypath(&entry, root, dir) : GIT_ENOTFOUND;
    if (rc == GIT_ENOTFOUND || (rc == 0 && git_tree_entry_type(entry) != GIT_OBJECT_TREE))
        return true;
    if (rc == 0)
        rc = git_tree_lookup(tree, repo, git_tree_entry_id(entry));
    return rc == 0 || git_error_to(err, rc, "tree");
}

bool repo_list_files(RepoStore *store, int64_t project_id, const char *sha, const char *dir,
                     const char *suffix, size_t max, Arena *arena, const char ***paths, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_tree) tree = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_autofree char *above = dir[0] ? g_strconcat(dir, "/", NULL) : g_strdup("");

    if (!lease || !find_tree(lease->repo, sha, dir, &tree, err))
        return false;
    Walk walk = { lease->repo, suffix, max, arena, found, 0 };
    if (tree && !walk_tree(&walk, tree, above, 0, err))
        return false;
    g_ptr_array_add(found, NULL);
    *paths = arena_memdup(arena, found->pdata, found->len * sizeof(char *));
    return true;
}

/* --- commits --------------------------------------------------------------------------------- */

/* @text as UTF-8: from the encoding that the commit declares, if it does and that works. */
static const char *text_in_arena(Arena *arena, const char *text, const char *encoding)
{
    g_autofree char *converted = NULL;

    if (encoding && !g_utf8_validate(text, -1, NULL))
        converted = g_convert(text, -1, "UTF-8", encoding, NULL, NULL, NULL);
    const char *from = converted ? converted : text;
    g_autofree char *valid = text_valid_utf8(from, strlen(from));
    return arena_strdup(arena, valid);
}

/* A commit may claim any second that fits 64 bits; what is past the year 9999 is cut off. */
static int64_t time_in_us(const git_time *when)
{
    const int64_t last_s = G_GINT64_CONSTANT(253402300799);

    return CLAMP((int64_t)when->time, -last_s, last_s) * US_PER_S;
}

static const char *const *parents_in_arena(Arena *arena, const git_commit *commit)
{
    unsigned n = git_commit_parentcount(commit);
    const char **parents = arena_new0(arena, const char *, n + 1);

    for (unsigned i = 0; i < n; i++)
        parents[i] = sha_in_arena(arena, git_commit_parent_id(commit, i));
    return parents;
}

bool repo_commit(RepoStore *store, int64_t project_id, const char *sha, Arena *arena,
                 RepoCommit *out, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_commit) commit = NULL;

    if (!lease || !find_commit(lease->repo, sha, &commit, err))
        return false;
    const git_signature *author = git_commit_author(commit);
    const git_signature *committer = git_commit_committer(commit);
    const char *encoding = git_commit_message_encoding(commit);
    const char *message = text_in_arena(arena, git_commit_message(commit), encoding);
    *out = (RepoCommit){
        .sha = sha_in_arena(arena, git_commit_id(commit)),
        .title = arena_strndup(arena, message, strcspn(message, "\r\n")),
        .message = message,
        .author_name = text_in_arena(arena, author->name, encoding),
        .author_email = text_in_arena(arena, author->email, encoding),
        .author_at = time_in_us(&author->when),
        .author_offset_min = author->when.offset,
        .committer_name = text_in_arena(arena, committer->name, encoding),
        .committer_email = text_in_arena(arena, committer->email, encoding),
        .committer_at = time_in_us(&committer->when),
        .committer_offset_min = committer->when.offset,
        .parents = parents_in_arena(arena, commit),
    };
    return true;
}

bool repo_tag_message(RepoStore *store, int64_t project_id, const char *name, Arena *arena,
                      const char **message, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autofree char *full = g_strconcat("refs/tags/", name, NULL);
    g_autoptr(git_tag) tag = NULL;
    git_oid id;

    *message = NULL;
    if (!lease)
        return false;
    int failed = git_reference_name_to_id(&id, lease->repo, full);
    if (failed)
        return failed == GIT_ENOTFOUND || failed == GIT_EINVALIDSPEC
                   ? error_set(err, ERR_NO_RECORD, NULL)
                   : git_error_to(err, failed, "tag");
    if (git_tag_lookup(&tag, lease->repo, &id) == 0 && git_tag_message(tag))
        *message = text_in_arena(arena, git_tag_message(tag), NULL);
    return true;
}
