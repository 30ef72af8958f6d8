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

typedef struct PendingFilter {
    RunnerKind kind;      /* which projects a runner of this kind may serve: */
    int64_t runner_id;    /* RUNNER_PROJECT: those assigned to it */
    int64_t namespace_id; /* RUNNER_GROUP: those in and below it */
    int64_t project_id;   /* only of this project; 0: any */
    bool protected_only;
    int64_t after_id; /* to go on where a look ended */
    int64_t limit;
} PendingFilter;

/* Oldest first.  The caller matches tags. */
bool job_list_pending(Db *db, Arena *arena, const PendingFilter *filter, PendingJob **jobs,
                      size_t *n, Error *err);

typedef struct ProjectLoad {
    int64_t project_id;
    int64_t n;
} ProjectLoad;

/* Running jobs a project, for fair turns. */
bool job_count_running(Db *db, Arena *arena, ProjectLoad **loads, size_t *n, Error *err);

/* How many jobs have @status: one of pending, running, canceling, scheduled. */
bool job_count_in_flight(Db *db, Status status, int64_t *count, Error *err);

typedef struct HandOut {
    int64_t job_id;
    int64_t runner_id;
    int64_t manager_id;
    const char *token_hash;
    int64_t confirm_by; /* 0: it needs no confirmation */
    int64_t timeout_s;  /* fixed from now on */
    bool graceful;      /* the runner can cancel gracefully */
    int64_t now_us;
} HandOut;

/* Reserves a pending job for one runner. @done: false: somebody else was faster.  The status is
 * left to job_set_state(), at once or at the confirmation. */
bool job_hand_out(Db *db, const HandOut *out, bool *done, Error *err);
/* The runner has it. @done: false: it was taken back before. */
bool job_confirm(Db *db, int64_t id, int64_t now_us, bool *done, Error *err);
/* Ends the hand-out: no token, no runner. @token_hash: NULL: whoever has it. */
bool job_take_back(Db *db, int64_t id, const char *token_hash, int64_t now_us, bool *done,
                   Error *err);
/* Another token in the place of the old one, for an answer that is sent again. */
bool job_set_token(Db *db, int64_t id, const char *token_hash, Error *err);

/* A sign of life. */
bool job_touch(Db *db, int64_t id, int64_t now_us, Error *err);
/* Accepts log bytes from @from to @to. @done: false: @from is not where the log ends. */
bool job_set_trace_size(Db *db, int64_t id, int64_t from, int64_t to, int64_t now_us, bool *done,
                        Error *err);

/* Handed out, and not confirmed by @now_us. */
bool job_list_unconfirmed(Db *db, Arena *arena, int64_t now_us, int64_t limit, Job **jobs,
                          size_t *n, Error *err);
/* Running or canceling without a sign of life since @since. */
bool job_list_silent(Db *db, Arena *arena, int64_t since, int64_t limit, Job **jobs, size_t *n,
                     Error *err);
/* Running or canceling for longer than their timeout and @grace_s. */
bool job_list_overdue(Db *db, Arena *arena, int64_t now_us, int64_t grace_s, int64_t limit,
                      Job **jobs, size_t *n, Error *err);
/* Pending since before @since. */
bool job_list_stuck(Db *db, Arena *arena, int64_t since, int64_t limit, Job **jobs, size_t *n,
                    Error *err);
/* Delayed jobs whose time has come. */
bool job_list_scheduled_due(Db *db, Arena *arena, int64_t now_us, int64_t limit, Job **jobs,
                            size_t *n, Error *err);
/* When the next delayed job is due; 0: none waits. */
bool job_next_scheduled(Db *db, int64_t *at, Error *err);
/* What a runner has: pending with an open hand-out, running, canceling. @manager_id: 0: of any. */
bool job_list_of_runner(Db *db, Arena *arena, int64_t runner_id, int64_t manager_id, Job **jobs,
                        size_t *n, Error *err);

#endif
