/* phases.h - what a confirmed job goes through: prepare, sources, cache and dependencies, script,
 * after_script, cache and artifacts. */
#ifndef PENSTOCK_EXEC_PHASES_H
#define PENSTOCK_EXEC_PHASES_H

#include "exec/job.h"

typedef enum EndKind {
    END_SUCCESS,
    END_FAILED,  /* the script */
    END_SYSTEM,  /* the runner or its surroundings */
    END_IMAGE,   /* an image could not be had */
    END_TIMEOUT, /* of the job: nothing more runs */
    END_SCRIPT_TIMEOUT,
    END_CANCELED,
    END_STOPPED, /* shutdown or abort: nothing more runs */
    N_END_KINDS
} EndKind;

typedef struct Ending {
    EndKind kind;
    int exit_code;
    char *message; /* behind "ERROR: Job failed"; NULL: the kind says it all */
} Ending;

/* Keeps the first ending that is not success.  The message is freed by whoever has the Ending. */
void end_with(Ending *ending, EndKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The failure_reason to report; NULL for success. */
const char *end_reason(EndKind kind);

/* Runs all phases; afterwards only the final state is missing. */
void phases_run(JobRun *run, Ending *ending);

#endif
