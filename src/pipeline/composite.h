/* composite.h - one status for many jobs.
 *
 * The statuses of the latest jobs are first gathered as a set, which is one word, so that the set
 * of all earlier stages is a running "or".  Pure.
 */
#ifndef PENSTOCK_PIPELINE_COMPOSITE_H
#define PENSTOCK_PIPELINE_COMPOSITE_H

#include "base/enums.h"

#include <stdbool.h>
#include <stdint.h>

/* Bits: one a status, and two for what allow_failure makes of some of them. */
typedef uint32_t StatusSet;

/* The element that one job adds to the set of its stage, pipeline or needs. */
StatusSet status_set_of(Status status, bool allow_failure);

/* The status of a stage or pipeline whose jobs gave @set; N_STATUS for the empty set. */
Status composite_status(StatusSet set);

/* What a job scheduled by needs sees of them: stricter, and "pending" while they are not done.
 * The empty set (it needs nothing) gives success. */
Status composite_needs_status(StatusSet set);

#endif
