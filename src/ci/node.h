/* node.h - the tree that a YAML text becomes, with the place of every node in its file.
 *
 * Nodes live in an arena and are not changed once they are built, so an alias is a pointer to the
 * node it names and a merged mapping shares the values of its sources.
 */
#ifndef PENSTOCK_CI_NODE_H
#define PENSTOCK_CI_NODE_H

#include "base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum NodeKind {
    NODE_NULL,
    NODE_BOOL,
    NODE_INT,
    NODE_FLOAT,
    NODE_STRING,
    NODE_SYMBOL, /* ":text" without its colon */
    NODE_LIST,
    NODE_MAP
} NodeKind;

typedef struct Node Node;

/* The slots of a big mapping by the hash of their keys; small ones are searched in order. */
typedef struct NodeIndex NodeIndex;

typedef struct NodePair {
    const Node *key;
    const Node *value;
} NodePair;

struct Node {
    NodeKind kind;
    int line; /* from 1 */
    int column;
    bool truth : 1;      /* NODE_BOOL */
    bool open : 1;       /* a collection that is still being built */
    bool reference : 1;  /* "!reference": not yet what it stands for */
    bool unresolved : 1; /* it or something below it was a reference when it was put here */
    uint16_t height;     /* 1: a scalar */
    const char *file;    /* NULL: the text had no name */
    const char *text;    /* of a scalar, as a variable's value would show it; NULL: list and map */
    uint32_t n;          /* items or pairs */
    uint32_t capacity;
    union {
        const Node **items; /* NODE_LIST */
        NodePair *pairs;    /* NODE_MAP, in the order of first appearance */
    };
    NodeIndex *index;
    size_t weight; /* nodes below and including this one, aliases expanded */
};
/* A file is mostly nodes: each is one line of the processor's cache. */
static_assert(sizeof(Node) == 64 || sizeof(void *) != 8, "a node has outgrown its cache line");

Node *node_new(Arena *arena, NodeKind kind);

/* A string node at the place of @at (NULL: nowhere). */
const Node *node_new_string(Arena *arena, const char *text, const Node *at);

/* Appends to a list that is being built. */
void node_append(Arena *arena, Node *list, const Node *item);

/* Writes a pair into a mapping that is being built: a key that is there keeps its position and
 * takes the new value. */
void node_put(Arena *arena, Node *map, const Node *key, const Node *value);

/* The value of the text key @name; NULL for none, or where @map is NULL or no mapping. */
const Node *node_get(const Node *map, const char *name);

/* The value of a key node, as node_get(). */
const Node *node_find(const Node *map, const Node *key);

bool node_is_null(const Node *node);   /* NULL counts */
bool node_is_string(const Node *node); /* string or symbol */
bool node_is_scalar(const Node *node); /* string, symbol, number, boolean */

/* Null, false, "", white space only, [] and {}. */
bool node_is_blank(const Node *node);

/* Whether two scalars are the same value of the same type; collections are the same as
 * themselves only. */
bool node_equal(const Node *a, const Node *b);

/* Compact JSON, for messages that print a value. */
const char *node_to_json(Arena *arena, const Node *node);

/* @right over @left: two mappings key by key, all else (references too) is replaced.  Counts the pairs it copies
 * against @budget; past it the result is NULL. */
const Node *node_merge(Arena *arena, const Node *left, const Node *right, size_t *budget);

#endif
