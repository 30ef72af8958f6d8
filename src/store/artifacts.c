/* artifacts.c - the table artifacts. */
#include "store/artifacts.h"

#define ARTIFACT_COLS                                                                              \
    "a.id, a.job_id, a.project_id, a.file_type, a.file_format, a.filename, a.size_bytes, "         \
    "a.sha256,"                                                                                    \
    " a.blob_key, a.expire_at, a.created_at"

const Column artifact_columns[] = {
    COL_INT(Artifact, id),           COL_INT(Artifact, job_id),
    COL_INT(Artifact, project_id),   COL_ENUM(Artifact, file_type, artifact_type_names),
    COL_TEXT(Artifact, file_format), COL_TEXT(Artifact, filename),
    COL_INT(Artifact, size_bytes),   COL_TEXT(Artifact, sha256),
    COL_TEXT(Artifact, blob_key),    COL_TIME(Artifact, expire_at),
    COL_TIME(Artifact, created_at),  COL_END
};

#define INSERT_ARTIFACT                                                                            \
    "INSERT INTO artifacts (job_id, project_id, file_type, file_format, filename, size_bytes,"     \
    " sha256, blob_key, expire_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"

static bool insert(Db *db, const char *sql, Artifact *a, Error *err)
{
    return db_get_int(db, sql,
                      DB_ARGS(DB_INT(a->job_id), DB_INT(a->project_id),
                              DB_ENUM(artifact_type_names, a->file_type), DB_TEXT(a->file_format),
                              DB_TEXT(a->filename), DB_INT(a->size_bytes), DB_TEXT(a->sha256),
                              DB_TEXT(a->blob_key), DB_TIME(a->expire_at), DB_INT(a->created_at)),
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
                       "SELECT " ARTIFACT_COLS " FROM artifacts a WHERE a.expire_at <= $1"
                       " ORDER BY a.expire_at LIMIT $2",
                       DB_ARGS(DB_INT(now_us), DB_INT(limit)), artifacts, n, err);
}

bool artifact_set_expire_at(Db *db, int64_t job_id, int64_t expire_at, Error *err)
{
    return db_exec(db,
                   "UPDATE artifacts SET expire_at = $2 WHERE job_id = $1"
                   " AND file_type <> 'trace'",
                   DB_ARGS(DB_INT(job_id), DB_TIME(expire_at)), NULL, err);
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
