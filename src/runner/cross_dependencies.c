/* cross_dependencies.c - from `needs` of other pipelines and projects to jobs and their archives. */
#include "runner/cross_dependencies.h"

#include "access/subject.h"
#include "base/json.h"
#include "base/text.h"
#include "runner/artifacts.h"

#include <string.h>

static bool none(Error *failed, Error *err)
{
    return failed->code == ERR_NO_RECORD || error_move(err, failed);
}

/* NULL: not written, or too long. */
static const char *text_of(Arena *arena, const CrossLookup *in, const json_t *need, const char *key)
{
    const char *written = json_get_string(need, key);

    return written ? ci_expand(arena, written, in->variables) : NULL;
}

static int64_t root_of(const DownstreamPipeline *link, int64_t pipeline_id)
{
    return link ? link->root_pipeline_id : pipeline_id;
}

/* Of the same project and tree.  *@found: false: there is none. */
static bool find_related(Db *db, Arena *arena, const CrossLookup *in, const char *id,
                         Pipeline *pipeline, bool *found, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const DownstreamPipeline *link;
    int64_t number;

    *found = false;
    if (!text_to_int(id, &number))
        return true;
    if (!pipeline_get_in_project(db, arena, in->project->id, number, pipeline, &failed))
        return none(&failed, err);
    if (!downstream_find(db, arena, number, &link, err))
        return false;
    *found = root_of(link, number) == root_of(in->upstream, in->pipeline->id);
    return true;
}

/* The newest success of a ref, where the user may read artifacts. */
static bool find_abroad(Db *db, Arena *arena, const CrossLookup *in, const json_t *need,
                        Pipeline *pipeline, Subject *subject, bool *found, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const char *path = text_of(arena, in, need, "project");
    const char *ref = text_of(arena, in, need, "ref");
    Project project;

    *found = false;
    if (!path)
        return true;
    if (!project_by_path(db, arena, path, &project, &failed))
        return none(&failed, err);
    if (!subject_of_project(db, in->user->id, in->user->admin, &project, clock_now(in->site->clock),
                            subject, err))
        return false;
    if (!access_can(subject, CAN_READ_ARTIFACTS))
        return true;
    *found = pipeline_latest_successful(db, arena, project.id, ref ? ref : project.default_branch,
                                        pipeline, &failed);
    return *found || none(&failed, err);
}

/* *@found: false: no such job, or what it left is gone, or not for @subject (NULL: it is of the job's own
 * project).  A job without an archive adds nothing. */
static bool add_archive(Db *db, Arena *arena, const CrossLookup *in, const Pipeline *pipeline,
                        const Subject *subject, const char *name, PayloadDependency *list,
                        size_t *n, bool *found, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    bool gone = false;
    Artifact archive;
    Job job;

    *found = false;
    if (!name)
        return true;
    if (!job_by_name(db, arena, pipeline->id, name, &job, &failed))
        return none(&failed, err);
    if (job.erased_at != 0)
        return true;
    if (!artifact_by_type(db, arena, job.id, ARTIFACT_ARCHIVE, &archive, &failed)) {
        /* It had none, or it was removed at its time. */
        *found =
            job.artifacts_expire_at == 0 || job.artifacts_expire_at > clock_now(in->site->clock);
        return none(&failed, err);
    }
    if (!artifact_is_gone(db, arena, &archive, clock_now(in->site->clock), &gone, err))
        return false;
    *found = !gone && (!subject || artifact_allows(&archive, subject));
    if (!*found)
        return true;
    list[(*n)++] = (PayloadDependency){
        .job_id = job.id, .name = job.name, .filename = archive.filename, .size = archive.size_bytes
    };
    return true;
}

static bool add_one(Db *db, Arena *arena, const CrossLookup *in, const json_t *need,
                    PayloadDependency *list, size_t *n, bool *found, Error *err)
{
    const char *id = text_of(arena, in, need, "pipeline");
    Pipeline pipeline;
    Subject subject;

    bool ok = id ? find_related(db, arena, in, id, &pipeline, found, err)
                 : find_abroad(db, arena, in, need, &pipeline, &subject, found, err);
    return ok && (!*found || add_archive(db, arena, in, &pipeline, id ? NULL : &subject,
                                         text_of(arena, in, need, "job"), list, n, found, err));
}

bool cross_dependencies_add(Db *db, Arena *arena, const CrossLookup *in, PayloadDependency **list,
                            size_t *n, bool *missing, Error *err)
{
    const json_t *needs = json_object_get(in->spec, "cross_needs");
    size_t n_needs = json_array_size(needs);

    if (n_needs == 0)
        return true;
    PayloadDependency *all = arena_new0(arena, PayloadDependency, *n + n_needs);
    if (*n > 0)
        memcpy(all, *list, *n * sizeof *all);
    *list = all;
    for (size_t i = 0; i < n_needs; i++) {
        const json_t *need = json_array_get(needs, i);
        bool found = false;
        if (!json_get_bool(need, "artifacts", true))
            continue;
        if (!add_one(db, arena, in, need, all, n, &found, err))
            return false;
        if (!found && !json_get_bool(need, "optional", false))
            *missing = true;
    }
    return true;
}
