/* compile.c - what compiling costs, beside libyaml's bare parse of the same bytes.
 *
 *   compile-bench parse|compile SECONDS FILE [INCLUDED...]
 *
 * Prints the runs, the seconds of processor time they took, the bytes of the files, and the bytes
 * that one compiled configuration holds.  INCLUDED are found by their last name.
 */
#include "ci/ci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

typedef struct Bytes {
    const char *name;
    char *data;
    gsize size;
} Bytes;

typedef struct Work {
    Bytes *files;
    int n;
    size_t held; /* by the last configuration */
} Work;

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    const Work *work = data;

    for (int i = 0; i < work->n; i++) {
        if (!g_str_equal(work->files[i].name, what->path))
            continue;
        file->bytes = work->files[i].data;
        file->size = work->files[i].size;
        return CI_FETCH_OK;
    }
    return CI_FETCH_NO_FILE;
}

static void compile(Work *work)
{
    const CiInput input = { .path = work->files[0].name,
                            .bytes = work->files[0].data,
                            .size = work->files[0].size,
                            .fetch = fetch,
                            .fetch_data = work };
    g_autoptr(Arena) arena = arena_new();
    CiMessages messages;

    if (!ci_compile(&input, arena, &messages)) {
        fprintf(stderr, "compile-bench: %s\n", messages.items[0].text);
        exit(1);
    }
    work->held = arena_used(arena);
}

static void parse(Work *work)
{
    for (int i = 0; i < work->n; i++) {
        yaml_parser_t parser;
        yaml_event_t event;
        bool more = true;
        if (!yaml_parser_initialize(&parser))
            exit(1);
        yaml_parser_set_input_string(&parser, (const unsigned char *)work->files[i].data,
                                     work->files[i].size);
        while (more && yaml_parser_parse(&parser, &event)) {
            more = event.type != YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
        yaml_parser_delete(&parser);
    }
}

int main(int argc, char **argv)
{
    Work work = { .n = argc - 3 };
    size_t bytes = 0;
    long runs = 0;

    if (argc < 4) {
        fprintf(stderr, "usage: %s parse|compile SECONDS FILE [INCLUDED...]\n", argv[0]);
        return 2;
    }
    void (*run)(Work *) = g_str_equal(argv[1], "parse") ? parse : compile;
    double seconds = g_ascii_strtod(argv[2], NULL), spent;
    work.files = g_new0(Bytes, work.n);
    for (int i = 0; i < work.n; i++) {
        Bytes *file = &work.files[i];
        const char *slash = strrchr(argv[i + 3], '/');
        file->name = slash ? slash + 1 : argv[i + 3];
        if (!g_file_get_contents(argv[i + 3], &file->data, &file->size, NULL))
            return 1;
        bytes += file->size;
    }
    run(&work); /* warm */
    double start = processor_seconds();
    do {
        run(&work);
        runs++;
        spent = processor_seconds() - start;
    } while (spent < seconds);
    printf("%ld %.6f %zu %zu\n", runs, spent, bytes, work.held);
    for (int i = 0; i < work.n; i++)
        g_free(work.files[i].data);
    g_free(work.files);
    return 0;
}
