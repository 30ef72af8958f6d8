/* blob_folder.c - blobs as files: DIR/data/<key>, written in DIR/tmp first.
 *
 * Durable order: the bytes are synced, then the name is made by link(), which never replaces, then
 * the folder is synced.  A crash leaves at most a file in DIR/tmp; those of the day before are
 * removed at the next start (a younger one may be another process's, still being written).
 */
#include "blob/blob_driver.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    COPY_BYTES = 128 * 1024,
    TMP_LIFE_S = 24 * 60 * 60,
    /* A removal of a neighbour may take an empty folder away between mkdir() and link(). */
    LINK_TRIES = 100
};

typedef struct FolderStore {
    BlobStore base;
    char *data_dir;
    char *tmp_dir;
} FolderStore;

typedef struct Digest {
    char hex[2 * crypto_hash_sha256_BYTES + 1];
} Digest;

static void folder_free(BlobStore *base)
{
    FolderStore *store = (FolderStore *)base;

    g_free(store->data_dir);
    g_free(store->tmp_dir);
    g_free(store);
}

static bool sync_dir(const char *dir, Error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_errno(err, errno, "cannot open %s", dir);
    int rc = fsync(fd);
    int errnum = errno;
    close(fd);
    return rc == 0 || error_errno(err, errnum, "cannot sync %s", dir);
}

/* Syncs the folders from that of @path up to and with @root, so that a name below is on disk with
 * all folders above it, whoever made them. */
static bool sync_dirs_up_to(const char *root, const char *path, Error *err)
{
    g_autofree char *dir = g_path_get_dirname(path);

    while (sync_dir(dir, err)) {
        if (strlen(dir) <= strlen(root))
            return true;
        char *above = g_path_get_dirname(dir);
        g_free(dir);
        dir = above;
    }
    return false;
}

static bool make_root(const char *dir, Error *err)
{
    if (g_mkdir_with_parents(dir, 0700) != 0)
        return error_errno(err, errno, "cannot make %s", dir);
    g_autofree char *parent = g_path_get_dirname(dir);
    g_autofree char *grandparent = g_path_get_dirname(parent);
    return sync_dir(dir, err) && sync_dir(parent, err) && sync_dir(grandparent, err);
}

static void remove_old_leftovers(const char *tmp_dir)
{
    g_autoptr(GDir) dir = g_dir_open(tmp_dir, 0, NULL);
    time_t oldest = time(NULL) - TMP_LIFE_S;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(tmp_dir, name, NULL);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < oldest)
            (void)g_unlink(path); /* another process may have been faster */
    }
}

static bool write_all(int fd, const char *bytes, size_t n, Error *err)
{
    while (n > 0) {
        ssize_t wrote = write(fd, bytes, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return error_errno(err, errno, "cannot write a blob");
        bytes += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

/* Reads @size bytes of @from, hashing; writes them to @to unless that is -1. */
static bool copy_and_hash(int from, int64_t size, int to, Digest *digest, Error *err)
{
    g_autofree char *buf = g_malloc(COPY_BYTES);
    crypto_hash_sha256_state state;
    unsigned char sum[crypto_hash_sha256_BYTES];
    int64_t at = 0;

    crypto_hash_sha256_init(&state);
    while (at < size) {
        ssize_t n = pread(from, buf, (size_t)MIN(size - at, COPY_BYTES), at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "cannot read a blob's source");
        if (n == 0)
            return error_set(err, ERR_IO, "a blob's source ends after %" G_GINT64_FORMAT " bytes",
                             at);
        crypto_hash_sha256_update(&state, (unsigned char *)buf, (unsigned long long)n);
        if (to >= 0 && !write_all(to, buf, (size_t)n, err))
            return false;
        at += n;
    }
    crypto_hash_sha256_final(&state, sum);
    sodium_bin2hex(digest->hex, sizeof digest->hex, sum, sizeof sum);
    return true;
}

static bool write_tmp(const char *tmp, int fd, int64_t size, Digest *digest, Error *err)
{
    int to = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (to < 0)
        return error_errno(err, errno, "cannot make %s", tmp);
    bool ok = copy_and_hash(fd, size, to, digest, err);
    if (ok && fsync(to) != 0)
        ok = error_errno(err, errno, "cannot sync a blob");
    if (close(to) != 0 && ok)
        ok = error_errno(err, errno, "cannot close a blob");
    return ok;
}

/* Whether the bytes under @path, which exists, are those of @digest. */
static bool check_same(const char *path, int64_t size, const Digest *digest, Error *err)
{
    Digest there = { "" };
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return error_errno(err, errno, "cannot open a blob");
    bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size;
    bool ok = !same || copy_and_hash(fd, size, -1, &there, err);
    close(fd);
    if (!ok)
        return false;
    return (same && strcmp(there.hex, digest->hex) == 0) ||
           error_set(err, ERR_CONFLICT, "another blob stands under this key");
}

/* Gives @tmp its name. */
static bool link_blob(const char *root, const char *tmp, const char *path, int64_t size,
                      const Digest *digest, Error *err)
{
    g_autofree char *dir = g_path_get_dirname(path);

    for (int i = 0; i < LINK_TRIES; i++) {
        if (g_mkdir_with_parents(dir, 0700) == 0) {
            if (link(tmp, path) == 0)
                return sync_dirs_up_to(root, path, err);
            if (errno == EEXIST)
                return check_same(path, size, digest, err) && sync_dirs_up_to(root, path, err);
        }
        if (errno != ENOENT && errno != ENOTDIR) /* GLib's word for a folder gone meanwhile */
            break;
    }
    return error_errno(err, errno, "cannot name a blob");
}

static bool folder_put_fd(BlobStore *base, const char *key, int fd, int64_t size, char **sha256,
                          Error *err)
{
    FolderStore *store = (FolderStore *)base;
    g_autofree char *name = secret_hex("", 32);
    g_autofree char *tmp = g_build_filename(store->tmp_dir, name, NULL);
    g_autofree char *path = g_build_filename(store->data_dir, key, NULL);
    Digest digest;

    bool ok = write_tmp(tmp, fd, size, &digest, err) &&
              link_blob(store->data_dir, tmp, path, size, &digest, err);
    (void)g_unlink(tmp); /* if it stays, the next start removes it */
    if (ok && sha256)
        *sha256 = g_strdup(digest.hex);
    return ok;
}

static bool folder_open(BlobStore *base, const char *key, int *fd, int64_t *size, Error *err)
{
    FolderStore *store = (FolderStore *)base;
    g_autofree char *path = g_build_filename(store->data_dir, key, NULL);
    struct stat st;

    int got = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (got < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, ERR_NO_RECORD, "there is no blob %s", key);
    if (got < 0)
        return error_errno(err, errno, "cannot open blob %s", key);
    if (fstat(got, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(got);
        return error_set(err, ERR_NO_RECORD, "there is no blob %s", key);
    }
    *fd = got;
    *size = st.st_size;
    return true;
}

/* Removes the folders above @path that are empty now, up to the data folder. */
static void remove_empty_dirs(const FolderStore *store, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    while (strlen(dir) > strlen(store->data_dir) && g_rmdir(dir) == 0) {
        char *above = g_path_get_dirname(dir);
        g_free(dir);
        dir = above;
    }
}

static bool folder_remove(BlobStore *base, const char *key, Error *err)
{
    FolderStore *store = (FolderStore *)base;
    g_autofree char *path = g_build_filename(store->data_dir, key, NULL);

    if (g_unlink(path) != 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
            return true;
        return error_errno(err, errno, "cannot remove blob %s", key);
    }
    remove_empty_dirs(store, path);
    return true;
}

static const BlobDriver folder_driver = {
    .free = folder_free,
    .put_fd = folder_put_fd,
    .open = folder_open,
    .remove = folder_remove,
};

BlobStore *blob_folder_new(const char *dir, Error *err)
{
    FolderStore *store = g_new0(FolderStore, 1);

    store->base.driver = &folder_driver;
    store->data_dir = g_build_filename(dir, "data", NULL);
    store->tmp_dir = g_build_filename(dir, "tmp", NULL);
    if (!make_root(store->data_dir, err) || !make_root(store->tmp_dir, err)) {
        folder_free(&store->base);
        return NULL;
    }
    remove_old_leftovers(store->tmp_dir);
    return &store->base;
}
