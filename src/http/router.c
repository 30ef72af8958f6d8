/* router.c - the trie of path parts. */
#include "http/router.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const method_texts[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
const NameTable http_method_names = NAME_TABLE(method_texts);

typedef struct Node {
    char *text;          /* a literal's */
    GPtrArray *literals; /* of Node *, sorted by text */
    struct Node *param;
    const Route *routes[N_HTTP_METHODS]; /* paths that end here */
    const Route *rest[N_HTTP_METHODS];   /* catch-alls that begin here */
    bool has_rest;
} Node;

typedef struct Root {
    const char *prefix;
    size_t prefix_length;
    Node *node;
} Root;

struct Router {
    GPtrArray *roots; /* of Root *, longest prefix first */
};

typedef struct Piece {
    const char *at;
    size_t length;
} Piece;

/* One search. */
typedef struct Walk {
    HttpMethod method;
    const Route *route;
    Piece pieces[ROUTER_MAX_PARAMS];
    int n_pieces;
    unsigned allow;
} Walk;

static void node_free(void *p)
{
    Node *node = p;

    if (!node)
        return;
    g_ptr_array_unref(node->literals);
    node_free(node->param);
    g_free(node->text);
    g_free(node);
}

static Node *node_new(const char *text, size_t length)
{
    Node *node = g_new0(Node, 1);

    node->text = g_strndup(text, length);
    node->literals = g_ptr_array_new_with_free_func(node_free);
    return node;
}

static void root_free(void *p)
{
    Root *root = p;

    node_free(root->node);
    g_free(root);
}

/* The place of @text among the literals: found, or where it belongs. */
static bool literal_find(const Node *node, const char *text, size_t length, unsigned *place)
{
    unsigned low = 0, high = node->literals->len;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const Node *candidate = node->literals->pdata[middle];
        int order = strncmp(text, candidate->text, length);
        if (order == 0 && candidate->text[length] != '\0')
            order = -1;
        if (order == 0) {
            *place = middle;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *place = low;
    return false;
}

static Node *node_child(Node *node, const char *part, size_t length)
{
    unsigned place;

    if (part[0] == ':') {
        if (!node->param)
            node->param = node_new(":", 1);
        return node->param;
    }
    if (!literal_find(node, part, length, &place))
        g_ptr_array_insert(node->literals, (int)place, node_new(part, length));
    return node->literals->pdata[place];
}

static bool route_add(Root *root, const Route *route, Error *err)
{
    Node *node = root->node;
    const Route **slot = NULL;
    int n_params = 0;

    for (const char *p = route->path; *p == '/' && p[1] != '\0' && !slot;) {
        const char *part = p + 1;
        p = strchrnul(part, '/');
        n_params += part[0] == ':' || part[0] == '*';
        if (part[0] == '*') {
            node->has_rest = true;
            slot = node->rest;
            if (*p != '\0')
                break;
        } else {
            node = node_child(node, part, (size_t)(p - part));
        }
    }
    if (!slot)
        slot = node->routes;
    if (route->path[0] != '/' || n_params > ROUTER_MAX_PARAMS)
        return error_set(err, ERR_INTERNAL, "the route %s is not well formed", route->path);
    if (slot[route->method])
        return error_set(err, ERR_INTERNAL, "two routes for %s %s%s",
                         name_of(&http_method_names, (int)route->method), root->prefix,
                         route->path);
    slot[route->method] = route;
    return true;
}

static Root *root_of(Router *router, const char *prefix)
{
    unsigned place = 0;
    size_t length = strlen(prefix);

    for (unsigned i = 0; i < router->roots->len; i++) {
        Root *root = router->roots->pdata[i];
        if (g_str_equal(root->prefix, prefix))
            return root;
        if (root->prefix_length >= length)
            place = i + 1;
    }
    Root *root = g_new0(Root, 1);
    root->prefix = prefix;
    root->prefix_length = length;
    root->node = node_new("", 0);
    g_ptr_array_insert(router->roots, (int)place, root);
    return root;
}

Router *router_new(const Mount *mounts, Error *err)
{
    g_autoptr(Router) router = g_new0(Router, 1);

    router->roots = g_ptr_array_new_with_free_func(root_free);
    for (const Mount *mount = mounts; mount->routes; mount++) {
        Root *root = root_of(router, mount->prefix ? mount->prefix : "");
        for (const Route *route = mount->routes; route->path; route++)
            if (!route_add(root, route, err))
                return NULL;
    }
    return g_steal_pointer(&router);
}

void router_free(Router *router)
{
    if (!router)
        return;
    g_ptr_array_unref(router->roots);
    g_free(router);
}

/* Takes the method's route out of @routes, or notes which methods there would be. */
static bool walk_take(Walk *walk, const Route *const *routes)
{
    if (walk->method < N_HTTP_METHODS && routes[walk->method]) {
        walk->route = routes[walk->method];
        return true;
    }
    for (unsigned m = 0; m < N_HTTP_METHODS; m++)
        if (routes[m])
            walk->allow |= 1u << m;
    return false;
}

/* @p: at the "/" before the next part, or at the end.  Each node stands for one depth only, so a
 * search visits it at most once. */
static bool walk_node(Walk *walk, const Node *node, const char *p)
{
    unsigned place;

    if (*p == '\0')
        return walk_take(walk, node->routes);
    const char *part = p + 1;
    const char *end = strchrnul(part, '/');
    size_t length = (size_t)(end - part);
    if (literal_find(node, part, length, &place) &&
        walk_node(walk, node->literals->pdata[place], end))
        return true;
    if (*part == '\0' || walk->n_pieces == ROUTER_MAX_PARAMS)
        return false;
    if (node->param && length > 0) {
        walk->pieces[walk->n_pieces++] = (Piece){ part, length };
        if (walk_node(walk, node->param, end))
            return true;
        walk->n_pieces--;
    }
    if (!node->has_rest)
        return false;
    walk->pieces[walk->n_pieces++] = (Piece){ part, strlen(part) };
    if (walk_take(walk, node->rest))
        return true;
    walk->n_pieces--;
    return false;
}

/* Names come from the route's own path: two routes may call the same part differently. */
static RouteResult match_params(const Walk *walk, Arena *arena, RouteMatch *match)
{
    const char *p = walk->route->path;

    for (int i = 0; i < walk->n_pieces; i++) {
        while (!(p[0] == '/' && (p[1] == ':' || p[1] == '*')))
            p++;
        const char *name = p + 2;
        p = strchrnul(name, '/');
        g_autofree char *value = NULL;
        const Piece *piece = &walk->pieces[i];
        if (!text_percent_decode(piece->at, piece->length, false, &value) ||
            !g_utf8_validate(value, -1, NULL))
            return ROUTE_BAD_ESCAPE;
        match->params[i].name = arena_strndup(arena, name, (size_t)(p - name));
        match->params[i].value = arena_strdup(arena, value);
    }
    match->n_params = walk->n_pieces;
    return ROUTE_FOUND;
}

static const Root *root_for(const Router *router, const char *path)
{
    for (unsigned i = 0; i < router->roots->len; i++) {
        const Root *root = router->roots->pdata[i];
        const char *end = path + root->prefix_length;
        if (strncmp(path, root->prefix, root->prefix_length) == 0 && (*end == '/' || *end == '\0'))
            return root;
    }
    return NULL;
}

/* What comes after the prefix.  There, one slash at the end says nothing, as with GitLab: clients
 * join addresses carelessly.  Elsewhere it is part of the path. */
static const char *rest_of(const Root *root, const char *path, Arena *arena)
{
    const char *rest = path + root->prefix_length;
    size_t length = strlen(rest);

    if (length == 0 || rest[length - 1] != '/' || (root->prefix_length == 0 && length > 1))
        return rest;
    return arena_strndup(arena, rest, length - 1);
}

RouteResult router_match(const Router *router, HttpMethod method, const char *path, Arena *arena,
                         RouteMatch *match)
{
    const Root *root = root_for(router, path);
    Walk walk = { .method = method };

    *match = (RouteMatch){ 0 };
    if (!root || path[0] != '/')
        return ROUTE_NO_PATH;
    if (walk_node(&walk, root->node, rest_of(root, path, arena))) {
        match->route = walk.route;
        return match_params(&walk, arena, match);
    }
    match->allow = walk.allow;
    return walk.allow ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

const char *router_allow_text(unsigned allow, Arena *arena)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int m = 0; m < N_HTTP_METHODS; m++) {
        if (!(allow & (1u << m)))
            continue;
        if (text->len > 0)
            g_string_append(text, ", ");
        g_string_append(text, name_of(&http_method_names, m));
        if (m == GET)
            g_string_append(text, ", HEAD");
    }
    return arena_strdup(arena, text->str);
}
