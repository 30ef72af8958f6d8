/* entry_image.c - `image` and `services`: what a container executor starts for a job. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_USER = 255 };

static void read_pull_policy(Entry *e, const Keyword *keyword, const Node *value)
{
    static const char *const policies[] = { "always", "never", "if-not-present", NULL };
    Entry policy = { e->c, entry_location(e, keyword->name), value, e->out };
    g_autoptr(GString) unknown = g_string_new(NULL);

    if (!shape_fits(value, SHAPE_STRINGS_OR_STRING, NULL)) {
        entry_report(&policy, value, "should be an array of strings or a string");
        return;
    }
    if (node_is_blank(value)) {
        entry_report(&policy, value, "can't be blank");
        return;
    }
    CiStrings given = strings_of(e->c->arena, value);
    if (value->kind != NODE_LIST && !g_strv_contains(policies, given[0])) {
        entry_report(&policy, value, "is not included in the list");
        return;
    }
    for (size_t i = 0; given[i]; i++) {
        if (!g_strv_contains(policies, given[i]))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", given[i]);
    }
    if (unknown->len > 0)
        entry_report(&policy, value, "contains unknown values: %s", unknown->str);
    else
        read_strings(e, keyword, value);
}

/* An option of an executor; GitLab checks them by a schema, with the schema's messages. */
typedef struct ExecutorOption {
    const char *executor;
    const char *name;
    size_t offset; /* in CiImage */
    bool number;   /* an integer will do as well */
} ExecutorOption;

static const ExecutorOption executor_options[] = {
    { "docker", "platform", offsetof(CiImage, platform), false },
    { "docker", "user", offsetof(CiImage, user), false },
    { "kubernetes", "user", offsetof(CiImage, kubernetes_user), true },
};

static const ExecutorOption *find_option(const char *executor, const Node *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(executor_options); i++) {
        const ExecutorOption *option = &executor_options[i];
        if (g_str_equal(option->executor, executor) && key->kind == NODE_STRING &&
            g_str_equal(option->name, key->text))
            return option;
    }
    return NULL;
}

static bool report_option(const Entry *e, const NodePair *pair, const char *executor,
                          const char *before, const char *after)
{
    return compiler_report_lower(e->c, pair->key, "%s executor opts %s at `/%s/%s` %s", e->location,
                                 before, executor, pair->key->text ? pair->key->text : "", after);
}

static bool read_option(Entry *e, const char *executor, const NodePair *pair)
{
    const ExecutorOption *option = find_option(executor, pair->key);
    const Node *value = pair->value;

    if (!option)
        return report_option(e, pair, executor, "object property",
                             "is a disallowed additional property");
    if (!node_is_string(value) && !(option->number && value->kind == NODE_INT))
        return report_option(e, pair, executor, "value",
                             option->number ? "is not one of the types: string, integer"
                                            : "is not a string");
    if (*value->text == '\0')
        return report_option(e, pair, executor, "string length", "is less than: 1");
    if (g_utf8_strlen(value->text, -1) > MAX_USER)
        return report_option(e, pair, executor, "string length", "is greater than: 255");
    G_STRUCT_MEMBER(const char *, e->out, option->offset) = value->text;
    return true;
}

static void read_executor(Entry *e, const Keyword *keyword, const Node *value)
{
    if (value->kind != NODE_MAP) {
        compiler_report_lower(e->c, value, "%s executor opts value at `/%s` is not an object",
                              e->location, keyword->name);
        return;
    }
    for (size_t i = 0; i < value->n; i++)
        (void)read_option(e, keyword->name, &value->pairs[i]); /* reported */
}

static void read_service_variables(Entry *e, const Keyword *keyword, const Node *value)
{
    CiService *service = e->out;

    service->variables =
        entry_variables(e->c, entry_location(e, keyword->name), value, VARIABLES_SCALAR);
}

/* The last three are of services only. */
static const Keyword image_keywords[] = {
    { "name", read_string, SHAPE_STRING, offsetof(CiImage, name) },
    { "entrypoint", read_strings, SHAPE_STRINGS, offsetof(CiImage, entrypoint) },
    { "pull_policy", read_pull_policy, SHAPE_ANY, offsetof(CiImage, pull_policy) },
    { "docker", read_executor },
    { "kubernetes", read_executor },
    { "command", read_strings, SHAPE_STRINGS, offsetof(CiService, command) },
    { "alias", read_string, SHAPE_STRING, offsetof(CiService, alias) },
    { "variables", read_service_variables },
};
enum { N_SERVICE_KEYWORDS = G_N_ELEMENTS(image_keywords), N_IMAGE_KEYWORDS = 5 };

G_STATIC_ASSERT(offsetof(CiService, image) == 0);

static bool read_hash(Entry *image, size_t n_keywords)
{
    bool ok = true;

    if (node_get(image->node, "ports"))
        return entry_report(image, image->node, "contains disallowed keys: ports");
    ok = entry_check_keys(image, image_keywords, n_keywords);
    if (node_is_blank(node_get(image->node, "name")))
        ok =
            compiler_report_lower(image->c, image->node, "%s name can't be blank", image->location);
    if (!entry_check_shapes(image, image_keywords, n_keywords) || !ok)
        return false;
    entry_read(image, image_keywords, n_keywords);
    return true;
}

/* Into the CiImage or CiService that is @image->out. */
static bool read_image(Entry *image, size_t n_keywords)
{
    const Node *value = image->node;

    if (value->kind == NODE_MAP)
        return read_hash(image, n_keywords);
    if (!node_is_string(value))
        return entry_report(image, value, "should be a hash or a string");
    ((CiImage *)image->out)->name = value->text;
    return !node_is_blank(value) ||
           compiler_report_lower(image->c, value, "%s name can't be blank", image->location);
}

void entry_read_image(Entry *e, const Keyword *keyword, const Node *value)
{
    CiImage *image = arena_new0(e->c->arena, CiImage, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, image };

    if (read_image(&entry, N_IMAGE_KEYWORDS))
        G_STRUCT_MEMBER(const CiImage *, e->out, keyword->offset) = image;
}

void entry_read_services(Entry *e, const Keyword *keyword, const Node *value)
{
    CiServices *services = arena_new0(e->c->arena, CiServices, 1);
    Entry list = { e->c, entry_location(e, keyword->name), value, services };

    if (value->kind != NODE_LIST) {
        entry_report(&list, value, "should be a array");
        return;
    }
    CiService *items = arena_new0(e->c->arena, CiService, value->n);
    services->items = items;
    for (size_t i = 0; i < value->n; i++) {
        Entry entry = { e->c, entry_location(&list, "service"), value->items[i],
                        &items[services->n] };
        if (read_image(&entry, N_SERVICE_KEYWORDS))
            services->n++;
    }
    G_STRUCT_MEMBER(const CiServices *, e->out, keyword->offset) = services;
}
