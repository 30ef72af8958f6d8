/* ticker.h - fires schedules: looks every second for those that are due.
 *
 * A due tick is recorded first, in the transaction that moves the schedule on; its row is unique, so a tick is fired
 * once whatever happens.  Then its pipeline is made on a thread of the ticker's pool, and the tick settled in the
 * pipeline's own transaction.  A tick that a crash or some trouble of ours left open is taken up again:
 * at the next start, or some seconds later by any server.  Settling is conditional, so that a tick
 * that two servers fire makes one pipeline.
 */
#ifndef PENSTOCK_SCHEDULE_TICKER_H
#define PENSTOCK_SCHEDULE_TICKER_H

#include "base/site.h"

typedef struct Ticker Ticker;

/* Takes up open ticks and starts the thread. */
Ticker *ticker_start(const Site *site);
/* Accepts NULL.  Pipelines that are being made are finished first; ticks whose turn has not come stay
 * open, for the next start or another server. */
void ticker_stop(Ticker *ticker);

/* Records what is due now and makes its pipelines, all on the calling thread: the body of a round, for tests. */
bool ticker_round(const Site *site, Error *err);

#endif
