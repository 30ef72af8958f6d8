/* due.h - which ticks of a cron are due, and their time as text.  Pure. */
#ifndef PENSTOCK_SCHEDULE_DUE_H
#define PENSTOCK_SCHEDULE_DUE_H

#include "base/arena.h"
#include "schedule/cron.h"

#include <glib.h>

/* The last @max (at least 1) of the ticks from @first_us, which is one whatever @cron says, to
 * @now_us; into @ticks (of int64_t), oldest first.  @older_us: the last tick before those; 0: none.
 * Walks a small multiple of @max ticks, however many there are between. */
void due_ticks(const Cron *cron, int64_t first_us, int64_t now_us, size_t max, GArray *ticks,
               int64_t *older_us);

/* How many ticks there are from @from_us to @to_us, both included; counts no further than @at_most.
 * @first_us: the first of them, untouched where there is none. */
size_t due_count(const Cron *cron, int64_t from_us, int64_t to_us, size_t at_most,
                 int64_t *first_us);

/* "2026-11-24T01:00:00+09:00", in the zone called @zone (UTC where it is not known); in @arena. */
const char *due_text(Arena *arena, int64_t tick_us, const char *zone);

#endif
