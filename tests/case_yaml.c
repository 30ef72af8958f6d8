/* case_yaml.c - over libyaml's document API. */
#include "case_yaml.h"

#include <string.h>

bool case_yaml_load(const char *path, yaml_document_t *document, Error *err)
{
    g_autofree char *bytes = NULL;
    gsize size;
    yaml_parser_t parser;

    if (!g_file_get_contents(path, &bytes, &size, NULL))
        return error_set(err, ERR_IO, "%s cannot be read", path);
    if (!yaml_parser_initialize(&parser))
        g_error("out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    bool loaded = yaml_parser_load(&parser, document);
    if (!loaded)
        error_set(err, ERR_INVALID, "line %zu: %s", parser.problem_mark.line + 1,
                  parser.problem ? parser.problem : "not YAML");
    yaml_parser_delete(&parser);
    if (!loaded)
        return false;

    yaml_node_t *root = yaml_document_get_root_node(document);
    if (root && root->type == YAML_MAPPING_NODE)
        return true;
    yaml_document_delete(document);
    return error_set(err, ERR_INVALID, "not a mapping");
}

yaml_node_t *case_yaml_get(yaml_document_t *document, yaml_node_t *node, const char *key)
{
    if (!node || node->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const char *text = case_yaml_text(yaml_document_get_node(document, pair->key));

        if (text && strcmp(text, key) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

const char *case_yaml_text(const yaml_node_t *node)
{
    if (!node || node->type != YAML_SCALAR_NODE)
        return NULL;
    return (const char *)node->data.scalar.value;
}

/* Copies @node with all below it; an alias becomes a copy of what it stands for. */
static int copy_node(yaml_document_t *to, yaml_document_t *from, const yaml_node_t *node)
{
    int copy = 0;

    switch (node->type) {
    case YAML_SCALAR_NODE:
        copy = yaml_document_add_scalar(to, node->tag, node->data.scalar.value,
                                        (int)node->data.scalar.length, node->data.scalar.style);
        break;
    case YAML_SEQUENCE_NODE:
        copy = yaml_document_add_sequence(to, node->tag, node->data.sequence.style);
        for (yaml_node_item_t *item = node->data.sequence.items.start;
             item < node->data.sequence.items.top; item++)
            yaml_document_append_sequence_item(
                to, copy, copy_node(to, from, yaml_document_get_node(from, *item)));
        break;
    case YAML_MAPPING_NODE:
        copy = yaml_document_add_mapping(to, node->tag, node->data.mapping.style);
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             pair < node->data.mapping.pairs.top; pair++) {
            int key = copy_node(to, from, yaml_document_get_node(from, pair->key));
            int value = copy_node(to, from, yaml_document_get_node(from, pair->value));

            yaml_document_append_mapping_pair(to, copy, key, value);
        }
        break;
    case YAML_NO_NODE:
        break;
    }
    g_assert(copy != 0);
    return copy;
}

static int append_text(void *data, unsigned char *bytes, size_t size)
{
    g_string_append_len(data, (const char *)bytes, (gssize)size);
    return 1;
}

char *case_yaml_dump(yaml_document_t *document, yaml_node_t *node)
{
    GString *text = g_string_new(NULL);
    yaml_document_t copy;
    yaml_emitter_t emitter;

    if (!yaml_document_initialize(&copy, NULL, NULL, NULL, 1, 1) ||
        !yaml_emitter_initialize(&emitter))
        g_error("out of memory");
    copy_node(&copy, document, node);
    yaml_emitter_set_output(&emitter, append_text, text);
    yaml_emitter_set_width(&emitter, -1);
    yaml_emitter_set_unicode(&emitter, 1);
    if (!yaml_emitter_open(&emitter) || !yaml_emitter_dump(&emitter, &copy) ||
        !yaml_emitter_close(&emitter))
        g_error("the case cannot be written as YAML: %s", emitter.problem);
    yaml_emitter_delete(&emitter);
    return g_string_free(text, FALSE);
}
