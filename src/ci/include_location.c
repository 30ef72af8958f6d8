/* include_location.c - which files an `include` names: its forms, variables and wildcards. */
#include "ci/include.h"

#include "base/regex.h"
#include "base/text.h"
#include "ci/expand.h"

#include <string.h>

static const char *const location_keys[N_LOCATION_KEYS] = { "local",    "project",  "remote",
                                                            "template", "artifact", "component" };

#define ALL_LOCATION_KEYS "`local`, `project`, `remote`, `template`, `artifact`, `component`"

/* An include while it is read. */
typedef struct Reader {
    Compiler *c;
    const Place *place; /* of the file that holds it */
    bool header;        /* spec:include */
    GArray *out;        /* of Location */
} Reader;

CiVariables include_variables(const Compiler *c, const Place *place)
{
    return place->outside ? (CiVariables){ NULL, 0 } : c->unscoped;
}

/* What is known of the variables of a text. */
typedef struct Known {
    CiVariables variables;
    bool all;
} Known;

static const char *look_up(void *data, const char *name)
{
    Known *known = data;

    for (size_t i = known->variables.n; i > 0; i--) {
        if (g_str_equal(known->variables.items[i - 1].key, name))
            return known->variables.items[i - 1].value;
    }
    known->all = false;
    return NULL;
}

bool include_is_open(const Compiler *c, const Place *place, const char *text)
{
    Known known = { include_variables(c, place), true };

    if (!c->input->offline || place->outside)
        return false;
    (void)expand_text(c->arena, text, false, look_up, &known); /* only what it looked for counts */
    return !known.all;
}

/* @text without the values of masked variables. */
static const char *shown(const Reader *r, const char *text)
{
    CiVariables variables = include_variables(r->c, r->place);
    g_autofree char *out = NULL;

    for (size_t i = 0; i < variables.n; i++) {
        const CiVariable *variable = &variables.items[i];
        if (!variable->masked || !*variable->value || !strstr(out ? out : text, variable->value))
            continue;
        g_autofree char *mask = g_strnfill(strlen(variable->value), 'x');
        if (strlen(mask) >= strlen("[MASKED]"))
            memcpy(mask, "[MASKED]", strlen("[MASKED]"));
        g_auto(GStrv) parts = g_strsplit(out ? out : text, variable->value, -1);
        g_free(out);
        out = g_strjoinv(mask, parts);
    }
    return out ? arena_strdup(r->c->arena, out) : text;
}

static const char *unrooted(const char *path)
{
    while (*path == '/')
        path++;
    return path;
}

/* A text of the location with its variables; NULL: reported. */
static const char *expanded(const Reader *r, const Node *node)
{
    const char *text = ci_expand(r->c->arena, node->text, include_variables(r->c, r->place));

    if (!text)
        compiler_report(r->c, node,
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

static bool add(const Reader *r, Location *location)
{
    location->shown = shown(r, location->shown ? location->shown : location->path);
    if (location->kind != LOCATION_COMPONENT && !has_yaml_extension(location->path))
        return compiler_report(r->c, location->at,
                               "Included file `%s` does not have YAML extension!", location->shown);
    g_array_append_val(r->out, *location);
    return true;
}

static bool no_subkey(const Reader *r, const Node *at, const char *json)
{
    return compiler_report(
        r->c, at,
        "`%s` does not have a valid subkey for include. Valid subkeys are: " ALL_LOCATION_KEYS,
        shown(r, json));
}

/* The text of a key with its variables; NULL: reported. */
static const char *location_text(const Reader *r, const char *key, const Node *value)
{
    if (!node_is_string(value)) {
        compiler_report(r->c, value, "Included file `%s` needs to be a string",
                        node_to_json(r->c->arena, value));
        return NULL;
    }
    const char *text = expanded(r, value);
    if (!text || !text_is_blank(text))
        return text;
    const Node *blank = node_new_string(r->c->arena, text, value);
    no_subkey(r, value,
              arena_printf(r->c->arena, "{\"%s\":%s}", key, node_to_json(r->c->arena, blank)));
    return NULL;
}

/* The wildcard as a pattern: "**" is anything, "*" anything in one folder. */
static Regex *wildcard(const char *path)
{
    g_autoptr(GString) pattern = g_string_new("^");

    for (const char *p = path; *p; p++) {
        if (p[0] == '*' && p[1] == '*') {
            g_string_append(pattern, ".*");
            p++;
        } else if (*p == '*') {
            g_string_append(pattern, "[^/]*");
        } else {
            if (g_ascii_ispunct(*p))
                g_string_append_c(pattern, '\\');
            g_string_append_c(pattern, *p);
        }
    }
    g_string_append_c(pattern, '$');
    return regex_new(pattern->str, REGEX_DOT_NEWLINE, NULL);
}

/* The files among which a wildcard looks; NULL in @paths: none.  false: reported. */
static bool list_tree(const Reader *r, const Location *location, CiStrings *paths)
{
    const CiInput *input = r->c->input;

    if (!input->tree)
        return true;
    CiFetchResult result =
        input->tree(input->fetch_data, r->place->project, r->place->ref, r->c->arena, paths);
    return include_check_result(r->c, location, result, NULL);
}

/* Every file that the wildcard stands for, but the one that holds it. */
static bool add_matches(const Reader *r, const Location *location)
{
    g_autoptr(Regex) regex = wildcard(location->path);
    CiStrings paths = NULL;

    if (!regex)
        return compiler_report(r->c, location->at, "include config wildcard '%s' is too long",
                               location->path);
    if (!list_tree(r, location, &paths))
        return false;
    for (size_t i = 0; paths && paths[i]; i++) {
        Location match = *location;
        match.path = paths[i];
        match.shown = NULL;
        if ((r->place->path && g_str_equal(paths[i], r->place->path)) ||
            !regex_matches(regex, paths[i], strlen(paths[i])))
            continue;
        if ((int)r->out->len > r->c->limits.includes)
            return true; /* the count is refused later */
        if (!add(r, &match))
            return false;
    }
    return true;
}

static bool add_local(const Reader *r, const Node *value, Location *location)
{
    const char *path = location_text(r, "local", value);

    if (!path)
        return false;
    location->path = unrooted(path);
    location->shown = path;
    location->place.project = r->place->project;
    location->place.ref = r->place->ref;
    if (has_yaml_extension(location->path) && r->place->outside)
        return compiler_report(r->c, value, "Local file `%s` does not have project!",
                               shown(r, path));
    if (strchr(path, '*') && has_yaml_extension(path))
        return add_matches(r, location);
    location->shown = location->path;
    return add(r, location);
}

static bool project_file(const Reader *r, const Node *file, Location location)
{
    if (!node_is_string(file))
        return compiler_report(r->c, file, "Included file `%s` needs to be a string",
                               node_to_json(r->c->arena, file));
    const char *path = expanded(r, file);
    if (!path)
        return false;
    location.path = unrooted(path);
    location.at = file;
    return add(r, &location);
}

static bool add_project(const Reader *r, const Node *item, Location *location)
{
    const Node *project = node_get(item, "project");
    const Node *file = node_get(item, "file");
    const Node *ref = node_get(item, "ref");
    Place *place = &location->place;

    if (node_is_blank(file))
        return compiler_report(r->c, item,
                               "include config must specify the file where to fetch the "
                               "config from");
    if (!node_is_string(project))
        return no_subkey(r, item, node_to_json(r->c->arena, item));
    if (!(place->project = expanded(r, project)))
        return false;
    if (text_is_blank(place->project))
        return no_subkey(r, item, node_to_json(r->c->arena, item));
    if (node_is_scalar(ref) && !(place->ref = expanded(r, ref)))
        return false;
    if (place->ref && *place->ref == '\0')
        place->ref = NULL;
    place->outside = r->place->outside;
    if (file->kind != NODE_LIST)
        return project_file(r, file, *location);
    for (size_t i = 0; i < file->n; i++) {
        if (!project_file(r, file->items[i], *location))
            return false;
    }
    return true;
}

/* Whether the address has a scheme that may be fetched and a host. */
static bool is_address(const char *url)
{
    size_t n = g_ascii_strncasecmp(url, "https://", 8) == 0  ? 8
               : g_ascii_strncasecmp(url, "http://", 7) == 0 ? 7
                                                             : 0;

    return n > 0 && g_ascii_isgraph(url[n]) && !strchr("/?#:@", url[n]) && !strchr(url, ' ');
}

static bool read_digest(const Reader *r, const Node *integrity, Location *location)
{
    static const char prefix[] = "sha256-";

    if (node_is_null(integrity))
        return true;
    if (!node_is_string(integrity) || !g_str_has_prefix(integrity->text, prefix))
        return compiler_report(r->c, integrity,
                               "include config integrity hash must start with 'sha256-'");
    const char *digest = integrity->text + strlen(prefix);
    gsize n = 0;
    g_autofree guchar *bytes = g_base64_decode(digest, &n);
    g_autofree char *again = g_base64_encode(bytes, n);
    if (n == 0 || !g_str_equal(again, digest))
        return compiler_report(r->c, integrity,
                               "include config integrity hash must be base64 encoded");
    location->digest = digest;
    return true;
}

static bool add_remote(const Reader *r, const Node *item, const Node *value, Location *location)
{
    if (item->kind == NODE_MAP && !read_digest(r, node_get(item, "integrity"), location))
        return false;
    location->path = location_text(r, "remote", value);
    if (!location->path)
        return false;
    if (has_yaml_extension(location->path) && !is_address(location->path))
        return compiler_report(r->c, value, "Remote file `%s` does not have a valid address!",
                               shown(r, location->path));
    return add(r, location);
}

static bool add_template(const Reader *r, const Node *value, Location *location)
{
    location->path = location_text(r, "template", value);
    if (!location->path)
        return false;
    if (has_yaml_extension(location->path) && !g_str_has_suffix(location->path, ".gitlab-ci.yml"))
        return compiler_report(r->c, value, "Template file `%s` is not a valid location!",
                               shown(r, location->path));
    return add(r, location);
}

static bool add_artifact(const Reader *r, const Node *item, const Node *value, Location *location)
{
    const Node *job = node_get(item, "job");

    location->path = location_text(r, "artifact", value);
    if (!location->path)
        return false;
    if (!has_yaml_extension(location->path))
        return compiler_report(r->c, value, "Included file `%s` does not have YAML extension!",
                               shown(r, location->path));
    if (!r->c->input->child)
        return compiler_report(r->c, value,
                               "Including configs from artifacts is only allowed when triggering "
                               "child pipelines");
    if (!node_is_string(job) || node_is_blank(job))
        return compiler_report(r->c, value,
                               "Job must be provided when including configs from artifacts");
    location->job = expanded(r, job);
    return location->job != NULL && add(r, location);
}

/* The address without this server's name; NULL: another server's. */
static const char *without_host(const char *address, const char *host)
{
    const char *slash = strchr(address, '/');

    if (!slash)
        return NULL;
    if (!host)
        return slash + 1;
    return strlen(host) == (size_t)(slash - address) &&
                   g_ascii_strncasecmp(address, host, strlen(host)) == 0
               ? slash + 1
               : NULL;
}

/* "HOST/GROUP/PROJECT/NAME@VERSION" */
static bool add_component(const Reader *r, const Node *value, Location *location)
{
    const char *address = location_text(r, "component", value);

    if (!address)
        return false;
    if (r->place->outside)
        return compiler_report(r->c, value,
                               "Unable to use components outside of a project context");
    const char *path = without_host(address, r->c->input->host);
    const char *at = path ? strchr(path, '@') : NULL;
    if (!at || at[1] == '\0')
        return compiler_report(r->c, value, "Component '%s' - the component path is not supported",
                               shown(r, address));
    const char *full = arena_strndup(r->c->arena, path, (size_t)(at - path));
    const char *slash = strrchr(full, '/');
    if (!slash || !slash[1])
        return compiler_report(r->c, value, "Component '%s' - content not found",
                               shown(r, address));
    location->path = slash + 1;
    location->shown = address;
    location->place.project = arena_strndup(r->c->arena, full, (size_t)(slash - full));
    location->place.ref = at + 1;
    return add(r, location);
}

/* The keys that say which kind it is. */
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

static bool add_by_key(const Reader *r, const Node *item, Location *location)
{
    const Node *value = node_get(item, location_keys[location->kind]);

    switch (location->kind) {
    case LOCATION_LOCAL:
        return add_local(r, value, location);
    case LOCATION_PROJECT:
        return add_project(r, item, location);
    case LOCATION_REMOTE:
        return add_remote(r, item, value, location);
    case LOCATION_TEMPLATE:
        return add_template(r, value, location);
    case LOCATION_ARTIFACT:
        return add_artifact(r, item, value, location);
    case LOCATION_COMPONENT:
        return add_component(r, value, location);
    case N_LOCATION_KEYS:
        break;
    }
    return false;
}

/* What may stand beside any kind of location. */
static bool read_options(const Reader *r, const Node *item, Location *location)
{
    const Node *inputs = node_get(item, "inputs");
    bool remote = location->kind == LOCATION_REMOTE;

    if (r->header && (inputs || location->kind > LOCATION_REMOTE))
        return compiler_report(r->c, item, "header:spec:include config contains unknown keys: %s",
                               inputs ? "inputs" : location_keys[location->kind]);
    if (!remote && !node_is_null(node_get(item, "integrity")))
        return compiler_report(r->c, item,
                               "include config integrity can only be specified for remote "
                               "includes");
    if (!remote && !node_is_null(node_get(item, "cache")))
        return compiler_report(r->c, item,
                               "include config cache can only be specified for remote includes");
    if (!node_is_null(inputs) && inputs->kind != NODE_MAP)
        return compiler_report(r->c, inputs, "include config inputs should be a hash");
    location->inputs = inputs && inputs->n > 0 ? inputs : NULL;
    return true;
}

static bool is_open(const Reader *r, const Node *value)
{
    bool open = node_is_string(value) && include_is_open(r->c, r->place, value->text);

    for (size_t i = 0; value && value->kind == NODE_LIST && i < value->n; i++)
        open = open || (node_is_string(value->items[i]) &&
                        include_is_open(r->c, r->place, value->items[i]->text));
    return open;
}

/* Whether where the include leads hangs on what only a server knows, which is warned of. */
static bool leads_out_of_reach(const Reader *r, const Node *item, const Node *value)
{
    if (!is_open(r, value) && !is_open(r, node_get(item, "file")) &&
        !is_open(r, node_get(item, "ref")))
        return false;
    include_out_of_reach(r->c, value,
                         node_is_string(value) ? value->text : node_to_json(r->c->arena, value),
                         "its variables are not known here");
    return true;
}

/* An include that its rules leave out: with other variables they may not. */
static void warn_of_rules(const Reader *r, const Node *item, LocationKey key)
{
    const Node *rules = node_get(item, "rules");
    const Node *value = key < N_LOCATION_KEYS ? node_get(item, location_keys[key]) : NULL;

    for (size_t i = 0; value && i < rules->n; i++) {
        const Node *condition = node_get(rules->items[i], "if");
        if (!is_open(r, condition))
            continue;
        include_out_of_reach(r->c, condition,
                             node_is_string(value) ? value->text : node_to_json(r->c->arena, value),
                             "its rules, with variables that are not known here, leave it out");
        return;
    }
}

static bool add_hash(const Reader *r, const Node *item)
{
    Location location = { .kind = N_LOCATION_KEYS, .at = item };
    int n = count_location_keys(item, &location.kind);
    bool hold;

    if (!include_rules_hold(r->c, r->place, node_get(item, "rules"), &hold))
        return false;
    if (!hold) {
        warn_of_rules(r, item, location.kind);
        return true;
    }
    if (n > 1)
        return compiler_report(r->c, item, "Each include must use only one of: " ALL_LOCATION_KEYS);
    if (n == 0 || node_is_blank(node_get(item, location_keys[location.kind])))
        return no_subkey(r, item, node_to_json(r->c->arena, item));
    location.at = node_get(item, location_keys[location.kind]);
    if (leads_out_of_reach(r, item, location.at))
        return true;
    return read_options(r, item, &location) && add_by_key(r, item, &location);
}

static bool add_item(const Reader *r, const Node *item)
{
    Location location = { .kind = LOCATION_LOCAL, .at = item };

    if (item->kind == NODE_MAP)
        return add_hash(r, item);
    if (!node_is_string(item) || item->reference)
        return compiler_report(r->c, item, "Each include must be a hash or a string");
    if (leads_out_of_reach(r, NULL, item))
        return true;
    if (!g_str_has_prefix(item->text, "http://") && !g_str_has_prefix(item->text, "https://"))
        return add_local(r, item, &location);
    location.kind = LOCATION_REMOTE;
    return add_remote(r, item, item, &location);
}

bool include_locations(Compiler *c, const Place *place, const Node *include, bool header,
                       GArray *out)
{
    Reader r = { c, place, header, out };

    if (include->kind != NODE_LIST || include->reference)
        return node_is_null(include) || add_item(&r, include);
    for (size_t i = 0; i < include->n; i++) {
        const Node *item = include->items[i];
        if (!node_is_null(item) && !add_item(&r, item))
            return false;
    }
    return true;
}
