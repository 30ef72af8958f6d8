/* wakeups.h - tells those who wait that there is work.
 *
 * A waiter reads the sequence, looks for work, and if there is none waits with that sequence: if a
 * notify came in between, it is told to look again instead of being put to sleep.  Safe from any
 * thread.  In memory; a relay tells other processes, and what they tell comes in as
 * wakeups_notify_here().
 */
#ifndef PENSTOCK_BASE_WAKEUPS_H
#define PENSTOCK_BASE_WAKEUPS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Wakeups Wakeups;

/* Must be short and must not call back into Wakeups: it runs under its lock. */
typedef void (*WakeFunc)(void *data);

Wakeups *wakeups_new(void);
void wakeups_free(Wakeups *wakeups);

uint64_t wakeups_sequence(Wakeups *wakeups);

/* Registers one call of @func(@data) at the next notify.  false: there was one since @sequence was
 * read; nothing is registered. */
bool wakeups_wait(Wakeups *wakeups, uint64_t sequence, WakeFunc func, void *data);

/* Forgets all of @data's registrations.  After it, no call for @data is under way. */
void wakeups_forget(Wakeups *wakeups, void *data);

/* Calls and forgets all who wait, then the relay. */
void wakeups_notify(Wakeups *wakeups);

/* The same without the relay: the news came from another process. */
void wakeups_notify_here(Wakeups *wakeups);

/* @func(@data) passes a notify on to other processes.  Set before other threads use @wakeups. */
void wakeups_relay(Wakeups *wakeups, WakeFunc func, void *data);

#endif
