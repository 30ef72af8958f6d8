/* refs.c - from names to commits: listing, resolving, the default branch.
 *
 * Names come from outside: libgit2 refuses those that are no names of refs (so nothing leaves the
 * repository's folder), which counts as "there is none".
 */
#include "repo/store.h"

#include <string.h>
#include <unistd.h>

#define HEADS "refs/heads/"
#define TAGS  "refs/tags/"

enum { MIN_ABBREVIATION = 7 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference, git_reference_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference_iterator, git_reference_iterator_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_object, git_object_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb, git_odb_free)

/* The commit that @ref names or peels to.  GIT_ENOTFOUND: it is something else. */
static int commit_of_ref(git_oid *commit, git_repository *repo, const git_reference *ref)
{
    g_autoptr(git_object) object = NULL;
    const git_oid *target = git_reference_target(ref);

    if (!target)
        return GIT_ENOTFOUND; /* a symbolic ref below refs/heads: nobody can push one */
    int rc = git_object_lookup(&object, repo, target, GIT_OBJECT_ANY);
    if (rc != 0)
        return rc;
    for (int depth = 0; depth < 64 && git_object_type(object) == GIT_OBJECT_TAG; depth++) {
        git_object *next = NULL;
        rc = git_tag_target(&next, (git_tag *)object);
        if (rc != 0)
            return rc;
        git_object_free(object);
        object = next;
    }
    if (git_object_type(object) != GIT_OBJECT_COMMIT)
        return GIT_ENOTFOUND;
    git_oid_cpy(commit, git_object_id(object));
    return 0;
}

/* --- listing --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const RepoRef *)a)->name, ((const RepoRef *)b)->name);
}

/* Adds @ref to @list unless it is neither branch nor tag, or broken. */
static bool list_one(git_repository *repo, const git_reference *ref, Arena *arena, GArray *list,
                     Error *err)
{
    const char *name = git_reference_name(ref);
    git_oid commit;

    if (!g_str_has_prefix(name, HEADS) && !g_str_has_prefix(name, TAGS))
        return true;
    int rc = commit_of_ref(&commit, repo, ref);
    if (rc == GIT_ENOTFOUND)
        return true;
    if (rc != 0)
        return git_error_to(err, rc, "ref");
    RepoRef row = { .name = arena_strdup(arena, name),
                    .sha = sha_in_arena(arena, &commit),
                    .object_sha = sha_in_arena(arena, git_reference_target(ref)) };
    g_array_append_val(list, row);
    return true;
}

bool repo_list_refs(RepoStore *store, int64_t project_id, Arena *arena, const RepoRef **refs,
                    size_t *n, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_reference_iterator) iterator = NULL;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(RepoRef));
    git_reference *next = NULL;

    if (!lease)
        return false;
    int rc = git_reference_iterator_new(&iterator, lease->repo);
    while (rc == 0 && (rc = git_reference_next(&next, iterator)) == 0) {
        g_autoptr(git_reference) ref = next;
        if (!list_one(lease->repo, ref, arena, list, err))
            return false;
    }
    if (rc != GIT_ITEROVER)
        return git_error_to(err, rc, "ref");
    g_array_sort(list, by_name);
    *n = list->len;
    *refs = arena_memdup(arena, list->data, list->len * sizeof(RepoRef));
    return true;
}

/* --- resolving ------------------------------------------------------------------------------- */

/* Looks up @prefix + @name. ERR_NO_RECORD: there is no such ref of a commit. */
static bool find_ref(git_repository *repo, const char *prefix, const char *name, git_oid *commit,
                     Error *err)
{
    g_autofree char *full = g_strconcat(prefix, name, NULL);
    g_autoptr(git_reference) ref = NULL;
    int is_valid = 0;

    /* What cannot be the name of a ref names none; nor does what libgit2 has no room for. */
    int rc = git_reference_name_is_valid(&is_valid, full);
    if (rc == 0 && !is_valid)
        return error_set(err, ERR_NO_RECORD, "no such ref");
    rc = git_reference_lookup(&ref, repo, full);
    if (rc == GIT_EINVALIDSPEC || rc == GIT_EBUFS)
        return error_set(err, ERR_NO_RECORD, "no such ref");
    if (rc == 0)
        rc = commit_of_ref(commit, repo, ref);
    return rc == 0 || git_error_to(err, rc, "ref");
}

typedef struct RefName {
    RepoRefKind kind;
    const char *prefix;
    const char *name; /* behind the prefix, inside what was asked for */
} RefName;

/* What @ref may stand for, in the order of search.  A full name stands for itself alone. */
static size_t readings_of(const char *ref, RefName readings[2])
{
    if (g_str_has_prefix(ref, HEADS)) {
        readings[0] = (RefName){ REPO_REF_BRANCH, HEADS, ref + strlen(HEADS) };
        return 1;
    }
    if (g_str_has_prefix(ref, TAGS)) {
        readings[0] = (RefName){ REPO_REF_TAG, TAGS, ref + strlen(TAGS) };
        return 1;
    }
    readings[0] = (RefName){ REPO_REF_BRANCH, HEADS, ref };
    readings[1] = (RefName){ REPO_REF_TAG, TAGS, ref };
    return 2;
}

/* Counts the commits among the objects that begin with the prefix, keeping the first. */
typedef struct PrefixSearch {
    git_odb *odb;
    git_oid prefix;
    size_t digits;
    git_oid found;
    unsigned commits;
} PrefixSearch;

static int count_commit(const git_oid *id, void *data)
{
    PrefixSearch *search = data;
    git_object_t type;
    size_t size;

    if (git_oid_ncmp(id, &search->prefix, search->digits) != 0)
        return 0;
    if (search->commits > 0 && git_oid_equal(id, &search->found))
        return 0; /* loose and in a pack as well */
    int rc = git_odb_read_header(&size, &type, search->odb, id);
    if (rc != 0)
        return rc;
    if (type == GIT_OBJECT_COMMIT) {
        git_oid_cpy(&search->found, id);
        search->commits++;
    }
    return search->commits > 1 ? GIT_EAMBIGUOUS : 0;
}

/* libgit2 takes any two objects for ambiguous; a file or tree that happens to begin alike is no
 * reason to refuse a commit.  Only then are all objects looked at. */
static int expand_among_commits(git_oid *oid, git_odb *odb, const git_oid *prefix, size_t digits)
{
    PrefixSearch search = { .odb = odb, .prefix = *prefix, .digits = digits };

    int rc = git_odb_foreach(odb, count_commit, &search);
    if (rc == 0 && search.commits == 0)
        return GIT_ENOTFOUND;
    git_oid_cpy(oid, &search.found);
    return rc;
}

static int expand_commit(git_oid *oid, git_repository *repo, const char *digits)
{
    g_autoptr(git_odb) odb = NULL;
    size_t n = strlen(digits), size;
    git_object_t type;
    git_oid prefix;

    if (n < MIN_ABBREVIATION || n > GIT_OID_HEXSZ || strspn(digits, "0123456789abcdefABCDEF") != n)
        return GIT_ENOTFOUND;
    int rc = git_repository_odb(&odb, repo);
    if (rc == 0)
        rc = git_oid_fromstrn(&prefix, digits, n);
    if (rc == 0)
        rc = git_odb_exists_prefix(oid, odb, &prefix, n);
    if (rc == GIT_EAMBIGUOUS)
        return expand_among_commits(oid, odb, &prefix, n);
    if (rc == 0)
        rc = git_odb_read_header(&size, &type, odb, oid);
    return rc == 0 && type != GIT_OBJECT_COMMIT ? GIT_ENOTFOUND : rc;
}

static bool resolve_commit(git_repository *repo, const char *digits, Arena *arena,
                           RepoResolved *out, Error *err)
{
    git_oid oid;
    int rc = expand_commit(&oid, repo, digits);

    if (rc == GIT_EAMBIGUOUS)
        return error_set(err, ERR_CONFLICT, "commit %s is ambiguous", digits);
    if (rc != 0)
        return git_error_to(err, rc, "ref");
    const char *sha = sha_in_arena(arena, &oid);
    *out = (RepoResolved){ .kind = REPO_REF_COMMIT, .name = sha, .sha = sha };
    return true;
}

bool repo_resolve(RepoStore *store, int64_t project_id, const char *ref, bool allow_commit,
                  Arena *arena, RepoResolved *out, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    RefName readings[2];
    git_oid commit;

    if (!lease)
        return false;
    size_t n = readings_of(ref, readings);
    for (size_t i = 0; i < n; i++) {
        const RefName *as = &readings[i];
        g_auto(Error) failed = ERROR_INIT;
        if (find_ref(lease->repo, as->prefix, as->name, &commit, &failed)) {
            *out = (RepoResolved){ .kind = as->kind,
                                   .name = arena_strdup(arena, as->name),
                                   .full_ref = arena_printf(arena, "%s%s", as->prefix, as->name),
                                   .sha = sha_in_arena(arena, &commit) };
            return true;
        }
        if (failed.code != ERR_NO_RECORD)
            return error_move(err, &failed);
    }
    if (allow_commit)
        return resolve_commit(lease->repo, ref, arena, out, err);
    return error_set(err, ERR_NO_RECORD, "no such ref");
}

bool repo_expand_ref(RepoStore *store, int64_t project_id, const char *ref, Arena *arena,
                     const char **full_ref, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    const RefName *only = NULL;
    RefName readings[2];
    git_oid commit;

    if (!lease)
        return false;
    size_t n = readings_of(ref, readings);
    for (size_t i = 0; i < n; i++) {
        g_auto(Error) failed = ERROR_INIT;
        if (find_ref(lease->repo, readings[i].prefix, readings[i].name, &commit, &failed)) {
            if (only)
                return error_set(err, ERR_CONFLICT, "a branch and a tag are named %s", ref);
            only = &readings[i];
        } else if (failed.code != ERR_NO_RECORD) {
            return error_move(err, &failed);
        }
    }
    if (!only)
        return error_set(err, ERR_NO_RECORD, "no such ref");
    *full_ref = arena_printf(arena, "%s%s", only->prefix, only->name);
    return true;
}

/* --- the default branch ---------------------------------------------------------------------- */

bool repo_default_branch(RepoStore *store, int64_t project_id, Arena *arena, const char **name,
                         Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autoptr(git_reference) head = NULL;

    if (!lease)
        return false;
    int rc = git_reference_lookup(&head, lease->repo, "HEAD");
    if (rc != 0)
        return git_error_to(err, rc, "HEAD");
    const char *target = git_reference_symbolic_target(head);
    if (!target || !g_str_has_prefix(target, HEADS))
        return error_set(err, ERR_IO, "HEAD does not name a branch");
    *name = arena_strdup(arena, target + strlen(HEADS));
    return true;
}

bool repo_set_default_branch(RepoStore *store, int64_t project_id, const char *name, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autofree char *target = g_strconcat(HEADS, name, NULL);
    int lock = -1;

    if (!lease)
        return false;
    if (!branch_name_is_valid(name))
        return error_set(err, ERR_INVALID, "\"%.200s\" is no name for a branch", name);
    if (!store_lock_refs(store, project_id, false, &lock, err))
        return false;
    int rc = git_repository_set_head(lease->repo, target);
    close(lock);
    if (rc != 0)
        return git_error_to(err, rc, "branch");
    return repo_sync_head(git_repository_path(lease->repo), err);
}
