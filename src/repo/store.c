/* store.c - where repositories are, which are open, and who may write.
 *
 * Layout: DIR/<two hex digits of the id>/<id>.git, DIR/hooks/pre-receive (one for all, since git is
 * told core.hooksPath) and DIR/git.config (read in place of the user's).  Handles that are not in
 * use stand in one list, the latest used first; its end is closed when there are too many.  The
 * mutex guards that list alone and is not held while a repository is opened, read or closed.
 */
#include "repo/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_IDLE_HANDLES = 48, LOCK_WAIT_S = 60, LOCK_POLL_US = 10 * 1000, MB = 1024 * 1024 };

struct RepoStore {
    char *dir;
    char *hooks_dir;
    char *git_config;
    char *hook_program;

    GMutex mutex;
    GQueue idle; /* of Lease, the latest used first */
    unsigned epoch;
};

/* --- libgit2's own settings: for the process, so the same for every store -------------------- */

static void set_up_libgit2(void)
{
    static const int levels[] = { GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL,
                                  GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA };

    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    /* The data folder is ours; its owner may be another user than the one a container runs as. */
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_SYMBOLIC_REF_CREATION, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    /* Windows instead of whole packs, and small caches: many repositories, little memory. */
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)(4 * MB));
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)(256 * MB));
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, (size_t)256);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)(8 * MB));
}

/* --- making ---------------------------------------------------------------------------------- */

/* Replaces @path by @text, in one step, if it holds something else. */
static bool write_if_differs(const char *path, const char *text, int mode, Error *err)
{
    g_autofree char *there = NULL;
    g_autoptr(GError) error = NULL;

    if (g_file_get_contents(path, &there, NULL, NULL) && strcmp(there, text) == 0 &&
        g_access(path, mode & 0100 ? X_OK : R_OK) == 0)
        return true;
    GFileSetContentsFlags flags = G_FILE_SET_CONTENTS_CONSISTENT;
    if (!g_file_set_contents_full(path, text, -1, flags, mode, &error))
        return error_set(err, ERR_IO, "%s", error->message);
    if (g_chmod(path, mode) != 0)
        return error_errno(err, errno, "cannot set the mode of %s", path);
    return true;
}

static bool write_own_files(const RepoStore *store, Error *err)
{
    /* The program's path comes by the environment, so that a moved program needs no new hook. */
    static const char hook[] = "#!/bin/sh\nexec \"$PENSTOCK_HOOK_PROGRAM\" hook pre-receive\n";
    static const char config[] = "[safe]\n\tdirectory = *\n";
    g_autofree char *path = g_build_filename(store->hooks_dir, "pre-receive", NULL);

    if (g_mkdir_with_parents(store->hooks_dir, 0700) != 0)
        return error_errno(err, errno, "cannot make %s", store->hooks_dir);
    return write_if_differs(path, hook, 0700, err) &&
           write_if_differs(store->git_config, config, 0600, err);
}

RepoStore *repo_store_new(const char *dir, const char *hook_program, Error *err)
{
    if (git_libgit2_init() < 0) {
        error_set(err, ERR_INTERNAL, "libgit2 does not start");
        return NULL;
    }
    set_up_libgit2();
    RepoStore *store = g_new0(RepoStore, 1);
    store->dir = g_canonicalize_filename(dir, NULL);
    store->hooks_dir = g_build_filename(store->dir, "hooks", NULL);
    store->git_config = g_build_filename(store->dir, "git.config", NULL);
    store->hook_program = g_canonicalize_filename(hook_program, NULL);
    g_mutex_init(&store->mutex);
    g_queue_init(&store->idle);
    if (!write_own_files(store, err)) {
        repo_store_free(store);
        return NULL;
    }
    return store;
}

static void lease_close(Lease *lease)
{
    if (!lease)
        return;
    git_repository_free(lease->repo);
    g_free(lease);
}

void repo_store_free(RepoStore *store)
{
    if (!store)
        return;
    while (!g_queue_is_empty(&store->idle))
        lease_close(g_queue_pop_head(&store->idle));
    g_mutex_clear(&store->mutex);
    g_free(store->dir);
    g_free(store->hooks_dir);
    g_free(store->git_config);
    g_free(store->hook_program);
    g_free(store);
    /* libgit2 is not shut down: it would forget the error states of pool threads that still live. */
}

const char *store_dir(const RepoStore *store)
{
    return store->dir;
}

const char *store_hooks_dir(const RepoStore *store)
{
    return store->hooks_dir;
}

const char *store_git_config(const RepoStore *store)
{
    return store->git_config;
}

const char *store_hook_program(const RepoStore *store)
{
    return store->hook_program;
}

char *repo_path(RepoStore *store, int64_t project_id)
{
    return g_strdup_printf("%s/%02x/%" G_GINT64_FORMAT ".git", store->dir,
                           (unsigned)(project_id & 0xff), project_id);
}

/* --- leases ---------------------------------------------------------------------------------- */

static Lease *take_idle(RepoStore *store, int64_t project_id, unsigned *epoch)
{
    Lease *found = NULL;

    g_mutex_lock(&store->mutex);
    *epoch = store->epoch;
    for (GList *at = store->idle.head; at && !found; at = at->next) {
        Lease *lease = at->data;
        if (lease->project_id == project_id) {
            found = lease;
            g_queue_delete_link(&store->idle, at);
            break;
        }
    }
    g_mutex_unlock(&store->mutex);
    return found;
}

/* All zero where there are none. */
static PackStamp stamp_of(const char *path)
{
    g_autofree char *dir = g_build_filename(path, "objects", "pack", NULL);
    struct stat st;

    if (stat(dir, &st) != 0)
        return (PackStamp){ 0 };
    return (PackStamp){ st.st_dev, st.st_ino, st.st_mtim.tv_sec, st.st_mtim.tv_nsec };
}

static bool stamp_equal(const PackStamp *a, const PackStamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->changed_s == b->changed_s &&
           a->changed_ns == b->changed_ns;
}

Lease *lease_take(RepoStore *store, int64_t project_id, Error *err)
{
    g_autofree char *path = repo_path(store, project_id);
    PackStamp packs = stamp_of(path);
    git_repository *repo = NULL;
    unsigned epoch;
    Lease *idle;

    while ((idle = take_idle(store, project_id, &epoch))) {
        if (stamp_equal(&idle->packs, &packs))
            return idle;
        lease_close(idle);
    }
    int rc = git_repository_open_ext(
        &repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);
    if (rc == GIT_ENOTFOUND) {
        error_set(err, ERR_NOT_FOUND, "Repository");
        return NULL;
    }
    if (rc != 0) {
        git_error_to(err, rc, "repository");
        return NULL;
    }
    Lease *lease = g_new0(Lease, 1);
    lease->repo = repo;
    lease->project_id = project_id;
    lease->epoch = epoch;
    lease->packs = packs;
    lease->store = store;
    return lease;
}

void lease_give_back(Lease *lease)
{
    if (!lease)
        return;
    RepoStore *store = lease->store;
    Lease *surplus = NULL;

    g_mutex_lock(&store->mutex);
    if (lease->epoch != store->epoch)
        surplus = lease;
    else
        g_queue_push_head(&store->idle, lease);
    if (store->idle.length > MAX_IDLE_HANDLES)
        surplus = g_queue_pop_tail(&store->idle);
    g_mutex_unlock(&store->mutex);
    lease_close(surplus);
}

/* The epoch is the whole store's: this is rare, and opening again costs a fraction of a
 * millisecond.  Idle handles of other projects are taken over into the new one. */
void store_forget_handles(RepoStore *store, int64_t project_id)
{
    GQueue dropped = G_QUEUE_INIT;

    g_mutex_lock(&store->mutex);
    store->epoch++;
    for (GList *at = store->idle.head, *next; at; at = next) {
        Lease *lease = at->data;
        next = at->next;
        lease->epoch = store->epoch;
        if (lease->project_id == project_id) {
            g_queue_unlink(&store->idle, at);
            g_queue_push_head_link(&dropped, at);
        }
    }
    g_mutex_unlock(&store->mutex);
    while (!g_queue_is_empty(&dropped))
        lease_close(g_queue_pop_head(&dropped));
}

/* --- locks ----------------------------------------------------------------------------------- */

/* flock() belongs to the open file, so it holds off other threads as well as other processes, on a
 * network folder those of other machines.  It cannot be waited for with a time limit, hence the
 * polling. */
static bool wait_lock(int fd, int operation, int64_t wait_s)
{
    gint64 until = g_get_monotonic_time() + wait_s * G_USEC_PER_SEC;

    while (flock(fd, operation | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || g_get_monotonic_time() > until)
            return false;
        g_usleep(LOCK_POLL_US);
    }
    return true;
}

bool store_wait_lock(int fd, int64_t wait_s)
{
    return wait_lock(fd, LOCK_EX, wait_s);
}

/* Whether @path is still the file that was opened: the repository may have been removed. */
static bool is_at(const char *path, int fd)
{
    struct stat there, held;

    return stat(path, &there) == 0 && fstat(fd, &held) == 0 && there.st_ino == held.st_ino &&
           there.st_dev == held.st_dev;
}

static bool take_lock(const char *path, int fd, int operation, Error *err)
{
    if (!wait_lock(fd, operation, LOCK_WAIT_S))
        return errno == EWOULDBLOCK
                   ? error_set(err, ERR_UNAVAILABLE, "other pushes to this project go on")
                   : error_errno(err, errno, "cannot take the lock of a repository");
    return is_at(path, fd) || error_set(err, ERR_NOT_FOUND, "Repository");
}

static bool lock_file(RepoStore *store, int64_t project_id, const char *name, int operation,
                      int *fd, Error *err)
{
    g_autofree char *dir = repo_path(store, project_id);
    g_autofree char *path = g_build_filename(dir, name, NULL);

    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 && errno == ENOENT)
        return error_set(err, ERR_NOT_FOUND, "Repository");
    if (lock < 0)
        return error_errno(err, errno, "cannot open the lock of a repository");
    if (!take_lock(path, lock, operation, err)) {
        close(lock);
        return false;
    }
    *fd = lock;
    return true;
}

bool store_lock_pushes(RepoStore *store, int64_t project_id, int *fd, Error *err)
{
    return lock_file(store, project_id, "push.lock", LOCK_EX, fd, err);
}

bool store_lock_refs(RepoStore *store, int64_t project_id, bool alone, int *fd, Error *err)
{
    return lock_file(store, project_id, "refs.lock", alone ? LOCK_EX : LOCK_SH, fd, err);
}

int64_t store_file_time_s(int fd)
{
    struct stat st;

    (void)futimens(fd, NULL); /* then it is an older time, which is safe */
    return fstat(fd, &st) == 0 ? st.st_mtim.tv_sec : 0;
}

/* --- small helpers --------------------------------------------------------------------------- */

bool git_error_to(Error *err, int rc, const char *what)
{
    const git_error *last = git_error_last();

    if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC)
        return error_set(err, ERR_NO_RECORD, "no such %s", what);
    if (rc == GIT_EAMBIGUOUS)
        return error_set(err, ERR_CONFLICT, "ambiguous %s", what);
    return error_set(err, ERR_IO, "git: %s", last && last->message ? last->message : what);
}

bool oid_from_sha(git_oid *oid, const char *sha)
{
    return strlen(sha) == GIT_OID_HEXSZ && git_oid_fromstr(oid, sha) == 0;
}

char *sha_in_arena(Arena *arena, const git_oid *oid)
{
    char *sha = arena_alloc(arena, GIT_OID_HEXSZ + 1);

    git_oid_fmt(sha, oid);
    return sha;
}

bool branch_name_is_valid(const char *name)
{
    g_autofree char *ref = g_strconcat("refs/heads/", name, NULL);
    int valid = 0;

    return name[0] != '-' && strcmp(name, "HEAD") != 0 &&
           git_reference_name_is_valid(&valid, ref) == 0 && valid;
}
