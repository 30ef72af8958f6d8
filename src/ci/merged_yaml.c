/* merged_yaml.c - the merged document as GitLab shows it.
 *
 * GitLab writes it by Ruby's YAML library, which chooses a style for each text and leaves the rest to
 * libyaml's emitter.  So does this: what is here is the choice of the styles.
 */
#include "ci/compiler.h"
#include "ci/yaml_scalar.h"

#include <string.h>
#include <yaml.h>

#define NULL_TAG   "tag:yaml.org,2002:null"
#define STRING_TAG "tag:yaml.org,2002:str"

typedef struct Writer {
    yaml_emitter_t emitter;
    Arena *arena;
    GString *out;
    bool ok;
} Writer;

static int write_bytes(void *data, unsigned char *bytes, size_t size)
{
    Writer *w = data;

    if (w->out->len + size > CI_MERGED_MAX)
        return 0;
    g_string_append_len(w->out, (const char *)bytes, (gssize)size);
    return 1;
}

/* @made: whether the event could be made; the emitter owns it then. */
static void emit(Writer *w, yaml_event_t *event, int made)
{
    w->ok = w->ok && made;
    if (w->ok)
        w->ok = yaml_emitter_emit(&w->emitter, event) != 0;
    else if (made)
        yaml_event_delete(event);
}

static void emit_scalar(Writer *w, const char *text, const char *tag, bool plain, bool quoted,
                        yaml_scalar_style_t style)
{
    yaml_event_t event;

    emit(w, &event,
         yaml_scalar_event_initialize(&event, NULL, (const yaml_char_t *)tag,
                                      (const yaml_char_t *)text, (int)strlen(text), plain, quoted,
                                      style));
}

/* A letter, mark, digit or "_", as Ruby's [[:word:]]. */
static bool is_word(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c) ||
           g_unichar_type(c) == G_UNICODE_CONNECT_PUNCTUATION;
}

/* Whether the text, written plain, would be read as something else than a text. */
static bool is_typed(Arena *arena, const char *text)
{
    Node node = { .kind = NODE_STRING };

    return yaml_type_plain(arena, text, &node) != NULL || node.kind != NODE_STRING;
}

static yaml_scalar_style_t style_of(Arena *arena, const char *text)
{
    if (g_str_equal(text, "\n"))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (strchr(text, '\n'))
        return YAML_LITERAL_SCALAR_STYLE;
    if (*text && strchr("yYnN", *text) && text[1] == '\0')
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (*text && !is_word(g_utf8_get_char(text)) && !strchr(text + 1, '"'))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return is_typed(arena, text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
}

static void emit_text(Writer *w, const char *text)
{
    if (g_str_equal(text, "<<"))
        emit_scalar(w, text, STRING_TAG, false, false, YAML_SINGLE_QUOTED_SCALAR_STYLE);
    else
        emit_scalar(w, text, NULL, true, true, style_of(w->arena, text));
}

static void emit_float(Writer *w, const char *text)
{
    static const char *const names[][2] = { { "Infinity", ".inf" },
                                            { "-Infinity", "-.inf" },
                                            { "NaN", ".nan" } };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(text, names[i][0]))
            text = names[i][1];
    emit_scalar(w, text, NULL, true, false, YAML_ANY_SCALAR_STYLE);
}

/* Keys are texts, whatever they were. */
static void emit_key(Writer *w, const Node *key)
{
    emit_text(w, key->text ? key->text : node_to_json(w->arena, key));
}

static void emit_node(Writer *w, const Node *node);

static void begin_list(Writer *w)
{
    yaml_event_t event;

    emit(w, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
}

static void end_list(Writer *w)
{
    yaml_event_t event;

    emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void emit_list(Writer *w, const Node *list)
{
    begin_list(w);
    for (size_t i = 0; w->ok && i < list->n; i++)
        emit_node(w, list->items[i]);
    end_list(w);
}

static bool is_edge(const Node *stage)
{
    return node_is_string(stage) &&
           (g_str_equal(stage->text, ".pre") || g_str_equal(stage->text, ".post"));
}

/* The stages that the author gave, between those that are always there. */
static void emit_stages(Writer *w, const Node *stages)
{
    if (stages->kind != NODE_LIST || stages->n == 0) {
        emit_node(w, stages);
        return;
    }
    begin_list(w);
    emit_text(w, ".pre");
    for (size_t i = 0; w->ok && i < stages->n; i++)
        if (!is_edge(stages->items[i]))
            emit_node(w, stages->items[i]);
    emit_text(w, ".post");
    end_list(w);
}

static void emit_map(Writer *w, const Node *map, bool root)
{
    yaml_event_t event;

    emit(w, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    for (size_t i = 0; w->ok && i < map->n; i++) {
        const NodePair *pair = &map->pairs[i];
        bool stages = root && node_is_string(pair->key) && g_str_equal(pair->key->text, "stages");
        emit_key(w, pair->key);
        if (stages)
            emit_stages(w, pair->value);
        else
            emit_node(w, pair->value);
    }
    emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

/* Recursive: as deep as a document may be. */
static void emit_node(Writer *w, const Node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        emit_scalar(w, "", NULL_TAG, true, false, YAML_ANY_SCALAR_STYLE);
        return;
    case NODE_BOOL:
    case NODE_INT:
        emit_scalar(w, node->text, NULL, true, false, YAML_ANY_SCALAR_STYLE);
        return;
    case NODE_FLOAT:
        emit_float(w, node->text);
        return;
    case NODE_STRING:
        emit_text(w, node->text);
        return;
    case NODE_SYMBOL:
        emit_scalar(w, arena_printf(w->arena, ":%s", node->text), NULL, true, false,
                    YAML_ANY_SCALAR_STYLE);
        return;
    case NODE_LIST:
        emit_list(w, node);
        return;
    case NODE_MAP:
        emit_map(w, node, false);
        return;
    }
}

static void emit_document(Writer *w, const Node *root)
{
    yaml_event_t event;

    emit(w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 0));
    emit_map(w, root, true);
    emit(w, &event, yaml_document_end_event_initialize(&event, 1));
    emit(w, &event, yaml_stream_end_event_initialize(&event));
}

const char *ci_merged_yaml(Arena *arena, const Node *merged)
{
    Writer w = { .arena = arena, .out = g_string_new(NULL) };
    const char *text = NULL;

    w.ok = yaml_emitter_initialize(&w.emitter) != 0;
    yaml_emitter_set_output(&w.emitter, write_bytes, &w);
    yaml_emitter_set_unicode(&w.emitter, 1);
    emit_document(&w, merged);
    if (w.ok)
        text = arena_strndup(arena, w.out->str, w.out->len);
    yaml_emitter_delete(&w.emitter);
    g_string_free(w.out, TRUE);
    return text;
}
