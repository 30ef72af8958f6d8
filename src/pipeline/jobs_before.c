/* jobs_before.c - by needs, by stages, by `dependencies`. */
#include "pipeline/jobs_before.h"

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

bool jobs_before(Db *db, Arena *arena, const Job *job, const json_t *spec, Job **jobs, size_t *n,
                 Error *err)
{
    Before before = { .job = job, .names = json_object_get(spec, "dependencies") };
    JobNeed *needs = NULL;
    size_t kept = 0;

    if (job->by_needs && !job_need_list(db, arena, job->spec_id, &needs, &before.n_needs, err))
        return false;
    before.needs = needs;
    if (!job_list_latest(db, arena, job->pipeline_id, jobs, n, err))
        return false;
    for (size_t i = 0; i < *n; i++)
        if (is_wanted(&before, &(*jobs)[i]))
            (*jobs)[kept++] = (*jobs)[i];
    *n = kept;
    return true;
}
