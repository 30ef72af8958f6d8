/* work_tree.c - git's own list where there is one, else a walk of bounded length. */
#include "cli/work_tree.h"

#include "base/text.h"
#include "repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TRACKED = 500000, MAX_WALKED = 100000, MAX_DEPTH = 64 };

/* --- where ----------------------------------------------------------------------------------- */

void work_tree_init(WorkTree *tree, const char *file)
{
    g_autofree char *absolute = g_canonicalize_filename(file, NULL);
    g_autofree char *own = g_path_get_dirname(absolute);
    char *dir = g_strdup(own);

    *tree = (WorkTree){ 0 };
    while (!tree->root && !g_str_equal(dir, "/")) {
        g_autofree char *git = g_build_filename(dir, ".git", NULL);
        if (g_file_test(git, G_FILE_TEST_EXISTS)) {
            tree->root = g_strdup(dir);
        } else {
            char *up = g_path_get_dirname(dir);
            g_free(dir);
            dir = up;
        }
    }
    g_free(dir);
    if (!tree->root)
        tree->root = g_steal_pointer(&own);
    const char *below = absolute + strlen(tree->root);
    tree->file_path = g_strdup(*below == '/' ? below + 1 : below);
}

void work_tree_clear(WorkTree *tree)
{
    g_clear_pointer(&tree->root, g_free);
    g_clear_pointer(&tree->file_path, g_free);
}

/* --- the files ------------------------------------------------------------------------------- */

/* A walk below the root. */
typedef struct Walk {
    const char *root;
    Arena *arena;
    GPtrArray *paths;
    size_t looked_at;
} Walk;

static bool walk_folder(Walk *walk, const char *below, int depth, Error *err);

static bool walk_entry(Walk *walk, const char *path, int depth, Error *err)
{
    g_autofree char *full = g_build_filename(walk->root, path, NULL);
    struct stat status;

    if (++walk->looked_at > MAX_WALKED)
        return error_set(err, ERR_LIMIT,
                         "it is no git work tree and has more than %d files and folders",
                         MAX_WALKED);
    if (lstat(full, &status) != 0)
        return true; /* it has just gone */
    if (S_ISREG(status.st_mode))
        g_ptr_array_add(walk->paths, arena_strdup(walk->arena, path));
    return !S_ISDIR(status.st_mode) || walk_folder(walk, path, depth + 1, err);
}

/* Recursive: to MAX_DEPTH.  A folder that may not be read has no files. */
static bool walk_folder(Walk *walk, const char *below, int depth, Error *err)
{
    g_autofree char *full = g_build_filename(walk->root, below, NULL);
    g_autoptr(GDir) dir = g_dir_open(full, 0, NULL);
    const char *name;

    if (depth > MAX_DEPTH)
        return error_set(err, ERR_LIMIT, "its folders are deeper than %d", MAX_DEPTH);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = *below ? g_strconcat(below, "/", name, NULL) : g_strdup(name);
        if (!g_str_equal(name, ".git") && !walk_entry(walk, path, depth, err))
            return false;
    }
    return true;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool walk_all(const char *root, Arena *arena, const char ***paths, Error *err)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    Walk walk = { root, arena, found, 0 };

    if (!walk_folder(&walk, "", 0, err))
        return false;
    g_ptr_array_sort(found, compare_paths);
    g_ptr_array_add(found, NULL);
    *paths = arena_memdup(arena, found->pdata, found->len * sizeof(char *));
    return true;
}

CiStrings work_tree_files(WorkTree *tree, Arena *arena)
{
    g_auto(Error) err = ERROR_INIT;
    const char **paths = NULL;

    if (tree->listed)
        return tree->files;
    tree->listed = true;
    bool ok = repo_work_tree_files(tree->root, MAX_TRACKED, arena, &paths, &err);
    if (!ok && err.code == ERR_NO_RECORD) {
        error_clear(&err);
        ok = walk_all(tree->root, arena, &paths, &err);
    }
    if (ok)
        tree->files = paths;
    else
        fprintf(stderr, "penstock: the files of %s cannot be listed: %s\n", tree->root,
                error_text(&err));
    return tree->files;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static bool read_up_to(int fd, size_t max, Arena *arena, const char **bytes, size_t *size)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    guint8 chunk[16384];
    ssize_t got;

    while (all->len <= max && (got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got > 0)
            g_byte_array_append(all, chunk, (guint)got);
        else if (errno != EINTR)
            return false;
    }
    *size = MIN(all->len, max + 1);
    *bytes = arena_strndup(arena, all->data ? (const char *)all->data : "", *size);
    return true;
}

bool work_tree_read(const WorkTree *tree, const char *path, size_t max, Arena *arena,
                    const char **bytes, size_t *size)
{
    g_autofree char *full = g_build_filename(tree->root, path, NULL);
    struct stat status;

    if (!text_is_inner_path(path))
        return false;
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
              read_up_to(fd, max, arena, bytes, size);
    (void)close(fd);
    return ok;
}

bool work_tree_read_any(const char *path, size_t max, Arena *arena, const char **bytes,
                        size_t *size, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && read_up_to(fd, max, arena, bytes, size);
    int why = errno;

    if (fd >= 0)
        (void)close(fd);
    return ok || error_set(err, ERR_USAGE, "%s cannot be read: %s", path, g_strerror(why));
}
