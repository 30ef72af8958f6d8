/* Tests of arena.c. */
#include "base/arena.h"

#include <stdint.h>

static void memory_is_zeroed_and_aligned(void)
{
    g_autoptr(Arena) arena = arena_new();

    for (size_t size = 0; size < 5000; size += 37) {
        unsigned char *p = arena_alloc(arena, size);
        g_assert_cmpint((uintptr_t)p % 16, ==, 0);
        for (size_t i = 0; i < size; i++)
            g_assert_cmpint(p[i], ==, 0);
        memset(p, 0xff, size);
    }
}

static void big_objects_leave_the_current_block_in_use(void)
{
    g_autoptr(Arena) arena = arena_new();
    char *first = arena_alloc(arena, 16);
    char *big = arena_alloc(arena, 1 << 20);
    char *second = arena_alloc(arena, 16);

    memset(big, 1, 1 << 20);
    g_assert_true(second == first + 16);
}

static void count(void *p)
{
    ++*(int *)p;
}

static void deferred_calls_run_once_at_the_end(void)
{
    Arena *arena = arena_new();
    int calls = 0;

    arena_defer(arena, count, &calls);
    arena_defer(arena, count, &calls);
    g_assert_cmpint(calls, ==, 0);
    arena_free(arena);
    g_assert_cmpint(calls, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/arena/zeroed-and-aligned", memory_is_zeroed_and_aligned);
    g_test_add_func("/base/arena/big-objects", big_objects_leave_the_current_block_in_use);
    g_test_add_func("/base/arena/deferred", deferred_calls_run_once_at_the_end);
    return g_test_run();
}
