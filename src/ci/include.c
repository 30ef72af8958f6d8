/* include.c - the files that a file includes, merged under it.
 *
 * Each file is fetched, parsed and expanded itself before its includer is merged on top.  There is
 * no limit of depth but the count of files, which also ends loops.  Nested `local` includes stay in
 * the project and ref that their file came from.
 */
#include "ci/compiler.h"
#include "ci/expand.h"
#include "ci/yaml_load.h"

#include "base/text.h"

#include <string.h>

/* Where a file is from: what `local` in it means. */
typedef struct Place {
    const char *project; /* NULL: the project of the pipeline */
    const char *ref;
} Place;

typedef enum LocationKey {
    LOCATION_LOCAL,
    LOCATION_PROJECT,
    LOCATION_REMOTE,
    LOCATION_TEMPLATE,
    LOCATION_ARTIFACT,
    LOCATION_COMPONENT,
    N_LOCATION_KEYS
} LocationKey;

static const char *const location_keys[N_LOCATION_KEYS] = { "local",    "project",  "remote",
                                                            "template", "artifact", "component" };

/* Read as soon as the compiler knows them; until then they are refused by name. */
static const char *const later_keys[] = { "rules", "inputs", "integrity", "cache", "job" };

#define ALL_LOCATION_KEYS "`local`, `project`, `remote`, `template`, `artifact`, `component`"

/* One file to include. */
typedef struct Location {
    Place place;      /* where it is */
    const char *path; /* without a leading "/" */
    bool project;     /* include:project, not include:local */
    const Node *at;
} Location;

static const Node *load_file(Compiler *c, const Location *location);

static const char *unrooted(const char *path)
{
    while (*path == '/')
        path++;
    return path;
}

/* A text of the location with its variables; NULL: reported. */
static const char *expanded(Compiler *c, const Node *node)
{
    const char *text = ci_expand(c->arena, node->text, c->input->variables);

    if (!text)
        compiler_report(c, node,
                        "Included file location is too long after expansion "
                        "(maximum is %d bytes)",
                        CI_EXPANDED_MAX);
    return text;
}

static bool has_yaml_extension(const char *path)
{
    size_t n = strlen(path);

    return (n > 4 && g_ascii_strcasecmp(path + n - 4, ".yml") == 0) ||
           (n > 5 && g_ascii_strcasecmp(path + n - 5, ".yaml") == 0);
}

static bool report_fetch(Compiler *c, const Location *l, CiFetchResult result)
{
    const char *project = l->place.project;

    switch (result) {
    case CI_FETCH_OK:
        return true;
    case CI_FETCH_NO_FILE:
        return l->project ? compiler_report(c, l->at, "Project `%s` file `%s` does not exist!",
                                            project, l->path)
                          : compiler_report(c, l->at, "Local file `%s` does not exist!", l->path);
    case CI_FETCH_NO_REF:
        return compiler_report(c, l->at, "Project `%s` reference `%s` does not exist!",
                               project ? project : "", l->place.ref ? l->place.ref : "HEAD");
    case CI_FETCH_NO_PROJECT:
        return compiler_report(c, l->at,
                               "Project `%s` not found or access denied! Make sure any includes in "
                               "the pipeline configuration are correctly defined.",
                               project ? project : "");
    case CI_FETCH_UNREACHABLE:
    case CI_FETCH_NO_VERSION:
    case CI_FETCH_BAD_URL:
    case CI_FETCH_SOCKET:
    case CI_FETCH_TIMEOUT:
    case CI_FETCH_HTTP:
    case CI_FETCH_STATUS:
    case CI_FETCH_BLOCKED:
    case CI_FETCH_OUT_OF_TIME:
    case CI_FETCH_FAILED:
        return compiler_report(c, l->at, "Included file `%s` could not be read", l->path);
    }
    return false;
}

static bool is_blank(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isspace(bytes[i]))
            return false;
    }
    return true;
}

static bool fetch(Compiler *c, const Location *l, const char **bytes, size_t *size)
{
    CiFetch what = { .project = l->place.project, .ref = l->place.ref, .path = l->path };
    CiFile file = { .bytes = "" };
    CiFetchResult result = CI_FETCH_NO_FILE;

    if (!c->input->fetch)
        return compiler_report(c, l->at,
                               "Included file `%s` cannot be read here: there is no "
                               "repository",
                               l->path);
    if (text_is_inner_path(l->path))
        result = c->input->fetch(c->input->fetch_data, &what, c->arena, &file);
    *bytes = file.bytes;
    *size = file.size;
    if (!report_fetch(c, l, result))
        return false;
    if (is_blank(*bytes, *size))
        return l->project ? compiler_report(c, l->at, "Project `%s` file `%s` is empty!",
                                            l->place.project, l->path)
                          : compiler_report(c, l->at, "Local file `%s` is empty!", l->path);
    c->included_bytes += *size;
    if (c->included_bytes > c->limits.total_bytes)
        return compiler_report(c, l->at, "Total size of combined CI/CD configuration is too big");
    return true;
}

/* What a fetched file says, includes not resolved.  The same file is parsed once. */
static const Node *parse(Compiler *c, const Location *l)
{
    const char *project = l->place.project, *ref = l->place.ref;
    const char *name =
        project ? arena_printf(c->arena, "%s@%s:%s", project, ref ? ref : "HEAD", l->path)
                : l->path;
    const Node *known = g_hash_table_lookup(c->files, name);
    const char *bytes;
    size_t size;
    YamlError error = { 0 };

    if (known)
        return known;
    if (!fetch(c, l, &bytes, &size))
        return NULL;
    const Node *node = yaml_load(c->arena, name, bytes, size, &c->limits, &error);
    if (!node) {
        Node at = { .file = name, .line = error.line, .column = error.column };
        compiler_report(c, &at, "`%s`: %s", l->path, error.text);
        return NULL;
    }
    if (node->n == 0) {
        compiler_report(c, node, "Included file `%s` does not have valid YAML syntax!", l->path);
        return NULL;
    }
    g_hash_table_insert(c->files, (gpointer)name, (gpointer)node);
    return node;
}

static bool add_location(Compiler *c, GArray *locations, const Location *location)
{
    if (!has_yaml_extension(location->path))
        return compiler_report(c, location->at, "Included file `%s` does not have YAML extension!",
                               location->path);
    g_array_append_val(locations, *location);
    return true;
}

static bool no_subkey(Compiler *c, const Node *at, const char *json)
{
    return compiler_report(
        c, at,
        "`%s` does not have a valid subkey for include. Valid subkeys are: " ALL_LOCATION_KEYS,
        json);
}

static bool local_location(Compiler *c, const Place *place, const Node *value, GArray *locations)
{
    if (!node_is_string(value))
        return compiler_report(c, value, "Included file `%s` needs to be a string",
                               node_to_json(c->arena, value));
    const char *path = expanded(c, value);
    if (!path)
        return false;
    if (text_is_blank(path)) {
        const Node *text = node_new_string(c->arena, path, value);
        return no_subkey(c, value,
                         arena_printf(c->arena, "{\"local\":%s}", node_to_json(c->arena, text)));
    }
    if (strchr(path, '*'))
        return compiler_report(c, value,
                               "include config wildcard '%s' is not supported by this version of "
                               "Penstock",
                               path);
    Location location = { *place, unrooted(path), place->project != NULL, value };
    location.project = false;
    return add_location(c, locations, &location);
}

static bool project_file(Compiler *c, const char *project, const char *ref, const Node *file,
                         GArray *locations)
{
    if (!node_is_string(file))
        return compiler_report(c, file, "Included file `%s` needs to be a string",
                               node_to_json(c->arena, file));
    const char *path = expanded(c, file);
    if (!path)
        return false;
    Location location = { { project, ref }, unrooted(path), true, file };
    return add_location(c, locations, &location);
}

static bool project_location(Compiler *c, const Node *item, GArray *locations)
{
    const Node *project = node_get(item, "project");
    const Node *file = node_get(item, "file");
    const Node *ref = node_get(item, "ref");
    const char *project_path, *ref_name = NULL;

    if (node_is_blank(file))
        return compiler_report(c, item,
                               "include config must specify the file where to fetch the "
                               "config from");
    if (!node_is_string(project))
        return no_subkey(c, item, node_to_json(c->arena, item));
    if (!(project_path = expanded(c, project)))
        return false;
    if (text_is_blank(project_path))
        return no_subkey(c, item, node_to_json(c->arena, item));
    if (node_is_scalar(ref) && !(ref_name = expanded(c, ref)))
        return false;
    if (ref_name && *ref_name == '\0')
        ref_name = NULL;
    if (file->kind != NODE_LIST)
        return project_file(c, project_path, ref_name, file, locations);
    for (size_t i = 0; i < file->n; i++) {
        if (!project_file(c, project_path, ref_name, file->items[i], locations))
            return false;
    }
    return true;
}

/* The keys that say which kind it is; a key with a blank value says nothing. */
static int count_location_keys(const Node *item, LocationKey *key)
{
    int n = 0;

    for (int i = 0; i < N_LOCATION_KEYS; i++) {
        if (!node_get(item, location_keys[i]))
            continue;
        *key = (LocationKey)i;
        n++;
    }
    return n;
}

static bool hash_location(Compiler *c, const Place *place, const Node *item, GArray *locations)
{
    LocationKey key = N_LOCATION_KEYS;
    int n = count_location_keys(item, &key);

    for (size_t i = 0; i < G_N_ELEMENTS(later_keys); i++) {
        if (node_get(item, later_keys[i]))
            return compiler_report_unsupported(c, item, "include", later_keys[i]);
    }
    if (n > 1)
        return compiler_report(c, item, "Each include must use only one of: " ALL_LOCATION_KEYS);
    if (n == 0 || node_is_blank(node_get(item, location_keys[key])))
        return no_subkey(c, item, node_to_json(c->arena, item));
    switch (key) {
    case LOCATION_LOCAL:
        return local_location(c, place, node_get(item, "local"), locations);
    case LOCATION_PROJECT:
        return project_location(c, item, locations);
    case LOCATION_REMOTE:
    case LOCATION_TEMPLATE:
    case LOCATION_ARTIFACT:
    case LOCATION_COMPONENT:
    case N_LOCATION_KEYS:
        break;
    }
    return compiler_report_unsupported(c, item, "include", location_keys[key]);
}

static bool is_url(const char *text)
{
    return g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

static bool item_location(Compiler *c, const Place *place, const Node *item, GArray *locations)
{
    if (item->kind == NODE_MAP)
        return hash_location(c, place, item, locations);
    if (!node_is_string(item))
        return compiler_report(c, item, "Each include must be a hash or a string");
    if (is_url(item->text))
        return compiler_report_unsupported(c, item, "include", "remote");
    return local_location(c, place, item, locations);
}

/* All files of one `include`, in order.  false: reported. */
static bool locations_of(Compiler *c, const Place *place, const Node *include, GArray *locations)
{
    if (include->kind != NODE_LIST)
        return node_is_null(include) || item_location(c, place, include, locations);
    for (size_t i = 0; i < include->n; i++) {
        const Node *item = include->items[i];
        if (!node_is_null(item) && !item_location(c, place, item, locations))
            return false;
    }
    return true;
}

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

/* @node over all that it includes. */
static const Node *expand_includes(Compiler *c, const Place *place, const Node *node)
{
    const Node *include = node_get(node, "include");
    const Node *merged = NULL;

    if (!include)
        return node;
    g_autoptr(GArray) locations = g_array_new(FALSE, TRUE, sizeof(Location));
    if (!locations_of(c, place, include, locations))
        return NULL;
    c->includes += (int)locations->len;
    if (c->includes > c->limits.includes) {
        compiler_report(c, include, "Maximum of %d nested includes are allowed!",
                        c->limits.includes);
        return NULL;
    }
    for (guint i = 0; i < locations->len; i++) {
        const Node *file = load_file(c, &g_array_index(locations, Location, i));
        if (!file)
            return NULL;
        merged = merged ? merge(c, merged, file) : file;
        if (!merged)
            return NULL;
    }
    const Node *own = without_include(c, node);
    return merged ? merge(c, merged, own) : own;
}

/* Recursive: as deep as there may be includes. */
static const Node *load_file(Compiler *c, const Location *location)
{
    const Node *node = parse(c, location);

    return node ? expand_includes(c, &location->place, node) : NULL;
}

const Node *include_load(Compiler *c)
{
    YamlError error = { 0 };
    Place here = { NULL, NULL };
    const Node *root =
        yaml_load(c->arena, c->input->path, c->input->bytes, c->input->size, &c->limits, &error);

    if (!root) {
        Node at = { .file = c->input->path, .line = error.line, .column = error.column };
        compiler_report(c, &at, "%s", error.text);
        return NULL;
    }
    return expand_includes(c, &here, root);
}
