/* auto_cancel.h - a new pipeline of a ref makes older ones redundant. */
#ifndef PENSTOCK_PIPELINE_AUTO_CANCEL_H
#define PENSTOCK_PIPELINE_AUTO_CANCEL_H

#include "base/site.h"
#include "store/pipelines.h"

/* Cancels what @pipeline, just made, makes redundant: each older pipeline of its ref by that one's
 * own workflow:auto_cancel:on_new_commit.  @head_sha: the ref's present commit, whose pipelines
 * stay.  A child pipeline makes nothing redundant.  One transaction a pipeline; errors are logged.
 * Blocks: worker threads only. */
void auto_cancel_older(const Site *site, const Pipeline *pipeline, const char *head_sha);

#endif
