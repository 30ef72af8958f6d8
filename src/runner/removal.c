/* removal.c - batches of jobs: files first, then rows, then what a runner wrote meanwhile. */
#include "runner/removal.h"

#include "blob/blob.h"
#include "pipeline/operations.h"
#include "pipeline/resource.h"
#include "store/artifacts.h"
#include "store/job_specs.h"
#include "store/pipelines.h"

enum { AT_ONCE = 200 };

static bool remove_blobs(const Site *site, const Artifact *artifacts, size_t n, Error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!blob_remove(site->blobs, artifacts[i].blob_key, err))
            return false;
    return true;
}

/* --- erasing a job --------------------------------------------------------------------------- */

typedef struct Erase {
    int64_t job_id;
    int64_t user_id;
    int64_t now_us;
    bool done;
} Erase;

/* The rows go in one step: a job that is erased shows nothing, whatever becomes of the files. */
static bool erase_rows(Db *db, void *data, Error *err)
{
    Erase *e = data;

    return job_set_erased(db, e->job_id, e->user_id, e->now_us, &e->done, err) &&
           (!e->done || artifact_delete_by_job(db, e->job_id, err));
}

bool removal_erase_job(const Site *site, TraceFiles *traces, const Job *job, int64_t user_id,
                       Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Erase e = { job->id, user_id, clock_now(site->clock), false };
    Artifact *artifacts = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!artifact_list_by_job(db, arena, job->id, &artifacts, &n, err))
            return false;
    }
    bool has_something = n > 0 || job->trace_size > 0;
    if (STATUS_IN(job->status, STATUSES_COMPLETED) && has_something && !job->erased_at &&
        !database_write(site->database, erase_rows, &e, err))
        return false;
    if (!e.done)
        return error_set(err, ERR_FORBIDDEN, "Job is not erasable!");
    return remove_blobs(site, artifacts, n, err) && trace_files_remove(traces, job->id, err);
}

/* --- deleting a pipeline --------------------------------------------------------------------- */

typedef struct Batch {
    int64_t pipeline_id;
    Arena *arena;
    Job *jobs;
    size_t n_jobs;
    Artifact *artifacts;
    size_t n_artifacts;
    int64_t *ids; /* of the jobs */
    int64_t n_left;
} Batch;

static bool read_batch(const Site *site, Batch *batch, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    if (!job_list_first(db, batch->arena, batch->pipeline_id, AT_ONCE, &batch->jobs, &batch->n_jobs,
                        err))
        return false;
    batch->ids = arena_new0(batch->arena, int64_t, batch->n_jobs);
    for (size_t i = 0; i < batch->n_jobs; i++)
        batch->ids[i] = batch->jobs[i].id;
    return batch->n_jobs == 0 || artifact_list_by_jobs(db, batch->arena, batch->ids, batch->n_jobs,
                                                       &batch->artifacts, &batch->n_artifacts, err);
}

static bool remove_traces(TraceFiles *traces, const Batch *batch, Error *err)
{
    for (size_t i = 0; i < batch->n_jobs; i++)
        if (!trace_files_remove(traces, batch->ids[i], err))
            return false;
    return true;
}

/* The pipeline before its jobs, as everywhere; gone: somebody else deletes it too. */
static bool lock_pipeline(Db *db, int64_t id, bool *is_there, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Pipeline pipeline;

    *is_there = pipeline_lock(db, arena, id, &pipeline, &failed);
    return *is_there || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

static bool delete_jobs(Db *db, void *data, Error *err)
{
    const Batch *batch = data;
    bool is_there;

    return lock_pipeline(db, batch->pipeline_id, &is_there, err) &&
           (!is_there || job_delete_all(db, batch->ids, batch->n_jobs, err));
}

static bool delete_specs(Db *db, void *data, Error *err)
{
    Batch *batch = data;
    bool is_there;

    batch->n_left = 0;
    return lock_pipeline(db, batch->pipeline_id, &is_there, err) &&
           (!is_there ||
            job_spec_delete_some(db, batch->pipeline_id, AT_ONCE, &batch->n_left, err));
}

static bool delete_rest(Db *db, void *data, Error *err)
{
    return pipeline_delete(db, ((const Batch *)data)->pipeline_id, err);
}

/* *@n: how many jobs there were. */
static bool delete_batch(const Site *site, TraceFiles *traces, int64_t pipeline_id, size_t *n,
                         Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Batch batch = { .pipeline_id = pipeline_id, .arena = arena };

    if (!read_batch(site, &batch, err))
        return false;
    *n = batch.n_jobs;
    if (*n == 0)
        return true;
    if (!remove_blobs(site, batch.artifacts, batch.n_artifacts, err) ||
        !remove_traces(traces, &batch, err) ||
        !database_write(site->database, delete_jobs, &batch, err) ||
        !remove_traces(traces, &batch, err))
        return false;
    for (size_t i = 0; i < batch.n_jobs; i++)
        if (batch.jobs[i].resource_group_id && job_is_held(&batch.jobs[i]))
            resource_give(site, batch.jobs[i].resource_group_id);
    return true;
}

bool removal_delete_pipeline(const Site *site, TraceFiles *traces, int64_t pipeline_id, Error *err)
{
    Batch rest = { .pipeline_id = pipeline_id };
    size_t n;

    if (!operation_cancel_pipeline(site, pipeline_id, err))
        return false;
    do {
        if (!delete_batch(site, traces, pipeline_id, &n, err))
            return false;
    } while (n > 0);
    do {
        if (!database_write(site->database, delete_specs, &rest, err))
            return false;
    } while (rest.n_left > 0);
    return database_write(site->database, delete_rest, &rest, err);
}
