/* spec.c - a planned job as JSON. */
#include "pipeline/spec.h"

static void put_strings(JsonWriter *w, const char *key, CiStrings strings)
{
    if (!strings)
        return;
    jw_key(w, key);
    jw_strings(w, strings);
}

static void put_variables(JsonWriter *w, CiVariables variables)
{
    if (variables.n == 0)
        return;
    jw_key(w, "variables");
    jw_begin_array(w);
    for (size_t i = 0; i < variables.n; i++) {
        const CiVariable *variable = &variables.items[i];
        jw_begin_object(w);
        jw_put_string(w, "key", variable->key);
        jw_put_string(w, "value", variable->value ? variable->value : "");
        if (variable->type == VARIABLE_FILE)
            jw_put_bool(w, "file", true);
        if (variable->raw)
            jw_put_bool(w, "raw", true);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* A text that may be absent; the key is left out then. */
static void put_text(JsonWriter *w, const char *key, const char *text)
{
    if (text)
        jw_put_string(w, key, text);
}

static void put_json(JsonWriter *w, const char *key, const char *json)
{
    if (json)
        jw_put_raw(w, key, json);
}

static void put_executor_options(JsonWriter *w, const CiImage *image)
{
    if (!image->platform && !image->user && !image->kubernetes_user)
        return;
    jw_key(w, "executor_opts");
    jw_begin_object(w);
    if (image->platform || image->user) {
        jw_key(w, "docker");
        jw_begin_object(w);
        put_text(w, "platform", image->platform);
        put_text(w, "user", image->user);
        jw_end_object(w);
    }
    if (image->kubernetes_user) {
        jw_key(w, "kubernetes");
        jw_begin_object(w);
        jw_put_string(w, "user", image->kubernetes_user);
        jw_end_object(w);
    }
    jw_end_object(w);
}

static void put_image_members(JsonWriter *w, const CiImage *image)
{
    jw_put_string(w, "name", image->name);
    put_strings(w, "entrypoint", image->entrypoint);
    put_strings(w, "pull_policy", image->pull_policy);
    put_executor_options(w, image);
}

static void put_image(JsonWriter *w, const CiImage *image)
{
    if (!image)
        return;
    jw_key(w, "image");
    jw_begin_object(w);
    put_image_members(w, image);
    jw_end_object(w);
}

static void put_services(JsonWriter *w, const CiServices *services)
{
    if (!services || services->n == 0)
        return;
    jw_key(w, "services");
    jw_begin_array(w);
    for (size_t i = 0; i < services->n; i++) {
        const CiService *service = &services->items[i];
        jw_begin_object(w);
        put_image_members(w, &service->image);
        put_strings(w, "command", service->command);
        put_text(w, "alias", service->alias);
        put_variables(w, service->variables);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_caches(JsonWriter *w, const CiCaches *caches, const SpecKeys *keys)
{
    if (!caches || caches->n == 0)
        return;
    jw_key(w, "cache");
    jw_begin_array(w);
    for (size_t i = 0; i < caches->n; i++) {
        const CiCache *cache = &caches->items[i];
        const char *key = cache->key;
        jw_begin_object(w);
        if (cache->key_files)
            key = keys ? keys->find(keys->data, cache, i) : "default";
        jw_put_string(w, "key", key);
        put_strings(w, "paths", cache->paths);
        jw_put_bool(w, "untracked", cache->untracked);
        jw_put_bool(w, "unprotect", cache->unprotect);
        jw_put_string(w, "policy", cache->policy);
        jw_put_string(w, "when", cache->when);
        put_strings(w, "fallback_keys", cache->fallback_keys);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_reports(JsonWriter *w, const CiArtifacts *artifacts)
{
    jw_key(w, "reports");
    jw_begin_array(w);
    for (size_t i = 0; i < artifacts->n_reports; i++) {
        jw_begin_object(w);
        jw_put_string(w, "type", artifacts->reports[i].type);
        put_strings(w, "paths", artifacts->reports[i].paths);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_artifacts(JsonWriter *w, const CiArtifacts *artifacts)
{
    if (!artifacts)
        return;
    jw_key(w, "artifacts");
    jw_begin_object(w);
    jw_put_string(w, "name", artifacts->name);
    put_strings(w, "paths", artifacts->paths);
    put_strings(w, "exclude", artifacts->exclude);
    jw_put_bool(w, "untracked", artifacts->untracked);
    jw_put_string(w, "when", artifacts->when);
    jw_put_string(w, "expire_in", artifacts->expire_in);
    put_text(w, "expose_as", artifacts->expose_as);
    put_text(w, "access", artifacts->access);
    put_reports(w, artifacts);
    jw_end_object(w);
}

static void put_hooks(JsonWriter *w, CiStrings script)
{
    if (!script)
        return;
    jw_key(w, "hooks");
    jw_begin_object(w);
    put_strings(w, "pre_get_sources_script", script);
    jw_end_object(w);
}

static void put_environment(JsonWriter *w, const CiEnvironment *environment)
{
    if (!environment)
        return;
    jw_key(w, "environment");
    jw_begin_object(w);
    jw_put_string(w, "name", environment->name);
    put_text(w, "url", environment->url);
    put_text(w, "action", environment->action);
    put_text(w, "on_stop", environment->on_stop);
    put_text(w, "auto_stop_in", environment->auto_stop_in);
    put_text(w, "deployment_tier", environment->tier);
    put_json(w, "kubernetes", environment->kubernetes);
    jw_end_object(w);
}

static void put_trigger_includes(JsonWriter *w, const CiTrigger *trigger)
{
    jw_key(w, "includes");
    jw_begin_array(w);
    for (size_t i = 0; i < trigger->n_includes; i++) {
        const CiTriggerInclude *include = &trigger->includes[i];
        jw_begin_object(w);
        jw_put_string(w, "kind", include->kind);
        jw_put_string(w, "location", include->location);
        put_text(w, "project", include->project);
        put_text(w, "ref", include->ref);
        put_text(w, "job", include->job);
        put_json(w, "inputs", include->inputs);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_trigger(JsonWriter *w, const CiTrigger *trigger)
{
    if (!trigger)
        return;
    jw_key(w, "trigger");
    jw_begin_object(w);
    put_text(w, "project", trigger->project);
    put_text(w, "branch", trigger->branch);
    put_text(w, "strategy", trigger->strategy);
    put_json(w, "inputs", trigger->inputs);
    if (trigger->n_includes > 0)
        put_trigger_includes(w, trigger);
    jw_put_bool(w, "forward_yaml_variables", trigger->forward_yaml_variables);
    jw_put_bool(w, "forward_pipeline_variables", trigger->forward_pipeline_variables);
    jw_end_object(w);
}

static void put_cross_needs(JsonWriter *w, const CiJob *job)
{
    if (job->n_cross_needs == 0)
        return;
    jw_key(w, "cross_needs");
    jw_begin_array(w);
    for (size_t i = 0; i < job->n_cross_needs; i++) {
        const CiCrossNeed *need = &job->cross_needs[i];
        jw_begin_object(w);
        put_text(w, "pipeline", need->pipeline);
        put_text(w, "project", need->project);
        put_text(w, "ref", need->ref);
        put_text(w, "job", need->job);
        jw_put_bool(w, "artifacts", need->artifacts);
        jw_put_bool(w, "optional", need->optional);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* What only the engine, or a later version of it, looks at. */
static void put_carried(JsonWriter *w, const CiPlannedJob *planned)
{
    const CiJob *job = planned->job;

    put_environment(w, planned->environment);
    put_text(w, "resource_group", job->resource_group);
    put_text(w, "coverage", job->coverage);
    put_text(w, "identity", job->identity);
    put_text(w, "manual_confirmation", job->manual_confirmation);
    put_text(w, "publish", job->publish);
    put_json(w, "id_tokens", job->id_tokens);
    put_json(w, "secrets", job->secrets);
    put_json(w, "release", job->release);
    put_json(w, "pages", job->pages);
    put_json(w, "dast_configuration", job->dast_configuration);
}

char *spec_to_json(const CiPlannedJob *planned, const SpecKeys *keys)
{
    const CiJob *job = planned->job;
    GString *out = g_string_sized_new(512);
    JsonWriter w;

    jw_init(&w, out);
    jw_begin_object(&w);
    put_strings(&w, "before_script", job->before_script);
    put_strings(&w, "script", job->script);
    put_strings(&w, "after_script", job->after_script);
    put_json(&w, "run", job->run);
    put_hooks(&w, job->pre_get_sources);
    put_variables(&w, planned->variables);
    put_json(&w, "inputs", job->inputs);
    put_image(&w, job->image);
    put_services(&w, job->services);
    put_caches(&w, job->caches, keys);
    put_artifacts(&w, job->artifacts);
    put_strings(&w, "dependencies", job->dependencies);
    put_carried(&w, planned);
    put_cross_needs(&w, job);
    put_trigger(&w, job->trigger);
    put_text(&w, "mirror", job->mirror);
    jw_end_object(&w);
    return g_string_free(out, FALSE);
}

json_t *spec_from_json(const char *text, Error *err)
{
    json_error_t failed;
    json_t *spec = json_loads(text, 0, &failed);

    if (!spec)
        error_set(err, ERR_INTERNAL, "a stored job specification is damaged: %s", failed.text);
    return spec;
}
