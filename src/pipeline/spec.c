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

static void put_image(JsonWriter *w, const CiImage *image)
{
    if (!image)
        return;
    jw_key(w, "image");
    jw_begin_object(w);
    jw_put_string(w, "name", image->name);
    put_strings(w, "entrypoint", image->entrypoint);
    put_strings(w, "pull_policy", image->pull_policy);
    jw_end_object(w);
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
    jw_key(w, "reports");
    jw_begin_array(w);
    for (size_t i = 0; i < artifacts->n_reports; i++) {
        jw_begin_object(w);
        jw_put_string(w, "type", artifacts->reports[i].type);
        put_strings(w, "paths", artifacts->reports[i].paths);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}

char *spec_to_json(const CiPlannedJob *planned)
{
    GString *out = g_string_sized_new(512);
    JsonWriter w;

    jw_init(&w, out);
    jw_begin_object(&w);
    put_strings(&w, "before_script", planned->job->before_script);
    put_strings(&w, "script", planned->job->script);
    put_strings(&w, "after_script", planned->job->after_script);
    put_variables(&w, planned->variables);
    put_image(&w, planned->job->image);
    put_artifacts(&w, planned->job->artifacts);
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
