/* resource_groups.h - what jobs of a project share and only one at a time may use.
 *
 * The one that has a group's resource is its job that is pending, running or canceling: there is
 * no row for that, so the end of a job, however it comes about, sets the resource free.
 */
#ifndef PENSTOCK_STORE_RESOURCE_GROUPS_H
#define PENSTOCK_STORE_RESOURCE_GROUPS_H

#include "store/jobs.h"

typedef struct ResourceGroup {
    int64_t id;
    int64_t project_id;
    const char *key;
    ProcessMode process_mode;
    int64_t created_at;
    int64_t updated_at;
} ResourceGroup;

extern const Column resource_group_columns[];

/* Sets group->id: of that key's group, made with the values of @group where there is none yet. */
bool resource_group_ensure(Db *db, ResourceGroup *group, Error *err);

/* ERR_NO_RECORD: there is none. */
bool resource_group_get(Db *db, Arena *arena, int64_t id, ResourceGroup *group, Error *err);
/* The same inside a write, where nobody else gives its resource away until the write ends. */
bool resource_group_lock(Db *db, Arena *arena, int64_t id, ResourceGroup *group, Error *err);
bool resource_group_by_key(Db *db, Arena *arena, int64_t project_id, const char *key,
                           ResourceGroup *group, Error *err);

/* By id. */
bool resource_group_list(Db *db, Arena *arena, int64_t project_id, Slice slice,
                         ResourceGroup **groups, size_t *n, Error *err);
bool resource_group_count(Db *db, int64_t project_id, int64_t *n, Error *err);
bool resource_group_set_mode(Db *db, int64_t id, ProcessMode mode, int64_t now_us, Error *err);

/* The job that has the resource.  ERR_NO_RECORD: it is free. */
bool resource_group_holder(Db *db, Arena *arena, int64_t id, Job *job, Error *err);

/* The job whose turn is next; *@found false: there is none.  Where the mode goes by pipelines, it
 * may be one that does not wait yet (created, scheduled): then nobody's turn has come. */
bool resource_group_next(Db *db, Arena *arena, const ResourceGroup *group, Job *job, bool *found,
                         Error *err);

/* Who comes after the holder, in order. */
bool resource_group_upcoming(Db *db, Arena *arena, const ResourceGroup *group, Slice slice,
                             Job **jobs, size_t *n, Error *err);
bool resource_group_count_upcoming(Db *db, const ResourceGroup *group, int64_t *n, Error *err);

/* Groups that a job waits for while nobody has them, by id after @after_id. */
bool resource_group_list_free(Db *db, Arena *arena, int64_t after_id, int64_t limit,
                              ResourceGroup **groups, size_t *n, Error *err);

#endif
