/* cancel_parts.h - the cancel of a pipeline, however large, in transactions of bounded size.
 *
 * The last jobs come first: nothing that is still to be canceled can be set off by what has been.  As
 * long as jobs are left a row of downstream_work says so, so a crash between two parts ends the cancel
 * later, not never.
 */
#ifndef PENSTOCK_PIPELINE_CANCEL_PARTS_H
#define PENSTOCK_PIPELINE_CANCEL_PARTS_H

#include "pipeline/process.h"
#include "store/downstream.h"

/* Jobs of one transaction. */
enum { CANCEL_AT_ONCE = 500 };

/* The first part, inside a write.  The rest, if there is one, is left to the bridges.  *@canceled (may be
 * NULL): how many jobs were. */
bool cancel_first_part(Process *p, int *canceled, Error *err);

/* The whole pipeline, with what its child pipelines owe it.  Blocks: worker threads only. */
bool cancel_all_parts(const Site *site, int64_t pipeline_id, Error *err);

/* DOWNSTREAM_CANCEL_REST: goes on, and ends the row of @work. */
bool cancel_rest(const Site *site, const DownstreamWork *work, Error *err);

#endif
