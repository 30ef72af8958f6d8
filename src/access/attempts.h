/* attempts.h - how often somebody was wrong of late: who guesses has to wait.
 *
 * In memory, of this server.  Each name has a bucket that failures fill and time empties: one goes
 * every ATTEMPT_EVERY_S seconds.  Safe from any thread.
 */
#ifndef PENSTOCK_ACCESS_ATTEMPTS_H
#define PENSTOCK_ACCESS_ATTEMPTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { ATTEMPTS_AT_ONCE = 10, ATTEMPT_EVERY_S = 15 };

typedef struct Attempts Attempts;

Attempts *attempts_new(void);
void attempts_free(Attempts *attempts); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attempts, attempts_free)

/* Counts an attempt of @name as a failure beforehand, so that many at once are no way around it. 0: go on; else the
 * seconds to wait, and it was not counted. */
int64_t attempts_begin(Attempts *attempts, const char *name, int64_t now_us);

/* It was right after all: the count goes back by this one. */
void attempts_succeeded(Attempts *attempts, const char *name);

#endif
