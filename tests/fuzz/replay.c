/* replay.c - gives every file of a folder to a fuzz target, once: `replay-NAME FOLDER`.
 *
 * What a fuzzer found before is thus tested by every build, without one.  The bytes stand in memory
 * of just their size, so that a sanitizer sees a read past them.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int try_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, NULL)) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    g_autofree uint8_t *bytes = g_memdup2(text, size);
    /* The last one named is the one that crashed. */
    printf("%s\n", name);
    (void)fflush(stdout);
    return LLVMFuzzerTestOneInput(bytes, size);
}

int main(int argc, char **argv)
{
    g_autoptr(GDir) dir = argc == 2 ? g_dir_open(argv[1], 0, NULL) : NULL;
    const char *name;
    int failed = 0, n = 0;

    if (!dir) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    while ((name = g_dir_read_name(dir))) {
        failed |= try_file(argv[1], name);
        n++;
    }
    return failed || n == 0;
}
