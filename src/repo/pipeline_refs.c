/* pipeline_refs.c - refs/pipelines/<id>: keeps a commit fetchable while its pipeline lives.
 *
 * Not synced: who hands out a job makes sure of the ref before.  A crash may leave an empty file in
 * a ref's place; that is taken away first.
 */
#include "repo/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

enum {
    /* Another writer may hold packed-refs.lock, or remove the folder that became empty. */
    TRIES = 200,
    PAUSE_US = 5 * 1000
};

static char *pipeline_ref(int64_t pipeline_id)
{
    return g_strdup_printf("refs/pipelines/%" G_GINT64_FORMAT, pipeline_id);
}

static int set_ref(git_repository *repo, const char *name, const git_oid *oid)
{
    git_reference *ref = NULL;
    git_oid there;

    int found = git_reference_name_to_id(&there, repo, name);
    if (found != 0 && found != GIT_ENOTFOUND) /* unreadable, and so not to be moved either */
        (void)git_reference_remove(repo, name);
    int rc = git_reference_create(&ref, repo, name, oid, true, NULL);
    git_reference_free(ref);
    return rc;
}

/* @oid NULL: it is to be gone. */
static int write_once(git_repository *repo, const char *name, const git_oid *oid)
{
    if (oid)
        return set_ref(repo, name, oid);
    int rc = git_reference_remove(repo, name);
    return rc == GIT_ENOTFOUND ? 0 : rc;
}

/* The caller holds the lock of refs.  git locks a ref for no longer than it takes to write it: a
 * lock file that stands after all tries is that of a process that died. */
static int write_patiently(git_repository *repo, const char *name, const git_oid *oid)
{
    int rc = write_once(repo, name, oid);

    for (int i = 1; i < TRIES && rc != 0; i++) {
        g_usleep(PAUSE_US);
        rc = write_once(repo, name, oid);
    }
    if (rc != GIT_ELOCKED)
        return rc;
    g_autofree char *lock = g_strconcat(git_repository_path(repo), name, ".lock", NULL);
    (void)g_unlink(lock);
    return write_once(repo, name, oid);
}

static bool write_ref(const Lease *lease, const char *name, const git_oid *oid, Error *err)
{
    git_oid there;
    int lock = -1;

    int found = git_reference_name_to_id(&there, lease->repo, name);
    if (oid ? found == 0 && git_oid_equal(&there, oid) : found == GIT_ENOTFOUND)
        return true;
    if (!store_lock_refs(lease->store, lease->project_id, false, &lock, err))
        return false;
    int rc = write_patiently(lease->repo, name, oid);
    close(lock);
    return rc == 0 || git_error_to(err, rc, "commit");
}

bool repo_keep_pipeline_ref(RepoStore *store, int64_t project_id, int64_t pipeline_id,
                            const char *sha, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autofree char *name = pipeline_ref(pipeline_id);
    git_commit *commit = NULL;
    git_oid oid;

    if (!lease)
        return false;
    if (!oid_from_sha(&oid, sha))
        return error_set(err, ERR_NO_RECORD, "no such commit");
    int rc = git_commit_lookup(&commit, lease->repo, &oid);
    git_commit_free(commit);
    return rc == 0 ? write_ref(lease, name, &oid, err) : git_error_to(err, rc, "commit");
}

bool repo_drop_pipeline_ref(RepoStore *store, int64_t project_id, int64_t pipeline_id, Error *err)
{
    g_autoptr(Lease) lease = lease_take(store, project_id, err);
    g_autofree char *name = pipeline_ref(pipeline_id);

    return lease && write_ref(lease, name, NULL, err);
}
