/* sweep.h - what time alone brings about: hand-outs nobody confirmed, runners that are lost, delayed
 * jobs that are due, jobs that nobody will run (stuck.h), artifacts that expire.
 */
#ifndef PENSTOCK_RUNNER_SWEEP_H
#define PENSTOCK_RUNNER_SWEEP_H

#include "base/site.h"
#include "runner/presence.h"

/* One round over all of it.  Errors are logged; the rest of the round goes on. @since_us: nothing counts as silent
 * from before that time, the start of this server.  Servers on one database do this side by side:
 * each thing is done by whoever is first, and nothing to who comes later. */
void sweep_once(const Site *site, int64_t since_us);

/* The embedded runner died: its running jobs fail, its unconfirmed hand-outs go back into the queue. */
void sweep_lost_runner(const Site *site, int64_t runner_id);

/* A thread that sweeps every second until it is stopped, and tells other servers that this one
 * lives. */
typedef struct Sweeper Sweeper;
Sweeper *sweeper_start(const Site *site, Presence *presence); /* @presence: used until the stop */
void sweeper_stop(Sweeper *sweeper);                          /* accepts NULL */

#endif
