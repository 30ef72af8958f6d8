/* payload_secrets.c - one writer a provider; the members are gitlab-runner's (common/spec). */
#include "runner/payload_secrets.h"

#include <string.h>

typedef struct SecretInput {
    const PayloadInput *in;
    const json_t *secret;   /* as the file has it */
    const json_t *provider; /* the provider's part of it */
    const char *token;      /* "$NAME" of the id token to use */
} SecretInput;

/* --- small parts ----------------------------------------------------------------------------- */

static const char *variable(const SecretInput *s, const char *name, const char *otherwise)
{
    const char *value = variables_get(s->in->variables, name);

    return value && *value ? value : otherwise;
}

static void put_variable(JsonWriter *w, const char *key, const SecretInput *s, const char *name)
{
    const char *value = variable(s, name, NULL);

    if (value)
        jw_put_string(w, key, value);
}

/* A text as it is, and a number as text: versions are written either way. */
static void put_member(JsonWriter *w, const char *key, const json_t *object, const char *otherwise)
{
    const json_t *member = json_object_get(object, key);

    if (json_is_integer(member)) {
        g_autofree char *text =
            g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(member));
        jw_put_string(w, key, text);
    } else if (json_is_string(member) || otherwise) {
        jw_put_string(w, key, json_is_string(member) ? json_string_value(member) : otherwise);
    }
}

/* --- providers ------------------------------------------------------------------------------- */

static void write_vault_server(JsonWriter *w, const SecretInput *s)
{
    jw_key(w, "server");
    jw_begin_object(w);
    jw_put_string(w, "url", variable(s, "VAULT_SERVER_URL", ""));
    put_variable(w, "namespace", s, "VAULT_NAMESPACE");
    jw_key(w, "auth");
    jw_begin_object(w);
    jw_put_string(w, "name", "jwt");
    jw_put_string(w, "path", variable(s, "VAULT_AUTH_PATH", "jwt"));
    jw_key(w, "data");
    jw_begin_object(w);
    jw_put_string(w, "jwt", s->token);
    put_variable(w, "role", s, "VAULT_AUTH_ROLE");
    jw_end_object(w);
    jw_end_object(w);
    jw_end_object(w);
}

static void write_engine(JsonWriter *w, const char *name, const char *path)
{
    jw_key(w, "engine");
    jw_begin_object(w);
    jw_put_string(w, "name", name);
    jw_put_string(w, "path", path);
    jw_end_object(w);
}

/* "production/db/password@ops": path, field and the engine's path. */
static void write_short_vault(JsonWriter *w, const char *text)
{
    const char *at = strrchr(text, '@');
    g_autofree char *place = at ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);
    char *slash = strrchr(place, '/');

    write_engine(w, "kv-v2", at ? at + 1 : "kv-v2");
    if (slash)
        *slash = '\0';
    jw_put_string(w, "path", slash ? place : "");
    jw_put_string(w, "field", slash ? slash + 1 : place);
}

static void write_vault(JsonWriter *w, const SecretInput *s)
{
    const json_t *engine = json_object_get(s->provider, "engine");

    write_vault_server(w, s);
    if (json_is_string(s->provider)) {
        write_short_vault(w, json_string_value(s->provider));
        return;
    }
    write_engine(w, json_get_string(engine, "name"), json_get_string(engine, "path"));
    put_member(w, "path", s->provider, "");
    put_member(w, "field", s->provider, "");
}

static void write_gcp(JsonWriter *w, const SecretInput *s)
{
    put_member(w, "name", s->provider, "");
    put_member(w, "version", s->provider, "latest");
    jw_key(w, "server");
    jw_begin_object(w);
    jw_put_string(w, "project_number", variable(s, "GCP_PROJECT_NUMBER", ""));
    jw_put_string(w, "workload_identity_federation_pool_id",
                  variable(s, "GCP_WORKLOAD_IDENTITY_FEDERATION_POOL_ID", ""));
    jw_put_string(w, "workload_identity_federation_provider_id",
                  variable(s, "GCP_WORKLOAD_IDENTITY_FEDERATION_PROVIDER_ID", ""));
    jw_put_string(w, "jwt", s->token);
    jw_end_object(w);
}

static void write_azure(JsonWriter *w, const SecretInput *s)
{
    put_member(w, "name", s->provider, "");
    put_member(w, "version", s->provider, NULL);
    jw_key(w, "server");
    jw_begin_object(w);
    jw_put_string(w, "client_id", variable(s, "AZURE_CLIENT_ID", ""));
    jw_put_string(w, "tenant_id", variable(s, "AZURE_TENANT_ID", ""));
    jw_put_string(w, "jwt", s->token);
    jw_put_string(w, "url", variable(s, "AZURE_KEY_VAULT_SERVER_URL", ""));
    jw_end_object(w);
}

/* A text is "secret_id" or "secret_id#field". */
static void write_aws_name(JsonWriter *w, const json_t *provider)
{
    static const char *const members[] = { "version_id", "version_stage", "field",
                                           "region",     "role_arn",      "role_session_name" };

    if (json_is_string(provider)) {
        g_auto(GStrv) parts = g_strsplit(json_string_value(provider), "#", 2);
        jw_put_string(w, "secret_id", parts[0] ? parts[0] : "");
        if (parts[0] && parts[1])
            jw_put_string(w, "field", parts[1]);
        return;
    }
    put_member(w, "secret_id", provider, "");
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        put_member(w, members[i], provider, NULL);
}

static void write_aws(JsonWriter *w, const SecretInput *s)
{
    write_aws_name(w, s->provider);
    jw_key(w, "server");
    jw_begin_object(w);
    jw_put_string(w, "region", variable(s, "AWS_REGION", ""));
    jw_put_string(w, "jwt", s->token);
    put_variable(w, "role_arn", s, "AWS_ROLE_ARN");
    put_variable(w, "role_session_name", s, "AWS_ROLE_SESSION_NAME");
    jw_end_object(w);
}

static const struct {
    const char *name;
    void (*write)(JsonWriter *w, const SecretInput *secret);
} providers[] = {
    { "vault", write_vault },
    { "gcp_secret_manager", write_gcp },
    { "azure_key_vault", write_azure },
    { "aws_secrets_manager", write_aws },
};

/* --- all of them ----------------------------------------------------------------------------- */

/* What the secret names, else the job's only id token. */
static char *token_of(const json_t *secret, const json_t *spec)
{
    const char *named = json_get_string(secret, "token");
    json_t *tokens = json_object_get(spec, "id_tokens");

    if (named)
        return g_strdup(named);
    return json_object_size(tokens) == 1
               ? g_strconcat("$", json_object_iter_key(json_object_iter(tokens)), NULL)
               : g_strdup("");
}

static void write_secret(JsonWriter *w, const PayloadInput *in, const json_t *secret)
{
    const json_t *file = json_object_get(secret, "file");
    g_autofree char *token = token_of(secret, in->spec);

    jw_begin_object(w);
    for (size_t i = 0; i < G_N_ELEMENTS(providers); i++) {
        SecretInput s = { in, secret, json_object_get(secret, providers[i].name), token };
        if (!s.provider)
            continue;
        jw_key(w, providers[i].name);
        jw_begin_object(w);
        providers[i].write(w, &s);
        jw_end_object(w);
    }
    if (json_is_boolean(file))
        jw_put_bool(w, "file", json_is_true(file));
    jw_end_object(w);
}

void payload_write_secrets(JsonWriter *w, const PayloadInput *in)
{
    json_t *secrets = json_object_get(in->spec, "secrets");
    const char *name;
    json_t *secret;

    if (json_object_size(secrets) == 0)
        return;
    jw_key(w, "secrets");
    jw_begin_object(w);
    json_object_foreach (secrets, name, secret) {
        jw_key(w, name);
        write_secret(w, in, secret);
    }
    jw_end_object(w);
}
