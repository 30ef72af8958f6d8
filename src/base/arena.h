/* arena.h - memory for data that lives and dies together.
 *
 * Allocations are never freed one by one; arena_free() ends them all.  Not thread-safe: an arena
 * belongs to one request, one compile, one snapshot.  Nothing here returns NULL.
 */
#ifndef PENSTOCK_BASE_ARENA_H
#define PENSTOCK_BASE_ARENA_H

#include <glib.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_new(void);
/* For many small ones: the first block has @first bytes. */
Arena *arena_new_sized(size_t first);
void arena_free(Arena *arena);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arena, arena_free)

/* Zeroed, aligned for any type. */
void *arena_alloc(Arena *arena, size_t size) G_GNUC_MALLOC;

/* @n zeroed objects of @type. */
#define arena_new0(arena, type, n) ((type *)arena_alloc_n((arena), (n), sizeof(type)))
void *arena_alloc_n(Arena *arena, size_t n, size_t size);

/* Copies; NULL gives NULL. */
char *arena_strdup(Arena *arena, const char *s);
char *arena_strndup(Arena *arena, const char *s, size_t n);
void *arena_memdup(Arena *arena, const void *p, size_t n);
char *arena_printf(Arena *arena, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* "A:B", without the price of a format. */
char *arena_join(Arena *arena, const char *a, char between, const char *b);

/* Calls @free_func(@p) when the arena ends, for the odd object that is not the arena's own. */
void arena_defer(Arena *arena, GDestroyNotify free_func, void *p);

/* Bytes handed out so far: what a size limit is held against. */
size_t arena_used(const Arena *arena);

#endif
