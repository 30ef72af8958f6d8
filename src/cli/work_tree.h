/* work_tree.h - the folder that a file is checked in: its files, and their bytes. */
#ifndef PENSTOCK_CLI_WORK_TREE_H
#define PENSTOCK_CLI_WORK_TREE_H

#include "ci/ci.h"

/* All paths are relative to it and have no leading "/". */
typedef struct WorkTree {
    char *root;      /* the nearest folder above the file that holds a .git, else the file's own */
    char *file_path; /* of the file */
    bool listed;     /* @files was asked for */
    CiStrings files; /* NULL with @listed: they cannot be listed */
} WorkTree;

void work_tree_init(WorkTree *tree, const char *file);
void work_tree_clear(WorkTree *tree);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WorkTree, work_tree_clear)

/* Its files, in @arena, sorted.  In a git work tree those that a commit of all would hold: tracked
 * and untracked, not ignored.  Else all below the folder.  NULL, once with a message on stderr: they
 * are too many, or cannot be read. */
CiStrings work_tree_files(WorkTree *tree, Arena *arena);

/* The bytes of a file, of a larger one @max + 1.  Symlinks and what is no regular file: false. */
bool work_tree_read(const WorkTree *tree, const char *path, size_t max, Arena *arena,
                    const char **bytes, size_t *size);

/* As work_tree_read(), of any file that can be read, also a pipe; false: @err. */
bool work_tree_read_any(const char *path, size_t max, Arena *arena, const char **bytes,
                        size_t *size, Error *err);

#endif
