/* proctree.h - finding and signalling everything a process has started, by reading /proc. */
#ifndef PENSTOCK_EXEC_PROCTREE_H
#define PENSTOCK_EXEC_PROCTREE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In the environment of every process of a job's step; the value is the step's own. */
#define PROCTREE_MARK "PENSTOCK_JOB_MARK"

typedef struct ProcEntry {
    pid_t pid;
    pid_t parent;
    pid_t session;
    uint64_t started; /* clock ticks since boot: tells a reused pid apart */
    bool zombie;
} ProcEntry;

/* All processes as they are now: an array of ProcEntry. */
GArray *proctree_scan(void);

/* false: no such process. */
bool proctree_lookup(pid_t pid, ProcEntry *entry);

/* Sends @sig to all descendants of @root, and to @root itself last if @with_root.  Answers how many
 * living processes got it. */
int proctree_signal(pid_t root, int sig, bool with_root);

/* Whether the environment that @pid was started with has the mark @mark. */
bool proctree_has_mark(pid_t pid, const char *mark);

#endif
