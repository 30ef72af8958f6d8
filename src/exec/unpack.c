/* unpack.c - unpacking, entry by entry, below an open folder. */
#include "exec/pack.h"

#include "exec/inside.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BLOCK = 65536 };

typedef struct Unpack {
    struct archive *in;
    const char *root_path;
    int root;
    GString *notes;
    Error *err;
} Unpack;

static bool unpack_file(Unpack *u, struct archive_entry *entry, int parent, const char *leaf)
{
    mode_t mode = (archive_entry_perm(entry) & 0777) | 0600;
    const struct timespec times[] = { { .tv_nsec = UTIME_NOW },
                                      { .tv_sec = archive_entry_mtime(entry) } };

    (void)unlinkat(parent, leaf, 0); /* what is there may be a link; a folder makes open() fail */
    int fd = openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return error_errno(u->err, errno, "%s", leaf);
    bool ok = archive_read_data_into_fd(u->in, fd) == ARCHIVE_OK;
    (void)fchmod(fd, mode);
    (void)futimens(fd, times);
    close(fd);
    return ok || error_set(u->err, ERR_INVALID, "%s: %s", leaf, archive_error_string(u->in));
}

static bool unpack_link(Unpack *u, struct archive_entry *entry, const char *path, int parent,
                        const char *leaf)
{
    const char *target = archive_entry_symlink(entry);

    if (!target || !inside_link_stays(u->root_path, path, target)) {
        g_string_append_printf(u->notes, "%s: a link to outside of the project is left out\n",
                               path);
        return true;
    }
    (void)unlinkat(parent, leaf, 0);
    if (symlinkat(target, parent, leaf) < 0)
        return error_errno(u->err, errno, "%s", path);
    return true;
}

static bool unpack_dir(Unpack *u, int parent, const char *leaf)
{
    struct stat st;

    if (mkdirat(parent, leaf, 0755) == 0)
        return true;
    if (errno == EEXIST && fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode))
        return true;
    return error_errno(u->err, EEXIST, "%s", leaf);
}

static bool unpack_entry(Unpack *u, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    g_autofree char *path = g_strdup(name ? name : "");
    const char *leaf = NULL;

    while (g_str_has_suffix(path, "/"))
        path[strlen(path) - 1] = '\0';
    while (g_str_has_prefix(path, "./"))
        memmove(path, path + 2, strlen(path) - 1);
    if (!*path || g_str_equal(path, "."))
        return true;
    int parent = inside_open_parent(u->root, path, true, &leaf);
    if (parent < 0 && errno == EINVAL)
        return error_set(u->err, ERR_INVALID, "the archive's entry '%s' is not inside of it", path);
    if (parent < 0)
        return error_errno(u->err, errno, "%s", path);
    bool ok = true;
    mode_t type = archive_entry_filetype(entry);
    if (type == AE_IFDIR)
        ok = unpack_dir(u, parent, leaf);
    else if (type == AE_IFLNK)
        ok = unpack_link(u, entry, path, parent, leaf);
    else if (type == AE_IFREG && !archive_entry_hardlink(entry))
        ok = unpack_file(u, entry, parent, leaf);
    else
        g_string_append_printf(u->notes, "%s: neither file, folder nor link; left out\n", path);
    close(parent);
    return ok;
}

static bool unpack_all(Unpack *u)
{
    for (;;) {
        struct archive_entry *entry = NULL;
        int state = archive_read_next_header(u->in, &entry);
        if (state == ARCHIVE_EOF)
            return true;
        if (state < ARCHIVE_WARN)
            return error_set(u->err, ERR_INVALID, "the archive is damaged: %s",
                             archive_error_string(u->in));
        if (!unpack_entry(u, entry))
            return false;
    }
}

bool archive_extract(const char *path, const char *root, GString *notes, Error *err)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    Unpack u = { archive_read_new(), root,
                 open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), notes, err };
    bool ok = u.root >= 0 || error_errno(err, errno, "%s", root);

    archive_read_support_format_zip(u.in);
    archive_read_support_format_tar(u.in);
    archive_read_support_filter_gzip(u.in);
    archive_read_support_filter_zstd(u.in);
    if (ok && archive_read_open_filename(u.in, path, READ_BLOCK) != ARCHIVE_OK)
        ok = error_set(err, ERR_INVALID, "the archive cannot be read: %s",
                       archive_error_string(u.in));
    ok = ok && unpack_all(&u);
    archive_read_free(u.in);
    if (u.root >= 0)
        close(u.root);
    if (before)
        uselocale(before);
    if (utf8)
        freelocale(utf8);
    return ok;
}
