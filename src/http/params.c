/* params.c - "a[b][]=v" into a JSON tree, by the rules that Rack made common:
 *
 *     a[b]=v     an object           a[]=v      an array
 *     a[][k]=v   an array of objects; a new one starts when its last already has the key
 *     a[0]=v     an object with the key "0" (req_check_params() takes it for an array where declared)
 */
#include "http/params.h"

#include "base/text.h"

#include <string.h>

/* A key cut at its brackets: "a[b][]" is "a", "b", "". */
typedef struct KeyPath {
    char *parts[PARAMS_MAX_DEPTH];
    int n;
} KeyPath;

static bool refuse_text(Error *err)
{
    return error_set(err, ERR_BAD_REQUEST, "a parameter is not valid text");
}

static bool refuse_shape(const KeyPath *path, Error *err)
{
    return error_set(err, ERR_PARAM, "%s is invalid", path->parts[0]);
}

/* Cuts @key in place.  What is not well bracketed is a plain name. */
static bool key_path_cut(char *key, KeyPath *path, Error *err)
{
    char *open = strchr(key, '[');

    path->parts[0] = key;
    path->n = 1;
    if (!open || open == key)
        return true;
    for (const char *p = open; *p != '\0';) {
        const char *close = *p == '[' ? strpbrk(p + 1, "[]") : NULL;
        if (!close || *close != ']')
            return true;
        p = close + 1;
    }
    *open = '\0';
    for (char *p = open; p;) {
        char *part = p + 1;
        char *close = strchr(part, ']');
        if (path->n == PARAMS_MAX_DEPTH)
            return error_set(err, ERR_BAD_REQUEST, "parameters are nested deeper than %d",
                             PARAMS_MAX_DEPTH);
        *close = '\0';
        path->parts[path->n++] = part;
        p = close[1] == '[' ? close + 1 : NULL;
    }
    return true;
}

/* Whether @element already holds a value at parts[from...]; an array in that path can take more. */
static bool element_has(const json_t *element, const KeyPath *path, int from)
{
    for (int i = from; i < path->n; i++)
        if (path->parts[i][0] == '\0')
            return false;
    for (int i = from; i < path->n; i++) {
        element = json_object_get(element, path->parts[i]);
        if (!element)
            return false;
    }
    return true;
}

/* The container for what follows part @i of the path inside the array @array. */
static json_t *array_step(json_t *array, const KeyPath *path, int i)
{
    json_t *last = json_array_get(array, json_array_size(array) - 1);

    if (json_is_object(last) && !element_has(last, path, i + 1))
        return last;
    json_t *fresh = json_object();
    json_array_append_new(array, fresh);
    return fresh;
}

/* The child of the object @object at @name: made as @array or object; NULL: it is of another kind. */
static json_t *object_step(json_t *object, const char *name, bool array)
{
    json_t *child = json_object_get(object, name);

    if (!child) {
        child = array ? json_array() : json_object();
        json_object_set_new(object, name, child);
    }
    return array == json_is_array(child) && (array || json_is_object(child)) ? child : NULL;
}

static bool tree_put(json_t *tree, const KeyPath *path, json_t *value, Error *err)
{
    json_t *at = tree;

    for (int i = 0; i < path->n; i++) {
        bool last = i == path->n - 1;
        if (path->parts[i][0] == '\0' && i > 0) { /* @at is an array */
            if (last)
                return json_array_append(at, value) == 0;
            if (path->parts[i + 1][0] == '\0')
                return refuse_shape(path, err);
            at = array_step(at, path, i);
        } else if (last) {
            return json_object_set(at, path->parts[i], value) == 0;
        } else {
            at = object_step(at, path->parts[i], path->parts[i + 1][0] == '\0');
            if (!at)
                return refuse_shape(path, err);
        }
    }
    return true;
}

static bool put_value(json_t *tree, const char *key, json_t *value, int *n_seen, Error *err)
{
    KeyPath path = { 0 };
    g_autofree char *copy = g_strdup(key);

    if (++*n_seen > PARAMS_MAX_COUNT)
        return error_set(err, ERR_BAD_REQUEST, "more than %d parameters", PARAMS_MAX_COUNT);
    if (!g_utf8_validate(key, -1, NULL))
        return refuse_text(err);
    return key_path_cut(copy, &path, err) && tree_put(tree, &path, value, err);
}

bool params_put(json_t *tree, const char *key, const char *value, size_t size, int *n_seen,
                Error *err)
{
    g_autoptr(json_t) text = NULL;

    if (memchr(value, '\0', size) || !(text = json_stringn(value, size)))
        return refuse_text(err);
    return put_value(tree, key, text, n_seen, err);
}

static bool read_pair(json_t *tree, const char *pair, size_t size, int *n_seen, Error *err)
{
    const char *equals = memchr(pair, '=', size);
    size_t key_size = equals ? (size_t)(equals - pair) : size;
    g_autofree char *key = NULL;
    g_autofree char *value = NULL;

    if (key_size == 0)
        return true;
    if (!text_percent_decode(pair, key_size, true, &key))
        return refuse_text(err);
    if (!equals) {
        g_autoptr(json_t) null = json_null();
        return put_value(tree, key, null, n_seen, err);
    }
    if (!text_percent_decode(equals + 1, size - key_size - 1, true, &value))
        return refuse_text(err);
    return params_put(tree, key, value, strlen(value), n_seen, err);
}

bool params_read_form(json_t *tree, const char *text, size_t size, int *n_seen, Error *err)
{
    const char *end = text + size;

    for (const char *p = text; p < end;) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        if (!stop)
            stop = end;
        if (!read_pair(tree, p, (size_t)(stop - p), n_seen, err))
            return false;
        p = stop + 1;
    }
    return true;
}
