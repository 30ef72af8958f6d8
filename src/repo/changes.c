/* changes.c - the paths in which two commits differ.
 *
 * Only trees are read, and of those only what differs: the same tree on both sides is the same
 * object.  How much one comparison looks at is bounded, as trees may name themselves over and over.
 */
#include "repo/store.h"

#include <string.h>

enum { MAX_COMPARED_ENTRIES = 1000 * 1000, MAX_TREE_DEPTH = 128 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree, git_tree_free)

typedef struct Comparison {
    git_repository *repo;
    Arena *arena;
    GPtrArray *paths;
    size_t max;
    size_t looked_at;
} Comparison;

static bool is_tree(const git_tree_entry *entry)
{
    return git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

/* git's order of a tree's entries: a folder's name ends in a slash. */
static int compare_entries(const git_tree_entry *a, const git_tree_entry *b)
{
    if (!a || !b)
        return a ? -1 : 1;
    g_autofree char *left = g_strconcat(git_tree_entry_name(a), is_tree(a) ? "/" : "", NULL);
    g_autofree char *right = g_strconcat(git_tree_entry_name(b), is_tree(b) ? "/" : "", NULL);
    return strcmp(left, right);
}

static bool is_same(const git_tree_entry *a, const git_tree_entry *b)
{
    return git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)) &&
           git_tree_entry_filemode(a) == git_tree_entry_filemode(b);
}

static bool compare_trees(Comparison *c, const git_tree *a, const git_tree *b, const char *above,
                          int depth, Error *err);

static bool find_below(Comparison *c, const git_tree_entry *entry, git_tree **tree, Error *err)
{
    if (!entry)
        return true;
    int rc = git_tree_lookup(tree, c->repo, git_tree_entry_id(entry));
    return rc == 0 || git_error_to(err, rc, "tree");
}

/* Entries of one name that differ; one of them may be missing. */
static bool take_pair(Comparison *c, const git_tree_entry *a, const git_tree_entry *b,
                      const char *above, int depth, Error *err)
{
    const git_tree_entry *any = a ? a : b;
    const char *name = git_tree_entry_name(any);
    g_autoptr(git_tree) left = NULL;
    g_autoptr(git_tree) right = NULL;

    if (!is_tree(any)) {
        if (c->paths->len >= c->max)
            return error_set(err, ERR_LIMIT, "more than %zu files differ", c->max);
        g_ptr_array_add(c->paths, arena_printf(c->arena, "%s%s", above, name));
        return true;
    }
    if (!find_below(c, a, &left, err) || !find_below(c, b, &right, err))
        return false;
    g_autofree char *path = g_strconcat(above, name, "/", NULL);
    return compare_trees(c, left, right, path, depth + 1, err);
}

static const git_tree_entry *entry_at(const git_tree *tree, size_t i)
{
    return tree && i < git_tree_entrycount(tree) ? git_tree_entry_byindex(tree, i) : NULL;
}

/* Both in step; NULL is an empty tree. */
static bool compare_trees(Comparison *c, const git_tree *a, const git_tree *b, const char *above,
                          int depth, Error *err)
{
    size_t i = 0, j = 0;

    if (depth > MAX_TREE_DEPTH)
        return error_set(err, ERR_LIMIT, "the tree is deeper than %d folders", MAX_TREE_DEPTH);
    for (;;) {
        const git_tree_entry *left = entry_at(a, i), *right = entry_at(b, j);
        if (!left && !right)
            return true;
        if (++c->looked_at > MAX_COMPARED_ENTRIES)
            return error_set(err, ERR_LIMIT, "the trees have more than %d entries",
                             MAX_COMPARED_ENTRIES);
        int order = compare_entries(left, right);
        i += order <= 0;
        j += order >= 0;
        if (order == 0 && is_same(left, right))
            continue;
        if (!take_pair(c, order <= 0 ? left : NULL, order >= 0 ? right : NULL, above, depth, err))
            return false;
    }
}

static bool tree_of(git_repository *repo, const git_oid *oid, git_tree **tree, Error *err)
{
    g_autoptr(git_commit) commit = NULL;
    int rc = git_commit_lookup(&commit, repo, oid);

    if (rc == 0)
        rc = git_commit_tree(tree, commit);
    return rc == 0 || git_error_to(err, rc, "commit");
}

bool repo_changed_paths(RepoStore *store, int64_t project_id, const char *from, const char *to,
                        bool from_merge_base, size_t max, Arena *arena, const char ***paths,
                        Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_tree) left = NULL;
    g_autoptr(git_tree) right = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    git_oid a, b, base;

    if (!lease)
        return false;
    if (!oid_from_sha(&a, from) || !oid_from_sha(&b, to))
        return error_set(err, ERR_NO_RECORD, "no such commit");
    if (from_merge_base && git_merge_base(&base, lease->repo, &a, &b) == 0)
        a = base;
    if (!tree_of(lease->repo, &a, &left, err) || !tree_of(lease->repo, &b, &right, err))
        return false;
    Comparison c = { lease->repo, arena, found, max, 0 };
    if (!compare_trees(&c, left, right, "", 0, err))
        return false;
    g_ptr_array_add(found, NULL);
    *paths = arena_memdup(arena, found->pdata, found->len * sizeof(char *));
    return true;
}
