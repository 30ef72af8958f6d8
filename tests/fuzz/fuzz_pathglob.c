/* fuzz_pathglob.c - a pattern, and after the first newline a path, each of any bytes: an answer in
 * bounded time, and a pattern without special characters matches itself alone. */
#include "ci/pathglob.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *pattern = g_strndup((const char *)data, size);
    char *path = strchr(pattern, '\n');

    if (path)
        *path++ = '\0';
    else
        path = pattern;
    const PathGlob *glob = path_glob_new(arena, pattern);
    if (!glob)
        return 0;
    bool matches = path_glob_matches(glob, path);
    if (path_glob_is_plain(pattern) && !strchr(pattern, '\\')) {
        g_assert_true(matches == g_str_equal(pattern, path));
        g_assert_true(path_glob_alternatives(glob) == 1);
    }
    return 0;
}
