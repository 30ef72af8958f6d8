/* exec.h - the embedded runner: a client that speaks only the runner protocol.
 *
 * It asks a coordinator for jobs, runs their scripts in a sandbox (bubblewrap) or in a plain shell,
 * and reports log, artifacts and final state.  It shares no code with the server but base/, so a
 * crash of one leaves the other whole.
 */
#ifndef PENSTOCK_EXEC_EXEC_H
#define PENSTOCK_EXEC_EXEC_H

#include "base/error.h"

#include <stdint.h>

typedef struct ExecOptions {
    const char *url; /* of the coordinator; NULL: only the address file says */
    const char
        *address_file;     /* a URL or ADDR:PORT, read again while the server is away; NULL: none */
    const char *token;     /* the runner's authentication token */
    const char *work_dir;  /* builds, caches, temporary files; made if absent */
    const char *lock_file; /* held while the runner lives, contains its pid; NULL: none */
    const char
        *hidden_dir;   /* invisible in the sandbox, though work_dir may lie inside; NULL: none */
    int slots;         /* jobs at the same time */
    bool sandbox;      /* false: plain shell */
    bool podman;       /* jobs that name an image run in containers; only with sandbox */
    bool no_network;   /* scripts in the sandbox have only a loopback device */
    bool ignore_image; /* run jobs that name an image or services without them */
    int64_t orphan_s;  /* without a server for so long: kill the jobs and end; 0: never */
    const char *name;  /* shown in logs */
    const char *system_id; /* "r_" + 12 letters or digits; NULL: made once, kept in work_dir */
} ExecOptions;

/* Runs until SIGTERM or SIGINT (true), or until no server was there for orphan_s (true, after a log
 * line).  On a signal no new job is taken; running ones get SIGTERM, 8 s later SIGKILL, and are
 * reported as runner_system_failure.  Takes over the signal handling of the calling process.
 * Errors: ERR_USAGE (bad options), ERR_CONFLICT (the lock is held), ERR_IO, ERR_UNAVAILABLE (no
 * working sandbox). */
bool exec_run(const ExecOptions *options, Error *err);

/* "shell", "sandbox" or "podman". */
const char *exec_executor_name(const ExecOptions *options);

/* Whether bubblewrap works on this machine; the message says why not and what to do. */
bool exec_sandbox_check(Error *err);

/* Whether podman works on this machine; the message says why not. */
bool exec_podman_check(Error *err);

/* Kills what jobs of a runner that died have left behind under @work_dir.  Only to be called while
 * no runner works there. */
void exec_kill_leftovers(const char *work_dir);

#endif
