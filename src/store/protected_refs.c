/* protected_refs.c - the table protected_refs. */
#include "store/protected_refs.h"

#define PROTECTED_REF_COLS                                                                         \
    "id, project_id, kind, name, push_level, merge_level, allow_force_push, created_at"

const Column protected_ref_columns[] = { COL_INT(ProtectedRef, id),
                                         COL_INT(ProtectedRef, project_id),
                                         COL_TEXT(ProtectedRef, kind),
                                         COL_TEXT(ProtectedRef, name),
                                         COL_INT(ProtectedRef, push_level),
                                         COL_INT(ProtectedRef, merge_level),
                                         COL_BOOL(ProtectedRef, allow_force_push),
                                         COL_TIME(ProtectedRef, created_at),
                                         COL_END };

bool protected_ref_insert(Db *db, ProtectedRef *ref, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO protected_refs (project_id, kind, name, push_level, merge_level,"
                      " allow_force_push, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
                      " RETURNING id",
                      DB_ARGS(DB_INT(ref->project_id), DB_TEXT(ref->kind), DB_TEXT(ref->name),
                              DB_INT(ref->push_level), DB_INT(ref->merge_level),
                              DB_BOOL(ref->allow_force_push), DB_INT(ref->created_at)),
                      &ref->id, err);
}

bool protected_ref_by_name(Db *db, Arena *arena, int64_t project_id, const char *kind,
                           const char *name, ProtectedRef *ref, Error *err)
{
    return db_get(db, arena, protected_ref_columns,
                  "SELECT " PROTECTED_REF_COLS " FROM protected_refs"
                  " WHERE project_id = $1 AND kind = $2 AND name = $3",
                  DB_ARGS(DB_INT(project_id), DB_TEXT(kind), DB_TEXT(name)), ref, err);
}

bool protected_ref_list(Db *db, Arena *arena, int64_t project_id, const char *kind,
                        ProtectedRef **refs, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, protected_ref_columns,
                       "SELECT " PROTECTED_REF_COLS " FROM protected_refs"
                       " WHERE project_id = $1 AND kind = $2 ORDER BY name" IN_BYTES,
                       DB_ARGS(DB_INT(project_id), DB_TEXT(kind)), refs, n, err);
}

bool protected_ref_update(Db *db, const ProtectedRef *ref, Error *err)
{
    return db_exec(db,
                   "UPDATE protected_refs SET push_level = $2, merge_level = $3,"
                   " allow_force_push = $4 WHERE id = $1",
                   DB_ARGS(DB_INT(ref->id), DB_INT(ref->push_level), DB_INT(ref->merge_level),
                           DB_BOOL(ref->allow_force_push)),
                   NULL, err);
}

bool protected_ref_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM protected_refs WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
