/* artifacts.c - the table artifacts. */
#include "store/artifacts.h"

#define ARTIFACT_COLS                                                                              \
    "a.id, a.job_id, a.project_id, a.file_type, a.file_format, a.filename, a.size_bytes, "         \
    "a.sha256,"                                                                                    \
    " a.blob_key, a.expire_at, a.access, a.created_at"

const Column artifact_columns[] = { COL_INT(Artifact, id),
                                    COL_INT(Artifact, job_id),
                                    COL_INT(Artifact, project_id),
                                    COL_ENUM(Artifact, file_type, artifact_type_names),
                                    COL_TEXT(Artifact, file_format),
                                    COL_TEXT(Artifact, filename),
                                    COL_INT(Artifact, size_bytes),
                                    COL_TEXT(Artifact, sha256),
                                    COL_TEXT(Artifact, blob_key),
                                    COL_TIME(Artifact, expire_at),
                                    COL_ENUM(Artifact, access, artifact_access_names),
                                    COL_TIME(Artifact, created_at),
                                    COL_END };

#define INSERT_ARTIFACT                                                                            \
    "INSERT INTO artifacts (job_id, project_id, file_type, file_format, filename, size_bytes,"     \
    " sha256, blob_key, expire_at, sweep_at, created_at, access)"                                  \
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)"

static bool insert(Db *db, const char *sql, Artifact *a, Error *err)
{
    return db_get_int(db, sql,
                      DB_ARGS(DB_INT(a->job_id), DB_INT(a->project_id),
                              DB_ENUM(artifact_type_names, a->file_type), DB_TEXT(a->file_format),
                              DB_TEXT(a->filename), DB_INT(a->size_bytes), DB_TEXT(a->sha256),
                              DB_TEXT(a->blob_key), DB_TIME(a->expire_at), DB_INT(a->created_at),
                              DB_ENUM(artifact_access_names, a->access)),
                      &a->id, err);
}

bool artifact_insert(Db *db, Artifact *artifact, bool *is_new, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    *is_new = insert(db, INSERT_ARTIFACT " ON CONFLICT (job_id, file_type) DO NOTHING RETURNING id",
                     artifact, &failed);
    return *is_new || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

bool artifact_replace(Db *db, Artifact *artifact, Error *err)
{
    return insert(db,
                  INSERT_ARTIFACT
                  " ON CONFLICT (job_id, file_type) DO UPDATE SET"
                  " file_format = excluded.file_format, filename = excluded.filename,"
                  " size_bytes = excluded.size_bytes, sha256 = excluded.sha256,"
                  " blob_key = excluded.blob_key, expire_at = excluded.expire_at,"
                  " sweep_at = excluded.sweep_at, access = excluded.access,"
                  " created_at = excluded.created_at RETURNING id",
                  artifact, err);
}

bool artifact_by_type(Db *db, Arena *arena, int64_t job_id, ArtifactType type, Artifact *artifact,
                      Error *err)
{
    return db_get(db, arena, artifact_columns,
                  "SELECT " ARTIFACT_COLS " FROM artifacts a WHERE a.job_id = $1"
                  " AND a.file_type = $2",
                  DB_ARGS(DB_INT(job_id), DB_ENUM(artifact_type_names, type)), artifact, err);
}

bool artifact_list_by_job(Db *db, Arena *arena, int64_t job_id, Artifact **artifacts, size_t *n,
                          Error *err)
{
    return artifact_list_by_jobs(db, arena, &job_id, 1, artifacts, n, err);
}

bool artifact_list_by_jobs(Db *db, Arena *arena, const int64_t *job_ids, size_t n_ids,
                           Artifact **artifacts, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    query_init(&q, NULL, NULL, "artifacts a");
    query_and_ids(&q, "a.job_id", job_ids, n_ids);
    query_finish_list(&q, ARTIFACT_COLS, "a.job_id", true, "a.id", (Slice){ 0 });
    return SELECT_ROWS(db, arena, artifact_columns, query_sql(&q), query_args(&q), artifacts, n,
                       err);
}

bool artifact_list_by_pipeline(Db *db, Arena *arena, int64_t pipeline_id, Artifact **artifacts,
                               size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, artifact_columns,
                       "SELECT " ARTIFACT_COLS " FROM jobs j JOIN artifacts a ON a.job_id = j.id"
                       " WHERE j.pipeline_id = $1 ORDER BY j.id, a.id",
                       DB_ARGS(DB_INT(pipeline_id)), artifacts, n, err);
}

bool artifact_list_by_pipeline_type(Db *db, Arena *arena, int64_t pipeline_id, ArtifactType type,
                                    Artifact **artifacts, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, artifact_columns,
                       "SELECT " ARTIFACT_COLS " FROM jobs j JOIN artifacts a ON a.job_id = j.id"
                       " WHERE j.pipeline_id = $1 AND a.file_type = $2 ORDER BY j.id",
                       DB_ARGS(DB_INT(pipeline_id), DB_ENUM(artifact_type_names, type)), artifacts,
                       n, err);
}

bool artifact_list_by_project(Db *db, Arena *arena, int64_t project_id, int64_t after_id,
                              int64_t limit, Artifact **artifacts, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, artifact_columns,
                       "SELECT " ARTIFACT_COLS " FROM artifacts a WHERE a.project_id = $1"
                       " AND a.id > $2 ORDER BY a.id LIMIT $3",
                       DB_ARGS(DB_INT(project_id), DB_INT(after_id), DB_INT(limit)), artifacts, n,
                       err);
}

bool artifact_list_expired(Db *db, Arena *arena, int64_t now_us, int64_t limit,
                           Artifact **artifacts, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, artifact_columns,
                       "SELECT " ARTIFACT_COLS " FROM artifacts a WHERE a.sweep_at <= $1"
                       " ORDER BY a.sweep_at LIMIT $2",
                       DB_ARGS(DB_INT(now_us), DB_INT(limit)), artifacts, n, err);
}

bool artifact_set_expire_at(Db *db, int64_t job_id, int64_t expire_at, Error *err)
{
    return db_exec(db,
                   "UPDATE artifacts SET expire_at = $2, sweep_at = $2 WHERE job_id = $1"
                   " AND file_type <> 'trace'",
                   DB_ARGS(DB_INT(job_id), DB_TIME(expire_at)), NULL, err);
}

/* What jobs show follows their archives. */
#define SOME_OF_PROJECT                                                                            \
    "FROM artifacts WHERE project_id = $1 AND id > $2 AND id <= $3 AND file_type <> 'trace'"

bool artifact_expire_some(Db *db, int64_t project_id, int64_t now_us, int64_t limit,
                          int64_t *after_id, Error *err)
{
    int64_t last = 0;

    if (!db_get_int(db,
                    "SELECT COALESCE(MAX(s.id), 0) FROM (SELECT id FROM artifacts"
                    " WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3) s",
                    DB_ARGS(DB_INT(project_id), DB_INT(*after_id), DB_INT(limit)), &last, err))
        return false;
    const DbArg *range =
        DB_ARGS(DB_INT(project_id), DB_INT(*after_id), DB_INT(last), DB_INT(now_us));
    if (last != 0 && (!db_exec(db,
                               "UPDATE jobs SET artifacts_expire_at = $4 WHERE id IN"
                               " (SELECT job_id " SOME_OF_PROJECT ")"
                               " AND (artifacts_expire_at IS NULL OR artifacts_expire_at > $4)",
                               range, NULL, err) ||
                      !db_exec(db,
                               "UPDATE artifacts SET expire_at = $4, sweep_at = $4 WHERE id IN"
                               " (SELECT id " SOME_OF_PROJECT ")"
                               " AND (expire_at IS NULL OR expire_at > $4)",
                               range, NULL, err)))
        return false;
    *after_id = last;
    return true;
}

bool artifact_keeping(Db *db, Arena *arena, int64_t id, ArtifactKeeping *keeping, Error *err)
{
    static const Column columns[] = { COL_BOOL(ArtifactKeeping, is_kept),
                                      COL_BOOL(ArtifactKeeping, tag),
                                      COL_TEXT(ArtifactKeeping, ref), COL_END };

    return db_get(db, arena, columns,
                  "SELECT CASE WHEN r.keep_latest_artifact = 1 AND (t.finished_at IS NULL OR"
                  " (t.status = 'success' AND NOT EXISTS (SELECT 1 FROM pipelines q"
                  " WHERE q.project_id = t.project_id AND q.ref = t.ref AND q.id > t.id"
                  " AND q.tag = t.tag AND q.status = 'success'"
                  " AND q.source <> 'parent_pipeline'))) THEN 1 ELSE 0 END, t.tag, t.ref"
                  " FROM artifacts a JOIN jobs j ON j.id = a.job_id"
                  " JOIN pipelines t ON t.id = j.pipeline_id JOIN projects r ON r.id = t.project_id"
                  " WHERE a.id = $1",
                  DB_ARGS(DB_INT(id)), keeping, err);
}

bool artifact_is_gone(Db *db, Arena *arena, const Artifact *artifact, int64_t now_us, bool *gone,
                      Error *err)
{
    ArtifactKeeping keeping = { 0 };

    *gone = artifact->expire_at != 0 && artifact->expire_at <= now_us;
    if (!*gone)
        return true;
    if (!artifact_keeping(db, arena, artifact->id, &keeping, err))
        return false;
    *gone = !keeping.is_kept;
    return true;
}

bool artifact_put_off(Db *db, int64_t id, int64_t until, Error *err)
{
    return db_exec(db, "UPDATE artifacts SET sweep_at = $2 WHERE id = $1 AND expire_at IS NOT NULL",
                   DB_ARGS(DB_INT(id), DB_INT(until)), NULL, err);
}

bool artifact_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM artifacts WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

bool artifact_delete_expired(Db *db, int64_t id, int64_t now_us, bool *done, Error *err)
{
    return query_exec_one(db, "DELETE FROM artifacts WHERE id = $1 AND expire_at <= $2",
                          DB_ARGS(DB_INT(id), DB_INT(now_us)), done, err);
}

bool artifact_delete_by_job(Db *db, int64_t job_id, Error *err)
{
    return db_exec(db, "DELETE FROM artifacts WHERE job_id = $1", DB_ARGS(DB_INT(job_id)), NULL,
                   err);
}
