/* log_packer.h - packs the logs of jobs that have ended, some time after their end (setting log-pack-after-s).
 *
 * Servers on one database do this side by side: a log that one is packing is passed over by the others.
 */
#ifndef PENSTOCK_RUNNER_LOG_PACKER_H
#define PENSTOCK_RUNNER_LOG_PACKER_H

#include "base/site.h"
#include "runner/trace_file.h"

/* A thread of its own, which looks every few seconds.  NULL: logs are never packed. */
typedef struct LogPacker LogPacker;
LogPacker *log_packer_start(const Site *site, TraceFiles *files);
/* Waits for the log that is being packed.  Accepts NULL. */
void log_packer_stop(LogPacker *packer);

#endif
