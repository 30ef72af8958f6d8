/* files.h - file operations that follow no symbolic link below the folder they are given. */
#ifndef PENSTOCK_EXEC_FILES_H
#define PENSTOCK_EXEC_FILES_H

#include "base/error.h"

/* Makes @path and its parents, private to the user. */
bool files_make_dir(const char *path, Error *err);

/* Removes @path and all below it; what is absent is as good as removed. */
bool files_remove_tree(const char *path, Error *err);

/* Writes a new private file. */
bool files_write(const char *path, const char *text, Error *err);

#endif
