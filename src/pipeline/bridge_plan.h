/* bridge_plan.h - what a bridge asks for: where its pipeline is to run, with which variables, of
 * which files. */
#ifndef PENSTOCK_PIPELINE_BRIDGE_PLAN_H
#define PENSTOCK_PIPELINE_BRIDGE_PLAN_H

#include "access/ability.h"
#include "pipeline/variables.h"

#include <jansson.h>

/* All in one arena.  A bridge that cannot have its pipeline has a reason for that. */
typedef struct BridgePlan {
    const Site *site;
    Arena *arena;
    /* Where it stands. */
    Job bridge;
    Pipeline pipeline;
    Project project;
    const DownstreamPipeline *above; /* the bridge that started @pipeline; NULL: none did */
    User user;
    Subject subject;       /* the user beside @project */
    const json_t *trigger; /* pipeline/spec.h; NULL: it mirrors */
    const json_t *spec;
    CiVariables known; /* what it may name, resolved */
    /* Where it leads. */
    bool child;
    Project target;
    Subject there; /* the user beside @target */
    const char *ref;
    BridgeStrategy strategy;
    Variables given;
    const CiGivenInput *inputs;
    size_t n_inputs;
    const char *content; /* of a child's root file; NULL: it has its own */

    int64_t mirrored_id; /* the pipeline that it mirrors */

    const char *refusal_text; /* NULL: the reason says it all */
    FailureReason refusal;    /* FAILURE_NONE: it may have its pipeline */
} BridgePlan;

/* Reads what is known of the bridge and settles the rest.  *@is_due: false: there is nothing to
 * do, as it does not wait any more, or has its pipeline. */
bool bridge_plan(BridgePlan *plan, const Site *site, Arena *arena, int64_t job_id, bool *is_due,
                 Error *err);

#endif
