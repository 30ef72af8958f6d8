/* runner_managers.h - the processes that use a runner's token. */
#ifndef PENSTOCK_STORE_RUNNER_MANAGERS_H
#define PENSTOCK_STORE_RUNNER_MANAGERS_H

#include "store/query.h"

typedef struct RunnerManager {
    int64_t id;
    int64_t runner_id;
    const char *system_id;
    const char *version; /* this and what follows: "" if not said */
    const char *revision;
    const char *platform;
    const char *architecture;
    const char *executor;
    const char *ip_address;
    int64_t contacted_at; /* 0: never */
    int64_t created_at;
} RunnerManager;

extern const Column runner_manager_columns[];

/* Inserts, or brings up to date what is there for (runner_id, system_id); sets @manager->id.  NULL
 * texts are taken as "". */
bool runner_manager_upsert(Db *db, RunnerManager *manager, Error *err);
/* ERR_NO_RECORD: there is none. */
bool runner_manager_by_system(Db *db, Arena *arena, int64_t runner_id, const char *system_id,
                              RunnerManager *manager, Error *err);
bool runner_manager_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                                RunnerManager **managers, size_t *n, Error *err);
/* Of many runners, by runner, the newest first. */
bool runner_manager_list_by_runners(Db *db, Arena *arena, const int64_t *runner_ids, size_t n_ids,
                                    RunnerManager **managers, size_t *n, Error *err);
/* @done: false: it was not there. */
bool runner_manager_delete(Db *db, int64_t runner_id, const char *system_id, bool *done,
                           Error *err);

#endif
