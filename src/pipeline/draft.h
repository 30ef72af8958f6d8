/* draft.h - the rows of a pipeline, made before the write that stores them.
 *
 * What costs time (JSON, sealing, sorting) is done outside the transaction; inside, each table gets
 * its rows in one go.
 */
#ifndef PENSTOCK_PIPELINE_DRAFT_H
#define PENSTOCK_PIPELINE_DRAFT_H

#include "base/site.h"
#include "ci/ci.h"
#include "pipeline/model.h"
#include "pipeline/spec.h"
#include "pipeline/variables.h"
#include "store/job_specs.h"
#include "store/jobs.h"
#include "store/pipeline_variables.h"
#include "store/pipelines.h"
#include "store/stages.h"

/* All in one arena.  Ids, and whose pipeline they are, are set when they are stored. */
typedef struct Draft {
    PipelineVariable *variables;
    size_t n_variables;
    Stage *stages;
    size_t n_stages;
    JobSpec *specs;
    Job *jobs; /* each of the spec at the same place */
    size_t n_jobs;
    JobNeed *needs;
    size_t *need_jobs; /* whose each is, by place */
    size_t n_needs;
    /* The caller's, where there are jobs: keys of their resource groups, by place (NULL: none), and
     * the mode of groups that are not there yet. */
    const char *const *resource_keys;
    ProcessMode resource_mode;
    const int *priorities;              /* the caller's, too: by place */
    const CiEnvironment **environments; /* of the jobs, by place; NULL: none */
} Draft;

/* The given variables, sealed. */
void draft_add_variables(Draft *draft, const Site *site, Arena *arena, const Variable *given,
                         size_t n);

/* Stages and jobs: @plan as @engine has settled it; @positions: of the engine's stages in the
 * configuration; @timeout_s: of jobs that name none; @keys: of caches. */
void draft_add_jobs(Draft *draft, Arena *arena, const CiPlan *plan, const EnginePipeline *engine,
                    const int *positions, int64_t timeout_s, const SpecKeys *keys);

/* Inside the write that has stored @pipeline. */
bool draft_store(Db *db, Arena *arena, Draft *draft, const Pipeline *pipeline, Error *err);

#endif
