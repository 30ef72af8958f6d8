/* config.c - reads pipeline files out of repositories and hands them to the compiler. */
#include "pipeline/config.h"

#include "access/subject.h"
#include "base/text.h"
#include "pipeline/config_paths.h"
#include "pipeline/parent_artifact.h"
#include "pipeline/remote_file.h"
#include "pipeline/template_file.h"

#include <string.h>

static const char DEFAULT_PATH[] = ".gitlab-ci.yml";

/* "[full-ci.yml ci]" anywhere in @message: the file's name, else NULL. */
static const char *named_by_message(Arena *arena, const char *message)
{
    static const char end[] = " ci]";

    for (const char *open = strchr(message, '['); open; open = strchr(open + 1, '[')) {
        size_t n = strcspn(open + 1, " ]\n");
        const char *after = open + 1 + n;
        if (n > 0 && strncmp(after, end, strlen(end)) == 0) {
            const char *path = arena_strndup(arena, open + 1, n);
            if (g_str_has_suffix(path, "-ci.yml"))
                return path;
        }
    }
    return NULL;
}

const char *config_choose_path(Arena *arena, const PipelineRequest *request,
                               const RepoCommit *commit)
{
    if (request->parent)
        return request->parent->config_path;
    for (size_t i = request->n_given; i > 0; i--)
        if (strcmp(request->given[i - 1].key, PIPELINE_FILE_VARIABLE) == 0 &&
            *request->given[i - 1].value)
            return request->given[i - 1].value;
    if (request->source == SOURCE_PUSH) {
        const char *named = named_by_message(arena, commit->message);
        if (named)
            return named;
    }
    const char *path = request->project->ci_config_path;
    return path && *path ? path : DEFAULT_PATH;
}

/* Whether the user who starts the pipeline may read @project's code. */
static bool may_read(const ConfigRun *run, Db *db, const Project *project)
{
    Subject subject;

    return subject_of_project(db, run->request->user->id, run->request->user->admin, project,
                              clock_now(run->site->clock), &subject, NULL) &&
           access_can(&subject, CAN_READ_CODE);
}

static CiFetchResult read_at(const ConfigRun *run, int64_t project_id, const char *sha,
                             const char *path, Arena *arena, CiFile *file)
{
    g_auto(Error) err = ERROR_INIT;

    /* One byte more than the compiler takes, so that it is the one to refuse. */
    size_t max = (size_t)run->site->settings->max_yaml_bytes + 1;
    if (repo_read_file(run->site->repos, project_id, sha, path, max, arena, &file->bytes,
                       &file->size, &err))
        return CI_FETCH_OK;
    return err.code == ERR_NO_RECORD ? CI_FETCH_NO_FILE : CI_FETCH_FAILED;
}

/* CI_FETCH_NO_PROJECT: it is missing, or may not be read. */
static CiFetchResult find_project(const ConfigRun *run, const char *path, Arena *arena,
                                  Project *project)
{
    g_autoptr(Db) db = database_reader(run->site->database);
    g_auto(Error) failed = ERROR_INIT;

    if (!project_by_path(db, arena, path, project, &failed))
        return failed.code == ERR_NO_RECORD ? CI_FETCH_NO_PROJECT : CI_FETCH_FAILED;
    return may_read(run, db, project) ? CI_FETCH_OK : CI_FETCH_NO_PROJECT;
}

static CiFetchResult resolve(const ConfigRun *run, const Project *project, const char *ref,
                             Arena *arena, const char **sha)
{
    RepoResolved resolved;

    if (!repo_resolve(run->site->repos, project->id, ref, true, arena, &resolved, NULL))
        return CI_FETCH_NO_REF;
    *sha = resolved.sha;
    return CI_FETCH_OK;
}

CiFetchResult config_find_commit(const ConfigRun *run, const char *path, const char *ref,
                                 Arena *arena, int64_t *project_id, const char **sha)
{
    Project project;
    CiFetchResult found = find_project(run, path, arena, &project);

    if (found != CI_FETCH_OK)
        return found;
    *project_id = project.id;
    return resolve(run, &project, ref ? ref : project.default_branch, arena, sha);
}

/* --- components ------------------------------------------------------------------------------ */

/* The tag that "~latest" or "1.2" stands for in a project. */
static CiFetchResult find_version(const ConfigRun *run, const Project *project, const char *wanted,
                                  Arena *arena, const char **version)
{
    static const char tags[] = "refs/tags/";
    const RepoRef *refs;
    size_t n, n_names = 0;

    if (!repo_list_refs(run->site->repos, project->id, arena, &refs, &n, NULL))
        return CI_FETCH_FAILED;
    const char **names = arena_new0(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        if (g_str_has_prefix(refs[i].name, tags))
            names[n_names++] = refs[i].name + strlen(tags);
    *version = ci_newest_version(names, wanted);
    return *version ? CI_FETCH_OK : CI_FETCH_NO_VERSION;
}

static CiFetchResult resolve_tag(const ConfigRun *run, const Project *project, const char *tag,
                                 Arena *arena, CiFile *file)
{
    CiFetchResult found =
        resolve(run, project, arena_printf(arena, "refs/tags/%s", tag), arena, &file->ref);

    if (found == CI_FETCH_OK)
        file->name = tag;
    return found;
}

/* The commit that @wanted names: the newest version that it stands for, else a tag, branch or
 * commit. */
static CiFetchResult find_component(const ConfigRun *run, const Project *project,
                                    const char *wanted, Arena *arena, CiFile *file)
{
    const char *version = wanted;
    CiFetchResult no_version = CI_FETCH_NO_REF;

    if (ci_version_is_open(wanted))
        no_version = find_version(run, project, wanted, arena, &version);
    if (no_version == CI_FETCH_FAILED)
        return no_version;
    if (version && ci_is_version(version) &&
        resolve_tag(run, project, version, arena, file) == CI_FETCH_OK)
        return CI_FETCH_OK;
    if (no_version == CI_FETCH_OK) /* its tag has just gone */
        no_version = CI_FETCH_NO_REF;
    return resolve(run, project, wanted, arena, &file->ref) == CI_FETCH_OK ? CI_FETCH_OK
                                                                           : no_version;
}

/* templates/NAME.yml, else templates/NAME/template.yml, at the version of the component. */
static CiFetchResult fetch_component(const ConfigRun *run, const CiFetch *what, Arena *arena,
                                     CiFile *file)
{
    Project project;
    CiFetchResult found = find_project(run, what->project, arena, &project);

    if (found == CI_FETCH_OK)
        found = find_component(run, &project, what->ref, arena, file);
    if (found != CI_FETCH_OK)
        return found;
    file->path = arena_printf(arena, "templates/%s.yml", what->path);
    found = read_at(run, project.id, file->ref, file->path, arena, file);
    if (found != CI_FETCH_NO_FILE)
        return found;
    file->path = arena_printf(arena, "templates/%s/template.yml", what->path);
    return read_at(run, project.id, file->ref, file->path, arena, file);
}

/* --- any file -------------------------------------------------------------------------------- */

static bool is_public(const ConfigRun *run, const char *path, Arena *arena)
{
    g_autoptr(Db) db = database_reader(run->site->database);
    Project project;

    return project_by_path(db, arena, path, &project, NULL) &&
           project.visibility == VISIBILITY_PUBLIC;
}

int64_t config_time_left_us(const ConfigRun *run)
{
    return run->includes_until_us == 0 ? G_MAXINT64
                                       : run->includes_until_us - g_get_monotonic_time();
}

/* One remote file has its own time, and no more than is left for all includes. */
static CiFetchResult fetch_remote(const ConfigRun *run, const char *url, Arena *arena, CiFile *file)
{
    int64_t own_us = run->site->settings->remote_include_timeout_s * US_PER_S;
    int64_t left_us = config_time_left_us(run);
    CiFetchResult result =
        remote_file_fetch(run->site->settings, url, MIN(own_us, left_us) / 1000, arena, file);

    return result == CI_FETCH_TIMEOUT && left_us < own_us ? CI_FETCH_OUT_OF_TIME : result;
}

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    const ConfigRun *run = data;
    int64_t project_id = run->request->project->id;
    const char *sha = run->pipeline->sha;

    if (config_time_left_us(run) <= 0)
        return CI_FETCH_OUT_OF_TIME;
    if (what->anonymous && what->project && !is_public(run, what->project, arena))
        return CI_FETCH_NO_PROJECT;
    switch (what->kind) {
    case CI_FILE_REMOTE:
        return fetch_remote(run, what->path, arena, file);
    case CI_FILE_TEMPLATE:
        return template_fetch(run->site->settings, what->path, arena, file);
    case CI_FILE_COMPONENT:
        return fetch_component(run, what, arena, file);
    case CI_FILE_ARTIFACT:
        return parent_artifact_fetch(run->site, run->request->parent, what, arena, file);
    case CI_FILE_REPOSITORY:
        break;
    }
    if (!text_is_inner_path(what->path))
        return CI_FETCH_NO_FILE;
    if (what->project) {
        CiFetchResult found =
            config_find_commit(run, what->project, what->ref, arena, &project_id, &sha);
        if (found != CI_FETCH_OK)
            return found;
        file->ref = sha; /* where what it includes is looked for */
    }
    return read_at(run, project_id, sha, what->path, arena, file);
}

/* As the addresses of components have it, and CI_SERVER_FQDN: "ci.example.com:8080". */
static const char *own_host(CiVariables variables)
{
    for (size_t i = 0; i < variables.n; i++) {
        if (variables.items[i].predefined && strcmp(variables.items[i].key, "CI_SERVER_FQDN") == 0)
            return variables.items[i].value;
    }
    return NULL;
}

CiLimits config_limits(const Settings *settings)
{
    return (CiLimits){ .yaml_bytes = (size_t)settings->max_yaml_bytes,
                       .yaml_depth = (int)settings->max_yaml_depth,
                       .yaml_nodes = (size_t)settings->max_yaml_nodes,
                       .total_bytes = (size_t)settings->max_total_yaml_bytes,
                       .total_nodes = (size_t)settings->max_total_yaml_nodes,
                       .includes = (int)settings->max_includes,
                       .jobs = (int)settings->max_jobs,
                       .needs = (int)settings->max_needs };
}

static bool first_message(const CiMessages *messages, Error *err)
{
    return error_set(err, ERR_CONFIG, "%s",
                     messages->n > 0 ? messages->items[0].text : "the configuration is invalid");
}

/* The text to compile: what the report brings, else the file. */
static bool read_root(const ConfigRun *run, Arena *arena, CiFile *file, Error *err)
{
    const ConfigReport *report = run->request->report;
    const char *path = run->pipeline->config_path;

    if (report && report->content) {
        file->bytes = report->content;
        file->size = report->size;
        return true;
    }
    if (run->request->content) {
        file->bytes = run->request->content;
        file->size = run->request->content_size;
        return true;
    }
    if (!text_is_inner_path(path))
        return error_set(err, ERR_NO_RECORD, NULL);
    CiFetchResult result =
        read_at(run, run->request->project->id, run->pipeline->sha, path, arena, file);
    if (result == CI_FETCH_NO_FILE)
        return error_set(err, ERR_NO_RECORD, NULL);
    return result == CI_FETCH_OK || error_set(err, ERR_CONFIG, "The provided YAML is too big");
}

bool config_load(const ConfigRun *run, Arena *arena, CiConfig **config, CiPlan **plan, Error *err)
{
    ConfigReport *report = run->request->report;
    CiMessages messages = { 0 };
    CiFile file = { 0 };

    if (!read_root(run, arena, &file, err))
        return false;
    ConfigRun timed = *run;
    timed.includes_until_us =
        g_get_monotonic_time() + run->site->settings->includes_timeout_s * US_PER_S;
    CiVariables variables = variables_for_ci(run->variables);
    CiInput input = { .path = run->pipeline->config_path,
                      .child = run->request->parent != NULL,
                      .bytes = file.bytes,
                      .size = file.size,
                      .variables = variables,
                      .fetch = fetch,
                      .tree = config_tree,
                      .changes = config_changes,
                      .inputs = run->request->inputs,
                      .n_inputs = run->request->n_inputs,
                      .host = own_host(variables),
                      .fetch_data = &timed,
                      .limits = config_limits(run->site->settings),
                      .findings = report ? &report->findings : NULL };
    *config = ci_compile(&input, arena, &messages);
    if (report) {
        report->errors = messages;
        report->config = *config;
    }
    if (!*config)
        return first_message(&messages, err);
    if (report && report->compile_only)
        return true;
    CiRun planned = config_run(run, variables, input.limits);
    planned.explain = report && report->explain;
    *plan = ci_plan_run(*config, &planned);
    if (report)
        report->plan = *plan;
    return true;
}
