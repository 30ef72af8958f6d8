/* artifacts.c - artifact archives of jobs: whole, by ref, or one file out of them. */
#include "runner/artifacts.h"
#include "api/caller.h"
#include "api/job_entity.h"
#include "api/pipelines.h"
#include "api/routes.h"
#include "blob/zip_index.h"

#include <string.h>
#include <unistd.h>
#include <zip.h>

static const Param job_params[] = { { "job_id", PARAM_INT }, { 0 } };
static const Param by_ref_params[] = { { "job", PARAM_STR, .required = true }, { 0 } };

enum { READ_SIZE = 64 * 1024 };

/* The archive of @job, if the caller may have it. */
static bool open_archive(Req *rq, const Job *job, Artifact *artifact, int *fd, Error *err)
{
    if (!artifact_open_archive(site_of(rq), rq->arena, job, artifact, fd, err))
        return false;
    if (artifact_allows(artifact, &caller_of(rq)->subject))
        return true;
    close(*fd);
    return error_set(err, ERR_FORBIDDEN, NULL);
}

static bool reply_archive(Req *rq, const Job *job, Error *err)
{
    Artifact artifact;
    int fd = -1;

    if (!open_archive(rq, job, &artifact, &fd, err))
        return false;
    req_reply_header(rq, "Content-Disposition",
                     arena_printf(rq->arena, "attachment; filename=\"%s\"", artifact.filename));
    return reply_file(rq, 200, "application/octet-stream", fd, 0, artifact.size_bytes);
}

static bool download(Req *rq, Error *err)
{
    Job job;

    return find_job(rq, &job, err) && reply_archive(rq, &job, err);
}

/* --- one file --- */

/* No way out of the archive, no empty parts: such a path names nothing in it. */
static bool check_path(const char *path, Error *err)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (char **part = parts; *part; part++)
        if (!**part || g_str_equal(*part, "..") || g_str_equal(*part, "."))
            return error_set(err, ERR_BAD_REQUEST, NULL);
    return true;
}

/* No more than the archive's index says that there is. */
static bool stream_entry(Req *rq, zip_file_t *entry, int64_t size)
{
    g_autofree char *buffer = g_malloc(READ_SIZE);
    zip_int64_t n = 0;
    bool there = true;

    if (!reply_stream_begin(rq, 200, "application/octet-stream"))
        return true; /* the client is gone */
    while (there && (n = zip_fread(entry, buffer, READ_SIZE)) > 0) {
        there = n <= size && reply_stream_write(rq, buffer, (size_t)n);
        size -= n;
    }
    return reply_stream_end(rq, there && n == 0 && size == 0);
}

static bool reply_entry_at(Req *rq, zip_t *archive, const char *path, Error *err)
{
    int64_t max = site_of(rq)->settings->max_archive_entry_bytes;
    zip_stat_t info;

    if (zip_stat(archive, path, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE))
        return error_set(err, ERR_NOT_FOUND, NULL);
    if (info.size > (zip_uint64_t)max)
        return error_set(err, ERR_TOO_LARGE, "max-archive-entry-bytes");
    zip_file_t *entry = zip_fopen_index(archive, info.index, 0);
    if (!entry)
        return error_set(err, ERR_NOT_FOUND, NULL);
    bool ok = stream_entry(rq, entry, (int64_t)info.size);
    zip_fclose(entry);
    return ok;
}

/* ERR_NOT_FOUND: what is no zip has no files. */
static bool check_index(Req *rq, int fd, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (zip_index_check(fd, site_of(rq)->settings->max_archive_index_bytes, &failed))
        return true;
    if (failed.code == ERR_INVALID)
        return error_set(err, ERR_NOT_FOUND, NULL);
    if (failed.code == ERR_TOO_LARGE)
        return error_set(err, ERR_TOO_LARGE, "max-archive-index-bytes");
    return error_move(err, &failed);
}

/* Takes @fd. */
static bool reply_entry(Req *rq, int fd, const char *path, Error *err)
{
    bool fits = check_index(rq, fd, err);
    int failed = 0;
    zip_t *archive = fits ? zip_fdopen(fd, 0, &failed) : NULL;

    if (!archive) {
        close(fd);
        return fits && error_set(err, ERR_NOT_FOUND, NULL);
    }
    bool ok = reply_entry_at(rq, archive, path, err);
    zip_discard(archive);
    return ok;
}

static bool reply_file_of(Req *rq, const Job *job, Error *err)
{
    const char *path = req_path_param(rq, "artifact_path");
    Artifact artifact;
    int fd = -1;

    return check_path(path, err) && open_archive(rq, job, &artifact, &fd, err) &&
           reply_entry(rq, fd, path, err);
}

static bool download_file(Req *rq, Error *err)
{
    Job job;

    return find_job(rq, &job, err) && reply_file_of(rq, &job, err);
}

/* --- by ref and job name: of the latest pipeline that succeeded --- */

/* In the pipeline itself, or else in its child pipelines. */
static bool find_in_pipeline(Req *rq, int64_t pipeline_id, Job *job, Error *err)
{
    Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;

    if (job_by_name(caller->db, rq->arena, pipeline_id, req_str(rq, "job"), job, &failed))
        return true;
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    return job_by_name_in_children(caller->db, rq->arena, pipeline_id, req_str(rq, "job"), job,
                                   err);
}

/* A run on a bare commit has no ref that could be asked for. */
static bool find_by_ref(Req *rq, Job *job, Error *err)
{
    Caller *caller = caller_of(rq);
    g_auto(Error) failed = ERROR_INIT;
    Pipeline pipeline;

    if (pipeline_latest_successful(caller->db, rq->arena, caller->project->id,
                                   req_path_param(rq, "ref_name"), &pipeline, &failed) &&
        strcmp(pipeline.ref, pipeline.sha) != 0 && find_in_pipeline(rq, pipeline.id, job, &failed))
        return true;
    if (failed.code == ERR_NONE || failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_NOT_FOUND, NULL);
    return error_move(err, &failed);
}

static bool download_by_ref(Req *rq, Error *err)
{
    Job job;

    return find_by_ref(rq, &job, err) && reply_archive(rq, &job, err);
}

static bool download_file_by_ref(Req *rq, Error *err)
{
    Job job;

    return find_by_ref(rq, &job, err) && reply_file_of(rq, &job, err);
}

/* --- keeping and deleting --- */

static bool keep_rows(Db *db, void *data, Error *err)
{
    const Job *job = data;

    return artifact_set_expire_at(db, job->id, 0, err) &&
           job_set_artifacts_expire_at(db, job->id, 0, err);
}

static bool keep(Req *rq, Error *err)
{
    Artifact archive;
    int fd = -1;
    Job job;

    if (!find_job(rq, &job, err) ||
        !artifact_open_archive(site_of(rq), rq->arena, &job, &archive, &fd, err))
        return false;
    close(fd);
    return database_write(site_of(rq)->database, keep_rows, &job, err) && find_job(rq, &job, err) &&
           reply_job(rq, &job, 200, err);
}

static bool delete (Req *rq, Error *err)
{
    Job job;

    return find_job(rq, &job, err) && artifact_remove_all(site_of(rq), job.id, err) &&
           reply_empty(rq, 204);
}

static bool delete_all(Req *rq, Error *err)
{
    if (!artifact_expire_project(site_of(rq), caller_of(rq)->project->id, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "message", "202 Accepted");
    jw_end_object(w);
    return reply_json(rq);
}

#define JOB_ARTIFACTS "/projects/:id/jobs/:job_id/artifacts"
#define REF_ARTIFACTS "/projects/:id/jobs/artifacts/:ref_name"

const Route artifact_routes[] = {
    { GET, JOB_ARTIFACTS, CAN_READ_ARTIFACTS, job_params, download, .auth = AUTH_OPTIONAL,
      .job_token = true },
    { GET, JOB_ARTIFACTS "/*artifact_path", CAN_READ_ARTIFACTS, job_params, download_file,
      .auth = AUTH_OPTIONAL, .job_token = true },
    { GET, REF_ARTIFACTS "/download", CAN_READ_ARTIFACTS, by_ref_params, download_by_ref,
      .auth = AUTH_OPTIONAL, .job_token = true },
    { GET, REF_ARTIFACTS "/raw/*artifact_path", CAN_READ_ARTIFACTS, by_ref_params,
      download_file_by_ref, .auth = AUTH_OPTIONAL, .job_token = true },
    { POST, JOB_ARTIFACTS "/keep", CAN_ADMIN_ARTIFACTS, job_params, keep },
    { DELETE, JOB_ARTIFACTS, CAN_ADMIN_PROJECT, job_params, delete },
    { DELETE, "/projects/:id/artifacts", CAN_ADMIN_PROJECT, NULL, delete_all, .status = 202 },
    { 0 },
};
