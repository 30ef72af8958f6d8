/* match.h - which runner could run a job, and what the others lack.
 *
 * queue.h hands out; this only looks, for who asks why a job waits (pending_reason.c) and whether it
 * ever will run (stuck.c).
 */
#ifndef PENSTOCK_RUNNER_MATCH_H
#define PENSTOCK_RUNNER_MATCH_H

#include "store/projects.h"
#include "store/runners.h"

/* How far a runner comes, in the order in which it is asked. */
typedef enum Reach {
    REACH_NONE,
    REACH_PROJECT, /* it serves the project */
    REACH_TAGS,    /* ... and jobs with these tags */
    REACH_REF,     /* ... and this ref */
    REACH_ACTIVE,  /* ... and is not paused */
    REACH_ONLINE,  /* ... and has called of late */
    N_REACHES
} Reach;

/* What is to be run. */
typedef struct MatchWish {
    const Project *project;
    const char *tags; /* blank-separated */
    bool protected;   /* its ref is */
} MatchWish;

/* The runner that comes furthest, and of these the one that called last; REACH_NONE: there is none.
 * Looks at the newest @at_most (0: all). */
bool match_best(Db *db, Arena *arena, const MatchWish *wish, int64_t now_us, int64_t at_most,
                Runner *best, Reach *reach, Error *err);

#endif
