/* arena.c - a list of blocks, each four times the last up to a bound; big objects get their own.
 *
 * With that growth all blocks together are less than twice the biggest, which is what malloc() keeps
 * of freed memory without giving it back: one arena after the other meets no fresh pages. */
#include "base/arena.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, GROWTH = 4, MAX_BLOCK = 1024 * 1024, ALIGNMENT = 16 };

typedef struct Block {
    struct Block *next;
    size_t size;
    size_t used;
    /* Payload follows, kept aligned by the header's own size. */
} __attribute__((aligned(ALIGNMENT))) Block;

typedef struct Deferred {
    struct Deferred *next;
    GDestroyNotify free_func;
    void *p;
} Deferred;

struct Arena {
    Block *blocks; /* the first is the one being filled */
    Deferred *deferred;
    size_t next_size;
    size_t used;
};

static Block *block_new(size_t size)
{
    Block *block = g_malloc(sizeof(Block) + size);

    block->next = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

Arena *arena_new(void)
{
    return arena_new_sized(FIRST_BLOCK);
}

Arena *arena_new_sized(size_t first)
{
    Arena *arena = g_new0(Arena, 1);

    arena->next_size = first;
    return arena;
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    for (Deferred *d = arena->deferred; d; d = d->next)
        d->free_func(d->p);
    for (Block *block = arena->blocks; block;) {
        Block *next = block->next;
        g_free(block);
        block = next;
    }
    g_free(arena);
}

void *arena_alloc(Arena *arena, size_t size)
{
    g_assert(size <= G_MAXSIZE - ALIGNMENT);
    size_t padded = (MAX(size, 1) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    Block *block = arena->blocks;

    if (!block || block->size - block->used < padded) {
        if (padded > arena->next_size / 4 && block) {
            /* Behind the current block, so that its rest stays in use. */
            Block *own = block_new(padded);
            own->next = block->next;
            block->next = own;
            block = own;
        } else {
            Block *fresh = block_new(MAX(padded, arena->next_size));
            fresh->next = block;
            arena->blocks = block = fresh;
            arena->next_size = MIN(arena->next_size * GROWTH, (size_t)MAX_BLOCK);
        }
    }
    void *p = (char *)(block + 1) + block->used;
    block->used += padded;
    arena->used += padded;
    return memset(p, 0, padded);
}

void *arena_alloc_n(Arena *arena, size_t n, size_t size)
{
    g_assert(size == 0 || n <= (G_MAXSIZE - ALIGNMENT) / size);
    return arena_alloc(arena, n * size);
}

char *arena_strdup(Arena *arena, const char *s)
{
    return s ? arena_strndup(arena, s, strlen(s)) : NULL;
}

char *arena_strndup(Arena *arena, const char *s, size_t n)
{
    if (!s)
        return NULL;
    char *copy = arena_alloc(arena, n + 1);
    memcpy(copy, s, n);
    return copy;
}

void *arena_memdup(Arena *arena, const void *p, size_t n)
{
    return p ? memcpy(arena_alloc(arena, n), p, n) : NULL;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    char first[256]; /* most texts fit: they are formatted once and copied */
    va_list args;

    va_start(args, format);
    int n = vsnprintf(first, sizeof first, format, args);
    va_end(args);
    g_assert(n >= 0);
    if ((size_t)n < sizeof first)
        return arena_memdup(arena, first, (size_t)n + 1);
    char *text = arena_alloc(arena, (size_t)n + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

char *arena_join(Arena *arena, const char *a, char between, const char *b)
{
    size_t n_a = strlen(a);
    size_t n_b = strlen(b);
    char *text = arena_alloc(arena, n_a + 1 + n_b + 1);

    memcpy(text, a, n_a);
    text[n_a] = between;
    memcpy(text + n_a + 1, b, n_b + 1);
    return text;
}

void arena_defer(Arena *arena, GDestroyNotify free_func, void *p)
{
    Deferred *d = arena_alloc(arena, sizeof(Deferred));

    d->next = arena->deferred;
    d->free_func = free_func;
    d->p = p;
    arena->deferred = d;
}

size_t arena_used(const Arena *arena)
{
    return arena->used;
}
