/* environments.h - environments follow the jobs that deploy to them and stop them.
 *
 * Sources: GitLab's app/models/deployment.rb, environment.rb, concerns/ci/deployable.rb.
 */
#ifndef PENSTOCK_PIPELINE_ENVIRONMENTS_H
#define PENSTOCK_PIPELINE_ENVIRONMENTS_H

#include "base/site.h"
#include "ci/ci.h"
#include "pipeline/process.h"
#include "store/environments.h"
#include "store/projects.h"

/* Whether a job may have an environment of that name. */
bool environment_name_is_valid(const char *name);

/* Inside the write that has stored @job: makes the environment where there is none, and the deployment of a
 * job that deploys. */
bool environment_prepare(Db *db, Arena *arena, const Pipeline *pipeline, const Job *job,
                         const CiEnvironment *environment, Error *err);

/* Inside the write of a Process, for a job with an environment whose status changed or that is new. */
bool environment_follow(Process *p, const EngineJob *job, int64_t spec_id, Error *err);

/* Whether the job, which is about to be handed out, would bring back what is older than what stands in its
 * environment. */
bool environment_is_outdated(Db *db, Arena *arena, const Project *project, int64_t job_id,
                             bool *outdated, Error *err);

/* Stops it: by the job that the last deployment names for it, else, and with @force, at once.  What is stopped or being
 * stopped stays as it is. */
bool environment_stop(const Site *site, const Environment *environment, int64_t user_id, bool force,
                      Error *err);

/* Stops those whose time has come; for the sweeper.  Errors are logged. */
void environment_sweep(const Site *site);

#endif
