/* ref_states.h - the commit of each ref up to which pushes have been processed. */
#ifndef PENSTOCK_STORE_REF_STATES_H
#define PENSTOCK_STORE_REF_STATES_H

#include "store/query.h"

typedef struct RefState {
    int64_t project_id;
    const char *ref; /* full: refs/heads/main */
    const char *sha;
} RefState;

extern const Column ref_state_columns[];

/* ERR_NO_RECORD: there is none. */
bool ref_state_get(Db *db, Arena *arena, int64_t project_id, const char *ref, RefState *state,
                   Error *err);
bool ref_state_list(Db *db, Arena *arena, int64_t project_id, RefState **states, size_t *n,
                    Error *err);
/* Inserts or replaces. */
bool ref_state_set(Db *db, int64_t project_id, const char *ref, const char *sha, Error *err);
/* From @old_sha (NULL: the ref is new) to @new_sha (NULL: it is gone). @done: false: it is not at
 * @old_sha, nothing changed. */
bool ref_state_move(Db *db, int64_t project_id, const char *ref, const char *old_sha,
                    const char *new_sha, bool *done, Error *err);
bool ref_state_delete(Db *db, int64_t project_id, const char *ref, Error *err);

#endif
