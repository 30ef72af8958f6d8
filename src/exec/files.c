/* files.c - by descriptors of folders, so that a link planted meanwhile leads nowhere. */
#include "exec/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool files_make_dir(const char *path, Error *err)
{
    if (g_mkdir_with_parents(path, 0700) < 0)
        return error_errno(err, errno, "%s", path);
    return true;
}

/* Opens the folder even if its mode keeps us out: jobs may leave such. */
static int open_dir(int parent, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);

    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = openat(parent, name, flags);
    return fd;
}

static bool remove_at(int parent, const char *name);

static bool empty_dir(int fd)
{
    DIR *dir = fdopendir(fd);
    bool ok = true;

    if (!dir) {
        close(fd);
        return false;
    }
    (void)fchmod(fd, 0700); /* to be allowed to remove entries; a failure shows at the first one */
    for (struct dirent *item; ok && (item = readdir(dir));)
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            ok = remove_at(fd, item->d_name);
    int saved = errno;
    closedir(dir);
    errno = saved;
    return ok;
}

static bool remove_at(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int fd = open_dir(parent, name);
    if (fd < 0 || !empty_dir(fd))
        return false;
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

bool files_remove_tree(const char *path, Error *err)
{
    if (!remove_at(AT_FDCWD, path))
        return error_errno(err, errno, "%s cannot be removed", path);
    return true;
}

bool files_write(const char *path, const char *text, Error *err)
{
    size_t n = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    while (n > 0) {
        ssize_t done = write(fd, text, n);
        if (done <= 0)
            break;
        text += done;
        n -= (size_t)done;
    }
    int saved = errno;
    close(fd);
    return n == 0 || error_errno(err, saved, "%s", path);
}
