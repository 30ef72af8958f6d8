/* cross_dependencies.h - artifacts of other pipelines and projects that a job starts with. */
#ifndef PENSTOCK_RUNNER_CROSS_DEPENDENCIES_H
#define PENSTOCK_RUNNER_CROSS_DEPENDENCIES_H

#include "runner/payload.h"
#include "store/downstream.h"
#include "store/users.h"

typedef struct CrossLookup {
    const Site *site;
    const Project *project;
    const Pipeline *pipeline;
    const DownstreamPipeline *upstream; /* of @pipeline; NULL: no job started it */
    const User *user;                   /* of the job */
    const json_t *spec;
    CiVariables variables; /* what the needs may name, resolved */
} CrossLookup;

/* The archives of spec's cross_needs, appended to @list.  A pipeline has to be of the job's own project, and of
 * the same parents and children; of another project the newest successful pipeline of the ref counts, if
 * the user may read artifacts there.  @missing: there is no such job, or its artifacts are gone. */
bool cross_dependencies_add(Db *db, Arena *arena, const CrossLookup *in, PayloadDependency **list,
                            size_t *n, bool *missing, Error *err);

#endif
