/* job_queue.h - jobs and runners: what waits, who has what, and the signs of life. */
#ifndef PENSTOCK_STORE_JOB_QUEUE_H
#define PENSTOCK_STORE_JOB_QUEUE_H

#include "store/jobs.h"
#include "store/runners.h"

/* A pending job that nobody has, with what decides who may take it. */
typedef struct PendingJob {
    int64_t id;
    int64_t pipeline_id;
    int64_t project_id;
    int64_t user_id;  /* 0: gone */
    const char *tags; /* blank-separated, sorted */
    bool protected;   /* its pipeline's */
    bool jobs_enabled;
    bool archived;
} PendingJob;

/* The first job of each queue that @runner may serve by its kind, its projects and its access level, in the order in
 * which they are to be handed out: of the project first whose fewest jobs runners have; then by its age,
 * a minute more for each point of priority.  A queue is the pending jobs of one project with
 * the same tags, of protected or of other refs; the cost goes by their number and not by their length.
 * @passed: ids that are passed over, each between commas (",7,12,"); "": none.  The caller matches
 * tags. */
bool job_list_heads(Db *db, Arena *arena, const Runner *runner, const char *passed,
                    PendingJob **jobs, size_t *n, Error *err);

/* Where a pending job stands among those of its project with the same tags. @before: how many are
 * handed out before it; @length: how many there are.  Counts neither further than @at_most. */
bool job_queue_place(Db *db, const Job *job, int64_t at_most, int64_t *before, int64_t *length,
                     Error *err);

/* How many jobs have @status: one of pending, running, canceling, scheduled. */
bool job_count_in_flight(Db *db, Status status, int64_t *count, Error *err);

typedef struct JobHandout {
    int64_t runner_id;
    int64_t manager_id;
    const char *token_hash;
    int64_t confirm_by; /* 0: it needs no confirmation */
    int64_t timeout_s;  /* fixed from now on; 0: as it was */
    bool graceful;      /* the runner can cancel gracefully */
    int64_t updated_at;
} JobHandout;

/* Reserves a pending job for one runner. @done: false: somebody else was faster or is at it, or the
 * runner is paused or gone; nobody is waited for.  The status is left to job_update_state(), at once
 * or at the confirmation. */
bool job_hand_out(Db *db, int64_t id, const JobHandout *handout, bool *done, Error *err);
/* The runner has it. @done: false: no confirmation was waited for. */
bool job_confirm(Db *db, int64_t id, bool *done, Error *err);
/* Takes it back: no token, no runner. @done: false: that token is dead already. */
bool job_end_handout(Db *db, int64_t id, const char *token_hash, bool *done, Error *err);

/* The same, unless it was confirmed or has until later than @now_us by now. */
bool job_end_unconfirmed(Db *db, int64_t id, const char *token_hash, int64_t now_us, bool *done,
                         Error *err);

/* A sign of life from who has @token_hash; a dead token changes nothing. @confirm_by: the new end of
 * an open hand-out; a confirmed one stays confirmed. */
bool job_touch(Db *db, int64_t id, const char *token_hash, int64_t now_us, int64_t confirm_by,
               Error *err);
/* Moves the accepted end of the log from @old_size to @size, for who has @token_hash. @done: false:
 * that token is dead, or the end is elsewhere. */
bool job_move_trace_end(Db *db, int64_t id, const char *token_hash, int64_t old_size, int64_t size,
                        bool debug_trace, int64_t now_us, bool *done, Error *err);

/* Handed out, and not confirmed by @now_us. */
bool job_list_unconfirmed(Db *db, Arena *arena, int64_t now_us, int64_t limit, Job **jobs,
                          size_t *n, Error *err);
/* Running or canceling without a sign of life since @since. */
bool job_list_silent(Db *db, Arena *arena, int64_t since, int64_t limit, Job **jobs, size_t *n,
                     Error *err);
/* Running or canceling for longer than their timeout and @grace_s. */
bool job_list_overdue(Db *db, Arena *arena, int64_t now_us, int64_t grace_s, int64_t limit,
                      Job **jobs, size_t *n, Error *err);
/* Pending since before @since and handed to nobody, by id after @after_id. */
bool job_list_stuck(Db *db, Arena *arena, int64_t since, int64_t after_id, int64_t limit,
                    Job **jobs, size_t *n, Error *err);
/* Delayed jobs whose time has come. */
bool job_list_delayed_due(Db *db, Arena *arena, int64_t now_us, int64_t limit, Job **jobs,
                          size_t *n, Error *err);
/* When the next delayed job is due; 0: none waits. */
bool job_next_delayed(Db *db, int64_t *at, Error *err);
/* What a runner has: reserved, running, canceling. */
bool job_list_held_by_runner(Db *db, Arena *arena, int64_t runner_id, Job **jobs, size_t *n,
                             Error *err);

#endif
