/* fuzz_params.c - query strings and JSON bodies of any bytes: a tree or an error, never more. */
#include "http/params.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(json_t) form = json_object();
    g_autoptr(json_t) body = json_object();
    int n_seen = 0;

    if (!params_read_form(form, (const char *)data, size, &n_seen, &err))
        g_assert(err.code != ERR_NONE);
    error_clear(&err);
    if (!params_read_json(body, (const char *)data, size, &err))
        g_assert(err.code == ERR_PARAM);
    /* What was read can be written: all of it is text. */
    g_autofree char *text = json_dumps(form, JSON_COMPACT);
    g_assert(text);
    return 0;
}
