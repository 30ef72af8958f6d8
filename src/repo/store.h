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

typedef struct Lease {
    git_repository *repo;
    int64_t project_id;
    unsigned epoch; /* the store's at opening: older ones are not kept */
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

/* Holds the lock under which a project's refs are written; waits for it a minute at most.  @fd: to
 * be closed by the caller.  A child that inherits it keeps the lock held if this process dies. */
bool store_lock_pushes(RepoStore *store, int64_t project_id, int *fd, Error *err);

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
