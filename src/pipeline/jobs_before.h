/* jobs_before.h - the jobs that hand something on to a job: files, and variables of dotenv reports. */
#ifndef PENSTOCK_PIPELINE_JOBS_BEFORE_H
#define PENSTOCK_PIPELINE_JOBS_BEFORE_H

#include "store/jobs.h"

#include <jansson.h>

/* Of a job (or bridge) with needs: those of the same pipeline that it wants artifacts of.  Of any other: all of
 * earlier stages.  Of these the completed ones that the keyword `dependencies` of @spec names, if it is there; by id. */
bool jobs_before(Db *db, Arena *arena, const Job *job, const json_t *spec, Job **jobs, size_t *n,
                 Error *err);

#endif
