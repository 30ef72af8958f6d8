/* zones.h - time zones by the names that a schedule may use. */
#ifndef PENSTOCK_SCHEDULE_ZONES_H
#define PENSTOCK_SCHEDULE_ZONES_H

#include <glib.h>
#include <stdbool.h>

/* The IANA identifier behind a Rails name ("Tokyo"), or @name itself where it has the form of an
 * identifier ("Asia/Tokyo"); else NULL.  Case matters.  Does not say whether tzdata knows it.
 * Borrowed: @name or a constant. */
const char *zone_identifier(const char *name);

/* The rules of the zone called @name, or NULL where neither the Rails table nor tzdata knows it.
 * Offsets ("+05:00"), POSIX rules ("EST5EDT4") and paths are not names.  Owned by the caller,
 * g_time_zone_unref(); safe to share between threads. */
GTimeZone *zone_find(const char *name);

#endif
