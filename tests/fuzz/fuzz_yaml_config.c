/* fuzz_yaml_config.c - any bytes as a configuration, included by itself too: no crash, no leak, no
 * endless work, and either a configuration or a message. */
#include "ci/ci.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Bytes {
    const char *data;
    size_t size;
} Bytes;

/* Every file of every project holds the same bytes. */
/* Every second input by its size. */
static bool is_offline(const Bytes *bytes)
{
    return bytes->size % 2 == 1;
}

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    const Bytes *all = data;

    file->bytes = arena_memdup(arena, all->data, all->size);
    file->size = all->size;
    if (is_offline(all) && what->project)
        return CI_FETCH_UNREACHABLE;
    return CI_FETCH_OK;
}

static CiFetchResult tree(void *data, const char *project, const char *ref, Arena *arena,
                          CiStrings *paths)
{
    static const char *const all[] = { ".gitlab-ci.yml", "a.yml", "b/c.yml", "b/d/e.txt", NULL };

    *paths = all;
    return CI_FETCH_OK;
}

static CiFetchResult changes(void *data, const char *compare_to, Arena *arena, CiStrings *paths)
{
    return tree(data, NULL, NULL, arena, paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CiLimits limits = { 1 << 16, 50, 10000, 1 << 18, 8, 100, 20, 20000 };
    static const CiVariable given[] = {
        { .key = "A", .value = "a" },
        { .key = "P", .value = "/a+/", .predefined = true },
        { .key = "CI_COMMIT_BRANCH", .value = "main", .predefined = true }
    };
    static const CiVariables variables = { given, G_N_ELEMENTS(given) };
    g_autoptr(Arena) arena = arena_new();
    Bytes bytes = { (const char *)data, size };
    CiMessages messages = { 0 };
    CiInput input = { .path = ".gitlab-ci.yml",
                      .bytes = bytes.data,
                      .size = size,
                      .variables = variables,
                      .fetch = fetch,
                      .tree = tree,
                      .changes = changes,
                      .fetch_data = &bytes,
                      .offline = is_offline(&bytes),
                      .limits = limits };
    CiRun run = { .variables = variables,
                  .limits = limits,
                  .ref = "main",
                  .project_path = "group/project",
                  .tree = tree,
                  .changes = changes,
                  .data = &bytes,
                  .explain = true };

    CiConfig *config = ci_compile(&input, arena, &messages);
    g_assert_true((config != NULL) == (messages.n == 0));
    if (config) {
        CiPlan *plan = ci_plan_run(config, &run);
        g_assert_true((plan->result == CI_PLAN_OK) == (plan->messages.n == 0));
    }
    return 0;
}
