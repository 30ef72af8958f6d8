/* Any text as a condition of a rule, and as a value to expand. */
#include "ci/ci.h"
#include "ci/expression.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every variable holds the text itself. */
static const char *lookup(void *data, const char *name)
{
    return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Arena) arena = arena_new();
    ExpressionCache *cache = expression_cache_new(arena);
    g_autofree char *text = g_strndup((const char *)data, size);
    const CiVariable given[] = { { .key = "A", .value = text }, { .key = "B", .value = text } };
    CiVariables variables = { given, G_N_ELEMENTS(given) };
    CiStrings cycle;
    int64_t seconds;

    const Expression *expression = expression_parse(cache, text);
    if (expression)
        (void)expression_holds(cache, expression, lookup, text);
    (void)ci_expand(arena, text, variables);
    (void)ci_expand_values(arena, variables, &cycle);
    (void)ci_parse_duration(text, &seconds);
    return 0;
}
