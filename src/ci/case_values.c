/* case_values.c - one function a keyword. */
#include "ci/case_values.h"

static void put(Arena *arena, Node *map, const char *key, const Node *value)
{
    node_put(arena, map, node_new_string(arena, key, NULL), value);
}

static void put_text(Arena *arena, Node *map, const char *key, const char *text)
{
    if (text)
        put(arena, map, key, node_new_string(arena, text, NULL));
}

static void put_bool(Arena *arena, Node *map, const char *key, bool value)
{
    put_text(arena, map, key, value ? "true" : "false");
}

static void put_strings(Arena *arena, Node *map, const char *key, CiStrings strings)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; strings && strings[i]; i++)
        node_append(arena, list, node_new_string(arena, strings[i], NULL));
    if (strings)
        put(arena, map, key, list);
}

void case_put_image(Arena *arena, Node *map, const CiImage *image)
{
    put_text(arena, map, "name", image->name);
    put_strings(arena, map, "entrypoint", image->entrypoint);
    put_strings(arena, map, "pull_policy", image->pull_policy);
    put_text(arena, map, "platform", image->platform);
    put_text(arena, map, "user", image->user);
    put_text(arena, map, "kubernetes_user", image->kubernetes_user);
}

static void put_services(Arena *arena, Node *map, const CiServices *services)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < services->n; i++) {
        const CiService *service = &services->items[i];
        Node *one = node_new(arena, NODE_MAP);
        Node *variables = node_new(arena, NODE_MAP);
        case_put_image(arena, one, &service->image);
        put_strings(arena, one, "command", service->command);
        put_text(arena, one, "alias", service->alias);
        for (size_t v = 0; v < service->variables.n; v++)
            put_text(arena, variables, service->variables.items[v].key,
                     service->variables.items[v].value);
        put(arena, one, "variables", variables);
        node_append(arena, list, one);
    }
    put(arena, map, "services", list);
}

static void put_caches(Arena *arena, Node *map, const CiCaches *caches)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < caches->n; i++) {
        const CiCache *cache = &caches->items[i];
        Node *one = node_new(arena, NODE_MAP);
        put_text(arena, one, "key", cache->key);
        put_strings(arena, one, "files", cache->key_files);
        put_bool(arena, one, "commits", cache->key_commits);
        put_text(arena, one, "prefix", cache->prefix);
        put_strings(arena, one, "paths", cache->paths);
        put_text(arena, one, "policy", cache->policy);
        put_text(arena, one, "when", cache->when);
        put_strings(arena, one, "fallback_keys", cache->fallback_keys);
        put_bool(arena, one, "untracked", cache->untracked);
        put_bool(arena, one, "unprotect", cache->unprotect);
        node_append(arena, list, one);
    }
    put(arena, map, "cache", list);
}

static void put_environment(Arena *arena, Node *map, const CiEnvironment *environment)
{
    Node *one = node_new(arena, NODE_MAP);

    put_text(arena, one, "name", environment->name);
    put_text(arena, one, "url", environment->url);
    put_text(arena, one, "action", environment->action);
    put_text(arena, one, "on_stop", environment->on_stop);
    put_text(arena, one, "auto_stop_in", environment->auto_stop_in);
    put_text(arena, one, "deployment_tier", environment->tier);
    put_text(arena, one, "kubernetes", environment->kubernetes);
    put(arena, map, "environment", one);
}

void case_put_values(Arena *arena, Node *map, const CiJob *job)
{
    if (job->services)
        put_services(arena, map, job->services);
    if (job->caches)
        put_caches(arena, map, job->caches);
    if (job->environment)
        put_environment(arena, map, job->environment);
    if (job->interruptible != CI_OPEN)
        put_bool(arena, map, "interruptible", job->interruptible == CI_TRUE);
    put_strings(arena, map, "dependencies", job->dependencies);
    put_strings(arena, map, "hooks", job->pre_get_sources);
    put_text(arena, map, "resource_group", job->resource_group);
    put_text(arena, map, "coverage", job->coverage);
    put_text(arena, map, "identity", job->identity);
    put_text(arena, map, "manual_confirmation", job->manual_confirmation);
    put_text(arena, map, "publish", job->publish);
    put_text(arena, map, "id_tokens", job->id_tokens);
    put_text(arena, map, "secrets", job->secrets);
    put_text(arena, map, "release", job->release);
    put_text(arena, map, "pages", job->pages);
    put_text(arena, map, "inputs", job->inputs);
    put_text(arena, map, "run", job->run);
    put_text(arena, map, "dast_configuration", job->dast_configuration);
}
