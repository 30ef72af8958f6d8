/* protected_refs.h - rules over the refs that match a name or wildcard. */
#ifndef PENSTOCK_STORE_PROTECTED_REFS_H
#define PENSTOCK_STORE_PROTECTED_REFS_H

#include "store/query.h"

typedef struct ProtectedRef {
    int64_t id;
    int64_t project_id;
    const char *kind;    /* branch, tag */
    const char *name;    /* may hold * */
    int64_t push_level;  /* least role to push (branch) or create (tag); 0: no one */
    int64_t merge_level; /* branches only */
    bool allow_force_push;
    int64_t created_at;
} ProtectedRef;

extern const Column protected_ref_columns[];

/* Sets @ref->id.  ERR_DB_UNIQUE: there is one of that name. */
bool protected_ref_insert(Db *db, ProtectedRef *ref, Error *err);
/* ERR_NO_RECORD: there is none. */
bool protected_ref_by_name(Db *db, Arena *arena, int64_t project_id, const char *kind,
                           const char *name, ProtectedRef *ref, Error *err);
/* All of @kind, by name. */
bool protected_ref_list(Db *db, Arena *arena, int64_t project_id, const char *kind,
                        ProtectedRef **refs, size_t *n, Error *err);
/* Levels and allow_force_push. */
bool protected_ref_update(Db *db, const ProtectedRef *ref, Error *err);
bool protected_ref_delete(Db *db, int64_t id, Error *err);

#endif
