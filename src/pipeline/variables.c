/* variables.c - the predefined variables, group by group. */
#include "pipeline/variables.h"

#include "base/regex.h"
#include "base/text.h"
#include "base/version.h"
#include "ci/environment.h"

#include <string.h>

void variables_init(Variables *list, Arena *arena)
{
    *list = (Variables){ .arena = arena };
}

void variables_add(Variables *list, Variable variable)
{
    if (!variable.value)
        return;
    if (list->n == list->allocated) {
        size_t allocated = MAX(list->allocated * 2, (size_t)64);
        Variable *items = arena_new0(list->arena, Variable, allocated);
        if (list->n > 0)
            memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->allocated = allocated;
    }
    list->items[list->n++] = variable;
}

void variables_put(Variables *list, const char *key, const char *value)
{
    variables_add(list, (Variable){ .key = key, .value = value });
}

/* One of ours, which the file's own variables may override. */
static void put(Variables *list, const char *key, const char *value)
{
    variables_add(list, (Variable){ .key = key, .value = value, .predefined = true });
}

static void put_int(Variables *list, const char *key, int64_t value)
{
    put(list, key, arena_printf(list->arena, "%" G_GINT64_FORMAT, value));
}

static void put_slug(Variables *list, const char *key, const char *value)
{
    g_autofree char *slug = text_slug(value);

    put(list, key, arena_strdup(list->arena, slug));
}

static void put_secret(Variables *list, const char *key, const char *value, bool masked)
{
    variables_add(
        list,
        (Variable){
            .key = key, .value = value, .hidden = true, .masked = masked, .predefined = true });
}

const char *variables_get(const Variables *list, const char *key)
{
    for (size_t i = list->n; i > 0; i--)
        if (strcmp(list->items[i - 1].key, key) == 0)
            return list->items[i - 1].value;
    return NULL;
}

CiVariables variables_for_ci(const Variables *list)
{
    CiVariable *items = arena_new0(list->arena, CiVariable, list->n);

    for (size_t i = 0; i < list->n; i++)
        items[i] = (CiVariable){ .key = list->items[i].key,
                                 .value = list->items[i].value,
                                 .type = list->items[i].file ? VARIABLE_FILE : VARIABLE_ENV_VAR,
                                 .raw = list->items[i].raw,
                                 .masked = list->items[i].masked,
                                 .predefined = list->items[i].predefined,
                                 .environment_scope = list->items[i].environment_scope };
    return (CiVariables){ .items = items, .n = list->n };
}

/* The parts of the address by which clients know this server. */
typedef struct Address {
    const char *scheme;
    const char *host;
    int port;
    const char *fqdn; /* with the port, if it is not the usual one */
} Address;

static Address address_of(Arena *arena, const Site *site)
{
    g_autoptr(GUri) uri = g_uri_parse(site->external_url, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri ? arena_strdup(arena, g_uri_get_scheme(uri)) : "http";
    const char *host = uri ? arena_strdup(arena, g_uri_get_host(uri)) : "localhost";
    int given = uri ? g_uri_get_port(uri) : -1;
    int usual = strcmp(scheme, "https") == 0 ? 443 : 80;
    bool odd = given > 0 && given != usual;

    return (Address){ .scheme = scheme,
                      .host = host,
                      .port = given > 0 ? given : usual,
                      .fqdn = odd ? arena_printf(arena, "%s:%d", host, given) : host };
}

static void add_server(Variables *list, const Site *site)
{
    Arena *arena = list->arena;
    Address address = address_of(arena, site);

    put(list, "CI", "true");
    put(list, "GITLAB_CI", "true");
    put(list, "CI_SERVER_URL", site->external_url);
    put(list, "CI_SERVER_FQDN", address.fqdn);
    put(list, "CI_SERVER_HOST", address.host);
    put_int(list, "CI_SERVER_PORT", address.port);
    put(list, "CI_SERVER_PROTOCOL", address.scheme);
    put(list, "CI_SERVER_NAME", "Penstock");
    put(list, "CI_SERVER_VERSION", PENSTOCK_API_VERSION);
    put(list, "CI_SERVER_VERSION_MAJOR", PENSTOCK_API_MAJOR);
    put(list, "CI_SERVER_VERSION_MINOR", PENSTOCK_API_MINOR);
    put(list, "CI_SERVER_VERSION_PATCH", PENSTOCK_API_PATCH);
    put(list, "CI_SERVER_REVISION", PENSTOCK_REVISION);
    put(list, "CI_API_V4_URL", arena_printf(arena, "%s/api/v4", site->external_url));
    put(list, "CI_TEMPLATE_REGISTRY_HOST", "registry.gitlab.com"); /* where templates' images are */
    put(list, "GITLAB_FEATURES", "");
}

static void add_project(Variables *list, const Site *site, const Project *project)
{
    Arena *arena = list->arena;
    const char *slash = strrchr(project->full_path, '/');
    const char *space =
        slash ? arena_strndup(arena, project->full_path, (size_t)(slash - project->full_path)) : "";
    const char *root = arena_strndup(arena, space, strcspn(space, "/"));

    put_int(list, "CI_PROJECT_ID", project->id);
    put(list, "CI_PROJECT_NAME", project->path);
    put(list, "CI_PROJECT_TITLE", project->name);
    put(list, "CI_PROJECT_DESCRIPTION", project->description ? project->description : "");
    put(list, "CI_PROJECT_PATH", project->full_path);
    put_slug(list, "CI_PROJECT_PATH_SLUG", project->full_path);
    put(list, "CI_PROJECT_NAMESPACE", space);
    put_slug(list, "CI_PROJECT_NAMESPACE_SLUG", space);
    put_int(list, "CI_PROJECT_NAMESPACE_ID", project->namespace_id);
    put(list, "CI_PROJECT_ROOT_NAMESPACE", root);
    put_slug(list, "CI_PROJECT_ROOT_NAMESPACE_SLUG", root);
    put(list, "CI_PROJECT_URL",
        arena_printf(arena, "%s/%s", site->external_url, project->full_path));
    put(list, "CI_PROJECT_VISIBILITY", name_of(&visibility_names, (int)project->visibility));
    put(list, "CI_PROJECT_CLASSIFICATION_LABEL", "");
    put(list, "CI_PROJECT_TOPICS", "");
    put(list, "CI_PROJECT_REPOSITORY_LANGUAGES", "");
    put(list, "CI_DEFAULT_BRANCH", project->default_branch);
    put_slug(list, "CI_DEFAULT_BRANCH_SLUG", project->default_branch);
}

/* GitLab's description of a commit: the message without its title, unless the title is long. */
static const char *commit_description(const RepoCommit *commit)
{
    enum { LONG_TITLE = 100 };
    const char *end = strchr(commit->message, '\n');

    if (strlen(commit->title) >= LONG_TITLE)
        return commit->message;
    if (!end)
        return "";
    return end + strspn(end, "\n");
}

static void add_commit(Variables *list, const Pipeline *pipeline, const RepoCommit *commit,
                       bool is_branch, const char *tag_message)
{
    enum { MAX_MESSAGE = 100000 };
    Arena *arena = list->arena;
    bool cut = strlen(commit->message) > MAX_MESSAGE;
    char time[TIME_TEXT_SIZE];

    put(list, "CI_COMMIT_SHA", pipeline->sha);
    put(list, "CI_COMMIT_SHORT_SHA",
        arena_strndup(arena, pipeline->sha, strnlen(pipeline->sha, 8)));
    put(list, "CI_COMMIT_BEFORE_SHA", pipeline->before_sha);
    put(list, "CI_COMMIT_REF_NAME", pipeline->ref);
    put_slug(list, "CI_COMMIT_REF_SLUG", pipeline->ref);
    if (is_branch)
        put(list, "CI_COMMIT_BRANCH", pipeline->ref);
    if (pipeline->tag) {
        put(list, "CI_COMMIT_TAG", pipeline->ref);
        put(list, "CI_COMMIT_TAG_MESSAGE", tag_message ? tag_message : "");
    }
    put(list, "CI_COMMIT_REF_PROTECTED", pipeline->protected ? "true" : "false");
    put(list, "CI_COMMIT_MESSAGE",
        arena_strndup(arena, commit->message, MIN(strlen(commit->message), MAX_MESSAGE)));
    put(list, "CI_COMMIT_MESSAGE_IS_TRUNCATED", cut ? "true" : "false");
    put(list, "CI_COMMIT_TITLE", commit->title);
    put(list, "CI_COMMIT_DESCRIPTION", commit_description(commit));
    put(list, "CI_COMMIT_TIMESTAMP", arena_strdup(arena, time_to_text(commit->committer_at, time)));
    put(list, "CI_COMMIT_AUTHOR",
        arena_printf(arena, "%s <%s>", commit->author_name, commit->author_email));
}

/* A run on a bare commit has the SHA as its ref and is neither of a branch nor of a tag. */
static bool is_of_branch(const Pipeline *pipeline)
{
    return !pipeline->tag && strcmp(pipeline->ref, pipeline->sha) != 0;
}

const char *variables_config_ref_uri(Arena *arena, const RunContext *run)
{
    const Pipeline *pipeline = run->pipeline;
    const char *kind = pipeline->tag ? "refs/tags/" : is_of_branch(pipeline) ? "refs/heads/" : "";

    return arena_printf(arena, "%s/%s//%s@%s%s", address_of(arena, run->site).fqdn,
                        run->project->full_path, pipeline->config_path, kind, pipeline->ref);
}

/* The time that a run is for, whenever it really starts. */
static void add_tick(Variables *list, const char *tick)
{
    char utc[TIME_TEXT_SIZE];
    int64_t us;

    if (!tick || !time_from_text(tick, &us))
        return;
    put(list, "CI_SCHEDULE_TICK", tick);
    time_to_text(us, utc);
    utc[strlen("2026-11-24T01:00:00")] = '\0';
    put(list, "CI_SCHEDULE_TICK_UTC", arena_printf(list->arena, "%sZ", utc));
}

void variables_add_predefined(Variables *list, const RunContext *run)
{
    const Pipeline *pipeline = run->pipeline;

    add_server(list, run->site);
    add_project(list, run->site, run->project);
    put(list, "CI_CONFIG_PATH", pipeline->config_path);
    put(list, "CI_PIPELINE_SOURCE", name_of(&pipeline_source_names, (int)pipeline->source));
    if (pipeline->trigger_id)
        put(list, "CI_PIPELINE_TRIGGERED", "true");
    put(list, "CI_PIPELINE_SCHEDULE_DESCRIPTION", run->schedule_description);
    add_tick(list, pipeline->schedule_tick);
    if (run->upstream) {
        put_int(list, "CI_UPSTREAM_PROJECT_ID", run->upstream->upstream_project_id);
        put_int(list, "CI_UPSTREAM_PIPELINE_ID", run->upstream->upstream_pipeline_id);
        put_int(list, "CI_UPSTREAM_JOB_ID", run->upstream->job_id);
    }
    put(list, "CI_CONFIG_REF_URI", variables_config_ref_uri(list->arena, run));
    add_commit(list, pipeline, run->commit, is_of_branch(pipeline), run->tag_message);
}

bool run_find_tag_message(RunContext *run, Arena *arena, Error *err)
{
    const Pipeline *pipeline = run->pipeline;
    g_auto(Error) failed = ERROR_INIT;

    run->tag_message = NULL;
    return !pipeline->tag ||
           repo_tag_message(run->site->repos, pipeline->project_id, pipeline->ref, arena,
                            &run->tag_message, &failed) ||
           failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

/* Stronger than the file. */
void variables_add_user(Variables *list, const User *user)
{
    if (!user)
        return;
    variables_put(list, "GITLAB_USER_ID", arena_printf(list->arena, "%" G_GINT64_FORMAT, user->id));
    variables_put(list, "GITLAB_USER_EMAIL", user->email);
    variables_put(list, "GITLAB_USER_LOGIN", user->username);
    variables_put(list, "GITLAB_USER_NAME", user->name);
}

/* GitLab's own pattern for it (app/models/commit_status.rb), where "\\b" stands for a backspace. */
const char *variables_group_name(Arena *arena, const char *job_name)
{
    static const char pattern[] = "(?:[\\x08\\s:]+(?:\\[.*\\]|\\d+[\\s:/\\\\]+\\d+))+\\s*\\z";
    g_autoptr(Regex) mark = regex_new(pattern, 0, NULL);
    ptrdiff_t start, end;

    g_assert(mark);
    if (!regex_find(mark, job_name, strlen(job_name), 0, 0, &start, &end))
        return job_name;
    return g_strchomp(arena_strndup(arena, job_name, (size_t)start));
}

void variables_add_job(Variables *list, const Job *job)
{
    put(list, "CI_JOB_NAME", job->name);
    put_slug(list, "CI_JOB_NAME_SLUG", job->name);
    put(list, "CI_JOB_GROUP_NAME", variables_group_name(list->arena, job->name));
    put(list, "CI_JOB_STAGE", job->stage);
    if (job->when_kind == WHEN_MANUAL || job->when_kind == WHEN_DELAYED)
        put(list, "CI_JOB_MANUAL", "true");
    put(list, "CI_NODE_TOTAL", "1");
}

void variables_add_trigger(Variables *list, const char *token_start)
{
    put(list, "CI_TRIGGER_SHORT_TOKEN", token_start);
}

const char *environment_action_of(const json_t *environment)
{
    const char *action = json_get_string(environment, "action");

    return action ? action : "start";
}

const char *environment_tier_of(const json_t *environment)
{
    const char *tier = json_get_string(environment, "deployment_tier");
    const char *name = json_get_string(environment, "name");

    return tier ? tier : name_of(&environment_tier_names, (int)environment_guess_tier(name));
}

void variables_add_environment(Variables *list, const json_t *environment)
{
    const char *name = json_get_string(environment, "name");

    if (!name)
        return;
    put(list, "CI_ENVIRONMENT_NAME", name);
    put(list, "CI_ENVIRONMENT_ACTION", environment_action_of(environment));
    put(list, "CI_ENVIRONMENT_TIER", environment_tier_of(environment));
}

void variables_add_environment_last(Variables *list, const json_t *environment)
{
    const char *name = json_get_string(environment, "name");

    if (!name)
        return;
    g_autofree char *slug = environment_slug(name);
    variables_put(list, "CI_ENVIRONMENT_SLUG", arena_strdup(list->arena, slug));
    variables_put(list, "CI_ENVIRONMENT_URL", json_get_string(environment, "url"));
}

const char *variables_repository_url(Arena *arena, const Site *site, const Project *project,
                                     const char *token)
{
    const char *rest = strstr(site->external_url, "://") + 3;
    int scheme = (int)(rest - site->external_url);

    return arena_printf(arena, "%.*sgitlab-ci-token:%s@%s/%s.git", scheme, site->external_url,
                        token, rest, project->full_path);
}

/* The text of a list as GitLab writes it: ["a", "b"]. */
static const char *tags_text(Arena *arena, const char *tags)
{
    g_auto(GStrv) words = g_strsplit_set(tags, " ", -1);
    g_autoptr(GString) text = g_string_new("[");

    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(text, "%s\"%s\"", text->len > 1 ? ", " : "", *word);
    g_string_append_c(text, ']');
    return arena_strdup(arena, text->str);
}

void variables_add_pipeline(Variables *list, const RunContext *run)
{
    const char *project_url = variables_get(list, "CI_PROJECT_URL");
    char time[TIME_TEXT_SIZE];

    put_int(list, "CI_PIPELINE_ID", run->pipeline->id);
    put_int(list, "CI_PIPELINE_IID", run->pipeline->iid);
    put(list, "CI_PIPELINE_NAME", run->pipeline->name);
    put(list, "CI_PIPELINE_CREATED_AT",
        arena_strdup(list->arena, time_to_text(run->pipeline->created_at, time)));
    variables_put(list, "CI_PIPELINE_URL",
                  arena_printf(list->arena, "%s/-/pipelines/%" G_GINT64_FORMAT, project_url,
                               run->pipeline->id));
}

void variables_add_attempt(Variables *list, const RunContext *run, const Job *job,
                           const Runner *runner, const char *token)
{
    Arena *arena = list->arena;
    const char *project_url = variables_get(list, "CI_PROJECT_URL");
    char time[TIME_TEXT_SIZE];

    variables_add_pipeline(list, run);
    put_int(list, "CI_JOB_ID", job->id);
    put(list, "CI_JOB_URL",
        arena_printf(arena, "%s/-/jobs/%" G_GINT64_FORMAT, project_url, job->id));
    put(list, "CI_JOB_STARTED_AT",
        arena_strdup(arena, time_to_text(clock_now(run->site->clock), time)));
    put_slug(list, "CI_JOB_STARTED_AT_SLUG", variables_get(list, "CI_JOB_STARTED_AT"));
    put_secret(list, "CI_JOB_TOKEN", token, true);
    put_secret(list, "CI_REPOSITORY_URL",
               variables_repository_url(arena, run->site, run->project, token), false);
    put_int(list, "CI_RUNNER_ID", runner->id);
    put(list, "CI_RUNNER_DESCRIPTION", runner->description);
    put(list, "CI_RUNNER_TAGS", tags_text(arena, runner->tags));
}
