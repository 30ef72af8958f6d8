/* statement_cache.c - a hash of texts, a list by last use, and a shortcut by address. */
#include "db/statement_cache.h"

#include <stdint.h>
#include <string.h>

enum { MAX_KEPT = 192, N_SLOTS = 256 };

struct StatementCache {
    void (*drop)(CachedStatement *statement, void *data);
    void *data;
    GHashTable *by_sql; /* text -> CachedStatement */
    GQueue by_use;      /* links inside the statements, the latest used first */
    /* By the address of the text, to spare hashing a long one; a hit is compared, since an address
     * on the heap may come back with another text. */
    CachedStatement *slots[N_SLOTS];
};

StatementCache *statement_cache_new(void (*drop)(CachedStatement *statement, void *data),
                                    void *data)
{
    StatementCache *cache = g_new0(StatementCache, 1);

    cache->drop = drop;
    cache->data = data;
    cache->by_sql = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&cache->by_use);
    return cache;
}

/* Not in the list any more. */
static void drop_one(StatementCache *cache, CachedStatement *statement)
{
    char *sql = statement->sql;

    g_hash_table_remove(cache->by_sql, sql);
    cache->drop(statement, cache->data);
    g_free(sql);
}

void statement_cache_free(StatementCache *cache)
{
    if (!cache)
        return;
    for (GList *l; (l = g_queue_pop_head_link(&cache->by_use)) != NULL;)
        drop_one(cache, l->data);
    g_hash_table_unref(cache->by_sql);
    g_free(cache);
}

static CachedStatement **slot_of(StatementCache *cache, const char *sql)
{
    return &cache->slots[((uintptr_t)sql >> 3) % N_SLOTS];
}

static void drop_least_used(StatementCache *cache)
{
    for (GList *l = cache->by_use.tail; l; l = l->prev) {
        CachedStatement *oldest = l->data;
        if (oldest->in_use)
            continue;
        for (size_t i = 0; i < N_SLOTS; i++) {
            if (cache->slots[i] == oldest)
                cache->slots[i] = NULL;
        }
        g_queue_unlink(&cache->by_use, l);
        drop_one(cache, oldest);
        return;
    }
}

CachedStatement *statement_cache_find(StatementCache *cache, const char *sql)
{
    CachedStatement **slot = slot_of(cache, sql);
    CachedStatement *statement = *slot;

    if (!statement || strcmp(statement->sql, sql) != 0) {
        statement = g_hash_table_lookup(cache->by_sql, sql);
        if (!statement)
            return NULL;
        *slot = statement;
    }
    if (cache->by_use.head != &statement->link) {
        g_queue_unlink(&cache->by_use, &statement->link);
        g_queue_push_head_link(&cache->by_use, &statement->link);
    }
    return statement;
}

void statement_cache_add(StatementCache *cache, const char *sql, CachedStatement *statement)
{
    statement->sql = g_strdup(sql);
    statement->link.data = statement;
    if (g_hash_table_size(cache->by_sql) >= MAX_KEPT)
        drop_least_used(cache);
    g_hash_table_insert(cache->by_sql, statement->sql, statement);
    g_queue_push_head_link(&cache->by_use, &statement->link);
    *slot_of(cache, sql) = statement;
}
