/* trace_file.c - files under logs/<job id / 1000>/<job id>.log. */
#include "runner/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILES_PER_FOLDER = 1000 };

struct TraceFiles {
    char *dir;
};

TraceFiles *trace_files_new(const char *dir, Error *err)
{
    if (g_mkdir_with_parents(dir, 0700) != 0) {
        error_errno(err, errno, "cannot make the folder of logs %s", dir);
        return NULL;
    }
    TraceFiles *files = g_new0(TraceFiles, 1);
    files->dir = g_strdup(dir);
    return files;
}

void trace_files_free(TraceFiles *files)
{
    if (!files)
        return;
    g_free(files->dir);
    g_free(files);
}

static char *folder_of(TraceFiles *files, int64_t job_id)
{
    return g_strdup_printf("%s/%" G_GINT64_FORMAT, files->dir, job_id / FILES_PER_FOLDER);
}

static char *path_of(TraceFiles *files, int64_t job_id)
{
    return g_strdup_printf("%s/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT ".log", files->dir,
                           job_id / FILES_PER_FOLDER, job_id);
}

/* A new name is on disk only once its folder is. */
static bool sync_folder(const char *path, Error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int failed = errno;

    if (fd >= 0)
        close(fd);
    return ok || error_errno(err, failed, "cannot sync %s", path);
}

static int create(TraceFiles *files, int64_t job_id, const char *path, Error *err)
{
    g_autofree char *folder = folder_of(files, job_id);
    bool is_new = g_mkdir(folder, 0700) == 0;

    if (!is_new && errno != EEXIST) {
        error_errno(err, errno, "cannot make %s", folder);
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_errno(err, errno, "cannot make %s", path);
        return -1;
    }
    if (!sync_folder(folder, err) || (is_new && !sync_folder(files->dir, err))) {
        close(fd);
        return -1;
    }
    return fd;
}

bool trace_file_open(TraceFiles *files, int64_t job_id, TraceFile *file, Error *err)
{
    g_autofree char *path = path_of(files, job_id);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        fd = create(files, job_id, path, err);
    else if (fd < 0)
        error_errno(err, errno, "cannot open %s", path);
    if (fd < 0)
        return false;
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            int failed = errno;
            close(fd);
            return error_errno(err, failed, "cannot lock %s", path);
        }
    file->fd = fd;
    return true;
}

void trace_file_close(TraceFile *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

bool trace_file_write(TraceFile *file, int64_t offset, const void *bytes, size_t n, Error *err)
{
    const char *from = bytes;
    off_t at = offset;

    if (ftruncate(file->fd, offset) != 0)
        return error_errno(err, errno, "cannot cut a log");
    while (n > 0) {
        ssize_t written = pwrite(file->fd, from, n, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return error_errno(err, errno, "cannot write a log");
        from += written;
        at += written;
        n -= (size_t)written;
    }
    return fdatasync(file->fd) == 0 || error_errno(err, errno, "cannot sync a log");
}

int trace_files_read(TraceFiles *files, int64_t job_id, Error *err)
{
    g_autofree char *path = path_of(files, job_id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        error_set(err, ERR_NO_RECORD, NULL);
    else if (fd < 0)
        error_errno(err, errno, "cannot open %s", path);
    return fd;
}

bool trace_files_remove(TraceFiles *files, int64_t job_id, Error *err)
{
    g_autofree char *path = path_of(files, job_id);

    return g_unlink(path) == 0 || errno == ENOENT ||
           error_errno(err, errno, "cannot remove %s", path);
}
