/* payload.h - what a runner is told about its job: the body of the 201 to POST /jobs/request.
 *
 * Keys and types are exact: a wrong type makes stock runners drop the whole answer (gitlab-runner:
 * common/spec).  Pure: all it needs is in PayloadInput.
 */
#ifndef PENSTOCK_RUNNER_PAYLOAD_H
#define PENSTOCK_RUNNER_PAYLOAD_H

#include "base/json.h"
#include "pipeline/variables.h"

/* A job whose artifacts are to be there. */
typedef struct PayloadDependency {
    int64_t job_id;
    const char *name;
    const char *filename; /* of its archive */
    int64_t size;
} PayloadDependency;

typedef struct PayloadInput {
    const Site *site;
    const Project *project;
    const Pipeline *pipeline;
    const Job *job;
    const Runner *runner;
    const json_t *spec; /* pipeline/spec.h */
    const Variables *variables;
    const PayloadDependency *dependencies;
    size_t n_dependencies;
    const char *token;
    int64_t timeout_s;
    bool ref_exists; /* the branch or tag is still there to fetch */
} PayloadInput;

void payload_write(JsonWriter *w, const PayloadInput *input);

#endif
