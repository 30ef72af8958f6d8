/* store.h - what the files of repo/ share: the store, leases of open repositories, the push lock.
 *
 * A libgit2 handle is used by one thread at a time: a call leases an idle handle of its project, or
 * opens another, and gives it back.  So no call waits for another's disk, and libgit2's own rules
 * about sharing do not matter.
 */
#ifndef PENSTOCK_REPO_STORE_H
#define PENSTOCK_REPO_STORE_H

#include "repo/repo.h"

#include <git2.h>

/* The folder of packs as it was: one that differs is of another repository, or other packs. */
typedef struct PackStamp {
    uint64_t device, inode;
    int64_t changed_s, changed_ns;
} PackStamp;

typedef struct Lease {
    git_repository *repo;
    int64_t project_id;
    unsigned epoch;  /* the store's at opening: older ones are not kept */
    PackStamp packs; /* at opening: another server may have packed or removed since */
    RepoStore *store;
} Lease;

/* NULL: @err is set, ERR_NOT_FOUND where there is no repository. */
Lease *lease_take(RepoStore *store, int64_t project_id, Error *err);
/* Accepts NULL. */
void lease_give_back(Lease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lease, lease_give_back)

/* Closes the project's idle handles, and lets those in use be closed when they come back. */
void store_forget_handles(RepoStore *store, int64_t project_id);

const char *store_dir(const RepoStore *store);
const char *store_hooks_dir(const RepoStore *store);
const char *store_git_config(const RepoStore *store);
const char *store_hook_program(const RepoStore *store);

/* The two locks of a project, for all servers.  git's programs write refs and packs under that of
 * pushes, one at a time.  We ourselves write single refs under that of refs, any number at once;
 * who wants none of it to go on takes both, this one second, @alone.  Waits for it a minute at most.
 * @fd: to be closed by the caller.  A child that inherits it keeps the lock held if this process
 * dies; nobody dead holds it. */
bool store_lock_pushes(RepoStore *store, int64_t project_id, int *fd, Error *err);
bool store_lock_refs(RepoStore *store, int64_t project_id, bool alone, int *fd, Error *err);

/* Waits for an exclusive lock of an open file. false: not within @wait_s, or errno says what else. */
bool store_wait_lock(int fd, int64_t wait_s);

/* Now by the clock of the file system that the lock file @fd is on, which is not always ours. */
int64_t store_file_time_s(int fd);

/* Removes the lock files that a git that died has left, which would stop all later writers.  The
 * caller holds the lock of pushes. */
bool store_clear_dead_locks(RepoStore *store, int64_t project_id, Error *err);

/* Sets @err from libgit2's last error: @what for ERR_NO_RECORD and ERR_CONFLICT messages. */
bool git_error_to(Error *err, int rc, const char *what);

/* Reads a full SHA. false: it is not one. */
bool oid_from_sha(git_oid *oid, const char *sha);
char *sha_in_arena(Arena *arena, const git_oid *oid);

/* Whether refs/heads/<name> may be a branch's name. */
bool branch_name_is_valid(const char *name);

/* Syncs the folders of the repository that changed since @since (wall clock, seconds), so that
 * files renamed into them are on disk under their names. */
bool repo_sync_dirs(const char *path, int64_t since_s, Error *err);
/* Syncs HEAD, which libgit2 writes without. */
bool repo_sync_head(const char *path, Error *err);

#endif
