/* config_paths.c - what `changes` and `exists` ask of repositories. */
#include "pipeline/config_paths.h"

#include "base/log.h"

#include <string.h>

/* More paths than this are not compared with anything. */
enum { MAX_PATHS = 500000 };

static const char ZERO_SHA[] = "0000000000000000000000000000000000000000";

static CiFetchResult failed(const ConfigRun *run, Error *err, const char *what)
{
    log_error(err, "project %" G_GINT64_FORMAT ": %s", run->request->project->id, what);
    return CI_FETCH_FAILED;
}

CiFetchResult config_tree(void *data, const char *project, const char *ref, Arena *arena,
                          CiStrings *paths)
{
    const ConfigRun *run = data;
    g_auto(Error) err = ERROR_INIT;
    int64_t id = run->request->project->id;
    const char *sha = run->pipeline->sha;
    const char **found = NULL;

    if (config_time_left_us(run) <= 0)
        return CI_FETCH_OUT_OF_TIME;
    if (project) {
        CiFetchResult result = config_find_commit(run, project, ref, arena, &id, &sha);
        if (result != CI_FETCH_OK)
            return result;
    }
    if (!*sha) {
        *paths = arena_new0(arena, const char *, 1); /* before the first commit there is none */
        return CI_FETCH_OK;
    }
    if (!repo_list_files(run->site->repos, id, sha, "", NULL, MAX_PATHS, arena, &found, &err))
        return failed(run, &err, "the files of a commit cannot be listed");
    if (g_strv_length((char **)found) >= MAX_PATHS)
        return CI_FETCH_FAILED;
    *paths = found;
    return CI_FETCH_OK;
}

/* Against where the run's commit parted from @compare_to. */
static CiFetchResult compare_with(const ConfigRun *run, const char *compare_to, Arena *arena,
                                  const char ***found)
{
    int64_t id = run->request->project->id;
    g_auto(Error) err = ERROR_INIT;
    RepoResolved resolved;

    if (!repo_resolve(run->site->repos, id, compare_to, true, arena, &resolved, NULL))
        return CI_FETCH_NO_REF;
    if (!repo_changed_paths(run->site->repos, id, resolved.sha, run->pipeline->sha, true, MAX_PATHS,
                            arena, found, &err))
        return failed(run, &err, "commits cannot be compared");
    return CI_FETCH_OK;
}

/* A push to a branch that was there is compared with its old tip; all else has nothing to compare
 * with.  Nor has a push over a commit that is gone, or one of more than may be compared: then all
 * counts as changed. */
CiFetchResult config_changes(void *data, const char *compare_to, Arena *arena, CiStrings *paths)
{
    const ConfigRun *run = data;
    const Pipeline *pipeline = run->pipeline;
    const char **found = NULL;
    CiFetchResult result = CI_FETCH_OK;

    *paths = NULL;
    if (compare_to) {
        result = compare_with(run, compare_to, arena, &found);
    } else if (pipeline->source == SOURCE_PUSH && !pipeline->tag && pipeline->before_sha &&
               strcmp(pipeline->before_sha, ZERO_SHA) != 0) {
        if (!repo_changed_paths(run->site->repos, pipeline->project_id, pipeline->before_sha,
                                pipeline->sha, false, MAX_PATHS, arena, &found, NULL))
            found = NULL;
    }
    *paths = found;
    return result;
}

CiRun config_run(const ConfigRun *run, CiVariables variables, CiLimits limits)
{
    return (CiRun){ .variables = variables,
                    .limits = limits,
                    .ref = run->pipeline->ref,
                    .tag = run->pipeline->tag,
                    .source = run->pipeline->source,
                    .project_path = run->request->project->full_path,
                    .tree = config_tree,
                    .changes = config_changes,
                    .data = (void *)run };
}
