/* body_json.c - a JSON body into the tree of parameters. */
#include "http/params.h"

/* The text that clients compare with, blanks and line ends as they stand. */
static const char malformed[] =
    "\nProblem:\n  message body does not match declared format\nResolution:\n"
    "  when specifying application/json as content-type, you must pass valid application/json in "
    "the request's 'body' ";

bool params_read_json(json_t *tree, const char *text, size_t size, Error *err)
{
    json_error_t why;
    g_autoptr(json_t) body = json_loadb(text, size, 0, &why);

    if (!json_is_object(body))
        return error_set(err, ERR_PARAM, "%s", malformed);
    json_object_update(tree, body);
    return true;
}
