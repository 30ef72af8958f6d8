/* cache.h - folders kept from job to job on this machine: work_dir/cache/<project>/<key>.zip. */
#ifndef PENSTOCK_EXEC_CACHE_H
#define PENSTOCK_EXEC_CACHE_H

#include "exec/job.h"

/* Unpacks what is there.  A cache that is missing or damaged is said in the log and is no error. */
void cache_restore(JobRun *run);

/* Packs the entries that are for this end of the job. */
void cache_store(JobRun *run, bool success);

#endif
