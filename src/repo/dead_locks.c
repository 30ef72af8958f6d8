/* dead_locks.c - the lock files of a git that was killed, or whose machine went down.
 *
 * git and libgit2 write a ref by making <ref>.lock first; who dies over it leaves the file, and git
 * then waits for a person.  Here the repository's two locks tell: who holds both knows that nobody
 * writes a ref, so whatever lock file stands there is nobody's.  No ref's name ends in ".lock".
 */
#include "repo/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool remove_file(const char *path, Error *err)
{
    return g_unlink(path) == 0 || errno == ENOENT ||
           error_errno(err, errno, "cannot remove %s", path);
}

static bool clear_folder(const char *dir, GQueue *todo, Error *err)
{
    g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL); /* NULL: gone with its last ref */
    const char *name;
    bool ok = true;

    while (ok && entries && (name = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        GStatBuf st;
        if (g_lstat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            g_queue_push_tail(todo, g_steal_pointer(&path));
        else if (g_str_has_suffix(name, ".lock"))
            ok = remove_file(path, err);
    }
    return ok;
}

static bool clear(const char *repository, Error *err)
{
    static const char *const others[] = { "HEAD.lock", "packed-refs.lock" };
    GQueue todo = G_QUEUE_INIT;
    bool ok = true;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(others); i++) {
        g_autofree char *path = g_build_filename(repository, others[i], NULL);
        ok = remove_file(path, err);
    }
    g_queue_push_tail(&todo, g_build_filename(repository, "refs", NULL));
    while (ok && !g_queue_is_empty(&todo)) {
        g_autofree char *dir = g_queue_pop_head(&todo);
        ok = clear_folder(dir, &todo, err);
    }
    g_queue_clear_full(&todo, g_free);
    return ok;
}

bool store_clear_dead_locks(RepoStore *store, int64_t project_id, Error *err)
{
    g_autofree char *path = repo_path(store, project_id);
    int lock = -1;

    if (!store_lock_refs(store, project_id, true, &lock, err))
        return false;
    bool ok = clear(path, err);
    close(lock);
    return ok;
}
