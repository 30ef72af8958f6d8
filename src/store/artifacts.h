/* artifacts.h - files that jobs left behind; the bytes are in blob/. */
#ifndef PENSTOCK_STORE_ARTIFACTS_H
#define PENSTOCK_STORE_ARTIFACTS_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Artifact {
    int64_t id;
    int64_t job_id;
    int64_t project_id;
    ArtifactType file_type;
    const char *file_format; /* zip, gzip, raw; NULL: a trace */
    const char *filename;
    int64_t size_bytes;
    const char *sha256;
    const char *blob_key;
    int64_t expire_at; /* 0: never */
    ArtifactAccess access;
    int64_t created_at;
} Artifact;

extern const Column artifact_columns[];

/* Sets @artifact->id. @is_new: false: the job has one of that type. */
bool artifact_insert(Db *db, Artifact *artifact, bool *is_new, Error *err);
/* The same, in the place of an earlier one; its blob is the caller's to remove. */
bool artifact_replace(Db *db, Artifact *artifact, Error *err);

/* ERR_NO_RECORD: there is none. */
bool artifact_by_type(Db *db, Arena *arena, int64_t job_id, ArtifactType type, Artifact *artifact,
                      Error *err);
/* By id. */
bool artifact_list_by_job(Db *db, Arena *arena, int64_t job_id, Artifact **artifacts, size_t *n,
                          Error *err);
/* Of many jobs, by job and id. */
bool artifact_list_by_jobs(Db *db, Arena *arena, const int64_t *job_ids, size_t n_ids,
                           Artifact **artifacts, size_t *n, Error *err);
bool artifact_list_by_pipeline(Db *db, Arena *arena, int64_t pipeline_id, Artifact **artifacts,
                               size_t *n, Error *err);
/* The same of one type. */
bool artifact_list_by_pipeline_type(Db *db, Arena *arena, int64_t pipeline_id, ArtifactType type,
                                    Artifact **artifacts, size_t *n, Error *err);
/* From after @after_id on. */
bool artifact_list_by_project(Db *db, Arena *arena, int64_t project_id, int64_t after_id,
                              int64_t limit, Artifact **artifacts, size_t *n, Error *err);
/* Past their time, and not found to be kept a while ago; the longest first. */
bool artifact_list_expired(Db *db, Arena *arena, int64_t now_us, int64_t limit,
                           Artifact **artifacts, size_t *n, Error *err);

/* Of all artifacts of a job but its log; 0: never. */
bool artifact_set_expire_at(Db *db, int64_t job_id, int64_t expire_at, Error *err);
/* All of a project but logs, of @limit artifacts from after *@after_id on, end at @now_us; @after_id: the last one, 0: that
 * was all. */
bool artifact_expire_some(Db *db, int64_t project_id, int64_t now_us, int64_t limit,
                          int64_t *after_id, Error *err);

/* Why an artifact outlives its time: its pipeline is not finished, or is the newest success of its ref, in a
 * project that keeps those. */
typedef struct ArtifactKeeping {
    bool is_kept;
    bool tag;
    const char *ref;
} ArtifactKeeping;
bool artifact_keeping(Db *db, Arena *arena, int64_t id, ArtifactKeeping *keeping, Error *err);
/* Past its time, and not kept. */
bool artifact_is_gone(Db *db, Arena *arena, const Artifact *artifact, int64_t now_us, bool *gone,
                      Error *err);
/* It is not to be listed as expired before @until. */
bool artifact_put_off(Db *db, int64_t id, int64_t until, Error *err);
bool artifact_delete(Db *db, int64_t id, Error *err);
/* @done: false: it is gone, or is kept for longer by now. */
bool artifact_delete_expired(Db *db, int64_t id, int64_t now_us, bool *done, Error *err);
bool artifact_delete_by_job(Db *db, int64_t job_id, Error *err);

#endif
