/* stored_variables.h - the variables of instance, groups and project, and those that are stored with
 * a pipeline and its jobs, as a run gets them. */
#ifndef PENSTOCK_PIPELINE_STORED_VARIABLES_H
#define PENSTOCK_PIPELINE_STORED_VARIABLES_H

#include "pipeline/variables.h"

#include <jansson.h>

/* Adds those that some job of @project may get, each with its environment scope, for the compiler, which
 * knows the environments; else as below. */
bool variables_add_stored_scoped(Variables *list, const Site *site, Db *db, const Project *project,
                                 bool protected_ref, Error *err);

/* Adds those that a job of @project gets in @environment (expanded; NULL: it has none), the
 * weakest first.  @protected_ref: also those that only protected refs
 * get.  ERR_INTERNAL: one was sealed with another key. */
bool variables_add_stored(Variables *list, const Site *site, Db *db, const Project *project,
                          bool protected_ref, const char *environment, Error *err);

/* Adds those of the file, as the spec of a job has them, to the life of @spec. */
void variables_add_spec(Variables *list, const json_t *spec);

/* Adds what the jobs before @job (or bridge) left in dotenv reports. @spec: its own.  Errors as
 * above. */
bool variables_add_dotenv(Variables *list, const Site *site, Db *db, const Job *job,
                          const json_t *spec, Error *err);

/* Adds what people gave to the pipeline, and then to the job alone; not for service containers.
 * Errors as above. */
bool variables_add_given(Variables *list, const Site *site, Db *db, int64_t pipeline_id,
                         int64_t job_id, Error *err);

#endif
