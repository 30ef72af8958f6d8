/* trace_file.c - files under logs/<job id / 1000>/: <job id>.log, packed <job id>.log.zst. */
#include "runner/trace_file.h"

#include "base/log.h"
#include "runner/log_pack.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What follows the job's id.  A half-packed log has one name, so that what a crash leaves is taken up again. */
static const char PLAIN[] = ".log", PACKED[] = ".log.zst", HALF_PACKED[] = ".log.zst.part";

enum { FILES_PER_FOLDER = 1000, LOCK_WAIT_S = 10, LOCK_POLL_US = 2 * 1000 };

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

static char *path_of(TraceFiles *files, int64_t job_id, const char *form)
{
    return g_strdup_printf("%s/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "%s", files->dir,
                           job_id / FILES_PER_FOLDER, job_id, form);
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

static int open_or_create(TraceFiles *files, int64_t job_id, Error *err)
{
    g_autofree char *path = path_of(files, job_id, PLAIN);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return create(files, job_id, path, err);
    if (fd < 0)
        error_errno(err, errno, "cannot open %s", path);
    return fd;
}

/* Not waited for without end: a server that is stopped, but not dead, keeps its lock, and all of
 * this one's workers would gather here. */
static bool lock(int fd, Error *err)
{
    int64_t until = g_get_monotonic_time() + LOCK_WAIT_S * G_USEC_PER_SEC;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_errno(err, errno, "cannot lock a log");
        if (g_get_monotonic_time() > until)
            return error_set(err, ERR_UNAVAILABLE, "another part of this log is being written");
        g_usleep(LOCK_POLL_US);
    }
    return true;
}

bool trace_file_open(TraceFiles *files, int64_t job_id, TraceFile *file, Error *err)
{
    struct stat info;

    for (;;) {
        int fd = open_or_create(files, job_id, err);
        if (fd < 0)
            return false;
        bool ok = lock(fd, err);
        if (ok && (fstat(fd, &info) != 0 || info.st_nlink > 0)) {
            file->fd = fd;
            return true;
        }
        close(fd);
        if (!ok)
            return false;
        /* It was removed while its lock was waited for: the next is another file. */
    }
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

void trace_file_cut(TraceFile *file, int64_t size)
{
    struct stat info;

    if (fstat(file->fd, &info) == 0 && info.st_size > size && ftruncate(file->fd, size) != 0)
        log_line(LOG_WARN, "cannot cut a log: %s", g_strerror(errno));
}

static int open_to_read(TraceFiles *files, int64_t job_id, const char *form, Error *err)
{
    g_autofree char *path = path_of(files, job_id, form);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        error_set(err, ERR_NO_RECORD, NULL);
    else if (fd < 0)
        error_errno(err, errno, "cannot open %s", path);
    return fd;
}

int trace_files_read(TraceFiles *files, int64_t job_id, Error *err)
{
    return open_to_read(files, job_id, PLAIN, err);
}

int trace_files_read_packed(TraceFiles *files, int64_t job_id, Error *err)
{
    return open_to_read(files, job_id, PACKED, err);
}

/* --- packing --------------------------------------------------------------------------------- */

/* @same: whether @path still names the file that @fd is.  It is opened, since that asks the server of a network
 * folder, too. */
static bool is_still(const char *path, int fd, bool *same, Error *err)
{
    struct stat held, named;
    int now = open(path, O_RDONLY | O_CLOEXEC);

    *same = false;
    if (now < 0)
        return errno == ENOENT || error_errno(err, errno, "cannot open %s", path);
    bool ok = fstat(now, &named) == 0 && fstat(fd, &held) == 0;
    int failed = errno;
    close(now);
    *same = ok && named.st_ino == held.st_ino && named.st_dev == held.st_dev;
    return ok || error_errno(err, failed, "cannot look at %s", path);
}

/* Who removes a log takes the plain one first and the packed one last: whichever came first here, none is
 * left. */
static bool take_place(TraceFiles *files, int64_t job_id, int plain, Error *err)
{
    g_autofree char *folder = folder_of(files, job_id);
    g_autofree char *old = path_of(files, job_id, PLAIN);
    g_autofree char *half = path_of(files, job_id, HALF_PACKED);
    g_autofree char *packed = path_of(files, job_id, PACKED);
    bool renamed = rename(half, packed) == 0;
    int failed = errno;
    bool is_there;

    if (!is_still(old, plain, &is_there, err))
        return false;
    if (!is_there)
        return g_unlink(packed) == 0 || errno == ENOENT ||
               error_errno(err, errno, "cannot remove %s", packed);
    if (!renamed)
        return error_errno(err, failed, "cannot rename %s", half);
    return sync_folder(folder, err) && (g_unlink(old) == 0 || errno == ENOENT ||
                                        error_errno(err, errno, "cannot remove %s", old));
}

/* The caller holds the lock of @plain. */
static bool pack(TraceFiles *files, int64_t job_id, int plain, int64_t size, Error *err)
{
    g_autofree char *old = path_of(files, job_id, PLAIN);
    g_autofree char *half = path_of(files, job_id, HALF_PACKED);
    bool is_there;

    if (!is_still(old, plain, &is_there, err))
        return false;
    if (!is_there) /* another one was faster, or it was removed */
        return true;
    int to = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0)
        return error_errno(err, errno, "cannot make %s", half);
    bool ok = log_pack_write(plain, size, to, err);
    close(to);
    if (!ok)
        (void)g_unlink(half); /* the disk may be full */
    return ok && take_place(files, job_id, plain, err);
}

bool trace_files_pack(TraceFiles *files, int64_t job_id, int64_t size, bool *done, Error *err)
{
    g_autofree char *path = path_of(files, job_id, PLAIN);
    int fd = open(path, O_RDWR | O_CLOEXEC); /* a network folder locks no other */

    *done = true;
    if (fd < 0)
        return errno == ENOENT || error_errno(err, errno, "cannot open %s", path);
    *done = flock(fd, LOCK_EX | LOCK_NB) == 0;
    bool ok = *done || errno == EWOULDBLOCK || error_errno(err, errno, "cannot lock %s", path);
    if (ok && *done)
        ok = pack(files, job_id, fd, size, err);
    close(fd);
    return ok;
}

/* --- the end --------------------------------------------------------------------------------- */

bool trace_files_remove(TraceFiles *files, int64_t job_id, Error *err)
{
    const char *const forms[] = { PLAIN, HALF_PACKED, PACKED }; /* take_place() relies on it */

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *path = path_of(files, job_id, forms[i]);
        if (g_unlink(path) != 0 && errno != ENOENT)
            return error_errno(err, errno, "cannot remove %s", path);
    }
    return true;
}
