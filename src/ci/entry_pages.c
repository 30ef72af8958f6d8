/* entry_pages.c - `pages` and `publish`: a job whose artifacts are a web site. */
#include "ci/entry.h"

#include <string.h>

static const Keyword pages_keywords[] = {
    { "path_prefix", read_ignored, SHAPE_STRING },
    { "expire_in", read_ignored, SHAPE_DURATION_OR_NEVER },
    { "publish", read_ignored, SHAPE_STRING },
};

void entry_read_pages(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry pages = { e->c, entry_location(e, keyword->name), value, NULL };

    if (value->kind != NODE_BOOL && value->kind != NODE_MAP)
        entry_report(&pages, value, "should be a hash or a boolean value");
    else if (value->kind == NODE_BOOL ||
             entry_read_hash(&pages, pages_keywords, G_N_ELEMENTS(pages_keywords)))
        read_json(e, keyword, value);
}

bool entry_is_pages(const Entry *e, const char *name)
{
    const Node *pages = node_get(e->node, "pages");

    if (!node_is_blank(pages))
        return true;
    return g_strcmp0(name, "pages") == 0 && (node_is_null(pages) || pages->kind != NODE_BOOL);
}

bool entry_check_publish(const Entry *e, const char *name)
{
    const Node *publish = node_get(e->node, "publish");

    return node_is_null(publish) || entry_is_pages(e, name) ||
           compiler_report_lower(e->c, publish, "%s publish can only be used within a `pages` job",
                                 e->location);
}

void entry_read_publish(Entry *e, const Keyword *keyword, const Node *value)
{
    if (node_is_string(value))
        read_string(e, keyword, value);
    else
        compiler_report_lower(e->c, value, "%s config should be a string",
                              entry_location(e, keyword->name));
}

/* A text with a variable is a path of the run. */
static const char *folder_of(const Entry *e)
{
    const Node *own = node_get(node_get(e->node, "pages"), "publish");
    const Node *publish = node_is_null(own) ? node_get(e->node, "publish") : own;

    return node_is_string(publish) && *publish->text ? publish->text : "public";
}

void entry_add_pages(const Entry *e, CiJob *job)
{
    CiArtifacts *artifacts = arena_new0(e->c->arena, CiArtifacts, 1);
    const char *folder = folder_of(e);
    size_t n = 0;

    if (!job->pages)
        job->pages = "true";
    if (job->artifacts)
        *artifacts = *job->artifacts;
    else
        *artifacts = (CiArtifacts){ .when = "on_success", .access = "all" };
    while (artifacts->paths && artifacts->paths[n]) {
        if (g_str_equal(artifacts->paths[n++], folder))
            return;
    }
    const char **paths = arena_new0(e->c->arena, const char *, n + 2);
    for (size_t i = 0; i < n; i++)
        paths[i] = artifacts->paths[i];
    paths[n] = folder;
    artifacts->paths = paths;
    job->artifacts = artifacts;
}
