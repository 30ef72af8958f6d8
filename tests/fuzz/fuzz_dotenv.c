/* fuzz_dotenv.c - a dotenv report of any bytes: keys are names, each once, within the limit. */
#include "runner/dotenv.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MAX_VARIABLES = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    DotenvPair *pairs = NULL;
    size_t n = 0;

    if (!dotenv_parse(arena, (const char *)data, size, MAX_VARIABLES, &pairs, &n, &err)) {
        g_assert(err.code == ERR_LIMIT);
        return 0;
    }
    g_assert(n <= MAX_VARIABLES);
    for (size_t i = 0; i < n; i++) {
        g_assert(*pairs[i].key && g_utf8_validate(pairs[i].value, -1, NULL));
        for (size_t k = 0; k < i; k++)
            g_assert(strcmp(pairs[i].key, pairs[k].key) != 0);
    }
    return 0;
}
