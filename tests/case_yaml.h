/* case_yaml.h - just enough YAML for test programs that read cases from files. */
#ifndef PENSTOCK_TESTS_CASE_YAML_H
#define PENSTOCK_TESTS_CASE_YAML_H

#include "base/error.h"

#include <yaml.h>

/* The one document of @path. @document: yaml_document_delete() by the caller.
 * Errors: ERR_IO, ERR_INVALID (not YAML, or not a mapping at the top). */
bool case_yaml_load(const char *path, yaml_document_t *document, Error *err);

/* The value of @key in a mapping; NULL where @node is none (or NULL) or the key is absent. */
yaml_node_t *case_yaml_get(yaml_document_t *document, yaml_node_t *node, const char *key);

/* The text of a scalar; NULL for anything else. */
const char *case_yaml_text(const yaml_node_t *node);

/* The node as a YAML document of its own.  Owned by the caller. */
char *case_yaml_dump(yaml_document_t *document, yaml_node_t *node);

#endif
