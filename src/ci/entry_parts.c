/* entry_parts.c - small keywords that jobs and `default` share: scripts, image, tags, timeout. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_TAGS = 50 };
static const int64_t max_timeout_s = 2592000; /* a month */

void entry_read_script(Entry *e, const Keyword *keyword, const Node *value)
{
    if (!node_is_nested(value, ENTRY_NESTING, node_is_string)) {
        compiler_report_lower(e->c, value,
                              "%s config should be a string or a nested array of strings up to %d "
                              "levels deep",
                              entry_location(e, keyword->name), ENTRY_NESTING);
        return;
    }
    read_strings(e, keyword, value);
}

void entry_read_tags(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry tags = { e->c, entry_location(e, keyword->name), value, e->out };

    if (!node_is_strings(value))
        entry_report(&tags, value, "should be an array of strings");
    else if (value->n >= MAX_TAGS)
        entry_report(&tags, value, "must be less than the limit of %d tags", MAX_TAGS);
    else
        read_strings(e, keyword, value);
}

void entry_read_timeout(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry timeout = { e->c, entry_location(e, keyword->name), value, e->out };
    int64_t seconds;

    if (!shape_fits(value, SHAPE_DURATION, NULL)) {
        entry_report(&timeout, value, "should be a duration");
        return;
    }
    (void)ci_parse_duration(value->text, &seconds); /* it has the shape */
    if (seconds > max_timeout_s)
        entry_report(&timeout, value, "should not exceed the limit");
    else
        G_STRUCT_MEMBER(int64_t, e->out, keyword->offset) = seconds;
}

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
    for (size_t i = 0; given[i]; i++) {
        if (!g_strv_contains(policies, given[i]))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", given[i]);
    }
    if (unknown->len > 0)
        entry_report(&policy, value, "contains unknown values: %s", unknown->str);
    else
        read_strings(e, keyword, value);
}

static const Keyword image_keywords[] = {
    { "name", read_string, SHAPE_STRING, offsetof(CiImage, name) },
    { "entrypoint", read_strings, SHAPE_STRINGS, offsetof(CiImage, entrypoint) },
    { "pull_policy", read_pull_policy, SHAPE_ANY, offsetof(CiImage, pull_policy) },
    KEYWORD_LATER("docker"),
    KEYWORD_LATER("kubernetes"),
};

static bool read_image_hash(Entry *image)
{
    bool ok = true;

    if (node_get(image->node, "ports"))
        return entry_report(image, image->node, "contains disallowed keys: ports");
    ok = entry_check_keys(image, image_keywords, G_N_ELEMENTS(image_keywords));
    if (node_is_blank(node_get(image->node, "name")))
        ok =
            compiler_report_lower(image->c, image->node, "%s name can't be blank", image->location);
    if (!entry_check_shapes(image, image_keywords, G_N_ELEMENTS(image_keywords)) || !ok)
        return false;
    entry_read(image, image_keywords, G_N_ELEMENTS(image_keywords));
    return true;
}

void entry_read_image(Entry *e, const Keyword *keyword, const Node *value)
{
    CiImage *image = arena_new0(e->c->arena, CiImage, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, image };

    if (node_is_string(value)) {
        image->name = value->text;
        if (node_is_blank(value)) {
            compiler_report_lower(e->c, value, "%s name can't be blank", entry.location);
            return;
        }
    } else if (value->kind != NODE_MAP) {
        entry_report(&entry, value, "should be a hash or a string");
        return;
    } else if (!read_image_hash(&entry)) {
        return;
    }
    G_STRUCT_MEMBER(const CiImage *, e->out, keyword->offset) = image;
}
