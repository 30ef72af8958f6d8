/* stuck.h - pending jobs that nobody will run.
 *
 * Without a runner that is online and could run it a job fails after the setting unmatched-pending-s,
 * any other after stuck-pending-s.
 */
#ifndef PENSTOCK_RUNNER_STUCK_H
#define PENSTOCK_RUNNER_STUCK_H

#include "base/site.h"

/* Looks through all pending jobs.  @since_us: time from before that does not count, since nobody was there to ask
 * for jobs.  Errors are logged. */
void stuck_sweep(const Site *site, int64_t since_us);

#endif
