/* wakeups.c - a sequence and a table of those who wait, by their data. */
#include "base/wakeups.h"

#include <glib.h>

struct Wakeups {
    GMutex lock;
    uint64_t sequence;   /* starts anywhere, so that no number means the same after a restart */
    GHashTable *waiting; /* data -> WakeFunc */
    WakeFunc relay;      /* NULL: there is nobody else */
    void *relay_data;
};

Wakeups *wakeups_new(void)
{
    Wakeups *wakeups = g_new0(Wakeups, 1);

    g_mutex_init(&wakeups->lock);
    wakeups->sequence = (uint64_t)g_random_int() << 32 | g_random_int();
    wakeups->waiting = g_hash_table_new(NULL, NULL);
    return wakeups;
}

void wakeups_free(Wakeups *wakeups)
{
    if (!wakeups)
        return;
    g_hash_table_unref(wakeups->waiting);
    g_mutex_clear(&wakeups->lock);
    g_free(wakeups);
}

uint64_t wakeups_sequence(Wakeups *wakeups)
{
    g_mutex_lock(&wakeups->lock);
    uint64_t sequence = wakeups->sequence;
    g_mutex_unlock(&wakeups->lock);
    return sequence;
}

bool wakeups_wait(Wakeups *wakeups, uint64_t sequence, WakeFunc func, void *data)
{
    g_mutex_lock(&wakeups->lock);
    bool unchanged = wakeups->sequence == sequence;
    if (unchanged)
        g_hash_table_insert(wakeups->waiting, data, (gpointer)func);
    g_mutex_unlock(&wakeups->lock);
    return unchanged;
}

void wakeups_forget(Wakeups *wakeups, void *data)
{
    g_mutex_lock(&wakeups->lock);
    g_hash_table_remove(wakeups->waiting, data);
    g_mutex_unlock(&wakeups->lock);
}

void wakeups_relay(Wakeups *wakeups, WakeFunc func, void *data)
{
    wakeups->relay = func;
    wakeups->relay_data = data;
}

void wakeups_notify(Wakeups *wakeups)
{
    wakeups_notify_here(wakeups);
    if (wakeups->relay)
        wakeups->relay(wakeups->relay_data);
}

void wakeups_notify_here(Wakeups *wakeups)
{
    GHashTableIter iter;
    gpointer data, func;

    g_mutex_lock(&wakeups->lock);
    wakeups->sequence++;
    g_hash_table_iter_init(&iter, wakeups->waiting);
    while (g_hash_table_iter_next(&iter, &data, &func))
        ((WakeFunc)func)(data);
    g_hash_table_remove_all(wakeups->waiting);
    g_mutex_unlock(&wakeups->lock);
}
