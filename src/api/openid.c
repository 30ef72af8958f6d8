/* openid.c - what other services need to trust the id tokens of jobs (OpenID Connect Discovery 1.0). */
#include "access/signing_key.h"
#include "api/caller.h"
#include "api/routes.h"

static const char *const claims[] = { "iss",
                                      "sub",
                                      "aud",
                                      "exp",
                                      "nbf",
                                      "iat",
                                      "jti",
                                      "namespace_id",
                                      "namespace_path",
                                      "project_id",
                                      "project_path",
                                      "project_visibility",
                                      "user_id",
                                      "user_login",
                                      "user_email",
                                      "user_access_level",
                                      "pipeline_id",
                                      "pipeline_source",
                                      "job_id",
                                      "ref",
                                      "ref_type",
                                      "ref_path",
                                      "ref_protected",
                                      "environment",
                                      "environment_protected",
                                      "environment_action",
                                      "deployment_tier",
                                      "runner_id",
                                      "runner_environment",
                                      "sha",
                                      "ci_config_ref_uri",
                                      "ci_config_sha",
                                      NULL };

static void put_list(JsonWriter *w, const char *key, const char *only)
{
    jw_key(w, key);
    jw_strings(w, (const char *const[]){ only, NULL });
}

static bool get_configuration(Req *rq, Error *err)
{
    const char *url = site_of(rq)->external_url;
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_string(w, "issuer", url);
    jw_put_string(w, "jwks_uri", arena_printf(rq->arena, "%s/oauth/discovery/keys", url));
    put_list(w, "response_types_supported", "id_token");
    put_list(w, "subject_types_supported", "public");
    put_list(w, "id_token_signing_alg_values_supported", "RS256");
    put_list(w, "scopes_supported", "openid");
    jw_key(w, "claims_supported");
    jw_strings(w, claims);
    jw_end_object(w);
    return reply_json(rq);
}

static bool get_keys(Req *rq, Error *err)
{
    caller_release_db(rq);
    const JwtKey *key = signing_key_get(site_of(rq), err);
    if (!key)
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_key(w, "keys");
    jw_begin_array(w);
    jwt_key_write_public(key, w);
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

const Route openid_routes[] = {
    { GET, "/.well-known/openid-configuration", .handler = get_configuration, .auth = AUTH_NONE },
    { GET, "/oauth/discovery/keys", .handler = get_keys, .auth = AUTH_NONE },
    { 0 },
};
