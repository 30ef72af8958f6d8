/* paging.c - the headers of a list's page. */
#include "http/private.h"

#include "base/text.h"

#include <string.h>

/* What must not come back in a URL that we write. */
static const char *const secret_params[] = { "private_token", "access_token", "job_token",
                                             "token" };

static bool is_secret(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(secret_params); i++)
        if (g_str_equal(name, secret_params[i]))
            return true;
    return false;
}

static char *scalar_text(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return g_strdup(json_string_value(value));
    case JSON_INTEGER:
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_TRUE:
        return g_strdup("true");
    case JSON_FALSE:
        return g_strdup("false");
    case JSON_REAL: {
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        return g_strdup(g_ascii_dtostr(text, sizeof text, json_real_value(value)));
    }
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return g_strdup("");
}

/* Adds "key=value" for @value, and for all inside it under "key[...]". */
static void add_pairs(GPtrArray *pairs, const char *key, const json_t *value)
{
    const char *name;
    json_t *inner;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, name, inner) {
            g_autofree char *longer = g_strdup_printf("%s[%s]", key, name);
            add_pairs(pairs, longer, inner);
        }
    } else if (json_is_array(value)) {
        g_autofree char *longer = g_strdup_printf("%s[]", key);
        json_array_foreach (value, i, inner) {
            add_pairs(pairs, longer, inner);
        }
    } else if (!json_is_null(value)) {
        g_autofree char *text = scalar_text(value);
        g_autofree char *left = text_percent_encode(key);
        g_autofree char *right = text_percent_encode(text);
        g_ptr_array_add(pairs, g_strconcat(left, "=", right, NULL));
    }
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ", <url of this request with @key = @value>; rel=..." */
static void add_link(GString *links, Req *rq, const char *key, int64_t value, const char *rel)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    json_t *given;

    json_object_foreach (rq->params, name, given) {
        if (!is_secret(name) && strcmp(name, key) != 0 && strcmp(name, "page") != 0 &&
            strcmp(name, "per_page") != 0)
            add_pairs(pairs, name, given);
    }
    g_ptr_array_add(pairs, g_strdup_printf("%s=%" G_GINT64_FORMAT, key, value));
    g_ptr_array_add(pairs, g_strdup_printf("per_page=%" G_GINT64_FORMAT, rq->page.per_page));
    g_ptr_array_sort(pairs, compare_pairs);
    if (links->len > 0)
        g_string_append(links, ", ");
    g_string_append_printf(links, "<%s%s", rq->priv->server->options.external_url, rq->path);
    for (guint i = 0; i < pairs->len; i++)
        g_string_append_printf(links, "%c%s", i == 0 ? '?' : '&', (char *)pairs->pdata[i]);
    g_string_append_printf(links, ">; rel=\"%s\"", rel);
}

/* @n < 0: an empty value. */
static void number_header(Req *rq, const char *name, int64_t n)
{
    char text[32] = "";

    if (n >= 0)
        g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, n);
    req_reply_header(rq, name, text);
}

void reply_page_headers(Req *rq, int64_t total, bool has_more)
{
    g_autoptr(GString) links = g_string_new(NULL);
    const ReqPage *page = &rq->page;
    bool counted = total >= 0;
    int64_t pages = counted ? MAX((total + page->per_page - 1) / page->per_page, 1) : -1;
    bool beyond = counted && page->page > pages;
    int64_t next = (counted ? page->page < pages : has_more) ? page->page + 1 : -1;
    int64_t prev = page->page > 1 && !beyond ? page->page - 1 : -1;

    number_header(rq, "X-Next-Page", next);
    number_header(rq, "X-Page", page->page);
    number_header(rq, "X-Per-Page", page->per_page);
    number_header(rq, "X-Prev-Page", prev);
    if (counted) {
        number_header(rq, "X-Total", total);
        number_header(rq, "X-Total-Pages", pages);
    }
    if (prev > 0)
        add_link(links, rq, "page", prev, "prev");
    if (next > 0)
        add_link(links, rq, "page", next, "next");
    add_link(links, rq, "page", 1, "first");
    if (counted)
        add_link(links, rq, "page", pages, "last");
    req_reply_header(rq, "Link", links->str);
}

void reply_keyset_header(Req *rq, const char *key, int64_t value)
{
    g_autoptr(GString) links = g_string_new(NULL);

    add_link(links, rq, key, value, "next");
    req_reply_header(rq, "Link", links->str);
}
