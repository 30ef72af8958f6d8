/* bridge_work.h - one piece of downstream work, done to its end.
 *
 * true: the row is gone, whether there was something to do or somebody else did it.  false: our own
 * trouble (or the database's); the row is left for another attempt.  Blocks: worker threads only.
 */
#ifndef PENSTOCK_PIPELINE_BRIDGE_WORK_H
#define PENSTOCK_PIPELINE_BRIDGE_WORK_H

#include "base/site.h"
#include "store/downstream.h"

/* Makes the pipeline of a pending bridge, or fails the bridge with the reason why there is none. */
bool bridge_start(const Site *site, const DownstreamWork *work, Error *err);

/* The bridge follows the status of its pipeline. */
bool bridge_follow(const Site *site, const DownstreamWork *work, Error *err);

/* The bridge waits again for its pipeline, of which something runs again; so does the bridge above
 * it, as far as the user who acts may update these pipelines. */
bool bridge_wait_again(const Site *site, const DownstreamWork *work, Error *err);

/* The bridge's pipeline was canceled: so is what it started in its own project. */
bool bridge_cancel_child(const Site *site, const DownstreamWork *work, Error *err);

/* After too many attempts: the bridge fails. */
bool bridge_give_up(const Site *site, const DownstreamWork *work, Error *err);

/* There is nothing to do any more. */
bool bridge_end(const Site *site, const DownstreamWork *work, Error *err);

/* The bridge fails for @reason, if it still waits; @text: in words, NULL: none. */
bool bridge_refuse(const Site *site, const DownstreamWork *work, FailureReason reason,
                   const char *text, Error *err);

#endif
