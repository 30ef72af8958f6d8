/* embedded.h - keeps the embedded runner alive: a child process that outlives a crash of the server.
 *
 * Starts `penstock runner` in a session of its own, or adopts the one that an earlier server started
 * and that still holds DATA/run/runner.lock.  If it dies, what its jobs left running is killed, its jobs
 * are reported to @lost, and another is started.
 */
#ifndef PENSTOCK_EMBEDDED_H
#define PENSTOCK_EMBEDDED_H

#include "base/error.h"
#include "base/settings.h"

typedef struct Embedded Embedded;

typedef struct EmbeddedOptions {
    const Settings *settings;
    const char *program;      /* this very binary */
    const char *address_file; /* DATA/run/address */
    const char *token_file;
    void (*lost)(void *data); /* the runner died: its jobs have no runner any more */
    void *data;
} EmbeddedOptions;

/* Starts or adopts it, and a thread that watches it. */
Embedded *embedded_start(const EmbeddedOptions *options, Error *err);

/* Asks it to end (its jobs get 10 s), waits at most @grace_us, then kills it.  Frees.  Accepts NULL. */
void embedded_stop(Embedded *embedded, int64_t grace_us);

#endif
