/* given.c - from parameters to variables, and back to an entity. */
#include "api/given.h"

#include "base/seal.h"

#include <string.h>

const char *const given_variable_types[] = { "env_var", "file", NULL };

static const char *text_at(Req *rq, const json_t *item, const char *key)
{
    return arena_strdup(rq->arena, json_get_string(item, key));
}

bool given_list(Req *rq, const char *name, Variables *out, Error *err)
{
    const json_t *list = req_json(rq, name);

    variables_init(out, rq->arena);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *key = text_at(rq, item, "key"), *value = text_at(rq, item, "value");
        if (!key || !*key)
            return error_set(err, ERR_CONFIG, "Variables key can't be blank");
        variables_add(out, (Variable){ .key = key,
                                       .value = value ? value : "",
                                       .file = g_strcmp0(json_get_string(item, "variable_type"),
                                                         "file") == 0 });
    }
    return true;
}

bool given_hash(Req *rq, const char *name, Variables *out, Error *err)
{
    json_t *hash = (json_t *)req_json(rq, name); /* jansson's iterators want it writable */

    variables_init(out, rq->arena);
    for (void *at = json_object_iter(hash); at; at = json_object_iter_next(hash, at)) {
        const json_t *value = json_object_iter_value(at);
        if (!json_is_string(value))
            return error_set(err, ERR_LIMIT, "variables needs to be a map of key-valued strings");
        variables_put(out, arena_strdup(rq->arena, json_object_iter_key(at)),
                      arena_strdup(rq->arena, json_string_value(value)));
    }
    return true;
}

static CiGivenInput given_input(Arena *arena, const char *name, const json_t *value)
{
    g_autofree char *json = NULL;

    if (json_is_string(value))
        return (CiGivenInput){ .name = arena_strdup(arena, name),
                               .value = arena_strdup(arena, json_string_value(value)) };
    json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    return (CiGivenInput){ .name = arena_strdup(arena, name),
                           .value = arena_strdup(arena, json),
                           .json = true };
}

void given_inputs(Req *rq, const char *name, const CiGivenInput **out, size_t *n)
{
    json_t *hash = (json_t *)req_json(rq, name); /* jansson's iterators want it writable */
    CiGivenInput *inputs = arena_new0(rq->arena, CiGivenInput, json_object_size(hash));
    const char *key;
    json_t *value;

    *n = 0;
    *out = inputs;
    json_object_foreach (hash, key, value)
        inputs[(*n)++] = given_input(rq->arena, key, value);
}

const Field given_fields[] = {
    FIELD_ENUM("variable_type", GivenView, type, variable_type_names),
    FIELD_AS("key", STR, GivenView, key),
    FIELD_AS("value", STR, GivenView, value),
    FIELD_AS("raw", BOOL, GivenView, raw),
    FIELDS_END,
};

bool given_unseal(Req *rq, const char *sealed, const char **value, Error *err)
{
    g_autofree char *text = unseal(site_of(rq)->seal_key, sealed, err);

    if (!text)
        return false;
    *value = arena_strdup(rq->arena, text);
    return true;
}
