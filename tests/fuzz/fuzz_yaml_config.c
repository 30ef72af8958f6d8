/* Any bytes as a configuration, included by itself too: no crash, no leak, no endless work, and
 * either a configuration or a message. */
#include "ci/ci.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Bytes {
    const char *data;
    size_t size;
} Bytes;

/* Every file of every project holds the same bytes. */
static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, const char **bytes,
                           size_t *size)
{
    const Bytes *all = data;

    *bytes = arena_memdup(arena, all->data, all->size);
    *size = all->size;
    return CI_FETCH_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CiLimits limits = { 1 << 16, 50, 10000, 1 << 18, 8, 100, 20 };
    static const CiVariable given[] = { { .key = "A", .value = "a" },
                                        { .key = "P", .value = "/a+/", .predefined = true } };
    g_autoptr(Arena) arena = arena_new();
    Bytes bytes = { (const char *)data, size };
    CiMessages messages = { 0 };
    CiInput input = { .path = ".gitlab-ci.yml",
                      .bytes = bytes.data,
                      .size = size,
                      .variables = { given, G_N_ELEMENTS(given) },
                      .fetch = fetch,
                      .fetch_data = &bytes,
                      .limits = limits };

    CiConfig *config = ci_compile(&input, arena, &messages);
    g_assert_true((config != NULL) == (messages.n == 0));
    if (config) {
        CiPlan *plan = ci_plan(config, input.variables, &limits);
        g_assert_true((plan->result == CI_PLAN_OK) == (plan->messages.n == 0));
    }
    return 0;
}
