/* dependencies.c - the jobs before a job, beside the archives of its pipeline. */
#include "runner/dependencies.h"

#include "pipeline/jobs_before.h"
#include "store/artifacts.h"

static const Artifact *archive_of(const Artifact *artifacts, size_t n, int64_t job_id)
{
    for (size_t i = 0; i < n; i++)
        if (artifacts[i].job_id == job_id)
            return &artifacts[i];
    return NULL;
}

/* @keeps_latest: what is past its time stays while its pipeline is not finished. */
static bool is_lost(const Job *job, const Artifact *archive, bool keeps_latest, int64_t now_us)
{
    bool is_over = job->artifacts_expire_at != 0 && job->artifacts_expire_at <= now_us;

    return job->erased_at != 0 || (is_over && !(archive && keeps_latest));
}

bool dependencies_find(Db *db, Arena *arena, const Job *job, const json_t *spec, bool keeps_latest,
                       int64_t now_us, PayloadDependency **out, size_t *n, bool *missing,
                       Error *err)
{
    Artifact *artifacts = NULL;
    Job *jobs = NULL;
    size_t n_artifacts = 0, n_jobs = 0;

    *n = 0;
    *missing = false;
    if (!jobs_before(db, arena, job, spec, &jobs, &n_jobs, err) ||
        !artifact_list_by_pipeline_type(db, arena, job->pipeline_id, ARTIFACT_ARCHIVE, &artifacts,
                                        &n_artifacts, err))
        return false;
    *out = arena_new0(arena, PayloadDependency, n_jobs);
    for (size_t i = 0; i < n_jobs; i++) {
        const Artifact *archive = archive_of(artifacts, n_artifacts, jobs[i].id);
        if (is_lost(&jobs[i], archive, keeps_latest, now_us))
            *missing = true;
        else if (archive)
            (*out)[(*n)++] = (PayloadDependency){ .job_id = jobs[i].id,
                                                  .name = jobs[i].name,
                                                  .filename = archive->filename,
                                                  .size = archive->size_bytes };
    }
    return true;
}
