/* environments.h - where the jobs of a project deploy to. */
#ifndef PENSTOCK_STORE_ENVIRONMENTS_H
#define PENSTOCK_STORE_ENVIRONMENTS_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Environment {
    int64_t id;
    int64_t project_id;
    const char *name;
    const char *slug;
    EnvironmentTier tier;
    EnvironmentState state;
    const char *external_url; /* NULL: none */
    const char *description;  /* NULL: none */
    const char *auto_stop_setting;
    int64_t auto_stop_at; /* 0: never */
    int64_t created_at;
    int64_t updated_at;
} Environment;

extern const Column environment_columns[];

/* Inserts it where the project has none of that name; else reads the one there is.  Sets all of
 * @environment. */
bool environment_ensure(Db *db, Arena *arena, Environment *environment, Error *err);
/* Sets @environment->id.  ERR_DB_UNIQUE: name or slug is taken. */
bool environment_insert(Db *db, Environment *environment, Error *err);

/* ERR_NO_RECORD: there is none. */
bool environment_get(Db *db, Arena *arena, int64_t project_id, int64_t id, Environment *environment,
                     Error *err);
bool environment_by_name(Db *db, Arena *arena, int64_t project_id, const char *name,
                         Environment *environment, Error *err);
bool environment_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                             Environment **environments, size_t *n, Error *err);

typedef struct EnvironmentFilter {
    int64_t project_id;
    const char *name;    /* NULL: any */
    const char *search;  /* part of the name; NULL: any */
    const char *state;   /* NULL: any */
    int64_t idle_before; /* not deployed to since; 0: whenever */
    bool reviews;        /* only those of the folder review/ */
    Slice slice;
} EnvironmentFilter;

/* By name. */
bool environment_list(Db *db, Arena *arena, const EnvironmentFilter *filter,
                      Environment **environments, size_t *n, Error *err);
bool environment_count(Db *db, const EnvironmentFilter *filter, int64_t *count, Error *err);

/* Available ones whose time to stop has come, the first first. */
bool environment_list_to_stop(Db *db, Arena *arena, int64_t now_us, int64_t limit,
                              Environment **environments, size_t *n, Error *err);

/* tier, external_url, description, auto_stop_setting. */
bool environment_update(Db *db, const Environment *environment, Error *err);
/* @done: it was in @from. A state other than available has no time to stop. */
bool environment_move(Db *db, int64_t id, EnvironmentState from, EnvironmentState to,
                      int64_t now_us, bool *done, Error *err);
/* What a deployment that succeeded leaves: available, and when that ends.  @external_url: NULL: as it is. */
bool environment_deployed(Db *db, int64_t id, const char *external_url, int64_t auto_stop_at,
                          int64_t now_us, Error *err);
bool environment_delete(Db *db, int64_t id, Error *err);

#endif
