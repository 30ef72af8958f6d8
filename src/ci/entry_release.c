/* entry_release.c - `release`: what a job's success publishes. */
#include "ci/entry.h"

#include <string.h>

static const char *const link_types[] = { "other", "runbook", "image", "package", NULL };

static const Keyword link_keywords[] = {
    { "name", read_ignored, SHAPE_STRING },
    { "url", read_ignored, SHAPE_STRING },
    { "filepath", read_ignored, SHAPE_STRING },
    { "link_type", read_ignored, SHAPE_CHOICE, 0, link_types },
};

static bool check_present(const Entry *e, const char *key)
{
    g_autofree char *name = g_strdelimit(g_strdup(key), "_", ' ');

    return !node_is_blank(node_get(e->node, key)) ||
           compiler_report_lower(e->c, e->node, "%s %s can't be blank", e->location, name);
}

static void read_links(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry links = { e->c, entry_location(e, keyword->name), value, NULL };

    if (value->kind != NODE_LIST) {
        entry_report(&links, value, "should be a array");
        return;
    }
    for (size_t i = 0; i < value->n; i++) {
        Entry link = { e->c, entry_location(&links, "link"), value->items[i], NULL };
        if (!entry_read_hash(&link, link_keywords, G_N_ELEMENTS(link_keywords)))
            continue;
        (void)check_present(&link, "name"); /* reported */
        (void)check_present(&link, "url");
    }
}

static const Keyword assets_keywords[] = {
    { "links", read_links },
};

static void read_assets(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry assets = { e->c, entry_location(e, keyword->name), value, NULL };

    if (entry_read_hash(&assets, assets_keywords, G_N_ELEMENTS(assets_keywords)))
        (void)check_present(&assets, "links"); /* reported */
}

static const Keyword release_keywords[] = {
    { "tag_name", read_ignored },
    { "tag_message", read_ignored, SHAPE_STRING },
    { "name", read_ignored, SHAPE_STRING },
    { "description", read_ignored, SHAPE_STRING },
    { "ref", read_ignored },
    { "milestones", read_ignored, SHAPE_STRINGS_OR_STRING },
    { "released_at", read_ignored },
    { "assets", read_assets },
};

static bool check_time(const Entry *e)
{
    const Node *value = node_get(e->node, "released_at");

    if (node_is_blank(value))
        return true;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *midnight =
        node_is_string(value) ? g_strconcat(value->text, "T00:00:00Z", NULL) : g_strdup("");
    g_autoptr(GDateTime) time =
        node_is_string(value) ? g_date_time_new_from_iso8601(value->text, utc) : NULL;
    g_autoptr(GDateTime) day = g_date_time_new_from_iso8601(midnight, utc);
    return time || day ||
           compiler_report_lower(e->c, value, "%s released at must be a valid datetime",
                                 e->location);
}

/* What git accepts as a name, or a variable. */
static bool is_ref(const Node *node)
{
    if (!node_is_string(node) || *node->text == '\0')
        return false;
    size_t n = strlen(node->text);
    for (size_t i = 0; i < n; i++) {
        unsigned char letter = (unsigned char)node->text[i];
        if (letter <= ' ' || letter == 0x7f || strchr("~^:?*[\\", letter))
            return false;
    }
    return !strstr(node->text, "..") && !strstr(node->text, "@{") && !strstr(node->text, "//") &&
           node->text[0] != '/' && node->text[0] != '-' && node->text[n - 1] != '/' &&
           node->text[n - 1] != '.' && !g_str_has_suffix(node->text, ".lock");
}

static bool check_ref(const Entry *e)
{
    const Node *ref = node_get(e->node, "ref");

    return node_is_null(ref) || is_ref(ref) ||
           compiler_report_lower(e->c, ref, "%s ref must be a valid ref", e->location);
}

void entry_read_release(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry release = { e->c, entry_location(e, keyword->name), value, NULL };
    size_t n = G_N_ELEMENTS(release_keywords);

    if (value->kind != NODE_MAP) {
        entry_report(&release, value, "should be a hash");
        return;
    }
    bool ok = entry_check_keys(&release, release_keywords, n);
    ok = check_present(&release, "tag_name") && ok;
    ok = check_present(&release, "description") && ok;
    ok = entry_check_shapes(&release, release_keywords, n) && ok;
    ok = check_time(&release) && ok;
    ok = check_ref(&release) && ok;
    if (!ok)
        return;
    entry_read(&release, release_keywords, n);
    read_json(e, keyword, value);
}
