/* topics.c - two tables: who waits for a thing, and what someone waits for. */
#include "base/topics.h"

#include "base/names.h"

#include <glib.h>

static const char *const kinds[N_TOPIC_KINDS] = {
    [TOPIC_LOG] = "log", [TOPIC_PROJECT] = "project", [TOPIC_PIPELINE] = "pipeline"
};
static const NameTable kind_names = NAME_TABLE(kinds);

struct Topics {
    GMutex lock;
    GHashTable *waiting; /* number_of() a topic -> set: data -> TopicFunc */
    GHashTable *of_data; /* data -> number, of the key in `waiting` */
    TopicRelay relay;    /* NULL: there is nobody else */
    void *relay_data;
};

/* One number for both: ids are row numbers, far from the end of the type. */
static int64_t number_of(TopicKind kind, int64_t id)
{
    return id * N_TOPIC_KINDS + (int64_t)kind;
}

Topics *topics_new(void)
{
    Topics *topics = g_new0(Topics, 1);

    g_mutex_init(&topics->lock);
    topics->waiting = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                            (GDestroyNotify)g_hash_table_unref);
    topics->of_data = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return topics;
}

void topics_free(Topics *topics)
{
    if (!topics)
        return;
    g_hash_table_unref(topics->waiting);
    g_hash_table_unref(topics->of_data);
    g_mutex_clear(&topics->lock);
    g_free(topics);
}

/* Under the lock. */
static void forget(Topics *topics, void *data)
{
    const int64_t *number = g_hash_table_lookup(topics->of_data, data);

    if (!number)
        return;
    GHashTable *set = g_hash_table_lookup(topics->waiting, number);
    g_hash_table_remove(set, data);
    if (g_hash_table_size(set) == 0)
        g_hash_table_remove(topics->waiting, number);
    g_hash_table_remove(topics->of_data, data);
}

void topics_wait(Topics *topics, TopicKind kind, int64_t id, TopicFunc func, void *data)
{
    int64_t number = number_of(kind, id);

    g_mutex_lock(&topics->lock);
    forget(topics, data);
    GHashTable *set = g_hash_table_lookup(topics->waiting, &number);
    if (!set) {
        set = g_hash_table_new(NULL, NULL);
        g_hash_table_insert(topics->waiting, g_memdup2(&number, sizeof number), set);
    }
    g_hash_table_insert(set, data, (gpointer)func);
    g_hash_table_insert(topics->of_data, data, g_memdup2(&number, sizeof number));
    g_mutex_unlock(&topics->lock);
}

void topics_forget(Topics *topics, void *data)
{
    g_mutex_lock(&topics->lock);
    forget(topics, data);
    g_mutex_unlock(&topics->lock);
}

void topics_tell_here(Topics *topics, TopicKind kind, int64_t id)
{
    int64_t number = number_of(kind, id);
    GHashTableIter iter;
    gpointer data, func;

    g_mutex_lock(&topics->lock);
    GHashTable *set = g_hash_table_lookup(topics->waiting, &number);
    if (set) {
        g_hash_table_iter_init(&iter, set);
        while (g_hash_table_iter_next(&iter, &data, &func)) {
            ((TopicFunc)func)(data);
            g_hash_table_remove(topics->of_data, data);
        }
        g_hash_table_remove(topics->waiting, &number);
    }
    g_mutex_unlock(&topics->lock);
}

void topics_tell(Topics *topics, TopicKind kind, int64_t id)
{
    topics_tell_here(topics, kind, id);
    if (!topics->relay)
        return;
    g_autofree char *text =
        g_strdup_printf("%s %" G_GINT64_FORMAT, name_of(&kind_names, (int)kind), id);
    topics->relay(text, topics->relay_data);
}

/* Of everything. */
static void tell_all(Topics *topics)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(int64_t));
    GHashTableIter iter;
    gpointer number;

    g_mutex_lock(&topics->lock);
    g_hash_table_iter_init(&iter, topics->waiting);
    while (g_hash_table_iter_next(&iter, &number, NULL))
        g_array_append_vals(all, number, 1);
    g_mutex_unlock(&topics->lock);
    for (guint i = 0; i < all->len; i++) {
        int64_t found = g_array_index(all, int64_t, i);
        topics_tell_here(topics, (TopicKind)(found % N_TOPIC_KINDS), found / N_TOPIC_KINDS);
    }
}

bool topics_hear(Topics *topics, const char *text)
{
    if (!text) {
        tell_all(topics);
        return false;
    }
    g_auto(GStrv) words = g_strsplit(text, " ", 2);
    int kind = words[0] ? name_value(&kind_names, words[0]) : -1;

    if (kind < 0 || !words[1])
        return false;
    topics_tell_here(topics, (TopicKind)kind, g_ascii_strtoll(words[1], NULL, 10));
    return true;
}

void topics_relay(Topics *topics, TopicRelay relay, void *data)
{
    topics->relay = relay;
    topics->relay_data = data;
}
