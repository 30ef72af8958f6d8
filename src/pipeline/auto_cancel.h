/* auto_cancel.h - a new pipeline of a ref makes older ones redundant.
 *
 * That there are such is written down with the new pipeline (downstream_work), so a crash right after
 * its creation loses nothing.
 */
#ifndef PENSTOCK_PIPELINE_AUTO_CANCEL_H
#define PENSTOCK_PIPELINE_AUTO_CANCEL_H

#include "base/site.h"
#include "store/downstream.h"
#include "store/pipelines.h"

/* Inside the write that makes @pipeline: DOWNSTREAM_AUTO_CANCEL, in this server's hand, where an older pipeline may
 * be redundant now; else work->id stays 0.  A child pipeline makes nothing redundant. */
bool auto_cancel_owe(Db *db, const Site *site, const Pipeline *pipeline, DownstreamWork *work,
                     Error *err);

/* Does it: cancels what the pipeline makes redundant, each older pipeline of its ref (children are such by
 * themselves) by that one's own workflow:auto_cancel:on_new_commit.  In transactions of bounded size.
 * false: something is left, and so is the row.  Blocks: worker threads only. */
bool auto_cancel_older(const Site *site, const DownstreamWork *work, Error *err);

#endif
