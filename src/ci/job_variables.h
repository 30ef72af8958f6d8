/* job_variables.h - the variables that a job has by being that job, as conditions see them. */
#ifndef PENSTOCK_CI_JOB_VARIABLES_H
#define PENSTOCK_CI_JOB_VARIABLES_H

#include "ci/ci.h"

/* CI_JOB_NAME, CI_JOB_NAME_SLUG, CI_JOB_STAGE. */
CiVariables job_variables(Arena *arena, const CiJob *job);

/* What the job's environment says for CI_ENVIRONMENT_NAME, _URL, _ACTION or _TIER, unexpanded; NULL:
 * nothing, or @name is another. */
const char *job_environment_variable(const CiJob *job, const char *name);

#endif
