/* entry_inherit.c - what a job takes from above it, and which of that it wants. */
#include "ci/entry.h"

#include <string.h>

static const char *const default_names[] = {
    "before_script", "image", "services", "after_script", "hooks",     "cache",    "interruptible",
    "timeout",       "retry", "tags",     "artifacts",    "id_tokens", "identity", NULL,
};

static void read_list(Entry *e, const Keyword *keyword, const Node *value)
{
    bool is_default = keyword->offset == offsetof(CiJob, inherit_default);
    Entry list = { e->c, entry_location(e, keyword->name), value, e->out };
    g_autoptr(GString) unknown = g_string_new(NULL);

    if (!node_is_strings(value)) {
        entry_report(&list, value, "should be an array of strings");
        return;
    }
    CiStrings names = strings_of(e->c->arena, value);
    for (size_t i = 0; is_default && names[i]; i++) {
        if (!g_strv_contains(default_names, names[i]))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", names[i]);
    }
    if (unknown->len > 0)
        entry_report(&list, value, "contains unknown values: %s", unknown->str);
    else
        G_STRUCT_MEMBER(CiInherit, e->out, keyword->offset) = (CiInherit){ true, names };
}

static void read_choice(Entry *e, const Keyword *keyword, const Node *value)
{
    if (value->kind == NODE_LIST)
        read_list(e, keyword, value);
    else if (value->kind == NODE_BOOL)
        G_STRUCT_MEMBER(CiInherit, e->out, keyword->offset) = (CiInherit){ !value->truth, NULL };
    else
        compiler_report(e->c, value, "%s should be a bool or array of strings",
                        entry_location(e, keyword->name));
}

static const Keyword inherit_keywords[] = {
    { "default", read_choice, SHAPE_ANY, offsetof(CiJob, inherit_default) },
    { "variables", read_choice, SHAPE_ANY, offsetof(CiJob, inherit_variables) },
};

void entry_read_inherit(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry inherit = { e->c, entry_location(e, keyword->name), value, e->out };

    (void)entry_read_hash(&inherit, inherit_keywords, G_N_ELEMENTS(inherit_keywords));
}

void entry_read_interruptible(Entry *e, const Keyword *keyword, const Node *value)
{
    if (value->kind == NODE_BOOL)
        G_STRUCT_MEMBER(CiTruth, e->out, keyword->offset) = value->truth ? CI_TRUE : CI_FALSE;
    else
        compiler_report_lower(e->c, value, "%s config should be a boolean value",
                              entry_location(e, keyword->name));
}

bool ci_inherits(const CiInherit *inherit, const char *name)
{
    return !inherit->some || (inherit->names && g_strv_contains(inherit->names, name));
}

/* The members that are a pointer each in both structs: NULL is "not given". */
static const struct {
    const char *name;
    size_t job;
    size_t defaults;
} members[] = {
    { "before_script", offsetof(CiJob, before_script), offsetof(Defaults, before_script) },
    { "after_script", offsetof(CiJob, after_script), offsetof(Defaults, after_script) },
    { "tags", offsetof(CiJob, tags), offsetof(Defaults, tags) },
    { "image", offsetof(CiJob, image), offsetof(Defaults, image) },
    { "artifacts", offsetof(CiJob, artifacts), offsetof(Defaults, artifacts) },
    { "retry", offsetof(CiJob, retry), offsetof(Defaults, retry) },
    { "services", offsetof(CiJob, services), offsetof(Defaults, services) },
    { "cache", offsetof(CiJob, caches), offsetof(Defaults, caches) },
    { "hooks", offsetof(CiJob, pre_get_sources), offsetof(Defaults, pre_get_sources) },
    { "identity", offsetof(CiJob, identity), offsetof(Defaults, identity) },
    { "id_tokens", offsetof(CiJob, id_tokens), offsetof(Defaults, id_tokens) },
};

void entry_apply_defaults(CiJob *job, const Defaults *defaults, bool bridge)
{
    if (job->interruptible == CI_OPEN && ci_inherits(&job->inherit_default, "interruptible"))
        job->interruptible = defaults->interruptible;
    for (size_t i = 0; !bridge && i < G_N_ELEMENTS(members); i++) {
        const void **own = &G_STRUCT_MEMBER(const void *, job, members[i].job);
        if (!*own && ci_inherits(&job->inherit_default, members[i].name))
            *own = G_STRUCT_MEMBER(const void *, defaults, members[i].defaults);
    }
}
