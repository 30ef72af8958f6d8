/* dependencies.c - the jobs before a job, beside the archives of its pipeline. */
#include "runner/dependencies.h"

#include "store/artifacts.h"
#include "store/job_specs.h"

#include <string.h>

typedef struct Before {
    const Job *job;
    const JobNeed *needs; /* of a job that is scheduled by its needs */
    size_t n_needs;
    const json_t *names; /* the keyword `dependencies`; NULL: not given */
} Before;

static bool is_named(const Before *before, const char *name)
{
    for (size_t i = 0; i < json_array_size(before->names); i++)
        if (strcmp(json_string_value(json_array_get(before->names, i)), name) == 0)
            return true;
    return before->names == NULL;
}

static bool is_wanted(const Before *before, const Job *other)
{
    if (!STATUS_IN(other->status, STATUSES_COMPLETED) || !is_named(before, other->name))
        return false;
    if (!before->job->by_needs)
        return other->stage_position < before->job->stage_position;
    for (size_t i = 0; i < before->n_needs; i++)
        if (before->needs[i].artifacts && strcmp(before->needs[i].name, other->name) == 0)
            return true;
    return false;
}

static const Artifact *archive_of(const Artifact *artifacts, size_t n, int64_t job_id)
{
    for (size_t i = 0; i < n; i++)
        if (artifacts[i].job_id == job_id && artifacts[i].file_type == ARTIFACT_ARCHIVE)
            return &artifacts[i];
    return NULL;
}

static bool is_lost(const Job *job, int64_t now_us)
{
    return job->erased_at != 0 ||
           (job->artifacts_expire_at != 0 && job->artifacts_expire_at <= now_us);
}

bool dependencies_find(Db *db, Arena *arena, const Job *job, const json_t *spec, int64_t now_us,
                       PayloadDependency **out, size_t *n, bool *missing, Error *err)
{
    Before before = { .job = job, .names = json_object_get(spec, "dependencies") };
    JobNeed *needs = NULL;
    Artifact *artifacts = NULL;
    Job *jobs = NULL;
    size_t n_artifacts = 0, n_jobs = 0;

    *n = 0;
    *missing = false;
    if (job->by_needs && !job_need_list(db, arena, job->spec_id, &needs, &before.n_needs, err))
        return false;
    before.needs = needs;
    if (!job_list_latest(db, arena, job->pipeline_id, &jobs, &n_jobs, err) ||
        !artifact_list_by_pipeline(db, arena, job->pipeline_id, &artifacts, &n_artifacts, err))
        return false;
    *out = arena_new0(arena, PayloadDependency, n_jobs);
    for (size_t i = 0; i < n_jobs; i++) {
        if (!is_wanted(&before, &jobs[i]))
            continue;
        const Artifact *archive = archive_of(artifacts, n_artifacts, jobs[i].id);
        if (is_lost(&jobs[i], now_us))
            *missing = true;
        else if (archive)
            (*out)[(*n)++] = (PayloadDependency){ .job_id = jobs[i].id,
                                                  .name = jobs[i].name,
                                                  .filename = archive->filename,
                                                  .size = archive->size_bytes };
    }
    return true;
}
