/* create.c - making and removing a repository, and syncing its folders.
 *
 * A repository is built under a temporary name and renamed into place, so that a crash leaves a
 * whole one or none.  The same the other way round for removing, under a name that is found again.
 */
#include "repo/store.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_OPEN_DIRS = 16,
    /* A push or import that is under way when its repository is removed. */
    PUSH_WAIT_S = 5,
    REMOVE_TRIES = 3
};

static bool sync_path(const char *path, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_errno(err, errno, "cannot open %s", path);
    int rc = fsync(fd);
    int errnum = errno;
    close(fd);
    return rc == 0 || error_errno(err, errnum, "cannot sync %s", path);
}

static bool make_dir(const char *above, const char *name, Error *err)
{
    g_autofree char *path = g_build_filename(above, name, NULL);

    if (g_mkdir(path, 0700) != 0)
        return error_errno(err, errno, "cannot make %s", path);
    return true;
}

static bool make_file(const char *above, const char *name, const char *text, Error *err)
{
    g_autofree char *path = g_build_filename(above, name, NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error))
        return error_set(err, ERR_IO, "%s", error->message);
    return sync_path(path, err);
}

/* The least that is a repository (gitrepository-layout(5)): git adds the rest as it needs it. */
static bool fill(const char *path, const char *default_branch, Error *err)
{
    static const char *const dirs[] = { "objects", "objects/info", "objects/pack",
                                        "refs",    "refs/heads",   "refs/tags" };
    g_autofree char *head = g_strdup_printf("ref: refs/heads/%s\n", default_branch);

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
        if (!make_dir(path, dirs[i], err))
            return false;
    return make_file(path, "config",
                     "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
                     err) &&
           make_file(path, "HEAD", head, err) && repo_sync_dirs(path, 0, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    /* A file that is gone already is what was wanted. */
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

/* Several tries: another server may remove the same, and git may yet write there. */
static bool remove_tree(const char *path, Error *err)
{
    int failed = 0;

    for (int i = 0; i < REMOVE_TRIES && g_file_test(path, G_FILE_TEST_EXISTS); i++)
        failed = nftw(path, remove_one, MAX_OPEN_DIRS, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : errno;
    return failed == 0 || failed == ENOENT || error_errno(err, failed, "cannot remove %s", path);
}

static void let_push_end(const char *path)
{
    g_autofree char *name = g_build_filename(path, "push.lock", NULL);
    int fd = open(name, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)store_wait_lock(fd, PUSH_WAIT_S); /* past that it finds its files gone */
    close(fd);
}

static char *temporary_path(const char *shard)
{
    g_autofree char *name = secret_hex("tmp-", 16);

    return g_build_filename(shard, name, NULL);
}

bool repo_create(RepoStore *store, int64_t project_id, const char *default_branch, Error *err)
{
    g_autofree char *path = repo_path(store, project_id);
    g_autofree char *shard = g_path_get_dirname(path);
    g_autofree char *tmp = temporary_path(shard);

    if (!branch_name_is_valid(default_branch))
        return error_set(err, ERR_INVALID, "\"%.200s\" is no name for a branch", default_branch);
    if (g_mkdir_with_parents(tmp, 0700) != 0)
        return error_errno(err, errno, "cannot make %s", tmp);
    bool ok = fill(tmp, default_branch, err);
    if (ok && g_rename(tmp, path) != 0) { /* refuses where a folder with files stands */
        ok = errno == ENOTEMPTY || errno == EEXIST
                 ? error_set(err, ERR_CONFLICT, "there is a repository already")
                 : error_errno(err, errno, "cannot make %s", path);
    }
    if (!ok) {
        (void)remove_tree(tmp, NULL); /* the first error counts */
        return false;
    }
    return sync_path(shard, err) && sync_path(store_dir(store), err);
}

bool repo_remove(RepoStore *store, int64_t project_id, Error *err)
{
    g_autofree char *path = repo_path(store, project_id);
    g_autofree char *shard = g_path_get_dirname(path);
    g_autofree char *gone = g_strconcat(path, ".gone", NULL);

    if (!remove_tree(gone, err)) /* what a crash has left of it */
        return false;
    if (g_rename(path, gone) != 0)
        return errno == ENOENT || error_errno(err, errno, "cannot remove %s", path);
    store_forget_handles(store, project_id);
    let_push_end(gone);
    return sync_path(shard, err) && remove_tree(gone, err);
}

/* Walks with a list of its own: the depth is the names', which others choose. */
bool repo_sync_dirs(const char *path, int64_t since_s, Error *err)
{
    GQueue todo = G_QUEUE_INIT;
    bool ok = true;

    g_queue_push_tail(&todo, g_strdup(path));
    while (ok && !g_queue_is_empty(&todo)) {
        g_autofree char *dir = g_queue_pop_head(&todo);
        g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
        struct stat st;
        const char *name;

        if (!entries || stat(dir, &st) != 0)
            continue; /* git removes folders that become empty */
        if (st.st_mtime >= since_s && !sync_path(dir, err)) {
            ok = !g_file_test(dir, G_FILE_TEST_EXISTS);
            if (ok)
                error_clear(err);
            continue;
        }
        while ((name = g_dir_read_name(entries))) {
            char *below = g_build_filename(dir, name, NULL);
            if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
                g_queue_push_tail(&todo, below);
            else
                g_free(below);
        }
    }
    g_queue_clear_full(&todo, g_free);
    return ok;
}

bool repo_sync_head(const char *path, Error *err)
{
    g_autofree char *head = g_build_filename(path, "HEAD", NULL);

    return sync_path(head, err) && sync_path(path, err);
}
