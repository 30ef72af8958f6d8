/* template_file.c - the user's folder first, then what is in the binary. */
#include "pipeline/template_file.h"

#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* At most @max bytes; larger is a failure. */
static CiFetchResult read_all(int fd, size_t max, Arena *arena, CiFile *file)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (size_t)status.st_size > max)
        return CI_FETCH_FAILED;
    char *bytes = arena_alloc(arena, (size_t)status.st_size + 1);
    size_t n = 0;
    for (ssize_t got; n < (size_t)status.st_size; n += (size_t)got) {
        got = read(fd, bytes + n, (size_t)status.st_size - n);
        if (got <= 0)
            return CI_FETCH_FAILED;
    }
    file->bytes = bytes;
    file->size = n;
    return CI_FETCH_OK;
}

static CiFetchResult read_own(const Settings *settings, const char *name, Arena *arena,
                              CiFile *file)
{
    if (!settings->template_dir)
        return CI_FETCH_NO_FILE;
    g_autofree char *path = g_build_filename(settings->template_dir, name, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return CI_FETCH_NO_FILE;
    CiFetchResult result = read_all(fd, (size_t)settings->max_yaml_bytes, arena, file);
    (void)close(fd);
    return result;
}

CiFetchResult template_fetch(const Settings *settings, const char *name, Arena *arena, CiFile *file)
{
    if (!text_is_inner_path(name))
        return CI_FETCH_NO_FILE;
    CiFetchResult own = read_own(settings, name, arena, file);
    if (own != CI_FETCH_NO_FILE)
        return own;
    for (const TemplateFile *t = template_files; t->name; t++) {
        if (strcmp(t->name, name) != 0)
            continue;
        file->bytes = t->text;
        file->size = strlen(t->text);
        return CI_FETCH_OK;
    }
    return CI_FETCH_NO_FILE;
}
