/* router.h - from a method and a still-encoded path to a row of a route table.
 *
 * Compiled once into one trie a mount prefix.  The longest prefix owns a path: what does not match
 * under "/api/v4" is not looked for under "".  A literal part beats a parameter, a parameter beats
 * a catch-all; where the better path lacks the method, the next one is tried.
 */
#ifndef PENSTOCK_HTTP_ROUTER_H
#define PENSTOCK_HTTP_ROUTER_H

#include "base/arena.h"
#include "http/server.h"

typedef struct Router Router;

enum { ROUTER_MAX_PARAMS = 16 };

typedef enum RouteResult {
    ROUTE_FOUND,
    ROUTE_NO_PATH,
    ROUTE_NO_METHOD, /* the path is known: see .allow */
    ROUTE_BAD_ESCAPE /* a broken escape, %00, or not UTF-8 */
} RouteResult;

typedef struct RouteParam {
    const char *name;
    const char *value; /* decoded once */
} RouteParam;

typedef struct RouteMatch {
    const Route *route;
    RouteParam params[ROUTER_MAX_PARAMS]; /* in the order of the path; texts in the arena */
    int n_params;
    unsigned allow; /* 1 << HttpMethod of each method the path has; for ROUTE_NO_METHOD */
} RouteMatch;

/* @mounts must outlive the router.  ERR_INTERNAL for two rows of the same method and path, and for
 * a path that is not well formed. */
Router *router_new(const Mount *mounts, Error *err);
void router_free(Router *router);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Router, router_free)

/* @method may be N_HTTP_METHODS: one that no route has.  @path: without the query; below a prefix
 * one slash at its end is not looked at. */
RouteResult router_match(const Router *router, HttpMethod method, const char *path, Arena *arena,
                         RouteMatch *match);

/* "GET, HEAD, POST" in the arena. */
const char *router_allow_text(unsigned allow, Arena *arena);

#endif
