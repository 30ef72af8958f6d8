/* dependencies.h - whose artifacts a job starts with. */
#ifndef PENSTOCK_RUNNER_DEPENDENCIES_H
#define PENSTOCK_RUNNER_DEPENDENCIES_H

#include "runner/payload.h"

/* Of a job with needs: those that it wants artifacts of.  Of any other: all of earlier stages.  Of
 * these, the ones that left an archive. @keeps_latest: the project's setting.  @missing: one of them had an archive that has expired, or
 * was erased, so the job cannot run. */
bool dependencies_find(Db *db, Arena *arena, const Job *job, const json_t *spec, bool keeps_latest,
                       int64_t now_us, PayloadDependency **out, size_t *n, bool *missing,
                       Error *err);

#endif
