/* subject.h - the engine under the model check: its rows, as a database would have them.
 *
 * Each step loads a fresh model from the rows, does what the server does, advances, and writes back
 * only what the engine says has changed.  What must hold whatever the rules are is checked here;
 * that the rules are kept is the oracle's to say.
 */
#ifndef PENSTOCK_TESTS_MODEL_SUBJECT_H
#define PENSTOCK_TESTS_MODEL_SUBJECT_H

#include "oracle.h"

#include <glib.h>

typedef struct Row {
    int job;
    int attempt; /* 0: the first */
    Status status;
    bool allow_failure;
    bool retried;
    bool processed;
    bool enqueue_now;
    bool graceful;
    FailureReason failure;
    int exit_code; /* -1: none */
    int64_t queued_at, started_at, finished_at, scheduled_at;
    int n_starts, n_taken_back;
} Row;

typedef struct Subject {
    Shape shape;
    Row rows[MAX_RUNS];
    int n_rows;
    Status stages[MAX_STAGES];
    Status pipeline;
    int64_t started_at, finished_at, duration_s;
} Subject;

extern const char *const job_names[MAX_JOBS];
extern const char *const stage_names[MAX_STAGES];

/* false: an invariant broke; @fault says which. */
bool subject_start(Subject *s, const Shape *shape, int64_t now_s, GString *fault);
bool subject_step(Subject *s, const Step *step, int64_t now_s, GString *fault);

/* Whether the oracle came to the same; else @fault says where they differ. */
bool subject_agrees(const Subject *s, const Oracle *o, GString *fault);

#endif
