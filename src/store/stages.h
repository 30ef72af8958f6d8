/* stages.h - stages of pipelines. */
#ifndef PENSTOCK_STORE_STAGES_H
#define PENSTOCK_STORE_STAGES_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Stage {
    int64_t id;
    int64_t pipeline_id;
    const char *name;
    int64_t position;
    Status status;
} Stage;

extern const Column stage_columns[];

/* Sets the id of each; all in one go. */
bool stage_insert_all(Db *db, Stage *rows, size_t n, Error *err);
static inline bool stage_insert(Db *db, Stage *row, Error *err)
{
    return stage_insert_all(db, row, 1, err);
}
/* By position. */
bool stage_list(Db *db, Arena *arena, int64_t pipeline_id, Stage **stages, size_t *n, Error *err);
/* Of many pipelines, by pipeline and position. */
bool stage_list_by_pipelines(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Stage **stages,
                             size_t *n, Error *err);
bool stage_update_status(Db *db, int64_t id, Status status, Error *err);

#endif
