/* artifacts.h - a job's artifacts and reports up, those of the jobs it depends on down. */
#ifndef PENSTOCK_EXEC_ARTIFACTS_H
#define PENSTOCK_EXEC_ARTIFACTS_H

#include "exec/job.h"

/* Whether artifacts_upload() would find an entry to look at. */
bool artifacts_wanted(const Job *job, bool success);

/* Uploads each entry that is for this end of the job; what matches nothing is said and passed over.
 * All entries are tried; the error is the first one's. */
bool artifacts_upload(JobRun *run, bool success, Error *err);

/* Downloads and unpacks the archives of all dependencies into the build folder. */
bool artifacts_download(JobRun *run, Error *err);

/* The files of a cache or artifact entry; owned by the caller.  Says in the log what was found. */
struct FileSet;
typedef struct ArtifactPaths {
    const char *const *paths;
    const char *const *exclude;
    bool untracked;
} ArtifactPaths;
struct FileSet *artifacts_find(JobRun *run, const ArtifactPaths *wanted);

#endif
