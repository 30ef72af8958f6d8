/* params.h - query strings, forms and JSON bodies become one tree of parameters. */
#ifndef PENSTOCK_HTTP_PARAMS_H
#define PENSTOCK_HTTP_PARAMS_H

#include "base/error.h"
#include "base/json.h"

/* Bounds on what one request may bring. */
enum { PARAMS_MAX_COUNT = 4096, PARAMS_MAX_DEPTH = 32 };

/* Reads "a=1&b[c]=2&d[]=3&e[][f]=4" into the object @tree; values are strings, "a" alone is null.
 * @n_seen counts over all calls for one request.  ERR_PARAM "a is invalid" where two uses of a name
 * contradict each other, ERR_BAD_REQUEST for broken escapes, bad UTF-8, and past a bound. */
bool params_read_form(json_t *tree, const char *text, size_t size, int *n_seen, Error *err);

/* Puts one value under a decoded @key with brackets; @value: @size bytes. */
bool params_put(json_t *tree, const char *key, const char *value, size_t size, int *n_seen,
                Error *err);

/* A JSON object, stored over what @tree has.  ERR_PARAM with the API's text for anything else. */
bool params_read_json(json_t *tree, const char *text, size_t size, Error *err);

#endif
