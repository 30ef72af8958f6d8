/* parent_artifact.h - files of child pipelines that a job of the parent pipeline has made. */
#ifndef PENSTOCK_PIPELINE_PARENT_ARTIFACT_H
#define PENSTOCK_PIPELINE_PARENT_ARTIFACT_H

#include "base/site.h"
#include "ci/ci.h"
#include "store/pipelines.h"

/* Reads what->path out of the archive of the latest run of what->job in @parent: no more of it than
 * the compiler takes and a byte, so that it is the one to refuse.  Blocks on the disk. */
CiFetchResult parent_artifact_fetch(const Site *site, const Pipeline *parent, const CiFetch *what,
                                    Arena *arena, CiFile *file);

#endif
