/* oracle.h - a second, naive engine: what a small pipeline must come to, said in plain loops.
 *
 * It shares no code and no table with src/pipeline, only the names of statuses and reasons; the
 * model check plays the same steps on both and compares.  Small and slow on purpose: each status
 * is computed from scratch from a list of runs.
 */
#ifndef PENSTOCK_TESTS_MODEL_ORACLE_H
#define PENSTOCK_TESTS_MODEL_ORACLE_H

#include "base/enums.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_JOBS = 6,
    MAX_STAGES = 3,
    MAX_RUNS = 64,
    DELAY_S = 30,
    ALLOWED_EXIT_CODE = 42, /* turns allow_failure on */
    RETRIED_EXIT_CODE = 7,
};

/* Jobs are in order of stage, and a job needs only jobs before it.  Jobs of `parallel` are to the
 * engine what jobs alike in all but the name are. */
typedef struct ShapeJob {
    int stage;
    JobWhen when;
    bool allow_failure;
    bool allows_exit_code;
    bool by_needs;
    unsigned needs; /* a set of indices */
    bool bridge;
    BridgeStrategy strategy;
    bool resource; /* all of one group; no bridge has one */
    int retry_max;
    FailureReason retry_reason; /* FAILURE_NONE: any */
    bool retry_exit_code;       /* for RETRIED_EXIT_CODE instead of a reason */
} ShapeJob;

typedef struct Shape {
    int n_stages, n_jobs;
    bool cancel_on_failure;
    bool reversed; /* the engine is given the jobs last first */
    ShapeJob jobs[MAX_JOBS];
} Shape;

typedef enum StepKind {
    STEP_RUN,
    STEP_RUN_GRACEFULLY,
    STEP_SUCCEED,
    STEP_FAIL,
    STEP_CANCEL,
    STEP_FORCE_CANCEL,
    STEP_TAKE_BACK,
    STEP_DUE, /* the clock jumps to the delayed job's time */
    STEP_DUE_EARLY,
    STEP_UNSCHEDULE,
    STEP_PLAY,
    STEP_RETRY,
    STEP_RERUN, /* with what follows */
    STEP_ASSIGN_RESOURCE,
    STEP_DOWNSTREAM, /* the bridge's pipeline stands at status */
    STEP_WAIT_AGAIN,
    STEP_CANCEL_PIPELINE,
    STEP_RETRY_PIPELINE,
    N_STEP_KINDS
} StepKind;

typedef struct Step {
    StepKind kind;
    int job;
    int run; /* of the job, counted from 1; 0: the latest */
    FailureReason reason;
    int exit_code; /* -1: none */
    Status status;
} Step;

typedef struct Run {
    int job;
    int attempt; /* 0: the first */
    Status status;
    bool allow_failure;
    bool retried;
    bool enqueue_now;
    bool graceful;
    bool has_downstream;
    FailureReason failure;
    int64_t due_s;
} Run;

typedef struct Oracle {
    Shape shape;
    int64_t now_s;
    Run runs[MAX_RUNS];
    int n_runs;
    int latest[MAX_JOBS];
    Status stages[MAX_STAGES];
    Status pipeline;
    bool cancel_is_due;
} Oracle;

void oracle_start(Oracle *o, const Shape *shape);

/* The run that a step is meant for; -1: there is none. */
int oracle_target(const Oracle *o, const Step *step);

/* Whether the server could send that step at all: bridges hear of pipelines that they have, and
 * no runner has them. */
bool oracle_takes(const Oracle *o, const Step *step);

/* Steps in the wrong state change nothing. */
void oracle_step(Oracle *o, const Step *step);

#endif
