/* entry_secrets.c - `secrets`: variables whose values are held by a provider outside. */
#include "ci/entry.h"

#include <string.h>

/* What a provider wants to know; a hash, for some also a text. */
typedef struct Provider {
    const Keyword *keywords;
    size_t n_keywords;
    bool text;            /* a string will do */
    const char *required; /* a key that must not be blank; NULL: none */
} Provider;

static bool read_provider_hash(Entry *e, const Provider *provider)
{
    const Node *required = provider->required ? node_get(e->node, provider->required) : NULL;

    if (!entry_read_hash(e, provider->keywords, provider->n_keywords))
        return false;
    return !provider->required || !node_is_blank(required) ||
           compiler_report_lower(e->c, e->node, "%s %s can't be blank", e->location,
                                 provider->required);
}

static void read_provider(Entry *e, const Keyword *keyword, const Node *value,
                          const Provider *provider)
{
    Entry entry = { e->c, entry_location(e, keyword->name), value, NULL };

    if (value->kind == NODE_MAP)
        (void)read_provider_hash(&entry, provider); /* reported */
    else if (!provider->text)
        entry_report(&entry, value, "should be a hash");
    else if (!node_is_string(value))
        compiler_report(e->c, value, "%s should be a hash or a string", entry.location);
    else if (node_is_blank(value))
        entry_report(&entry, value, "can't be blank");
}

static const Keyword engine_keywords[] = {
    { "name", read_ignored, SHAPE_STRING },
    { "path", read_ignored, SHAPE_STRING },
};

static void read_engine(Entry *e, const Keyword *keyword, const Node *value)
{
    static const Provider engine = { engine_keywords, G_N_ELEMENTS(engine_keywords), false,
                                     "name" };

    read_provider(e, keyword, value, &engine);
}

static const Keyword vault_keywords[] = {
    { "engine", read_engine },
    { "path", read_ignored, SHAPE_STRING },
    { "field", read_ignored, SHAPE_STRING },
};

static void read_vault(Entry *e, const Keyword *keyword, const Node *value)
{
    static const Provider vault = { vault_keywords, G_N_ELEMENTS(vault_keywords), true, "path" };

    read_provider(e, keyword, value, &vault);
}

/* `version` may be a number in some providers, so it has no shape. */
static const Keyword manager_keywords[] = {
    { "name", read_ignored, SHAPE_STRING },
    { "version", read_ignored },
};

static void read_manager(Entry *e, const Keyword *keyword, const Node *value)
{
    static const Provider manager = { manager_keywords, G_N_ELEMENTS(manager_keywords), false,
                                      "name" };

    read_provider(e, keyword, value, &manager);
}

static const Keyword aws_keywords[] = {
    { "secret_id", read_ignored, SHAPE_STRING },
    { "version_id", read_ignored, SHAPE_STRING },
    { "version_stage", read_ignored, SHAPE_STRING },
    { "region", read_ignored, SHAPE_STRING },
    { "role_arn", read_ignored, SHAPE_STRING },
    { "role_session_name", read_ignored, SHAPE_STRING },
    { "field", read_ignored, SHAPE_STRING },
};

static void read_aws(Entry *e, const Keyword *keyword, const Node *value)
{
    static const Provider aws = { aws_keywords, G_N_ELEMENTS(aws_keywords), true, NULL };

    read_provider(e, keyword, value, &aws);
}

static const Keyword gitlab_keywords[] = {
    { "name", read_ignored, SHAPE_STRING },
    { "source", read_ignored, SHAPE_STRING },
};

static void read_gitlab(Entry *e, const Keyword *keyword, const Node *value)
{
    static const Provider gitlab = { gitlab_keywords, G_N_ELEMENTS(gitlab_keywords), false,
                                     "name" };

    read_provider(e, keyword, value, &gitlab);
}

/* The providers first. */
static const Keyword secret_keywords[] = {
    { "vault", read_vault },
    { "azure_key_vault", read_manager },
    { "gcp_secret_manager", read_manager },
    { "aws_secrets_manager", read_aws },
    { "gitlab_secrets_manager", read_gitlab },
    { "file", read_ignored, SHAPE_BOOL },
    { "token", read_ignored, SHAPE_STRING },
};
enum { N_PROVIDERS = 5 };

static bool check_providers(const Entry *e)
{
    g_autoptr(GString) names = g_string_new(NULL);
    int n = 0;

    for (size_t i = 0; i < N_PROVIDERS; i++) {
        n += node_get(e->node, secret_keywords[i].name) != NULL;
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", secret_keywords[i].name);
    }
    return n == 1 || entry_report(e, e->node, "must use exactly one of these keys: %s", names->str);
}

static void read_secret(Entry *e)
{
    if (e->node->kind != NODE_MAP) {
        entry_report(e, e->node, "should be a hash");
        return;
    }
    bool ok = entry_check_keys(e, secret_keywords, G_N_ELEMENTS(secret_keywords));
    ok = check_providers(e) && ok;
    ok = entry_check_shapes(e, secret_keywords, G_N_ELEMENTS(secret_keywords)) && ok;
    if (node_get(e->node, "gcp_secret_manager") && node_is_blank(node_get(e->node, "token")))
        ok = compiler_report_lower(e->c, e->node, "%s token is required with gcp secret manager",
                                   e->location);
    if (ok)
        entry_read(e, secret_keywords, G_N_ELEMENTS(secret_keywords));
}

void entry_read_secrets(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry secrets = { e->c, entry_location(e, keyword->name), value, NULL };

    if (value->kind != NODE_MAP) {
        entry_report(&secrets, value, "should be a hash");
        return;
    }
    for (size_t i = 0; i < value->n; i++) {
        Entry secret = { e->c, entry_member_location(&secrets, value->pairs[i].key),
                         value->pairs[i].value, NULL };
        read_secret(&secret);
    }
    read_json(e, keyword, value);
}
