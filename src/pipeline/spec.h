/* spec.h - what a job does, as stored in job_specs.options: JSON that the attempts of a job share.
 *
 * Written once, when the pipeline is made; read when the job is handed to a runner and when its
 * artifacts come in.  Keys (all optional but "script"):
 *
 *     before_script, script, after_script   [text]
 *     run          [step]                       in place of a script, as written
 *     hooks        {pre_get_sources_script: [text]}
 *     variables    [{key, value, file, raw}]    merged: global, workflow rule's, job's, rule's
 *     inputs       {name: {type, default, ...}} as written
 *     image        {name, entrypoint, pull_policy, executor_opts}
 *     services     [image, with command, alias, variables]
 *     cache        [{key, paths, untracked, unprotect, policy, when, fallback_keys}]
 *     artifacts    {name, paths, exclude, untracked, when, expire_in, expose_as, access,
 *                   reports: [{type, paths}]}
 *     dependencies [job]                        whose artifacts come; absent: by stages or needs
 *     environment  {name, url, action, on_stop, auto_stop_in, deployment_tier, kubernetes}, expanded
 *     resource_group, coverage, identity, manual_confirmation, publish   text, unexpanded
 *     id_tokens, secrets, release, pages, dast_configuration             as written
 *     cross_needs  [{pipeline, project, ref, job, artifacts, optional}]         unexpanded
 *     mirror       text                         the project whose pipeline it shows, unexpanded
 *     trigger      {project, branch, strategy, inputs, forward_yaml_variables,
 *                   forward_pipeline_variables,
 *                   includes: [{kind, location, project, ref, job, inputs}]}   unexpanded
 */
#ifndef PENSTOCK_PIPELINE_SPEC_H
#define PENSTOCK_PIPELINE_SPEC_H

#include "base/json.h"
#include "ci/ci.h"

/* Finds the keys of caches that are named by files of the repository. */
typedef struct SpecKeys {
    /* @index: of the cache in its job.  The answer lives as long as @data. */
    const char *(*find)(void *data, const CiCache *cache, size_t index);
    void *data;
} SpecKeys;

/* The stored text of @planned; @keys NULL: without a repository no such file exists.  Owned by the
 * caller. */
char *spec_to_json(const CiPlannedJob *planned, const SpecKeys *keys);

/* ERR_INTERNAL: the stored text is damaged.  Owned by the caller, json_decref(). */
json_t *spec_from_json(const char *text, Error *err);

#endif
