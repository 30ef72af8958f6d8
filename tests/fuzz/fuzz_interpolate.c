/* fuzz_interpolate.c - any bytes as a text with "$[[ ]]": a text or a complaint, and a text without
 * a block stays as it is. */
#include "ci/header.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void declare(GHashTable *table, const char *name, const Node *value)
{
    g_hash_table_insert(table, (gpointer)name, (gpointer)value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CiLimits limits = { 1 << 16, 50, 10000, 1 << 18, 8, 100, 20, 20000 };
    static const CiVariable given[] = { { .key = "A", .value = "a" },
                                        { .key = "M", .value = "secret", .masked = true } };
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(GHashTable) inputs = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) component = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    const Scope scope = { arena, inputs, component, { given, G_N_ELEMENTS(given) } };
    Complaints complaints = { .arena = arena, .texts = texts };
    Node *list = node_new(arena, NODE_LIST);

    /* The text is a value too, so that functions see any bytes. */
    declare(inputs, "a",
            node_new_string(arena, arena_strndup(arena, (const char *)data, size), NULL));
    declare(inputs, "b", node_new_string(arena, "x $A ${M}, y 'z'", NULL));
    node_append(arena, list, node_new_string(arena, "one", NULL));
    declare(inputs, "l", list);
    declare(component, "name", node_new_string(arena, "part", NULL));

    size_t length = size;
    const char *text = interpolate(&scope, &limits, (const char *)data, &length, &complaints);
    g_assert_true((text != NULL) == (texts->len == 0));
    if (text && !memmem(data, size, "$[[", 3))
        g_assert_true(length == size && (size == 0 || memcmp(text, data, size) == 0));
    return 0;
}
