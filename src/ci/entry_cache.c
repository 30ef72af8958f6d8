/* entry_cache.c - `cache`: one or several sets of files that runners keep between jobs. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_CACHES = 4, MAX_FALLBACK_KEYS = 5, MAX_KEY_FILES = 2 };

static const char *const cache_whens[] = { "on_success", "on_failure", "always", NULL };

/* A key becomes a part of a path.  As GitLab's own test: after decoding as in a query string. */
static bool check_key(const Entry *e)
{
    if (!node_is_string(e->node))
        return entry_report(e, e->node, "should be a string or symbol");
    if (strchr(e->node->text, '/') || strstr(e->node->text, "%2F") || strstr(e->node->text, "%2f"))
        return entry_report(e, e->node, "cannot contain the \"/\" character");
    g_autofree char *decoded = g_uri_unescape_string(e->node->text, NULL);
    const char *text = decoded ? decoded : e->node->text;
    if (g_str_equal(text, ".") || g_str_equal(text, ".."))
        return entry_report(e, e->node, "cannot be \".\" or \"..\"");
    return true;
}

static void read_files(Entry *e, const Keyword *keyword, const Node *value)
{
    CiCache *cache = e->out;
    Entry files = { e->c, entry_location(e, keyword->name), value, cache };

    if (!node_is_strings(value)) {
        entry_report(&files, value, "should be an array of strings");
    } else if (value->n == 0) {
        entry_report(&files, value, "requires at least 1 item");
    } else if (value->n > MAX_KEY_FILES) {
        entry_report(&files, value, "has too many items (maximum is %d)", MAX_KEY_FILES);
    } else {
        cache->key = NULL;
        cache->key_files = strings_of(e->c->arena, value);
        cache->key_commits = g_str_equal(keyword->name, "files_commits");
    }
}

static void read_prefix(Entry *e, const Keyword *keyword, const Node *value)
{
    CiCache *cache = e->out;
    Entry prefix = { e->c, entry_location(e, keyword->name), value, cache };

    if (check_key(&prefix))
        cache->prefix = value->text;
}

static const Keyword key_keywords[] = {
    { "files", read_files },
    { "files_commits", read_files },
    { "prefix", read_prefix },
};

static void read_key_hash(Entry *key)
{
    bool ok = entry_check_keys(key, key_keywords, G_N_ELEMENTS(key_keywords));
    bool files = node_get(key->node, "files"), commits = node_get(key->node, "files_commits");

    if (!files && !commits)
        ok = entry_report(key, key->node, "missing required keys: files");
    if (files && commits)
        ok = entry_report(key, key->node,
                          "must use exactly one of these keys: files, files_commits");
    if (ok)
        entry_read(key, key_keywords, G_N_ELEMENTS(key_keywords));
}

static void read_key(Entry *e, const Keyword *keyword, const Node *value)
{
    CiCache *cache = e->out;
    Entry key = { e->c, entry_location(e, keyword->name), value, cache };

    if (value->kind == NODE_MAP)
        read_key_hash(&key);
    else if (!node_is_string(value))
        compiler_report(e->c, value, "%s should be a hash, a string or a symbol", key.location);
    else if (check_key(&key))
        cache->key = value->text;
}

/* Children have places of their own in messages, so they are no shapes. */
static void read_child(Entry *e, const Keyword *keyword, const Node *value)
{
    bool is_bool = keyword->offset == offsetof(CiCache, untracked) ||
                   keyword->offset == offsetof(CiCache, unprotect);
    Entry child = { e->c, entry_location(e, keyword->name), value, e->out };

    if (is_bool && value->kind != NODE_BOOL)
        entry_report(&child, value, "should be a boolean value");
    else if (!is_bool && !node_is_strings(value))
        entry_report(&child, value, "should be an array of strings");
    else if (is_bool)
        read_bool(e, keyword, value);
    else
        read_strings(e, keyword, value);
}

static const Keyword cache_keywords[] = {
    { "key", read_key },
    { "unprotect", read_child, SHAPE_ANY, offsetof(CiCache, unprotect) },
    { "untracked", read_child, SHAPE_ANY, offsetof(CiCache, untracked) },
    { "paths", read_child, SHAPE_ANY, offsetof(CiCache, paths) },
    { "fallback_keys", read_child, SHAPE_ANY, offsetof(CiCache, fallback_keys) },
    { "policy", read_string, SHAPE_ANY, offsetof(CiCache, policy) },
    { "when", read_string, SHAPE_CHOICE, offsetof(CiCache, when), cache_whens },
};

/* Anything that holds a policy or a variable will do. */
static bool check_policy(const Entry *e)
{
    const Node *policy = node_get(e->node, "policy");
    bool ok = true;

    if (node_is_blank(policy))
        return true;
    if (!node_is_string(policy))
        ok = compiler_report_lower(e->c, policy, "%s policy should be a string", e->location);
    if (!policy->text || !(strstr(policy->text, "pull") || strstr(policy->text, "push") ||
                           strchr(policy->text, '$')))
        ok = compiler_report_lower(e->c, policy,
                                   "%s policy should be a variable or one of: pull-push, push, "
                                   "pull",
                                   e->location);
    return ok;
}

static bool check_fallback_keys(const Entry *e)
{
    const Node *keys = node_get(e->node, "fallback_keys");

    if (node_is_null(keys))
        return true;
    size_t n = keys->text ? (size_t)g_utf8_strlen(keys->text, -1) : keys->n;
    return n <= MAX_FALLBACK_KEYS ||
           compiler_report_lower(e->c, keys, "%s fallback keys has to many entries (maximum %d)",
                                 e->location, MAX_FALLBACK_KEYS);
}

static bool read_cache(Entry *e)
{
    static const char *const no_keys[] = { NULL };
    CiCache *cache = e->out;

    *cache = (CiCache){
        .key = "default", .policy = "pull-push", .when = cache_whens[0], .fallback_keys = no_keys
    };
    if (e->node->kind != NODE_MAP)
        return entry_report(e, e->node, "should be a hash");
    bool ok = entry_check_keys(e, cache_keywords, G_N_ELEMENTS(cache_keywords));
    ok = check_policy(e) && ok;
    ok = entry_check_shapes(e, cache_keywords, G_N_ELEMENTS(cache_keywords)) && ok;
    ok = check_fallback_keys(e) && ok;
    if (!ok)
        return false;
    entry_read(e, cache_keywords, G_N_ELEMENTS(cache_keywords));
    if (node_is_blank(node_get(e->node, "policy")))
        cache->policy = "pull-push";
    return true;
}

void entry_read_caches(Entry *e, const Keyword *keyword, const Node *value)
{
    CiCaches *caches = arena_new0(e->c->arena, CiCaches, 1);
    const char *location = entry_location(e, keyword->name);
    bool list = value->kind == NODE_LIST;
    size_t n = list ? value->n : 1;
    CiCache *items = arena_new0(e->c->arena, CiCache, n);

    caches->items = items;
    if (n > MAX_CACHES) {
        entry_report(&(Entry){ e->c, location, value, NULL }, value,
                     "no more than %d caches can be created", MAX_CACHES);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        Entry entry = { e->c, location, list ? value->items[i] : value, &items[caches->n] };
        if (read_cache(&entry) && entry.node->n > 0)
            caches->n++;
    }
    G_STRUCT_MEMBER(const CiCaches *, e->out, keyword->offset) = caches;
}
