/* process.h - one step of a job as a process tree: started, watched, and gone when the call returns.
 *
 * The first process leads a session of its own, is killed by the kernel if the runner dies, and
 * adopts what its descendants orphan, so the whole tree can be found below it.  Where it may be
 * found by the next runner is written to a file while it runs.
 */
#ifndef PENSTOCK_EXEC_PROCESS_H
#define PENSTOCK_EXEC_PROCESS_H

#include "base/error.h"
#include "exec/control.h"

#include <stdint.h>

typedef struct Spawner Spawner;

/* @jobs_dir: where the trees that run are noted.  Makes the calling process the one that adopts
 * orphans. */
Spawner *spawner_new(const char *jobs_dir);
void spawner_free(Spawner *spawner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spawner, spawner_free)

typedef void (*ProcessOutput)(void *data, const char *bytes, size_t n);

/* Whom SIGTERM goes to. */
typedef enum ProcessTerm {
    PROCESS_TERM_TREE,
    PROCESS_TERM_INSIDE, /* argv[0] is a sandbox: what is in it, not itself */
    PROCESS_TERM_LEADER  /* argv[0] passes it on */
} ProcessTerm;

typedef struct ProcessSpec {
    int64_t job_id;
    const char *const *argv;
    const char *const *env; /* the complete environment */
    const char *cwd;        /* NULL: the runner's */
    ProcessTerm term;
    Control *control;
    StopLevel stop_at;   /* this level and those above end the step */
    int64_t deadline_us; /* monotonic; 0: none */
    int grace_s;         /* between SIGTERM and SIGKILL */
    ProcessOutput output;
    void *data;
} ProcessSpec;

typedef enum ProcessEnd { PROCESS_EXITED, PROCESS_TIMED_OUT, PROCESS_STOPPED } ProcessEnd;

typedef struct ProcessResult {
    ProcessEnd end;
    int exit_code; /* of PROCESS_EXITED; 128 + the signal that killed it */
} ProcessResult;

/* Blocks until the process ended and its tree is gone.  @output is called on the same thread.
 * Errors: ERR_IO (it could not be started). */
bool spawner_run(Spawner *spawner, const ProcessSpec *spec, ProcessResult *result, Error *err);

/* Kills the trees that @jobs_dir names, see exec_kill_leftovers(). */
void spawner_kill_leftovers(const char *jobs_dir);

#endif
