/* inside.c - openat() with O_NOFOLLOW for each part. */
#include "exec/inside.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_part(int parent, const char *name, bool make)
{
    if (make && mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int inside_open_parent(int root, const char *path, bool make, const char **leaf)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint n = g_strv_length(parts);

    if (!text_is_inner_path(path)) {
        errno = EINVAL;
        return -1;
    }
    /* Not dup(): a copy would share its place in the listing with @root. */
    int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (guint i = 0; fd >= 0 && i + 1 < n; i++) {
        int next = open_part(fd, parts[i], make);
        int saved = errno;
        close(fd);
        errno = saved;
        fd = next;
    }
    const char *slash = strrchr(path, '/');
    *leaf = slash ? slash + 1 : path;
    return fd;
}

int inside_open_file(int root, const char *path)
{
    const char *leaf = NULL;
    struct stat st;
    int parent = inside_open_parent(root, path, false, &leaf);

    if (parent < 0)
        return -1;
    /* Not blocking: a pipe that a job has left must not stop us. */
    int fd = openat(parent, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int saved = errno;
    close(parent);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
        saved = EINVAL;
    }
    errno = saved;
    return fd;
}

bool inside_link_stays(const char *root_path, const char *path, const char *target)
{
    int depth = 0;

    if (*target == '/') {
        size_t n = strlen(root_path);
        if (strncmp(target, root_path, n) != 0 || (target[n] != '/' && target[n] != '\0'))
            return false;
        target += n;
    } else {
        for (const char *p = path; *p; p++)
            depth += *p == '/';
    }
    g_auto(GStrv) parts = g_strsplit(target, "/", -1);
    for (char **part = parts; *part; part++) {
        if (g_str_equal(*part, ".."))
            depth--;
        else if (**part && !g_str_equal(*part, "."))
            depth++;
        if (depth < 0)
            return false;
    }
    return true;
}
