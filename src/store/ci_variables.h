/* ci_variables.h - variables of projects, groups and the instance. */
#ifndef PENSTOCK_STORE_CI_VARIABLES_H
#define PENSTOCK_STORE_CI_VARIABLES_H

#include "base/enums.h"
#include "store/query.h"

typedef enum CiOwnerKind { CI_OWNER_INSTANCE, CI_OWNER_GROUP, CI_OWNER_PROJECT } CiOwnerKind;

/* Whose a variable is. */
typedef struct CiOwner {
    CiOwnerKind kind;
    int64_t id; /* 0: of the instance */
} CiOwner;

typedef struct CiVariableRow {
    int64_t id;
    const char *key;
    const char *value; /* sealed */
    VariableType variable_type;
    const char *environment_scope;
    bool protected;
    bool masked;
    bool hidden;
    bool raw;
    const char *description; /* NULL: none */
} CiVariableRow;

extern const Column ci_variable_columns[];

/* Sets @row->id.  ERR_DB_UNIQUE: its key and scope are taken. */
bool ci_variable_insert(Db *db, CiOwner owner, CiVariableRow *row, Error *err);
/* All but key and hidden.  ERR_DB_UNIQUE as above. */
bool ci_variable_update(Db *db, const CiVariableRow *row, Error *err);
bool ci_variable_delete(Db *db, int64_t id, Error *err);

/* By id.  @key NULL: of all keys. */
bool ci_variable_list(Db *db, Arena *arena, CiOwner owner, const char *key, Slice slice,
                      CiVariableRow **rows, size_t *n, Error *err);
bool ci_variable_count(Db *db, CiOwner owner, int64_t *count, Error *err);

/* Locks @owner until the write's end: who adds to it at the same time waits. */
bool ci_variable_lock_owner(Db *db, CiOwner owner, Error *err);

/* All that a job of the project may get, the weakest first: the instance's, the groups' from the top
 * down, the project's; of one owner `*` before wildcards before whole names, the longer after the
 * shorter. */
bool ci_variable_list_for_project(Db *db, Arena *arena, int64_t project_id, int64_t namespace_id,
                                  CiVariableRow **rows, size_t *n, Error *err);

#endif
