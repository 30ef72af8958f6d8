/* pack.c - choosing files, and libarchive to write and read them. */
#include "exec/pack.h"

#include "exec/glob.h"
#include "exec/inside.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { COPY_SIZE = 65536, MAX_DEPTH = 200 };

struct FileSet {
    char *root;
    int fd;
    GPtrArray *exclude; /* of Glob */
    GTree *files;       /* relative paths, sorted; the values are their keys */
};

/* Choosing ------------------------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b, void *data)
{
    return strcmp(a, b);
}

FileSet *file_set_new(const char *root, const char *const *exclude)
{
    FileSet *set = g_new0(FileSet, 1);

    set->root = g_strdup(root);
    set->fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    set->files = g_tree_new_full(compare_paths, NULL, g_free, NULL);
    set->exclude = g_ptr_array_new_with_free_func((GDestroyNotify)glob_free);
    for (; exclude && *exclude; exclude++) {
        Glob *glob = glob_new(*exclude);
        if (glob)
            g_ptr_array_add(set->exclude, glob);
    }
    return set;
}

void file_set_free(FileSet *set)
{
    if (!set)
        return;
    if (set->fd >= 0)
        close(set->fd);
    g_ptr_array_unref(set->exclude);
    g_tree_unref(set->files);
    g_free(set->root);
    g_free(set);
}

int file_set_count(const FileSet *set)
{
    return g_tree_nnodes(set->files);
}

static bool is_excluded(const FileSet *set, const char *path)
{
    for (guint i = 0; i < set->exclude->len; i++)
        if (glob_matches(g_ptr_array_index(set->exclude, i), path))
            return true;
    return false;
}

typedef struct Walk {
    FileSet *set;
    const Glob *glob; /* NULL: everything below */
    int found;
} Walk;

static void walk_entry(Walk *walk, int parent, const char *path, const char *name, int depth);

/* @fd is closed here. */
static void walk_dir(Walk *walk, int fd, const char *path, int depth)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir && fd >= 0)
        close(fd);
    for (struct dirent *item; dir && (item = readdir(dir));) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (!*path && strcmp(item->d_name, ".git") == 0)
            continue;
        g_autofree char *below =
            *path ? g_strdup_printf("%s/%s", path, item->d_name) : g_strdup(item->d_name);
        walk_entry(walk, fd, below, item->d_name, depth + 1);
    }
    if (dir)
        closedir(dir);
}

static void walk_entry(Walk *walk, int parent, const char *path, const char *name, int depth)
{
    const Glob *glob = walk->glob;
    bool matches = !glob || glob_matches(glob, path);
    struct stat st;

    if (depth > MAX_DEPTH || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (matches && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))) {
        walk->found++;
        if (!is_excluded(walk->set, path))
            g_tree_replace(walk->set->files, g_strdup(path), GINT_TO_POINTER(1));
    }
    if (!S_ISDIR(st.st_mode) || (!matches && !glob_may_match_below(glob, path)))
        return;
    walk->glob = matches ? NULL : glob;
    walk_dir(walk, openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path,
             depth);
    walk->glob = glob;
}

/* "./out/", "out", "/builds/.../out/" -> "out"; "" is the root itself.  NULL: it is outside. */
static char *normal_pattern(const FileSet *set, const char *pattern)
{
    size_t n = strlen(set->root);

    if (*pattern == '/') {
        if (strncmp(pattern, set->root, n) != 0 || (pattern[n] != '/' && pattern[n] != '\0'))
            return NULL;
        pattern += n;
    }
    GString *out = g_string_new(NULL);
    g_auto(GStrv) parts = g_strsplit(pattern, "/", -1);
    for (char **part = parts; *part; part++)
        if (**part && !g_str_equal(*part, "."))
            g_string_append_printf(out, "%s%s", out->len ? "/" : "", *part);
    return g_string_free(out, FALSE);
}

/* The folder that all matches are in: the parts before the first one with a special character. */
static char *fixed_parent(const char *pattern)
{
    size_t plain = strcspn(pattern, "*?[{\\");
    g_autofree char *head = g_strndup(pattern, plain);
    char *slash = strrchr(head, '/');

    return slash ? g_strndup(head, (gsize)(slash - head)) : g_strdup("");
}

int file_set_add_glob(FileSet *set, const char *pattern)
{
    g_autofree char *text = normal_pattern(set, pattern);
    g_autoptr(Glob) glob = text ? glob_new(text) : NULL;
    Walk walk = { set, glob, 0 };

    if (text && !*text) {
        walk.glob = NULL;
        walk_dir(&walk, openat(set->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0);
        return walk.found;
    }
    if (!glob)
        return -1;
    g_autofree char *parent = fixed_parent(text);
    g_autofree char *probe = g_strconcat(parent, *parent ? "/x" : "x", NULL);
    const char *leaf = NULL;
    walk_dir(&walk, inside_open_parent(set->fd, probe, false, &leaf), parent, 0);
    return walk.found;
}

void file_set_add_file(FileSet *set, const char *path)
{
    const char *leaf = NULL;
    int parent = inside_open_parent(set->fd, path, false, &leaf);
    struct stat st;

    if (parent < 0)
        return;
    if (fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) && !is_excluded(set, path))
        g_tree_replace(set->files, g_strdup(path), GINT_TO_POINTER(1));
    close(parent);
}

/* Writing -------------------------------------------------------------------------------------- */

typedef struct Writer {
    const FileSet *set;
    struct archive *out;
    struct archive_entry *entry;
    GString *notes;
    char *buffer;
    Error *err;
} Writer;

static bool writer_fails(Writer *w)
{
    return error_set(w->err, ERR_IO, "the archive cannot be written: %s",
                     archive_error_string(w->out));
}

/* Exactly the size that the header says, even if the file changed meanwhile. */
static bool write_content(Writer *w, int fd, int64_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, w->buffer, (size_t)MIN(size, COPY_SIZE));
        if (n <= 0)
            break;
        if (archive_write_data(w->out, w->buffer, (size_t)n) < 0)
            return writer_fails(w);
        size -= n;
    }
    memset(w->buffer, 0, COPY_SIZE);
    while (size > 0) {
        la_ssize_t n = archive_write_data(w->out, w->buffer, (size_t)MIN(size, COPY_SIZE));
        if (n <= 0)
            return writer_fails(w);
        size -= n;
    }
    return true;
}

static bool write_entry(Writer *w, const char *path, const struct stat *st, int fd,
                        const char *target)
{
    archive_entry_clear(w->entry);
    archive_entry_set_pathname(w->entry, path);
    archive_entry_set_filetype(w->entry, st->st_mode & S_IFMT);
    archive_entry_set_perm(w->entry, st->st_mode & 0777);
    archive_entry_set_mtime(w->entry, st->st_mtime, 0);
    if (target)
        archive_entry_set_symlink(w->entry, target);
    if (S_ISREG(st->st_mode))
        archive_entry_set_size(w->entry, st->st_size);
    if (archive_write_header(w->out, w->entry) < ARCHIVE_WARN)
        return writer_fails(w);
    return !S_ISREG(st->st_mode) || write_content(w, fd, st->st_size);
}

static bool write_link(Writer *w, const char *path, int parent, const char *leaf,
                       const struct stat *st)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(parent, leaf, target, sizeof target - 1);

    if (n < 0)
        return true;
    target[n] = '\0';
    if (!inside_link_stays(w->set->root, path, target)) {
        g_string_append_printf(w->notes, "%s: a link to outside of the project is left out\n",
                               path);
        return true;
    }
    return write_entry(w, path, st, -1, target);
}

static bool write_path(Writer *w, const char *path)
{
    const char *leaf = NULL;
    struct stat st;
    int parent = inside_open_parent(w->set->fd, path, false, &leaf);
    bool ok = true;

    if (parent < 0 || fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        g_string_append_printf(w->notes, "%s: %s\n", path, g_strerror(errno));
    } else if (S_ISLNK(st.st_mode)) {
        ok = write_link(w, path, parent, leaf, &st);
    } else if (S_ISDIR(st.st_mode)) {
        g_autofree char *name = g_strconcat(path, "/", NULL);
        ok = write_entry(w, name, &st, -1, NULL);
    } else {
        int fd = inside_open_file(w->set->fd, path);
        if (fd < 0)
            g_string_append_printf(w->notes, "%s: %s\n", path, g_strerror(errno));
        else
            ok = write_entry(w, path, &st, fd, NULL);
        if (fd >= 0)
            close(fd);
    }
    if (parent >= 0)
        close(parent);
    return ok;
}

/* libarchive turns names by the thread's locale; ours are bytes that are nearly always UTF-8. */
static locale_t use_utf8(void)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

    return utf8 ? uselocale(utf8) : (locale_t)0;
}

static void restore_locale(locale_t before)
{
    if (!before)
        return;
    locale_t utf8 = uselocale(before);
    freelocale(utf8);
}

bool archive_write_zip(const FileSet *set, const char *path, GString *notes, Error *err)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    locale_t before = use_utf8();
    Writer w = { set, archive_write_new(), archive_entry_new(), notes, buffer, err };
    bool ok = archive_write_set_format_zip(w.out) == ARCHIVE_OK &&
              archive_write_open_filename(w.out, path) == ARCHIVE_OK;

    if (!ok)
        writer_fails(&w);
    for (GTreeNode *node = g_tree_node_first(set->files); ok && node; node = g_tree_node_next(node))
        ok = write_path(&w, g_tree_node_key(node));
    if (ok && archive_write_close(w.out) != ARCHIVE_OK)
        ok = writer_fails(&w);
    archive_entry_free(w.entry);
    archive_write_free(w.out);
    restore_locale(before);
    return ok;
}

/* A plain copy of @from, or one gzip member of it. */
static bool copy_plain(int from, int to, const char *path, Error *err)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);

    for (ssize_t n; (n = read(from, buffer, COPY_SIZE)) != 0;)
        if (n < 0 || write(to, buffer, (size_t)n) != n)
            return error_errno(err, errno, "%s", path);
    return true;
}

static bool copy_gzip(int from, int to, const char *path, Error *err)
{
    g_autofree unsigned char *in = g_malloc(COPY_SIZE), *out = g_malloc(COPY_SIZE);
    g_autofree char *name = g_path_get_basename(path);
    gz_header header = { .name = (Bytef *)name, .os = 255 };
    z_stream z = { 0 };
    int state = Z_OK;
    bool ok = true;

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return error_set(err, ERR_IO, "%s: the compression cannot start", path);
    deflateSetHeader(&z, &header);
    while (ok && state != Z_STREAM_END) {
        ssize_t n = z.avail_in ? (ssize_t)z.avail_in : read(from, in, COPY_SIZE);
        if (n < 0) {
            ok = error_errno(err, errno, "%s", path);
            break;
        }
        z.next_in = z.avail_in ? z.next_in : in;
        z.avail_in = (uInt)n;
        z.next_out = out;
        z.avail_out = COPY_SIZE;
        state = deflate(&z, n == 0 ? Z_FINISH : Z_NO_FLUSH);
        size_t ready = COPY_SIZE - z.avail_out;
        if (write(to, out, ready) != (ssize_t)ready)
            ok = error_errno(err, errno, "%s", path);
    }
    deflateEnd(&z);
    return ok;
}

typedef bool (*CopyFunc)(int from, int to, const char *path, Error *err);

static bool write_regular(const FileSet *set, const char *path, CopyFunc copy, Error *err)
{
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = to >= 0 || error_errno(err, errno, "%s", path);

    for (GTreeNode *node = g_tree_node_first(set->files); ok && node;
         node = g_tree_node_next(node)) {
        const char *name = g_tree_node_key(node);
        int from = inside_open_file(set->fd, name);
        if (from < 0)
            continue; /* a folder or a link */
        ok = copy(from, to, name, err);
        close(from);
    }
    if (to >= 0)
        close(to);
    return ok;
}

bool archive_write_gzip(const FileSet *set, const char *path, Error *err)
{
    return write_regular(set, path, copy_gzip, err);
}

bool archive_write_raw(const FileSet *set, const char *path, Error *err)
{
    if (file_set_count(set) > 1)
        return error_set(err, ERR_INVALID, "this type of report is one file, and %d match",
                         file_set_count(set));
    return write_regular(set, path, copy_plain, err);
}
