/* runners.h - runners, the projects they serve, and the processes that use their tokens. */
#ifndef PENSTOCK_STORE_RUNNERS_H
#define PENSTOCK_STORE_RUNNERS_H

#include "store/query.h"

/* A runner that called within this time is online. */
#define RUNNER_ONLINE_US (INT64_C(2) * 60 * 60 * 1000000)

typedef enum RunnerKind {
    RUNNER_INSTANCE, /* serves all projects */
    RUNNER_GROUP,    /* those in and below a group */
    RUNNER_PROJECT,  /* those assigned to it */
    N_RUNNER_KINDS
} RunnerKind;
extern const NameTable runner_kind_names; /* instance_type, group_type, project_type */

typedef struct Runner {
    int64_t id;
    RunnerKind kind;
    const char *token_hash;
    const char *token_start;
    const char *description;
    const char *maintenance_note; /* NULL: none */
    const char *tags;             /* blank-separated, sorted */
    bool run_untagged;
    bool locked;
    bool paused;
    const char *access_level;  /* not_protected, ref_protected */
    int64_t maximum_timeout_s; /* 0: no maximum */
    bool embedded;             /* the server's own */
    int64_t creator_id;        /* 0: gone, or registered by a token */
    int64_t namespace_id;      /* of a group runner, else 0 */
    int64_t contacted_at;      /* 0: never; written at most once a minute */
    int64_t created_at;
    int64_t server_id; /* whose own it is; 0: nobody's */
} Runner;

extern const Column runner_columns[];

/* Sets @runner->id. */
bool runner_insert(Db *db, Runner *runner, Error *err);

/* ERR_NO_RECORD: there is none. */
bool runner_get(Db *db, Arena *arena, int64_t id, Runner *runner, Error *err);
bool runner_by_token(Db *db, Arena *arena, const char *token_hash, Runner *runner, Error *err);
/* The same inside a write, with the row locked until its end. */
bool runner_lock(Db *db, Arena *arena, int64_t id, Runner *runner, Error *err);
/* The own runner of a server. */
bool runner_of_server(Db *db, Arena *arena, int64_t server_id, Runner *runner, Error *err);
/* An embedded runner from before there were several servers becomes @server_id's, if that has none. */
bool runner_adopt_embedded(Db *db, int64_t server_id, Error *err);
bool runner_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Runner **runners,
                        size_t *n, Error *err);

typedef struct RunnerFilter {
    int64_t usable_in_project; /* its own, its groups' and the instance's; 0: not asked */
    int64_t usable_in_group;   /* the group's and the instance's; 0: not asked */
    int64_t administered_by;   /* of projects (maintainer) and groups (owner) of this user; 0: not
                                  asked */
    int64_t now_us;            /* for roles that end; with administered_by */
    bool has_kind;
    RunnerKind kind;
    Only paused;
    int64_t contacted_after, contacted_before; /* 0: not asked */
    bool never_contacted;
    Slice slice;
} RunnerFilter;

/* Newest first.  The caller matches tags and versions. */
bool runner_list(Db *db, Arena *arena, const RunnerFilter *filter, Runner **runners, size_t *n,
                 Error *err);
bool runner_count(Db *db, const RunnerFilter *filter, int64_t *count, Error *err);

/* description, maintenance_note, tags, run_untagged, locked, paused, access_level, timeout. */
bool runner_update(Db *db, const Runner *runner, Error *err);
bool runner_set_token(Db *db, int64_t id, const char *token_hash, const char *token_start,
                      Error *err);
bool runner_touch(Db *db, int64_t id, int64_t now_us, Error *err); /* contacted_at */
bool runner_delete(Db *db, int64_t id, Error *err);

/* ERR_DB_UNIQUE: it is assigned already. */
bool runner_assign(Db *db, int64_t runner_id, int64_t project_id, Error *err);
bool runner_unassign(Db *db, int64_t runner_id, int64_t project_id, bool *done, Error *err);

typedef struct RunnerProject {
    int64_t runner_id;
    int64_t project_id;
} RunnerProject;

/* By project id. */
bool runner_list_projects(Db *db, Arena *arena, int64_t runner_id, RunnerProject **rows, size_t *n,
                          Error *err);

#endif
