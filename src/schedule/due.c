/* due.c - from a cron and a span of time to the ticks in it. */
#include "schedule/due.h"

#include "base/clock.h"
#include "schedule/zones.h"

enum { FIRST_SPAN_S = 64 };

/* All from @from_us on, of which the last @max + 1 are kept. */
static void collect(const Cron *cron, int64_t first_us, int64_t from_us, int64_t now_us, size_t max,
                    GArray *ticks)
{
    int64_t tick = from_us - 1;
    bool more = true;

    g_array_set_size(ticks, 0);
    if (from_us <= first_us)
        tick = first_us;
    else
        more = cron_next(cron, tick, &tick);
    while (more && tick <= now_us) {
        g_array_append_val(ticks, tick);
        if (ticks->len >= 2 * (max + 1))
            g_array_remove_range(ticks, 0, ticks->len - (guint)(max + 1));
        more = cron_next(cron, tick, &tick);
    }
    if (ticks->len > max + 1)
        g_array_remove_range(ticks, 0, ticks->len - (guint)(max + 1));
}

void due_ticks(const Cron *cron, int64_t first_us, int64_t now_us, size_t max, GArray *ticks,
               int64_t *older_us)
{
    int64_t span = FIRST_SPAN_S * US_PER_S, from;

    do {
        from = MAX(first_us, now_us - span);
        collect(cron, first_us, from, now_us, max, ticks);
        span *= 2;
    } while (ticks->len <= max && from > first_us);
    *older_us = 0;
    if (ticks->len > max) {
        *older_us = g_array_index(ticks, int64_t, 0);
        g_array_remove_index(ticks, 0);
    }
}

size_t due_count(const Cron *cron, int64_t from_us, int64_t to_us, size_t at_most,
                 int64_t *first_us)
{
    int64_t tick = from_us - 1;
    size_t n = 0;

    while (n < at_most && cron_next(cron, tick, &tick) && tick <= to_us)
        if (n++ == 0)
            *first_us = tick;
    return n;
}

const char *due_text(Arena *arena, int64_t tick_us, const char *zone_name)
{
    GTimeZone *zone = zone_find(zone_name);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(tick_us / US_PER_S);
    g_autoptr(GDateTime) local = zone ? g_date_time_to_timezone(utc, zone) : g_date_time_ref(utc);
    g_autofree char *text = g_date_time_format(local, "%Y-%m-%dT%H:%M:%S%:z");

    g_clear_pointer(&zone, g_time_zone_unref);
    return arena_strdup(arena, text);
}
