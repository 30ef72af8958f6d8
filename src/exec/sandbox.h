/* sandbox.h - bubblewrap's command line for a job.
 *
 * The system is visible read-only, the job's own folders are writable at their places, the rest of
 * the machine (homes, other jobs, the server's data, /run) does not exist.
 */
#ifndef PENSTOCK_EXEC_SANDBOX_H
#define PENSTOCK_EXEC_SANDBOX_H

#include "base/error.h"

typedef struct SandboxSpec {
    const char *const *writable; /* absolute folders, NULL-terminated */
    const char *hidden_dir;      /* shown empty but for what of the above is in it; NULL: none */
    const char *cwd;
    bool network;
} SandboxSpec;

/* The command line that runs @command in the sandbox; NULL-terminated, owned by the caller.
 * NULL and ERR_UNAVAILABLE: bwrap is not installed. */
char **sandbox_argv(const SandboxSpec *spec, const char *const *command, Error *err);

#endif
