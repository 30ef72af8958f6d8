/* trace.h - a job's log on its way to the server, and the job's final state behind it.
 *
 * What is written is masked and appended to a spool file; a thread of its own sends it, so a server
 * that is slow or away never stops the job.  The same thread keeps the job alive and hears when it
 * is canceled: then it raises the job's Control.
 */
#ifndef PENSTOCK_EXEC_TRACE_H
#define PENSTOCK_EXEC_TRACE_H

#include "exec/client.h"
#include "exec/control.h"

typedef struct Trace Trace;

typedef struct TraceSpec {
    int64_t job_id;
    const char *token;
    const char *spool; /* the file, made anew */
    bool debug;
    bool timestamps; /* in the form of stamp.h */
    Control *control;
} TraceSpec;

/* ERR_IO: the spool cannot be made. */
Trace *trace_new(Coordinator *server, const TraceSpec *spec, Error *err);

/* Gives up what is not sent yet, if trace_finish() was not called. */
void trace_free(Trace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)

/* From here on, see mask.h. */
void trace_mask(Trace *trace, const char *value);
void trace_mask_prefix(Trace *trace, const char *prefix);
void trace_mask_parameter(Trace *trace, const char *name);

/* Of the job's thread only: output of a script, words of the runner. */
void trace_write(Trace *trace, const char *bytes, size_t n);
void trace_printf(Trace *trace, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The end of a step's output: nothing that is held back for masking can go on. */
void trace_flush(Trace *trace);

typedef struct Outcome {
    bool success;
    const char *failure_reason; /* NULL with success */
    int exit_code;
} Outcome;

/* Sends the rest of the log and the final state; returns when the server has both, wants neither, or
 * the Control says STOP_ABORT, or a few seconds after STOP_SHUTDOWN. */
void trace_finish(Trace *trace, const Outcome *outcome);

#endif
