/* app.h - the server as a whole: made from settings, run, taken down.  The only place that knows
 * all parts.
 */
#ifndef PENSTOCK_APP_H
#define PENSTOCK_APP_H

#include "base/error.h"
#include "base/settings.h"

/* Serves until SIGTERM or SIGINT: opens the data folder, recovers what a crash left, listens, runs the ticker,
 * the sweeper and the embedded runner.  Prints the ready line on stdout, and at first start the root token.
 * ERR_USAGE: the settings, the data folder or the address cannot be had. */
bool app_serve(const Settings *settings, Error *err);

#endif
