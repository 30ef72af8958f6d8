/* attempts.c - leaky buckets by name. */
#include "access/attempts.h"

#include "base/clock.h"

/* Past it, buckets that time has emptied are dropped; if none is, all: memory stays bounded. */
enum { MOST_NAMES = 10000 };

typedef struct Bucket {
    int64_t empty_us; /* when time will have emptied it; a failure adds ATTEMPT_EVERY_S */
} Bucket;

struct Attempts {
    GMutex mutex;
    GHashTable *buckets; /* char * -> Bucket * */
};

#define STEP_US (ATTEMPT_EVERY_S * US_PER_S)

Attempts *attempts_new(void)
{
    Attempts *attempts = g_new0(Attempts, 1);

    g_mutex_init(&attempts->mutex);
    attempts->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return attempts;
}

void attempts_free(Attempts *attempts)
{
    if (!attempts)
        return;
    g_hash_table_destroy(attempts->buckets);
    g_mutex_clear(&attempts->mutex);
    g_free(attempts);
}

static gboolean is_empty(gpointer key, gpointer value, gpointer now_us)
{
    return ((const Bucket *)value)->empty_us <= *(const int64_t *)now_us;
}

static Bucket *bucket_of(Attempts *attempts, const char *name, int64_t now_us)
{
    Bucket *bucket = g_hash_table_lookup(attempts->buckets, name);

    if (bucket)
        return bucket;
    if (g_hash_table_size(attempts->buckets) >= MOST_NAMES &&
        g_hash_table_foreach_remove(attempts->buckets, is_empty, &now_us) == 0)
        g_hash_table_remove_all(attempts->buckets);
    bucket = g_new0(Bucket, 1);
    g_hash_table_insert(attempts->buckets, g_strdup(name), bucket);
    return bucket;
}

int64_t attempts_begin(Attempts *attempts, const char *name, int64_t now_us)
{
    int64_t wait = 0;

    g_mutex_lock(&attempts->mutex);
    Bucket *bucket = bucket_of(attempts, name, now_us);
    int64_t full = MAX(bucket->empty_us, now_us) + STEP_US;
    int64_t most = now_us + ATTEMPTS_AT_ONCE * STEP_US;
    if (full > most)
        wait = (full - most + US_PER_S - 1) / US_PER_S;
    else
        bucket->empty_us = full;
    g_mutex_unlock(&attempts->mutex);
    return wait;
}

void attempts_succeeded(Attempts *attempts, const char *name)
{
    g_mutex_lock(&attempts->mutex);
    Bucket *bucket = g_hash_table_lookup(attempts->buckets, name);
    if (bucket)
        bucket->empty_us -= STEP_US;
    g_mutex_unlock(&attempts->mutex);
}
