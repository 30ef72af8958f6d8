/* mirrors.h - jobs that show the status of another project's pipeline. */
#ifndef PENSTOCK_STORE_MIRRORS_H
#define PENSTOCK_STORE_MIRRORS_H

#include "store/query.h"

typedef struct Mirror {
    int64_t job_id;
    int64_t pipeline_id; /* whose status it shows */
} Mirror;

extern const Column mirror_columns[];

/* Locks the pipeline first, so that the caller then reads the status that later changes start from.
 * @done: false: there is no such pipeline, or the job mirrors one already. */
bool mirror_insert(Db *db, const Mirror *mirror, bool *done, Error *err);
/* ERR_NO_RECORD: the job mirrors none. */
bool mirror_get(Db *db, Arena *arena, int64_t job_id, Mirror *mirror, Error *err);
bool mirror_list(Db *db, Arena *arena, int64_t pipeline_id, Mirror **mirrors, size_t *n,
                 Error *err);

#endif
