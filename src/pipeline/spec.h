/* spec.h - what a job does, as stored in job_specs.options: JSON that the attempts of a job share.
 *
 * Written once, when the pipeline is made; read when the job is handed to a runner and when its
 * artifacts come in.  Keys (all optional but "script"):
 *
 *     before_script, script, after_script   [text]
 *     variables    [{key, value, file, raw}]    merged: global, workflow rule's, job's, rule's
 *     image        {name, entrypoint, pull_policy}
 *     artifacts    {name, paths, exclude, untracked, when, expire_in, reports: [{type, paths}]}
 */
#ifndef PENSTOCK_PIPELINE_SPEC_H
#define PENSTOCK_PIPELINE_SPEC_H

#include "base/json.h"
#include "ci/ci.h"

/* The stored text of @planned.  Owned by the caller. */
char *spec_to_json(const CiPlannedJob *planned);

/* ERR_INTERNAL: the stored text is damaged.  Owned by the caller, json_decref(). */
json_t *spec_from_json(const char *text, Error *err);

#endif
