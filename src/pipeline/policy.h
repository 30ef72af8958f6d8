/* policy.h - what the engine asks of a job beyond its columns: `retry` and the exit codes that may
 * fail, as stored in job_specs.policy and shared by the attempts of a job.
 *
 * Keys, all optional:
 *
 *     retry                      {max, always, reasons: [name], exit_codes: [int]}
 *     allow_failure_exit_codes   [int]
 *     environment                true: it has one
 */
#ifndef PENSTOCK_PIPELINE_POLICY_H
#define PENSTOCK_PIPELINE_POLICY_H

#include "base/error.h"
#include "ci/ci.h"
#include "pipeline/model.h"

/* Sets the policy of @job; its arrays stay those of the plan. */
void policy_from_plan(const CiPlannedJob *planned, EngineJob *job);

/* The stored text.  Owned by the caller; NULL: there is nothing to store. */
char *policy_to_json(const EngineJob *job);

/* Sets the policy of @job from its stored text; arrays in @arena.  ERR_INTERNAL: it is damaged. */
bool policy_from_json(Arena *arena, const char *text, EngineJob *job, Error *err);

#endif
