/* clock.h - time comes from here, so that tests can set it.
 *
 * A time is an int64_t of microseconds since 1970-01-01 00:00 UTC, called `..._us` or, in rows,
 * `..._at`; 0 means "never" in rows where the column may be null.
 */
#ifndef PENSTOCK_BASE_CLOCK_H
#define PENSTOCK_BASE_CLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define US_PER_S G_GINT64_CONSTANT(1000000)

typedef struct Clock Clock;
struct Clock {
    int64_t (*now_us)(Clock *clock);
    int64_t fixed_us; /* for clock_fixed() only */
};

/* The system's wall clock. */
Clock clock_system(void);

/* A clock that stands at @us until the test moves clock.fixed_us. */
Clock clock_fixed(int64_t us);

static inline int64_t clock_now(Clock *clock)
{
    return clock->now_us(clock);
}

/* "2024-05-01T10:00:00.123Z" into @buf; the form of every timestamp the API writes. */
enum { TIME_TEXT_SIZE = 32 };
const char *time_to_text(int64_t us, char buf[TIME_TEXT_SIZE]);

/* "2024-05-01" (UTC) into @buf. */
const char *date_to_text(int64_t us, char buf[TIME_TEXT_SIZE]);

/* Reads an ISO 8601 date or time ("2024-05-01", "2024-05-01T10:00:00Z", "...+02:00", a blank in
 * place of T; without a zone it is UTC). false: not a time; @us is untouched. */
bool time_from_text(const char *text, int64_t *us);

/* Reads "YYYY-MM-DD" only, as midnight UTC. */
bool date_from_text(const char *text, int64_t *us);

#endif
