/* jobs.h - attempts of jobs: rows, lists, and what the engine and the API write.
 *
 * The hand-out to runners is in job_queue.h.
 */
#ifndef PENSTOCK_STORE_JOBS_H
#define PENSTOCK_STORE_JOBS_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Job {
    int64_t id;
    int64_t pipeline_id;
    int64_t project_id;
    int64_t spec_id; /* shared with its other attempts: job_specs.h */
    const char *stage;
    int64_t stage_position;
    const char *name;
    Status status;
    JobWhen when_kind;
    bool allow_failure;
    bool by_needs; /* scheduled by its needs and not by its stage */
    bool bridge;   /* it starts or mirrors another pipeline: no runner sees it */
    bool retried;  /* a later attempt exists */
    bool processed;
    int64_t user_id;         /* 0: gone */
    const char *tags;        /* blank-separated, sorted */
    const char *icon;        /* NULL: none */
    int64_t timeout_s;       /* fixed when a runner has it */
    int64_t asked_timeout_s; /* what it had before that; read only */
    int64_t start_in_s;
    bool enqueue_now;
    FailureReason failure_reason;
    const char *failure_text; /* in words; NULL: the reason says it all */
    int64_t exit_code;        /* -1: not known */
    double coverage;          /* -1: none found */
    int64_t runner_id;        /* 0: not picked */
    int64_t manager_id;       /* 0: not picked */
    const char *token_hash;   /* NULL: it has no token (any more) */
    int64_t confirm_by;       /* 0: no hand-out is open */
    bool graceful;            /* its runner can cancel gracefully */
    int64_t trace_size;       /* accepted log bytes */
    bool debug_trace;
    int64_t created_at;
    int64_t updated_at; /* status changes and signs of life */
    int64_t queued_at;  /* 0: not yet, as all below */
    int64_t started_at;
    int64_t finished_at;
    int64_t scheduled_at; /* when a delayed job becomes due */
    int64_t erased_at;
    int64_t artifacts_expire_at;
    int64_t resource_group_id; /* 0: it needs none */
    bool interruptible;        /* a newer pipeline may cancel it though it runs */
    bool protected;            /* its pipeline is of a protected ref */
    int64_t priority;          /* -100 to 100: minutes by which it counts as older in its queue */
} Job;

extern const Column job_columns[];
#define JOB_COLS                                                                                   \
    "j.id, j.pipeline_id, j.project_id, j.spec_id, j.stage, j.stage_position, j.name, j.status,"   \
    " j.when_kind, j.allow_failure, j.by_needs, j.bridge, j.retried, j.processed, j.user_id, "     \
    "j.tags,"                                                                                      \
    " j.icon, j.timeout_s, COALESCE(j.asked_timeout_s, j.timeout_s), j.start_in_s, "               \
    "j.enqueue_now, j.failure_reason, j.failure_text,"                                             \
    " COALESCE(j.exit_code, -1), COALESCE(j.coverage, -1), j.runner_id, j.manager_id,"             \
    " j.token_hash, j.confirm_by, j.graceful, j.trace_size, j.debug_trace, j.created_at,"          \
    " j.updated_at, j.queued_at, j.started_at, j.finished_at, j.scheduled_at, j.erased_at,"        \
    " j.artifacts_expire_at, j.resource_group_id, j.interruptible, j.protected, j.priority"

/* Writes what is known before a runner has it; sets the id of each, in one go.  exit_code, coverage, runner and token are
 * those of a fresh attempt, whatever @job says. */
bool job_insert_all(Db *db, Job *rows, size_t n, Error *err);
static inline bool job_insert(Db *db, Job *row, Error *err)
{
    return job_insert_all(db, row, 1, err);
}

/* ERR_NO_RECORD: there is none. */
bool job_get(Db *db, Arena *arena, int64_t id, Job *job, Error *err);
bool job_get_in_project(Db *db, Arena *arena, int64_t project_id, int64_t id, Job *job, Error *err);
bool job_by_token(Db *db, Arena *arena, const char *token_hash, Job *job, Error *err);
/* The newest attempt of a name in a pipeline. */
bool job_by_name(Db *db, Arena *arena, int64_t pipeline_id, const char *name, Job *job, Error *err);

/* The same in the child pipelines of a pipeline, and in theirs: the oldest one's. */
bool job_by_name_in_children(Db *db, Arena *arena, int64_t pipeline_id, const char *name, Job *job,
                             Error *err);

bool job_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Job **jobs, size_t *n,
                     Error *err);

typedef struct JobFilter {
    int64_t project_id; /* 0: any, as all below */
    int64_t pipeline_id;
    int64_t runner_id;
    unsigned statuses; /* STATUS_BIT()s */
    bool latest_only;  /* without attempts that were retried */
    bool bridges;      /* these only; without: none of them */
    int64_t before_id; /* for keyset paging */
    bool ascending;    /* by id */
    Slice slice;
} JobFilter;

bool job_list(Db *db, Arena *arena, const JobFilter *filter, Job **jobs, size_t *n, Error *err);
/* @at_most: counts no further than that; 0: all. */
bool job_count(Db *db, const JobFilter *filter, int64_t at_most, int64_t *count, Error *err);

/* The first @limit of a pipeline by id, whatever they are. */
bool job_list_first(Db *db, Arena *arena, int64_t pipeline_id, int64_t limit, Job **jobs, size_t *n,
                    Error *err);
/* With all that hangs on them. */
bool job_delete_all(Db *db, const int64_t *ids, size_t n_ids, Error *err);

/* The latest attempts of a pipeline by id. */
bool job_list_latest(Db *db, Arena *arena, int64_t pipeline_id, Job **jobs, size_t *n, Error *err);

/* For the engine: those, with earlier ones that a runner still has (canceling ones may be run again
 * before they end), and how many earlier ones each name has. */
bool job_list_at_work(Db *db, Arena *arena, int64_t pipeline_id, Job **jobs, size_t *n, Error *err);
typedef struct RetryCount {
    const char *name;
    int64_t n;
} RetryCount;
bool job_count_retries(Db *db, Arena *arena, int64_t pipeline_id, RetryCount **counts, size_t *n,
                       Error *err);

/* The unfinished jobs that a created one waits for: those that it needs, or else those of all stages before its
 * own.  A manual job that may fail holds nothing back. */
bool job_list_holding_back(Db *db, Arena *arena, const Job *job, int64_t limit, Job **jobs,
                           size_t *n, Error *err);
bool job_count_holding_back(Db *db, const Job *job, int64_t *count, Error *err);

/* The mean of what its latest jobs cover; -1: none says. */
bool job_mean_coverage(Db *db, Arena *arena, int64_t pipeline_id, double *coverage, Error *err);

/* Whether an attempt that is not interruptible has started: running, success, failed. */
bool job_has_started_for_good(Db *db, int64_t pipeline_id, bool *started, Error *err);

/* Whether its runner has it: running, canceling, or handed out and to be confirmed. */
bool job_is_held(const Job *job);

/* Whether one of its latest jobs failed or was canceled and was allowed to. */
bool job_has_warnings(Db *db, int64_t pipeline_id, bool *warnings, Error *err);

/* What the engine decides of an attempt. */
typedef struct JobState {
    Status status;
    bool allow_failure;
    bool retried;
    bool processed;
    bool enqueue_now;
    bool graceful;
    int64_t user_id;
    FailureReason failure_reason;
    int64_t exit_code;                                        /* -1: not known */
    int64_t queued_at, started_at, finished_at, scheduled_at; /* 0: never */
    int64_t updated_at;
} JobState;

/* Writes @state if the status is still @before; @done says whether it was.  A status in which no
 * runner has held the job ends its token. */
bool job_update_state(Db *db, int64_t id, Status before, const JobState *state, bool *done,
                      Error *err);
/* Only that the engine has seen it. */
bool job_set_processed(Db *db, int64_t id, Error *err);

/* Why it failed, in words for people. */
bool job_set_failure_text(Db *db, int64_t id, const char *text, Error *err);

bool job_set_coverage(Db *db, int64_t id, double coverage, Error *err);
bool job_set_artifacts_expire_at(Db *db, int64_t id, int64_t expire_at, Error *err);
/* The log is gone; @user_id: who did that. @done: false: it was before. */
bool job_set_erased(Db *db, int64_t id, int64_t user_id, int64_t now_us, bool *done, Error *err);

#endif
