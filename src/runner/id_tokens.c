/* id_tokens.c - the claims of a job.  Numbers and yes or no are texts, as GitLab has them. */
#include "runner/id_tokens.h"

#include "access/signing_key.h"

#include <string.h>

enum { CLOCK_SKEW_S = 5 };

typedef struct RefClaims {
    const char *type; /* NULL: of a bare commit */
    const char *path;
} RefClaims;

static RefClaims ref_claims(Arena *arena, const Pipeline *pipeline)
{
    if (pipeline->tag)
        return (RefClaims){ "tag", arena_printf(arena, "refs/tags/%s", pipeline->ref) };
    if (strcmp(pipeline->ref, pipeline->sha) == 0)
        return (RefClaims){ NULL, NULL };
    return (RefClaims){ "branch", arena_printf(arena, "refs/heads/%s", pipeline->ref) };
}

static void put_id(JsonWriter *w, const char *key, int64_t id)
{
    char text[24];

    (void)g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, id);
    jw_put_string(w, key, text);
}

static void put_text(JsonWriter *w, const char *key, const char *text)
{
    if (text)
        jw_put_string(w, key, text);
}

static void put_place(JsonWriter *w, const IdTokenFacts *facts)
{
    const Project *project = facts->project;
    const char *slash = strrchr(project->full_path, '/');

    put_id(w, "namespace_id", project->namespace_id);
    jw_key(w, "namespace_path");
    jw_string_n(w, project->full_path, (size_t)(slash - project->full_path));
    put_id(w, "project_id", project->id);
    jw_put_string(w, "project_path", project->full_path);
    jw_put_string(w, "project_visibility", name_of(&visibility_names, (int)project->visibility));
}

static const char *level_name(AccessLevel level)
{
    switch (level) {
    case ACCESS_NONE:
    case ACCESS_ADMIN:
        return NULL;
    case ACCESS_MINIMAL:
        return "minimal_access";
    case ACCESS_GUEST:
        return "guest";
    case ACCESS_PLANNER:
        return "planner";
    case ACCESS_REPORTER:
        return "reporter";
    case ACCESS_DEVELOPER:
        return "developer";
    case ACCESS_MAINTAINER:
        return "maintainer";
    case ACCESS_OWNER:
        return "owner";
    }
    g_return_val_if_reached(NULL);
}

static void put_run(JsonWriter *w, const IdTokenFacts *facts, RefClaims ref)
{
    const Pipeline *pipeline = facts->pipeline;
    const char *environment = json_get_string(facts->environment, "name");

    put_id(w, "user_id", facts->user->id);
    jw_put_string(w, "user_login", facts->user->username);
    jw_put_string(w, "user_email", facts->user->email);
    put_text(w, "user_access_level", level_name(facts->user_level));
    put_id(w, "pipeline_id", pipeline->id);
    jw_put_string(w, "pipeline_source", name_of(&pipeline_source_names, (int)pipeline->source));
    put_id(w, "job_id", facts->job->id);
    jw_put_string(w, "ref", pipeline->ref);
    put_text(w, "ref_type", ref.type);
    put_text(w, "ref_path", ref.path);
    jw_put_string(w, "ref_protected", pipeline->protected ? "true" : "false");
    if (environment) {
        jw_put_string(w, "environment", environment);
        jw_put_string(w, "environment_protected", "false"); /* none is, here */
        jw_put_string(w, "deployment_tier", environment_tier_of(facts->environment));
        jw_put_string(w, "environment_action", environment_action_of(facts->environment));
    }
    jw_put_int(w, "runner_id", facts->runner->id);
    jw_put_string(w, "runner_environment", "self-hosted");
    jw_put_string(w, "sha", pipeline->sha);
    jw_put_string(w, "ci_config_ref_uri", facts->config_ref_uri);
    jw_put_string(w, "ci_config_sha", pipeline->sha);
}

/* The parts that there are, in GitLab's default order. */
static const char *subject(Arena *arena, const IdTokenFacts *facts, RefClaims ref)
{
    return arena_printf(arena, "project_path:%s%s%s:ref:%s", facts->project->full_path,
                        ref.type ? ":ref_type:" : "", ref.type ? ref.type : "",
                        facts->pipeline->ref);
}

static const char *expanded(Arena *arena, const char *text, CiVariables seen)
{
    const char *value = ci_expand(arena, text, seen);

    return value ? value : "";
}

static void put_audience(JsonWriter *w, Arena *arena, const json_t *aud, CiVariables seen)
{
    jw_key(w, "aud");
    if (json_is_string(aud)) {
        jw_string(w, expanded(arena, json_string_value(aud), seen));
        return;
    }
    jw_begin_array(w);
    for (size_t i = 0; i < json_array_size(aud); i++)
        jw_string(w, expanded(arena, json_string_value(json_array_get(aud, i)), seen));
    jw_end_array(w);
}

static char *make_claims(Arena *arena, const IdTokenFacts *facts, const json_t *aud,
                         CiVariables seen)
{
    int64_t now_s = clock_now(facts->site->clock) / US_PER_S;
    RefClaims ref = ref_claims(arena, facts->pipeline);
    g_autofree char *id = g_uuid_string_random();
    GString *text = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, text);
    jw_begin_object(&w);
    put_place(&w, facts);
    put_run(&w, facts, ref);
    jw_put_string(&w, "jti", id);
    jw_put_int(&w, "iat", now_s);
    jw_put_int(&w, "nbf", now_s - CLOCK_SKEW_S);
    jw_put_int(&w, "exp", now_s + facts->timeout_s);
    jw_put_string(&w, "iss", facts->site->external_url);
    jw_put_string(&w, "sub", subject(arena, facts, ref));
    put_audience(&w, arena, aud, seen);
    jw_end_object(&w);
    return g_string_free(text, FALSE);
}

bool id_tokens_add(Variables *list, const IdTokenFacts *facts, const json_t *id_tokens, Error *err)
{
    CiVariables seen = variables_for_ci(list);
    const char *name;
    json_t *token;

    if (json_object_size(id_tokens) == 0)
        return true;
    const JwtKey *key = signing_key_get(facts->site, err);
    if (!key)
        return false;
    json_object_foreach ((json_t *)id_tokens, name, token) {
        g_autofree char *claims =
            make_claims(list->arena, facts, json_object_get(token, "aud"), seen);
        g_autofree char *signed_text = jwt_sign(key, claims, err);
        if (!signed_text)
            return false;
        variables_add(list, (Variable){ .key = name,
                                        .value = arena_strdup(list->arena, signed_text),
                                        .raw = true,
                                        .hidden = true,
                                        .masked = true });
    }
    return true;
}
