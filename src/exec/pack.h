/* pack.h - sets of files out of a build folder into an archive, and back.
 *
 * Jobs control both the folder and the archives, so nothing here follows a symbolic link or leaves
 * the root: links that point outside are left out, with a note, in both directions.
 */
#ifndef PENSTOCK_EXEC_PACK_H
#define PENSTOCK_EXEC_PACK_H

#include "base/error.h"

typedef struct FileSet FileSet;

/* Of files below @root.  @exclude: globs, NULL-terminated. */
FileSet *file_set_new(const char *root, const char *const *exclude);
void file_set_free(FileSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileSet, file_set_free)

/* Adds what the glob matches, folders with all in them; a folder .git at the root is left out.
 * Answers how many files and folders matched, -1 for a malformed glob. */
int file_set_add_glob(FileSet *set, const char *pattern);

/* Adds one file by its relative path. */
void file_set_add_file(FileSet *set, const char *path);

int file_set_count(const FileSet *set);

/* Writes @path, a new file.  @notes: lines about what was left out. */
bool archive_write_zip(const FileSet *set, const char *path, GString *notes, Error *err);

/* One gzip member a file, one after the other. */
bool archive_write_gzip(const FileSet *set, const char *path, Error *err);

/* The one file of @set as it is.  ERR_INVALID: there are several. */
bool archive_write_raw(const FileSet *set, const char *path, Error *err);

/* Unpacks the zip (or tar, also compressed) at @path into @root, over what is there. */
bool archive_extract(const char *path, const char *root, GString *notes, Error *err);

#endif
