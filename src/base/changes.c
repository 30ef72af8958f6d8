/* changes.c - a ring of the last changes. */
#include "base/changes.h"

#include <glib.h>
#include <stdio.h>

struct Changes {
    Topics *topics;
    char *epoch;
    GMutex lock;
    Change ring[CHANGES_KEPT];
    int64_t next;  /* number of the next one; its place is that modulo CHANGES_KEPT */
    int64_t first; /* of those that are kept without a gap */
    TopicRelay relay;
    void *relay_data;
};

Changes *changes_new(Topics *topics, const char *epoch)
{
    Changes *changes = g_new0(Changes, 1);

    changes->topics = topics;
    changes->epoch = g_strdup(epoch);
    g_mutex_init(&changes->lock);
    return changes;
}

void changes_free(Changes *changes)
{
    if (!changes)
        return;
    g_mutex_clear(&changes->lock);
    g_free(changes->epoch);
    g_free(changes);
}

static void note_here(Changes *changes, const Change *change)
{
    g_mutex_lock(&changes->lock);
    changes->ring[changes->next % CHANGES_KEPT] = *change;
    changes->next++;
    changes->first = MAX(changes->first, changes->next - CHANGES_KEPT);
    g_mutex_unlock(&changes->lock);
    topics_tell_here(changes->topics, TOPIC_PIPELINE, change->pipeline_id);
    topics_tell_here(changes->topics, TOPIC_PROJECT, change->project_id);
    topics_tell_here(changes->topics, TOPIC_PROJECT, 0);
}

void changes_note(Changes *changes, int64_t project_id, int64_t pipeline_id)
{
    const Change change = { project_id, pipeline_id };

    if (!changes)
        return;
    note_here(changes, &change);
    if (!changes->relay)
        return;
    g_autofree char *text =
        g_strdup_printf("change %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, project_id, pipeline_id);
    changes->relay(text, changes->relay_data);
}

int64_t changes_cursor(Changes *changes)
{
    g_mutex_lock(&changes->lock);
    int64_t next = changes->next;
    g_mutex_unlock(&changes->lock);
    return next;
}

bool changes_read(Changes *changes, int64_t *cursor, Change *out, size_t room, size_t *n)
{
    g_mutex_lock(&changes->lock);
    bool kept = *cursor >= changes->first && *cursor <= changes->next;
    *n = 0;
    if (!kept)
        *cursor = changes->next;
    while (*n < room && *cursor < changes->next)
        out[(*n)++] = changes->ring[(*cursor)++ % CHANGES_KEPT];
    g_mutex_unlock(&changes->lock);
    return kept;
}

char *changes_cursor_text(const Changes *changes, int64_t cursor)
{
    return g_strdup_printf("%s-%" G_GINT64_FORMAT, changes->epoch, cursor);
}

bool changes_cursor_from_text(Changes *changes, const char *text, int64_t *cursor)
{
    g_auto(GStrv) parts = g_strsplit(text, "-", 2);
    guint64 number;

    if (!parts[0] || !parts[1] || !g_str_equal(parts[0], changes->epoch) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXINT64, &number, NULL))
        return false;
    *cursor = (int64_t)number;
    return true;
}

bool changes_hear(Changes *changes, const char *text)
{
    Change change;

    if (!text) { /* topics_hear() calls who waits */
        g_mutex_lock(&changes->lock);
        changes->next++;
        changes->first = changes->next;
        g_mutex_unlock(&changes->lock);
        return false;
    }
    if (sscanf(text, "change %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &change.project_id,
               &change.pipeline_id) != 2)
        return false;
    note_here(changes, &change);
    return true;
}

void changes_relay(Changes *changes, TopicRelay relay, void *data)
{
    changes->relay = relay;
    changes->relay_data = data;
}
