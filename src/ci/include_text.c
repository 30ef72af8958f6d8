/* include_text.c - from the text of a file to its tree: header, inputs, interpolation, YAML. */
#include "base/text.h"
#include "ci/header.h"
#include "ci/include.h"

#include <string.h>

#define TOTAL_TOO_BIG "Total size of combined CI/CD configuration is too big"

/* One file on its way. */
typedef struct Text {
    Compiler *c;
    const Place *place;
    const Location *location; /* NULL: the root file */
    const char *name;
    const CiFile *file;
    const Node *given; /* inputs; NULL: none */
    bool *open;        /* set where inputs are defined out of reach: what it says is not known */
} Text;

/* What the next document may have. */
static CiLimits limits_left(const Compiler *c)
{
    CiLimits limits = c->limits;

    limits.total_nodes -= MIN(c->nodes, limits.total_nodes);
    return limits;
}

static const Node *yaml_failed(const Text *t, const YamlError *error)
{
    Node at = { .file = t->name, .line = error->line, .column = error->column };

    if (t->c->nodes > t->c->limits.total_nodes && error->nodes <= t->c->limits.yaml_nodes)
        compiler_report(t->c, t->location ? t->location->at : &at, "%s", TOTAL_TOO_BIG);
    else if (t->location)
        compiler_report(t->c, &at, "`%s`: %s", t->location->shown, error->text);
    else
        compiler_report(t->c, &at, "%s", error->text);
    return NULL;
}

static const Node *header_failed(const Text *t, const Complaints *complaints)
{
    Node at = { .file = t->name };

    if (t->c->messages->len == 0) /* else a file of spec:include has told */
        compiler_report(t->c, complaints->at ? complaints->at : &at, "`%s`: %s",
                        t->location ? t->location->shown : t->name, complaints_text(complaints));
    return NULL;
}

/* The values for the inputs of the root file. */
static const Node *given_inputs(Compiler *c)
{
    Node *given = node_new(c->arena, NODE_MAP);

    for (size_t i = 0; i < c->input->n_inputs; i++) {
        const CiGivenInput *input = &c->input->inputs[i];
        const Node *value = input->json ? node_from_json(c->arena, input->value) : NULL;
        node_put(c->arena, given, node_new_string(c->arena, input->name, NULL),
                 value ? value : node_new_string(c->arena, input->value, NULL));
    }
    return given->n > 0 ? given : NULL;
}

/* "component.FIELD" for the fields that the header asks for. */
static void fill_component(const Text *t, CiStrings fields, Scope *scope)
{
    const CiFile *file = t->file;
    bool is_component = t->location && t->location->kind == LOCATION_COMPONENT;
    const struct {
        const char *field;
        const char *value;
    } known[] = { { "name", is_component ? t->location->path : NULL },
                  { "sha", is_component ? file->ref : NULL },
                  { "version", is_component ? file->name : NULL },
                  { "reference", is_component ? strchr(t->location->shown, '@') : NULL } };

    for (size_t i = 0; fields && i < G_N_ELEMENTS(known); i++) {
        if (!g_strv_contains(fields, known[i].field))
            continue;
        const char *value = known[i].value;
        if (value && *value == '@')
            value++;
        const Node *node =
            value ? node_new_string(scope->arena, value, NULL) : node_new(scope->arena, NODE_NULL);
        g_hash_table_insert(scope->component, (gpointer)known[i].field, (gpointer)node);
    }
}

static bool bind_header(const Text *t, const Node *header, Scope *scope, Complaints *complaints)
{
    g_autoptr(GPtrArray) inputs = g_ptr_array_new();
    int unreached = t->c->unreached;
    const Node *more;
    CiStrings fields;

    if (!include_inputs(t->c, t->place, node_get(node_get(header, "spec"), "include"), &more))
        return false;
    *t->open = t->c->unreached > unreached;
    if (*t->open)
        return true;
    if (!header_read(t->c, header, more, inputs, &fields, complaints) ||
        !inputs_bind(t->c, inputs, t->given, scope, complaints))
        return false;
    fill_component(t, fields, scope);
    return true;
}

static bool count_bytes(const Text *t, size_t size)
{
    t->c->included_bytes += size;
    return t->c->included_bytes <= t->c->limits.total_bytes ||
           compiler_report(t->c, t->location ? t->location->at : NULL, "%s", TOTAL_TOO_BIG);
}

/* The content behind a header, interpolated and parsed. */
static const Node *parse_content(const Text *t, const Node *header, YamlPiece content)
{
    Compiler *c = t->c;
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_autoptr(GHashTable) inputs = g_hash_table_new(text_hash, g_str_equal);
    g_autoptr(GHashTable) component = g_hash_table_new(text_hash, g_str_equal);
    Complaints complaints = { c->arena, texts, NULL };
    Scope scope = { c->arena, inputs, component, include_variables(c, t->place) };
    YamlError error = { 0 };

    if (!bind_header(t, header, &scope, &complaints))
        return header_failed(t, &complaints);
    if (*t->open) {
        compiler_excuse(c, header, "what `%s` has behind its header",
                        t->location ? t->location->shown : t->name);
        return node_new(c->arena, NODE_MAP);
    }
    content.bytes = interpolate(&scope, &c->limits, content.bytes, &content.size, &complaints);
    if (!content.bytes)
        return header_failed(t, &complaints);
    if (!count_bytes(t, content.size))
        return NULL;
    const CiLimits limits = limits_left(c);
    const Node *node = yaml_load_piece(c->arena, t->name, &content, &limits, &error);
    c->nodes += error.nodes;
    return node ? node : yaml_failed(t, &error);
}

static const Node *parse(const Text *t)
{
    Compiler *c = t->c;
    const Node *header;
    YamlPiece content;
    YamlError error = { 0 };

    CiLimits limits = limits_left(c);
    bool ok = yaml_load_header(c->arena, t->name, t->file->bytes, t->file->size, &limits, &header,
                               &content, &error);
    c->nodes += error.nodes;
    if (!ok)
        return yaml_failed(t, &error);
    if (header)
        return parse_content(t, header, content);
    if (t->given && t->given->n > 0) {
        Node at = { .file = t->name };
        compiler_report(c, t->location ? t->location->at : &at,
                        "`%s`: Given inputs not defined in the `spec` section of the included "
                        "configuration file",
                        t->location ? t->location->shown : t->name);
        return NULL;
    }
    limits = limits_left(c);
    error.nodes = 0;
    const Node *node = yaml_load(c->arena, t->name, t->file->bytes, t->file->size, &limits, &error);
    c->nodes += error.nodes;
    return node ? node : yaml_failed(t, &error);
}

const Node *include_parse(Compiler *c, const Place *place, const Location *location,
                          const char *name, const CiFile *file)
{
    bool open = false;
    Text t = {
        c, place, location, name, file, location ? location->inputs : given_inputs(c), &open
    };
    const Node *node = parse(&t);

    if (!node || !location || node->n > 0 || open)
        return node;
    compiler_report(c, node, "Included file `%s` does not have valid YAML syntax!",
                    location->shown);
    return NULL;
}
