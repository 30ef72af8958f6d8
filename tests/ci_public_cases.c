/* ci_public_cases.c - the public documents that the language's schema accepts or refuses:
 * `ci-public-cases FOLDER`, FOLDER/positive and FOLDER/negative.
 *
 * Each is compiled alone, as by `penstock lint` without a server.  Several that the schema accepts
 * are no pipelines: an error that says that a job has nothing to run, or that there is no visible
 * job, is none here.
 */
#include "ci/ci.h"

#include <stdio.h>
#include <string.h>

/* Where the compiler differs from the schema, as GitLab's server does; docs/ci-yaml.md says why. */
static const char *const exceptions[] = {
    "positive/include.yml",      /* `script` beside `trigger` */
    "positive/project_path.yml", /* `$.` names no project */
    "positive/trigger.yml",      /* needs a job that is not in the file */
};

/* What makes a document no pipeline, but no bad one. */
static const char *const allowed[] = {
    "config should implement the script:, run:, or trigger: keyword",
    "config should contain at least one visible job",
};

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    return CI_FETCH_UNREACHABLE;
}

static bool is_allowed(const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++) {
        if (strstr(text, allowed[i]))
            return true;
    }
    return false;
}

static bool is_exception(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(exceptions); i++) {
        if (g_str_has_suffix(path, exceptions[i]))
            return true;
    }
    return false;
}

/* Prints what is wrong. */
static bool check(const char *path, bool positive)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *bytes = NULL;
    gsize size = 0;
    CiMessages messages = { 0 };
    bool bad = false;

    if (!g_file_get_contents(path, &bytes, &size, NULL))
        return false;
    const CiInput input = {
        .path = path, .bytes = bytes, .size = size, .fetch = fetch, .offline = true
    };
    (void)ci_compile(&input, arena, &messages);
    for (size_t i = 0; i < messages.n && positive; i++) {
        if (!is_allowed(messages.items[i].text)) {
            printf("%s:%d: %s\n", path, messages.items[i].line, messages.items[i].text);
            bad = true;
        }
    }
    if (!positive && messages.n == 0) {
        printf("%s: not refused\n", path);
        bad = true;
    }
    if (bad != is_exception(path)) {
        printf("%s: %s\n", path, bad ? "FAILED" : "FAILED: it is no exception any more");
        return false;
    }
    return true;
}

/* Every file below the folder.  Recursive: as deep as the folders. */
static bool check_folder(const char *folder, bool positive, int *n)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    bool ok = true;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            ok = check_folder(path, positive, n) && ok;
        } else {
            ok = check(path, positive) && ok;
            ++*n;
        }
    }
    return ok;
}

int main(int argc, char **argv)
{
    int n_positive = 0, n_negative = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    g_autofree char *positive = g_build_filename(argv[1], "positive", NULL);
    g_autofree char *negative = g_build_filename(argv[1], "negative", NULL);
    bool ok = check_folder(positive, true, &n_positive);
    ok = check_folder(negative, false, &n_negative) && ok;
    printf("%d accepted, %d refused\n", n_positive, n_negative);
    return ok && n_positive > 0 && n_negative > 0 ? 0 : 1;
}
