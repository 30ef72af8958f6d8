/* cron.h - what a schedule's cron expression means.  Pure: the caller brings the time.
 *
 * The grammar is GitLab's: five fields (minute, hour, day of month, month, day of week) or six with
 * leading seconds; lists, wrapping ranges, steps, names; `L` and negative days from the month's
 * end, `mon#2` and `fri#-1` for the n-th weekday, `sun%2+1` for every other week.  Where both day
 * fields are restricted, either may match.
 *
 * Times are judged on the zone's wall clock: one that a clock change leaves out is skipped, one
 * that it repeats matches twice.
 */
#ifndef PENSTOCK_SCHEDULE_CRON_H
#define PENSTOCK_SCHEDULE_CRON_H

#include "base/error.h"

#include <stdint.h>

typedef struct Cron Cron;

/* Reads @text as of the zone called @zone (see zones.h).  Surrounding blanks are the caller's to
 * strip: a leading one is refused.  So are an expression that matches no day (31 February) and one
 * of more than 1,024 bytes.
 *
 * Owned by the caller, cron_free().  The result never changes, so threads may share it.
 * Errors: ERR_INVALID with the details "cron" and "cron_timezone", either or both. */
Cron *cron_parse(const char *text, const char *zone, Error *err);

/* Accepts NULL. */
void cron_free(Cron *cron);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cron, cron_free)

/* The first match strictly after @after_us, a whole second.
 * @next_us is untouched where the answer is false: there is none within a hundred years (a time of
 * day that clock changes always leave out), or @after_us is not within the years 1 to 9000.
 * Takes well under a microsecond for a time soon, microseconds for one years ahead. */
bool cron_next(const Cron *cron, int64_t after_us, int64_t *next_us);

#endif
