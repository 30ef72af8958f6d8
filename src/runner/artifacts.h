/* artifacts.h - artifact files of jobs: taking them in, finding them, letting them go. */
#ifndef PENSTOCK_RUNNER_ARTIFACTS_H
#define PENSTOCK_RUNNER_ARTIFACTS_H

#include "access/ability.h"
#include "base/site.h"
#include "store/artifacts.h"
#include "store/jobs.h"

typedef struct ArtifactUpload {
    const char *type;   /* artifact_type: "archive" where absent */
    const char *format; /* "zip", "gzip", "raw" */
    const char *filename;
    const char *expire_in; /* as the job's file says; NULL: after default-artifact-days */
    int fd;                /* at offset 0 */
    int64_t size;
} ArtifactUpload;

/* Stores the file and its row; durable when it returns true.
 * Errors: ERR_BAD_REQUEST (unknown type, format or duration; a second file of that type that differs),
 * ERR_TOO_LARGE, ERR_FORBIDDEN (the attempt is over). */
bool artifact_receive(const Site *site, const Job *job, const ArtifactUpload *upload, Artifact *out,
                      Error *err);

/* The archive of @job, open for reading.  ERR_NOT_FOUND: there is none, or it has expired
 * and is not kept. */
bool artifact_open_archive(const Site *site, Arena *arena, const Job *job, Artifact *artifact,
                           int *fd, Error *err);

/* Whether @subject, who may read the job, may have the file: artifacts:access. */
bool artifact_allows(const Artifact *artifact, const Subject *subject);

/* Lets all artifacts of a project expire now; what is kept for being the newest of its ref stays. */
bool artifact_expire_project(const Site *site, int64_t project_id, Error *err);

/* Removes files and rows of a job. */
bool artifact_remove_all(const Site *site, int64_t job_id, Error *err);

/* Removes what has expired; at most @n of them. */
bool artifact_sweep(const Site *site, size_t n, Error *err);

#endif
