/* payload.c - one function a part of the payload. */
#include "runner/payload.h"
#include "runner/payload_secrets.h"

#include "base/text.h"
#include "runner/artifact_forms.h"

#include <string.h>

/* Commits fetched where GIT_DEPTH does not say, as in new GitLab projects. */
enum { DEFAULT_DEPTH = 20 };

static const char *const understood_failures[] = {
    "unknown_failure",
    "script_failure",
    "runner_system_failure",
    "job_execution_timeout",
    "image_pull_failure",
    "runner_configuration_error",
    "runner_external_dependency_failure",
    "runner_interrupted",
    "job_canceled",
    NULL,
};

static void write_job_info(JsonWriter *w, const PayloadInput *in)
{
    jw_key(w, "job_info");
    jw_begin_object(w);
    jw_put_int(w, "id", in->job->id);
    jw_put_string(w, "name", in->job->name);
    jw_put_string(w, "stage", in->job->stage);
    jw_put_int(w, "pipeline_id", in->pipeline->id);
    jw_put_int(w, "project_id", in->project->id);
    jw_put_string(w, "project_name", in->project->name);
    jw_put_string(w, "project_full_path", in->project->full_path);
    jw_put_int(w, "namespace_id", in->project->namespace_id);
    jw_put_int(w, "user_id", in->job->user_id);
    int64_t queued = in->job->queued_at ? clock_now(in->site->clock) - in->job->queued_at : 0;
    jw_put_double(w, "time_in_queue_seconds", (double)queued / US_PER_S);
    /* A label of a metric: "not counted". */
    jw_put_string(w, "project_jobs_running_on_instance_runners_count", "+Inf");
    jw_end_object(w);
}

static int64_t depth_of(const PayloadInput *in)
{
    int64_t depth = DEFAULT_DEPTH;

    (void)text_to_int(variables_get(in->variables, "GIT_DEPTH"), &depth); /* else the default */
    return MAX(depth, 0);
}

/* refs/pipelines/<id> keeps the commit there whatever becomes of the branch. */
static void write_refspecs(JsonWriter *w, const PayloadInput *in, int64_t depth)
{
    const Pipeline *pipeline = in->pipeline;
    bool is_commit = strcmp(pipeline->ref, pipeline->sha) == 0;
    g_autofree char *kept =
        g_strdup_printf("+refs/pipelines/%" G_GINT64_FORMAT ":refs/pipelines/%" G_GINT64_FORMAT,
                        pipeline->id, pipeline->id);
    g_autofree char *own =
        pipeline->tag ? g_strdup_printf("+refs/tags/%s:refs/tags/%s", pipeline->ref, pipeline->ref)
                      : g_strdup_printf("+refs/heads/%s:refs/remotes/origin/%s", pipeline->ref,
                                        pipeline->ref);

    jw_key(w, "refspecs");
    jw_begin_array(w);
    jw_string(w, kept);
    if (depth == 0) {
        jw_string(w, "+refs/heads/*:refs/remotes/origin/*");
        jw_string(w, "+refs/tags/*:refs/tags/*");
    } else if (!is_commit && in->ref_exists) {
        jw_string(w, own);
    }
    jw_end_array(w);
}

static void write_git_info(JsonWriter *w, const PayloadInput *in)
{
    int64_t depth = depth_of(in);

    jw_key(w, "git_info");
    jw_begin_object(w);
    jw_put_string(w, "repo_url", variables_get(in->variables, "CI_REPOSITORY_URL"));
    jw_put_string(w, "repo_object_format", "sha1");
    jw_put_string(w, "ref", in->pipeline->ref);
    jw_put_string(w, "sha", in->pipeline->sha);
    jw_put_string(w, "before_sha", in->pipeline->before_sha);
    jw_put_string(w, "ref_type", in->pipeline->tag ? "tag" : "branch");
    write_refspecs(w, in, depth);
    jw_put_int(w, "depth", depth);
    jw_put_bool(w, "protected", in->pipeline->protected);
    jw_end_object(w);
}

static void write_variables(JsonWriter *w, const Variables *variables)
{
    jw_key(w, "variables");
    jw_begin_array(w);
    for (size_t i = 0; i < variables->n; i++) {
        const Variable *variable = &variables->items[i];
        jw_begin_object(w);
        jw_put_string(w, "key", variable->key);
        jw_put_string(w, "value", variable->value);
        jw_put_bool(w, "public", !variable->hidden);
        jw_put_bool(w, "masked", variable->masked);
        if (variable->file)
            jw_put_bool(w, "file", true);
        if (variable->raw)
            jw_put_bool(w, "raw", true);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_step(JsonWriter *w, const PayloadInput *in, const char *name, const char *when,
                       const json_t *first, const json_t *second)
{
    const json_t *parts[] = { first, second };
    bool is_after = strcmp(name, "after_script") == 0;

    jw_begin_object(w);
    jw_put_string(w, "name", name);
    jw_key(w, "script");
    jw_begin_array(w);
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++)
        for (size_t i = 0; i < json_array_size(parts[p]); i++)
            jw_string(w, json_string_value(json_array_get(parts[p], i)));
    jw_end_array(w);
    jw_put_int(w, "timeout", in->timeout_s);
    jw_put_string(w, "when", when);
    jw_put_bool(w, "allow_failure", is_after);
    jw_end_object(w);
}

static void put_json(JsonWriter *w, const char *key, const json_t *value)
{
    g_autofree char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    jw_put_raw(w, key, text);
}

/* A job of `run` has no scripts; the key is text that holds JSON, or is not there. */
static void write_steps(JsonWriter *w, const PayloadInput *in)
{
    const json_t *after = json_object_get(in->spec, "after_script");
    const json_t *run = json_object_get(in->spec, "run");

    jw_key(w, "steps");
    jw_begin_array(w);
    if (!run) {
        write_step(w, in, "script", "on_success", json_object_get(in->spec, "before_script"),
                   json_object_get(in->spec, "script"));
        if (json_array_size(after) > 0)
            write_step(w, in, "after_script", "always", after, NULL);
    }
    jw_end_array(w);
    if (run) {
        g_autofree char *text = json_dumps(run, JSON_COMPACT);
        jw_put_string(w, "run", text);
    }
}

static void write_hooks(JsonWriter *w, const PayloadInput *in)
{
    static const char name[] = "pre_get_sources_script";
    const json_t *script = json_object_get(json_object_get(in->spec, "hooks"), name);

    jw_key(w, "hooks");
    jw_begin_array(w);
    if (json_array_size(script) > 0) {
        jw_begin_object(w);
        jw_put_string(w, "name", name);
        put_json(w, "script", script);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* What an image and a service have in common. */
static void write_image_members(JsonWriter *w, const json_t *image)
{
    jw_put_string(w, "name", json_get_string(image, "name"));
    put_json(w, "entrypoint", json_object_get(image, "entrypoint"));
    jw_key(w, "ports");
    jw_strings(w, NULL);
    if (json_object_get(image, "executor_opts"))
        put_json(w, "executor_opts", json_object_get(image, "executor_opts"));
    put_json(w, "pull_policy", json_object_get(image, "pull_policy"));
}

static void write_image(JsonWriter *w, const PayloadInput *in)
{
    const json_t *image = json_object_get(in->spec, "image");

    jw_key(w, "image");
    if (!image) {
        jw_null(w);
        return;
    }
    jw_begin_object(w);
    write_image_members(w, image);
    jw_end_object(w);
}

static void write_service_variables(JsonWriter *w, const json_t *variables)
{
    jw_key(w, "variables");
    jw_begin_array(w);
    for (size_t i = 0; i < json_array_size(variables); i++) {
        const json_t *variable = json_array_get(variables, i);
        jw_begin_object(w);
        jw_put_string(w, "key", json_get_string(variable, "key"));
        jw_put_string(w, "value", json_get_string(variable, "value"));
        jw_put_bool(w, "public", true);
        jw_put_bool(w, "masked", false);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_services(JsonWriter *w, const PayloadInput *in)
{
    const json_t *services = json_object_get(in->spec, "services");

    jw_key(w, "services");
    jw_begin_array(w);
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *service = json_array_get(services, i);
        jw_begin_object(w);
        write_image_members(w, service);
        put_json(w, "command", json_object_get(service, "command"));
        jw_put_string(w, "alias", json_get_string(service, "alias"));
        write_service_variables(w, json_object_get(service, "variables"));
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* Caches of protected refs and of others never meet, unless one says so. */
static void write_cache_key(JsonWriter *w, const PayloadInput *in, const json_t *cache,
                            const char *key)
{
    if (!key || json_get_bool(cache, "unprotect", false)) {
        jw_string(w, key);
        return;
    }
    g_autofree char *full =
        g_strconcat(key, in->pipeline->protected ? "-protected" : "-non_protected", NULL);
    jw_string(w, full);
}

static void write_caches(JsonWriter *w, const PayloadInput *in)
{
    const json_t *caches = json_object_get(in->spec, "cache");

    jw_key(w, "cache");
    jw_begin_array(w);
    for (size_t i = 0; i < json_array_size(caches); i++) {
        const json_t *cache = json_array_get(caches, i);
        const json_t *fallback = json_object_get(cache, "fallback_keys");
        jw_begin_object(w);
        jw_key(w, "key");
        write_cache_key(w, in, cache, json_get_string(cache, "key"));
        jw_put_bool(w, "untracked", json_get_bool(cache, "untracked", false));
        put_json(w, "paths", json_object_get(cache, "paths"));
        jw_put_string(w, "policy", json_get_string(cache, "policy"));
        jw_put_string(w, "when", json_get_string(cache, "when"));
        jw_key(w, "fallback_keys");
        jw_begin_array(w);
        for (size_t k = 0; k < json_array_size(fallback); k++)
            write_cache_key(w, in, cache, json_string_value(json_array_get(fallback, k)));
        jw_end_array(w);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_inputs(JsonWriter *w, const PayloadInput *in)
{
    const char *name;
    json_t *input;

    jw_key(w, "inputs");
    jw_begin_array(w);
    json_object_foreach (json_object_get(in->spec, "inputs"), name, input) {
        const char *type = json_get_string(input, "type");
        jw_begin_object(w);
        jw_put_string(w, "key", name);
        jw_key(w, "value");
        jw_begin_object(w);
        jw_put_string(w, "type", type ? type : "string");
        put_json(w, "content", json_object_get(input, "default"));
        jw_put_bool(w, "sensitive", false);
        jw_end_object(w);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_report(JsonWriter *w, const json_t *report, const char *expire_in)
{
    const ArtifactForm *form = artifact_form_find(json_get_string(report, "type"));

    if (!form)
        return;
    jw_begin_object(w);
    jw_put_string(w, "name", form->report_name);
    put_json(w, "paths", json_object_get(report, "paths"));
    jw_put_string(w, "when", "always");
    jw_put_string(w, "expire_in", expire_in);
    jw_put_string(w, "artifact_type", name_of(&artifact_type_names, (int)form->type));
    jw_put_string(w, "artifact_format", form->format);
    jw_end_object(w);
}

static void write_artifacts(JsonWriter *w, const PayloadInput *in)
{
    const json_t *artifacts = json_object_get(in->spec, "artifacts");
    const json_t *reports = json_object_get(artifacts, "reports");
    const json_t *paths = json_object_get(artifacts, "paths");
    const char *expire_in = json_get_string(artifacts, "expire_in");
    bool untracked = json_get_bool(artifacts, "untracked", false);

    jw_key(w, "artifacts");
    jw_begin_array(w);
    if (json_array_size(paths) > 0 || untracked) {
        jw_begin_object(w);
        jw_put_string(w, "name", json_get_string(artifacts, "name"));
        jw_put_bool(w, "untracked", untracked);
        put_json(w, "paths", paths);
        put_json(w, "exclude", json_object_get(artifacts, "exclude"));
        jw_put_string(w, "when", json_get_string(artifacts, "when"));
        jw_put_string(w, "expire_in", expire_in);
        jw_put_string(w, "artifact_type", "archive");
        jw_put_string(w, "artifact_format", "zip");
        jw_end_object(w);
    }
    for (size_t i = 0; i < json_array_size(reports); i++)
        write_report(w, json_array_get(reports, i), expire_in);
    jw_end_array(w);
}

static void write_dependencies(JsonWriter *w, const PayloadInput *in)
{
    jw_key(w, "dependencies");
    jw_begin_array(w);
    for (size_t i = 0; i < in->n_dependencies; i++) {
        const PayloadDependency *dependency = &in->dependencies[i];
        jw_begin_object(w);
        jw_put_int(w, "id", dependency->job_id);
        jw_put_string(w, "name", dependency->name);
        jw_put_string(w, "token", in->token);
        jw_key(w, "artifacts_file");
        jw_begin_object(w);
        jw_put_string(w, "filename", dependency->filename);
        jw_put_int(w, "size", dependency->size);
        jw_end_object(w);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_features(JsonWriter *w)
{
    jw_key(w, "features");
    jw_begin_object(w);
    jw_put_bool(w, "trace_sections", true);
    jw_key(w, "token_mask_prefixes");
    jw_strings(w, (const char *const[]){ "glpat-", NULL });
    jw_key(w, "failure_reasons");
    jw_strings(w, understood_failures);
    jw_end_object(w);
}

static void put_empty_list(JsonWriter *w, const char *key)
{
    jw_key(w, key);
    jw_strings(w, NULL);
}

void payload_write(JsonWriter *w, const PayloadInput *in)
{
    g_autofree char *uuid = g_strdup_printf("%" G_GINT64_FORMAT, in->runner->id);

    jw_begin_object(w);
    jw_put_int(w, "id", in->job->id);
    jw_put_string(w, "token", in->token);
    jw_put_bool(w, "allow_git_fetch", true);
    write_job_info(w, in);
    write_git_info(w, in);
    jw_key(w, "runner_info");
    jw_begin_object(w);
    jw_put_string(w, "uuid", uuid);
    jw_put_int(w, "timeout", in->timeout_s);
    jw_put_null(w, "runner_session_url");
    jw_end_object(w);
    write_inputs(w, in);
    write_variables(w, in->variables);
    write_steps(w, in);
    write_hooks(w, in);
    write_image(w, in);
    write_services(w, in);
    write_artifacts(w, in);
    write_caches(w, in);
    put_empty_list(w, "credentials");
    write_dependencies(w, in);
    payload_write_secrets(w, in);
    write_features(w);
    jw_end_object(w);
}
