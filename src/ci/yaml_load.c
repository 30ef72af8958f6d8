/* yaml_load.c - libyaml's events to nodes.
 *
 * The stack of open collections is our own, so depth is a limit and not a crash.  Aliases stay
 * pointers; what they would expand to is counted.  As in GitLab a syntax error anywhere comes
 * before a scalar that may not be loaded, so the first of those is kept until the text ends.
 */
#include "ci/yaml_load.h"

#include "base/text.h"
#include "ci/yaml_scalar.h"

#include <string.h>
#include <yaml.h>

#define NOT_A_MAPPING "Invalid configuration format"
#define TEXT_TOO_BIG  "The provided YAML is too big"

/* An open collection. */
typedef struct Frame {
    Node *node;
    const Node *key; /* of a mapping: the key whose value comes next */
    bool merge;      /* that key is "<<" */
} Frame;

typedef struct Loader {
    Arena *arena;
    const char *file;
    const CiLimits *limits;
    int first_line; /* of this document in its file, from 0 */
    yaml_parser_t parser;
    GArray *stack;       /* of Frame */
    GHashTable *anchors; /* name -> const Node * */
    size_t count;        /* nodes built */
    size_t max_count;
    const Node *root;
    const char *late; /* the first scalar that may not be loaded */
    int late_line, late_column;
} Loader;

static bool fail(YamlError *error, const char *text, int line, int column)
{
    error->text = text;
    error->line = line;
    error->column = column;
    return false;
}

static void note(Loader *l, const char *text, const Node *at)
{
    if (l->late)
        return;
    l->late = text;
    l->late_line = at->line;
    l->late_column = at->column;
}

static void place(Loader *l, Node *node, const yaml_event_t *event)
{
    node->file = l->file;
    node->line = (int)event->start_mark.line + 1 + l->first_line;
    node->column = (int)event->start_mark.column + 1;
}

/* Writes the pairs of @source into @map where they stand: what came before is overwritten. */
static void merge_into(Loader *l, Node *map, const Node *source)
{
    for (size_t i = 0; i < source->n && l->count <= l->max_count; i++) {
        node_put(l->arena, map, source->pairs[i].key, source->pairs[i].value);
        l->count++;
    }
}

static bool is_list_of_maps(const Node *node)
{
    if (node->kind != NODE_LIST)
        return false;
    for (size_t i = 0; i < node->n; i++) {
        if (node->items[i]->kind != NODE_MAP)
            return false;
    }
    return true;
}

/* "<<: value": of several mappings the first wins.  @by_alias: an alias of a list is no merge. */
static void merge_key(Loader *l, Frame *top, const Node *value, bool by_alias)
{
    if (value->kind == NODE_MAP && !value->reference) {
        merge_into(l, top->node, value);
    } else if (!by_alias && !value->reference && is_list_of_maps(value)) {
        for (size_t i = value->n; i > 0; i--)
            merge_into(l, top->node, value->items[i - 1]);
    } else {
        node_put(l->arena, top->node, top->key, value);
    }
}

/* The key as a hash uses it: a symbol is the same key as its text. */
static const Node *as_key(Loader *l, const Node *node)
{
    if (node->kind != NODE_SYMBOL)
        return node;
    return node_new_string(l->arena, node->text, node);
}

/* Hands a finished node to the collection that it stands in. */
static void deliver(Loader *l, const Node *node, bool by_alias)
{
    if (l->stack->len == 0) {
        l->root = node;
        return;
    }
    Frame *top = &g_array_index(l->stack, Frame, l->stack->len - 1);
    if (top->node->kind == NODE_LIST) {
        node_append(l->arena, top->node, node);
    } else if (!top->key) {
        top->key = as_key(l, node);
        top->merge = node->kind == NODE_STRING && g_str_equal(node->text, "<<");
    } else {
        if (top->merge)
            merge_key(l, top, node, by_alias);
        else
            node_put(l->arena, top->node, top->key, node);
        top->key = NULL;
    }
}

static void set_anchor(Loader *l, const yaml_char_t *anchor, const Node *node)
{
    if (anchor)
        g_hash_table_insert(l->anchors, arena_strdup(l->arena, (const char *)anchor),
                            (gpointer)node);
}

typedef enum TagKind {
    TAG_NONE,
    TAG_STR,
    TAG_INT,
    TAG_FLOAT,
    TAG_BINARY,
    TAG_REFERENCE,
    TAG_REFUSED,
    TAG_BROKEN
} TagKind;

static TagKind tag_kind(const char *tag)
{
    static const struct {
        const char *tag;
        TagKind kind;
    } known[] = {
        { "tag:yaml.org,2002:str", TAG_STR },     { "tag:yaml.org,2002:int", TAG_INT },
        { "tag:yaml.org,2002:float", TAG_FLOAT }, { "tag:yaml.org,2002:binary", TAG_BINARY },
        { "tag:yaml.org,2002:bool", TAG_NONE },   { "tag:yaml.org,2002:omap", TAG_BROKEN },
        { "tag:yaml.org,2002:set", TAG_REFUSED }, { "tag:yaml.org,2002:map", TAG_NONE },
        { "tag:yaml.org,2002:seq", TAG_NONE },    { "!", TAG_NONE },
        { "!reference", TAG_REFERENCE },
    };

    if (!tag)
        return TAG_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(tag, known[i].tag))
            return known[i].kind;
    }
    return g_str_has_prefix(tag, "!ruby/") ? TAG_REFUSED : TAG_NONE;
}

static const char *refused_tag(Loader *l, const char *tag)
{
    if (g_str_has_suffix(tag, ":set"))
        return "Tried to load unspecified class: Psych::Set";
    const char *name = strchr(tag, ':');
    return arena_printf(l->arena, "Tried to load unspecified class: %s", name ? name + 1 : tag);
}

/* What a tag does to a list or mapping. */
static void tag_collection(Loader *l, const char *tag, Node *node)
{
    switch (tag_kind(tag)) {
    case TAG_REFERENCE:
        node->reference = true;
        node->unresolved = true;
        break;
    case TAG_REFUSED:
        note(l, refused_tag(l, tag), node);
        break;
    case TAG_BROKEN:
        note(l, YAML_BAD_ARGS, node);
        break;
    case TAG_NONE:
    case TAG_STR:
    case TAG_INT:
    case TAG_FLOAT:
    case TAG_BINARY:
        break;
    }
}

static const char *decode_binary(Loader *l, const char *text)
{
    gsize n;
    g_autofree guchar *bytes = g_base64_decode(text, &n);

    if (memchr(bytes, '\0', n) || !g_utf8_validate((const char *)bytes, (gssize)n, NULL))
        return NULL;
    return arena_strndup(l->arena, (const char *)bytes, n);
}

/* Types the scalar; returns why it may not be loaded, NULL where it may. */
static const char *type_scalar(Loader *l, const yaml_event_t *event, const char *text, Node *node)
{
    const char *tag = (const char *)event->data.scalar.tag;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    node->text = text;
    switch (tag_kind(tag)) {
    case TAG_NONE:
        return plain ? yaml_type_plain(l->arena, text, node) : NULL;
    case TAG_INT:
        return yaml_type_int(l->arena, text, node);
    case TAG_FLOAT:
        return yaml_type_float(l->arena, text, node);
    case TAG_BINARY:
        node->text = decode_binary(l, text);
        return node->text ? NULL : YAML_BAD_ARGS;
    case TAG_STR:
        return NULL;
    case TAG_REFERENCE:
        node->reference = true;
        node->unresolved = true;
        return NULL;
    case TAG_REFUSED:
        return refused_tag(l, tag);
    case TAG_BROKEN:
        return YAML_BAD_ARGS;
    }
    return NULL;
}

static void on_scalar(Loader *l, const yaml_event_t *event)
{
    Node *node = node_new(l->arena, NODE_STRING);
    size_t n = event->data.scalar.length;
    const char *value = (const char *)event->data.scalar.value;

    place(l, node, event);
    const char *why = memchr(value, '\0', n)
                          ? "control characters are not allowed"
                          : type_scalar(l, event, arena_strndup(l->arena, value, n), node);
    if (!node->text)
        node->text = "";
    if (why)
        note(l, why, node);
    set_anchor(l, event->data.scalar.anchor, node);
    deliver(l, node, false);
}

static void on_start(Loader *l, const yaml_event_t *event, NodeKind kind, const yaml_char_t *anchor,
                     const yaml_char_t *tag)
{
    Frame frame = { .node = node_new(l->arena, kind) };

    place(l, frame.node, event);
    tag_collection(l, (const char *)tag, frame.node);
    /* Known by name while it is open too: an alias to it is then told apart as recursive. */
    set_anchor(l, anchor, frame.node);
    frame.node->open = true;
    g_array_append_val(l->stack, frame);
}

static void on_end(Loader *l)
{
    Node *node = g_array_index(l->stack, Frame, l->stack->len - 1).node;

    g_array_set_size(l->stack, l->stack->len - 1);
    node->open = false;
    deliver(l, node, false);
}

static void on_alias(Loader *l, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const Node *node = g_hash_table_lookup(l->anchors, name);
    Node *nothing = node_new(l->arena, NODE_NULL);

    place(l, nothing, event);
    nothing->text = "";
    if (!node)
        note(l, arena_printf(l->arena, "An alias referenced an unknown anchor: %s", name), nothing);
    else if (node->open)
        note(l, YAML_TOO_BIG, nothing); /* it would contain itself */
    else
        nothing = (Node *)node;
    deliver(l, nothing, true);
}

/* One event.  false: the limits are passed. */
static bool on_event(Loader *l, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(l, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_start(l, event, NODE_LIST, event->data.sequence_start.anchor,
                 event->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        on_start(l, event, NODE_MAP, event->data.mapping_start.anchor,
                 event->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(l);
        return true;
    case YAML_ALIAS_EVENT:
        on_alias(l, event);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    l->count++;
    return l->count <= l->max_count && (int)l->stack->len <= l->limits->yaml_depth;
}

static bool looks_like_html(const char *bytes, size_t size)
{
    g_autofree char *head = g_ascii_strdown(bytes, (gssize)MIN(size, 512));

    return strstr(head, "<!doctype html") || strstr(head, "<html");
}

static bool syntax_error(Loader *l, const char *bytes, size_t size, YamlError *error)
{
    const yaml_parser_t *p = &l->parser;
    /* Ruby names the line where the context began. */
    int line = (int)p->context_mark.line + 1, column = (int)p->context_mark.column + 1;
    bool html = looks_like_html(bytes, size);

    const char *text =
        html ? NOT_A_MAPPING
             : arena_printf(l->arena, "(<unknown>): %s%s%s at line %d column %d",
                            p->problem ? p->problem : "", p->problem && p->context ? " " : "",
                            p->context ? p->context : "", line, column);
    return fail(error, text, (int)p->problem_mark.line + 1 + l->first_line,
                (int)p->problem_mark.column + 1);
}

/* Runs the parser to the end of its first document. */
static bool run(Loader *l, const char *bytes, size_t size, YamlError *error)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&l->parser, &event))
            return syntax_error(l, bytes, size, error);
        more = event.type != YAML_DOCUMENT_END_EVENT && event.type != YAML_STREAM_END_EVENT;
        bool fits = on_event(l, &event);
        yaml_event_delete(&event);
        if (!fits)
            return fail(error, YAML_TOO_BIG, 0, 0);
    }
    if (l->late)
        return fail(error, l->late, l->late_line, l->late_column);
    if (l->count > l->max_count)
        return fail(error, YAML_TOO_BIG, 0, 0);
    if (l->root &&
        (l->root->weight > l->limits->yaml_nodes || l->root->height > l->limits->yaml_depth))
        return fail(error, YAML_TOO_BIG, 0, 0);
    return true;
}

/* The first document of the bytes; *@out is NULL where there is none. */
static bool load_document(Arena *arena, const char *file, const char *bytes, size_t size,
                          int first_line, const CiLimits *limits, const Node **out,
                          YamlError *error)
{
    Loader l = { .arena = arena, .file = file, .limits = limits, .first_line = first_line };

    *out = NULL;
    if (!yaml_parser_initialize(&l.parser))
        g_error("out of memory");
    l.max_count = MIN(limits->yaml_nodes, limits->total_nodes);
    l.stack = g_array_new(FALSE, TRUE, sizeof(Frame));
    l.anchors = g_hash_table_new(text_hash, g_str_equal);
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, (const unsigned char *)bytes, size);
    bool ok = run(&l, bytes, size, error);
    error->nodes += l.count;
    if (ok)
        *out = l.root;
    g_hash_table_destroy(l.anchors);
    g_array_free(l.stack, TRUE);
    yaml_parser_delete(&l.parser);
    return ok;
}

enum { MAX_PIECES = 3 };

/* Three hyphens at the start of a line and the white space behind them: their length, or 0. */
static size_t divider_length(const char *p, const char *end)
{
    size_t n = 3;

    if (end - p < 4 || memcmp(p, "---", 3) != 0 || !g_ascii_isspace(p[3]))
        return 0;
    while (p + n < end && g_ascii_isspace(p[n]))
        n++;
    return n;
}

static bool is_blank(const YamlPiece *piece)
{
    for (size_t i = 0; i < piece->size; i++) {
        if (!g_ascii_isspace(piece->bytes[i]))
            return false;
    }
    return true;
}

/* The pieces between dividers that are not blank. */
static int split(const char *bytes, size_t size, YamlPiece pieces[MAX_PIECES])
{
    const char *end = bytes + size, *p = bytes;
    int n = 1, line = 0, kept = 0;

    pieces[0] = (YamlPiece){ bytes, size, 0 };
    while (p < end && n < MAX_PIECES) {
        size_t length = divider_length(p, end);
        if (length > 0) {
            pieces[n - 1].size = (size_t)(p - pieces[n - 1].bytes);
            for (const char *q = p; q < p + length; q++)
                line += *q == '\n';
            p += length;
            pieces[n++] = (YamlPiece){ p, (size_t)(end - p), line };
            continue;
        }
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline ? newline + 1 : end;
        line++;
    }
    for (int i = 0; i < n; i++) {
        if (!is_blank(&pieces[i]))
            pieces[kept++] = pieces[i];
    }
    return kept;
}

/* The text without a byte order mark.  false: too big. */
static bool begin(const char **bytes, size_t *size, const CiLimits *limits, YamlError *error)
{
    if (*size > limits->yaml_bytes)
        return fail(error, TEXT_TOO_BIG, 0, 0);
    if (*size >= 3 && memcmp(*bytes, "\xef\xbb\xbf", 3) == 0 &&
        g_utf8_validate(*bytes, (gssize)*size, NULL)) {
        *bytes += 3;
        *size -= 3;
    }
    return true;
}

static bool load_piece(Arena *arena, const char *file, const YamlPiece *piece,
                       const CiLimits *limits, const Node **out, YamlError *error)
{
    return load_document(arena, file, piece->bytes, piece->size, piece->first_line, limits, out,
                         error);
}

static const Node *as_mapping(const Node *document, YamlError *error)
{
    if (document && document->kind == NODE_MAP && !document->reference)
        return document;
    (void)fail(error, NOT_A_MAPPING, document ? document->line : 0,
               document ? document->column : 0);
    return NULL;
}

const Node *yaml_load(Arena *arena, const char *file, const char *bytes, size_t size,
                      const CiLimits *limits, YamlError *error)
{
    YamlPiece pieces[MAX_PIECES];
    const Node *first = NULL;

    if (!begin(&bytes, &size, limits, error))
        return NULL;
    int n = split(bytes, size, pieces);
    for (int i = 0; i < n; i++) {
        const Node *document;
        if (!load_piece(arena, file, &pieces[i], limits, &document, error))
            return NULL;
        if (!first)
            first = document;
    }
    return as_mapping(first, error);
}

const Node *yaml_load_piece(Arena *arena, const char *file, const YamlPiece *piece,
                            const CiLimits *limits, YamlError *error)
{
    const Node *document;

    if (piece->size > limits->yaml_bytes) {
        (void)fail(error, TEXT_TOO_BIG, 0, 0);
        return NULL;
    }
    if (!load_piece(arena, file, piece, limits, &document, error))
        return NULL;
    return as_mapping(document, error);
}

/* Whether the piece says nothing: comments and blank lines. */
static bool is_comment(const YamlPiece *piece)
{
    const char *end = piece->bytes + piece->size;

    for (const char *p = piece->bytes; p < end;) {
        while (p < end && g_ascii_isspace(*p))
            p++;
        if (p < end && *p != '#')
            return false;
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline ? newline + 1 : end;
    }
    return true;
}

bool yaml_load_header(Arena *arena, const char *file, const char *bytes, size_t size,
                      const CiLimits *limits, const Node **header, YamlPiece *content,
                      YamlError *error)
{
    YamlPiece pieces[MAX_PIECES];
    int n = 0;

    *header = NULL;
    if (!begin(&bytes, &size, limits, error))
        return false;
    int found = split(bytes, size, pieces);
    for (int i = 0; i < found; i++) {
        if (!is_comment(&pieces[i]))
            pieces[n++] = pieces[i];
    }
    if (n < 2)
        return true;
    const Node *first;
    if (!load_piece(arena, file, &pieces[0], limits, &first, error))
        return false;
    if (first && first->kind == NODE_MAP && node_get(first, "spec")) {
        *header = first;
        *content = pieces[n - 1];
    }
    return true;
}
