/* include.c - the files that a file includes, merged under it.
 *
 * Each file is fetched, parsed and expanded itself before its includer is merged on top.  There is
 * no limit of depth but the count of files, which also ends loops.  Nested `local` includes stay in
 * the project and ref that their file came from.
 */
#include "ci/include.h"

#include <string.h>

static const Node *merge(Compiler *c, const Node *left, const Node *right)
{
    const Node *merged = node_merge(c->arena, left, right, &c->merge_budget);

    if (!merged)
        compiler_report(c, right, "The parsed YAML is too big");
    return merged;
}

static const Node *without_include(Compiler *c, const Node *node)
{
    Node *rest = node_new(c->arena, NODE_MAP);

    rest->file = node->file;
    rest->line = node->line;
    rest->column = node->column;
    for (size_t i = 0; i < node->n; i++) {
        const NodePair *pair = &node->pairs[i];
        if (pair->key->kind != NODE_STRING || !g_str_equal(pair->key->text, "include"))
            node_put(c->arena, rest, pair->key, pair->value);
    }
    return rest;
}

static bool count_files(Compiler *c, const Node *include, guint n)
{
    c->includes += (int)n;
    return c->includes <= c->limits.includes ||
           compiler_report(c, include, "Maximum of %d nested includes are allowed!",
                           c->limits.includes);
}

/* The text of the same file with the same inputs is parsed once. */
static const Node *parse_once(Compiler *c, const Location *location, const CiFile *file)
{
    const char *name = include_name(c, location);
    const char *key = location->inputs ? arena_printf(c->arena, "%s\n%s", name,
                                                      node_to_json(c->arena, location->inputs))
                                       : name;
    const Node *node = g_hash_table_lookup(c->files, key);

    if (!node && (node = include_parse(c, &location->place, location, name, file)))
        g_hash_table_insert(c->files, (gpointer)key, (gpointer)node);
    return node;
}

static const Node *expand_includes(Compiler *c, const Place *place, const Node *node);

/* One file over all that it includes; NULL in @out: out of reach.  @place: of the file that asks.
 * Recursive: as deep as there may be includes. */
static bool load_file(Compiler *c, const Place *place, Location *location, const Node **out)
{
    const Location asked = *location;
    const CiFile *file;

    *out = NULL;
    if (!include_fetch(c, location, &file))
        return false;
    if (!file)
        return true;
    include_note(c, place, &asked, location);
    const Node *node = parse_once(c, location, file);
    return node && (*out = expand_includes(c, &location->place, node)) != NULL;
}

/* @node over all that it includes. */
static const Node *expand_includes(Compiler *c, const Place *place, const Node *node)
{
    const Node *include = node_get(node, "include");
    const Node *merged = NULL;

    if (!include)
        return node;
    g_autoptr(GArray) locations = g_array_new(FALSE, TRUE, sizeof(Location));
    if (!include_locations(c, place, include, false, locations) ||
        !count_files(c, include, locations->len))
        return NULL;
    for (guint i = 0; i < locations->len; i++) {
        const Node *file;
        if (!load_file(c, place, &g_array_index(locations, Location, i), &file))
            return NULL;
        if (!file)
            continue;
        merged = merged ? merge(c, merged, file) : file;
        if (!merged)
            return NULL;
    }
    const Node *own = without_include(c, node);
    return merged ? merge(c, merged, own) : own;
}

/* The mapping `inputs` of one file of `spec:include`. */
static bool file_inputs(Compiler *c, Location *location, const Node **out)
{
    const CiFile *file;

    *out = NULL;
    if (!include_fetch(c, location, &file))
        return false;
    if (!file)
        return true;
    const Node *node = parse_once(c, location, file);
    if (!node)
        return false;
    *out = node_get(node, "inputs");
    if (*out && (*out)->kind == NODE_MAP && node->n == 1)
        return true;
    return compiler_report(c, node, "`%s`: header:spec:include config may contain inputs only",
                           location->shown);
}

bool include_inputs(Compiler *c, const Place *place, const Node *include, const Node **out)
{
    g_autoptr(GArray) locations = g_array_new(FALSE, TRUE, sizeof(Location));

    *out = NULL;
    if (node_is_null(include))
        return true;
    if (!include_locations(c, place, include, true, locations) ||
        !count_files(c, include, locations->len))
        return false;
    for (guint i = 0; i < locations->len; i++) {
        const Node *inputs;
        if (!file_inputs(c, &g_array_index(locations, Location, i), &inputs))
            return false;
        if (inputs)
            *out = *out ? merge(c, *out, inputs) : inputs;
    }
    return c->messages->len == 0;
}

const Node *include_load(Compiler *c)
{
    Place here = { .path = c->input->own_path ? c->input->own_path : c->input->path };
    CiFile file = { .bytes = c->input->bytes, .size = c->input->size };
    const Node *root = include_parse(c, &here, NULL, c->input->path, &file);

    return root ? expand_includes(c, &here, root) : NULL;
}
