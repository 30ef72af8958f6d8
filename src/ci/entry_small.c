/* entry_small.c - job keywords of a few lines each: hooks, coverage, identity, id_tokens,
 * dast_configuration. */
#include "ci/entry.h"

#include "base/regex.h"

#include <string.h>

static const Keyword hooks_keywords[] = {
    { "pre_get_sources_script", entry_read_script },
};

void entry_read_hooks(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry hooks = { e->c, entry_location(e, keyword->name), value, e->out };
    Keyword script = hooks_keywords[0];

    script.offset = keyword->offset;
    (void)entry_read_hash(&hooks, &script, 1);
}

static bool is_pattern(const Node *value)
{
    g_auto(Error) err = ERROR_INIT;
    size_t n = node_is_string(value) ? strlen(value->text) : 0;

    if (n < 2 || value->text[0] != '/' || value->text[n - 1] != '/')
        return false;
    g_autofree char *inner = g_strndup(value->text + 1, n - 2);
    g_autoptr(Regex) regex = regex_new(inner, 0, &err);
    return regex != NULL;
}

void entry_read_coverage(Entry *e, const Keyword *keyword, const Node *value)
{
    if (!is_pattern(value)) {
        compiler_report_lower(e->c, value, "%s config must be a regular expression with re2 syntax",
                              entry_location(e, keyword->name));
        return;
    }
    G_STRUCT_MEMBER(const char *, e->out, keyword->offset) =
        arena_strndup(e->c->arena, value->text + 1, strlen(value->text) - 2);
}

void entry_read_identity(Entry *e, const Keyword *keyword, const Node *value)
{
    static const char *const providers[] = { "google_cloud", NULL };

    if (shape_fits(value, SHAPE_CHOICE, providers))
        read_string(e, keyword, value);
    else
        compiler_report_lower(e->c, value, "%s config should be one of: google_cloud",
                              entry_location(e, keyword->name));
}

static const Keyword id_token_keywords[] = {
    { "aud", read_ignored, SHAPE_STRINGS_OR_STRING },
};

static void read_id_token(Entry *token)
{
    const Node *aud = node_get(token->node, "aud");
    bool ok = true;

    if (token->node->kind != NODE_MAP) {
        entry_report(token, token->node, "should be a hash");
        return;
    }
    if (!aud)
        ok = entry_report(token, token->node, "missing required keys: aud");
    ok = entry_check_keys(token, id_token_keywords, G_N_ELEMENTS(id_token_keywords)) && ok;
    if (ok && node_is_null(aud))
        compiler_report_lower(token->c, token->node,
                              "%s aud should be an array of strings or a string", token->location);
    else if (ok)
        (void)entry_check_shapes(token, id_token_keywords, G_N_ELEMENTS(id_token_keywords));
}

void entry_read_id_tokens(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry tokens = { e->c, entry_location(e, keyword->name), value, NULL };

    if (value->kind != NODE_MAP) {
        entry_report(&tokens, value, "should be a hash");
        return;
    }
    for (size_t i = 0; i < value->n; i++) {
        Entry token = { e->c, entry_member_location(&tokens, value->pairs[i].key),
                        value->pairs[i].value, NULL };
        read_id_token(&token);
    }
    read_json(e, keyword, value);
}

static const Keyword dast_keywords[] = {
    { "site_profile", read_ignored, SHAPE_STRING },
    { "scanner_profile", read_ignored, SHAPE_STRING },
};

void entry_read_dast(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry dast = { e->c, entry_location(e, keyword->name), value, NULL };

    if (entry_read_hash(&dast, dast_keywords, G_N_ELEMENTS(dast_keywords)))
        read_json(e, keyword, value);
}
