/* queue.h - which pending job a runner gets, and the hand-out as one transaction.
 *
 * A hand-out takes the attempt and stores the hash of its job token.  A runner that announces
 * two-phase commit has to confirm (the job stays pending until then); any other runs from the
 * answer on.  What is not confirmed, or could not be sent, is taken back: its token dies.
 */
#ifndef PENSTOCK_RUNNER_QUEUE_H
#define PENSTOCK_RUNNER_QUEUE_H

#include "base/site.h"
#include "store/jobs.h"
#include "store/runners.h"

/* The embedded runner is next door: it confirms at once or never. */
enum { EMBEDDED_CONFIRM_S = 5 };

typedef struct HandoutRequest {
    const Runner *runner;
    int64_t manager_id;
    bool two_phase; /* confirms */
    bool graceful;  /* can cancel gracefully */
} HandoutRequest;

typedef struct Handout {
    Job job;           /* as it stands now; in the caller's arena */
    const char *token; /* the job token, in the clear: for the payload only */
} Handout;

/* The next job that this runner may have: of the project whose fewest jobs run, and there the oldest, a minute
 * older for each point of its priority.  @found false: there is none now.  Jobs of projects
 * that run none any more fail on the way.  Blocks. */
bool queue_take(const Site *site, Arena *arena, const HandoutRequest *request, Handout *out,
                bool *found, Error *err);

/* Where a pending job stands among those of its project with the same tags. */
typedef struct QueuePlace {
    int64_t position; /* from 1; 0: it is not among the first @length */
    int64_t length;
    bool has_more; /* jobs behind the last one that was looked at */
} QueuePlace;

/* Looks at no more than @at_most jobs. */
bool queue_place(Db *db, const Job *job, int64_t at_most, QueuePlace *place, Error *err);

/* Undoes the hand-out of @job; harmless where it is over. */
bool queue_take_back(const Site *site, const Job *job, Error *err);
/* The same, only if it is still not confirmed in time. */
bool queue_take_back_unconfirmed(const Site *site, const Job *job, Error *err);

/* Whether a runner with these tags may run a job with those (both blank-separated). */
bool queue_tags_match(const char *runner_tags, bool run_untagged, const char *job_tags);

#endif
