/* pipeline_variables.h - variables given when a pipeline was made. */
#ifndef PENSTOCK_STORE_PIPELINE_VARIABLES_H
#define PENSTOCK_STORE_PIPELINE_VARIABLES_H

#include "base/enums.h"
#include "store/query.h"

typedef struct PipelineVariable {
    int64_t id;
    int64_t pipeline_id;
    const char *key;
    const char *value; /* sealed */
    VariableType variable_type;
    bool raw;
} PipelineVariable;

extern const Column pipeline_variable_columns[];

/* Sets the id of each; all in one go. */
bool pipeline_variable_insert_all(Db *db, PipelineVariable *rows, size_t n, Error *err);
static inline bool pipeline_variable_insert(Db *db, PipelineVariable *row, Error *err)
{
    return pipeline_variable_insert_all(db, row, 1, err);
}
/* In the order they were given. */
bool pipeline_variable_list(Db *db, Arena *arena, int64_t pipeline_id, PipelineVariable **variables,
                            size_t *n, Error *err);

#endif
