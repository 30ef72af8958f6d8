/* job.h - one job from its confirmation to its final state. */
#ifndef PENSTOCK_EXEC_JOB_H
#define PENSTOCK_EXEC_JOB_H

#include "exec/client.h"
#include "exec/exec.h"
#include "exec/payload.h"
#include "exec/process.h"
#include "exec/trace.h"
#include "exec/vars.h"

/* What all jobs of a slot share. */
typedef struct JobContext {
    const ExecOptions *options;
    const char *work_dir;   /* absolute, no symbolic links in it */
    const char *hidden_dir; /* the same; NULL: none */
    Coordinator *server;
    Spawner *spawner;
    Client *client;   /* of the slot's thread */
    Control *control; /* of this job */
    int slot;
} JobContext;

/* Runs the payload @json and reports it; returns when nothing more is to be done for it. */
void job_run(const JobContext *context, const char *json, size_t n);

/* What phases.c, artifacts.c and cache.c share ------------------------------- */

typedef struct Containers Containers;

typedef struct JobRun {
    const JobContext *context;
    const Job *job;
    Vars *vars;
    Trace *trace;
    Client *client;    /* for transfers; ends with the job's deadline and STOP_SHUTDOWN */
    char *base_dir;    /* builds/<short token>/<slot> */
    char *build_dir;   /* the work tree */
    char *tmp_dir;     /* beside it, with two folders: */
    char *note;        /* a file that names tmp_dir, for the next start if we die */
    char *private_dir; /* the runner's: log spool, archives */
    char *script_dir;  /* visible to the scripts: their text, file variables, the sandbox's home */
    Containers *containers; /* NULL: the scripts run in the sandbox or the plain shell */
    int64_t deadline_us;
    bool script_began;
} JobRun;

typedef struct ScriptOptions {
    StopLevel stop_at;
    int64_t deadline_us;
    bool network;         /* even where the sandbox has none */
    bool plain;           /* a script of ours: no profile, and never in a container */
    ProcessOutput output; /* NULL: into the log */
    void *data;
} ScriptOptions;

/* Runs @text with bash in the executor (phases.c). */
bool job_script(JobRun *run, const char *name, const char *text, const ScriptOptions *options,
                ProcessResult *result, Error *err);

#endif
