/* ref_states.c - the table ref_states. */
#include "store/ref_states.h"

const Column ref_state_columns[] = { COL_INT(RefState, project_id), COL_TEXT(RefState, ref),
                                     COL_TEXT(RefState, sha), COL_END };

bool ref_state_get(Db *db, Arena *arena, int64_t project_id, const char *ref, RefState *state,
                   Error *err)
{
    return db_get(db, arena, ref_state_columns,
                  "SELECT project_id, ref, sha FROM ref_states WHERE project_id = $1 AND ref = $2",
                  DB_ARGS(DB_INT(project_id), DB_TEXT(ref)), state, err);
}

bool ref_state_list(Db *db, Arena *arena, int64_t project_id, RefState **states, size_t *n,
                    Error *err)
{
    return SELECT_ROWS(db, arena, ref_state_columns,
                       "SELECT project_id, ref, sha FROM ref_states WHERE project_id = $1"
                       " ORDER BY ref" IN_BYTES,
                       DB_ARGS(DB_INT(project_id)), states, n, err);
}

bool ref_state_set(Db *db, int64_t project_id, const char *ref, const char *sha, Error *err)
{
    return db_exec(db,
                   "INSERT INTO ref_states (project_id, ref, sha) VALUES ($1, $2, $3)"
                   " ON CONFLICT (project_id, ref) DO UPDATE SET sha = excluded.sha",
                   DB_ARGS(DB_INT(project_id), DB_TEXT(ref), DB_TEXT(sha)), NULL, err);
}

bool ref_state_move(Db *db, int64_t project_id, const char *ref, const char *old_sha,
                    const char *new_sha, bool *done, Error *err)
{
    const DbArg *args =
        DB_ARGS(DB_INT(project_id), DB_TEXT(ref), DB_TEXT(new_sha), DB_TEXT(old_sha));

    if (!old_sha && !new_sha) {
        *done = true;
        return true;
    }
    if (!old_sha)
        return query_exec_one(db,
                              "INSERT INTO ref_states (project_id, ref, sha) VALUES ($1, $2, $3)"
                              " ON CONFLICT (project_id, ref) DO NOTHING",
                              args, done, err);
    if (!new_sha)
        return query_exec_one(
            db, "DELETE FROM ref_states WHERE project_id = $1 AND ref = $2 AND sha = $4", args,
            done, err);
    return query_exec_one(
        db, "UPDATE ref_states SET sha = $3 WHERE project_id = $1 AND ref = $2 AND sha = $4", args,
        done, err);
}

bool ref_state_delete(Db *db, int64_t project_id, const char *ref, Error *err)
{
    return db_exec(db, "DELETE FROM ref_states WHERE project_id = $1 AND ref = $2",
                   DB_ARGS(DB_INT(project_id), DB_TEXT(ref)), NULL, err);
}
