/* entry_paths.c - `changes` and `exists` of rules. */
#include "ci/entry.h"
#include "ci/rules.h"

#include <string.h>

enum { MAX_PATHS = 50 };

/* @subject: "config" or the keyword. */
static bool check_paths(const Entry *e, const char *subject, const Node *value)
{
    if (!node_is_strings(value))
        return compiler_report_lower(e->c, value, "%s %s should be an array of strings",
                                     e->location, subject);
    return value->n <= MAX_PATHS ||
           compiler_report_lower(e->c, value, "%s %s has too many entries (maximum %d)",
                                 e->location, subject, MAX_PATHS);
}

static void read_paths(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPathsClause *clause = e->out;

    clause->paths = strings_of(e->c->arena, value); /* checked with the hash */
}

static void read_regexp(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPathsClause *clause = e->out;

    clause->regexp = expression_regexp(e->c->cache, value->text);
    if (!clause->regexp)
        compiler_report_lower(e->c, value, "%s regexp must be a regular expression with re2 syntax",
                              e->location);
}

static const Keyword changes_keywords[] = {
    { "paths", read_paths },
    { "regexp", read_regexp, SHAPE_STRING },
    { "compare_to", read_string, SHAPE_STRING, offsetof(CiPathsClause, compare_to) },
};

static const Keyword exists_keywords[] = {
    { "paths", read_paths },
    { "regexp", read_regexp, SHAPE_STRING },
    { "project", read_string, SHAPE_STRING, offsetof(CiPathsClause, project) },
    { "ref", read_string, SHAPE_STRING, offsetof(CiPathsClause, ref) },
};

static bool check_hash(const Entry *e)
{
    const Node *paths = node_get(e->node, "paths");
    bool ok = true;

    if (paths && node_get(e->node, "regexp"))
        ok = entry_report(e, e->node, "these keys cannot be used together: paths, regexp");
    if (!paths && !node_get(e->node, "regexp"))
        ok = entry_report(e, e->node, "missing required keys: paths");
    if (node_get(e->node, "ref") && !node_get(e->node, "project"))
        ok = entry_report(e, e->node, "missing required keys: project");
    if (paths)
        ok = check_paths(e, "paths", paths) && ok;
    return ok;
}

static bool read_hash(Entry *e, const Keyword *keywords, size_t n)
{
    bool ok = entry_check_keys(e, keywords, n);

    ok = check_hash(e) && ok;
    if (!entry_check_shapes(e, keywords, n) || !ok)
        return false;
    entry_read(e, keywords, n);
    return true;
}

static bool read_list(Entry *e)
{
    if (!check_paths(e, "config", e->node))
        return false;
    read_paths(e, NULL, e->node);
    return true;
}

void entry_read_changes(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPathsClause *clause = arena_new0(e->c->arena, CiPathsClause, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, clause };
    bool ok = false;

    if (value->kind == NODE_LIST)
        ok = read_list(&entry);
    else if (value->kind == NODE_MAP)
        ok = read_hash(&entry, changes_keywords, G_N_ELEMENTS(changes_keywords));
    else
        compiler_report(e->c, value, "%s should be an array or a hash", entry.location);
    if (ok)
        G_STRUCT_MEMBER(const CiPathsClause *, e->out, keyword->offset) = clause;
}

void entry_read_exists(Entry *e, const Keyword *keyword, const Node *value)
{
    CiPathsClause *clause = arena_new0(e->c->arena, CiPathsClause, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, clause };
    bool ok = false;

    if (node_is_string(value)) {
        clause->paths = strings_of(e->c->arena, value);
        ok = true;
    } else if (value->kind == NODE_LIST) {
        ok = read_list(&entry);
    } else if (value->kind == NODE_MAP) {
        ok = read_hash(&entry, exists_keywords, G_N_ELEMENTS(exists_keywords));
    } else {
        compiler_report(e->c, value, "%s should be a string, an array of strings, or a hash",
                        entry.location);
    }
    if (ok)
        G_STRUCT_MEMBER(const CiPathsClause *, e->out, keyword->offset) = clause;
}
