/* environment_expand.c - first the name, then what may refer to it. */
#include "ci/environment_expand.h"

#include "ci/environment.h"
#include "ci/expand.h"

#include <string.h>

bool environment_refers(const CiEnvironment *environment)
{
    const char *const texts[] = { environment->name, environment->url, environment->tier,
                                  environment->auto_stop_in };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i] && expand_has_reference(texts[i]))
            return true;
    }
    return false;
}

static const char *value_in(void *table, const char *name)
{
    const CiVariable *variable = g_hash_table_lookup(table, name);

    return variable ? variable->value : NULL;
}

/* false: too long. */
static bool expand(Arena *arena, const char **text, bool keep_unknown, GHashTable *values)
{
    if (!*text)
        return true;
    *text = expand_text(arena, *text, keep_unknown, value_in, values);
    return *text != NULL;
}

static void put(GHashTable *values, CiVariable *variable)
{
    g_hash_table_insert(values, (char *)variable->key, variable);
}

const CiEnvironment *environment_expand(Arena *arena, const CiEnvironment *written,
                                        CiVariables variables)
{
    CiEnvironment *expanded = arena_memdup(arena, written, sizeof(*written));
    CiStrings cycle; /* the plan tells of it by itself */
    g_autoptr(GHashTable) values = expand_table(ci_expand_values(arena, variables, &cycle));

    if (!expand(arena, &expanded->name, false, values))
        return NULL;
    g_autofree char *slug = environment_slug(expanded->name);
    CiVariable name = { .key = "CI_ENVIRONMENT_NAME", .value = expanded->name };
    CiVariable short_name = { .key = "CI_ENVIRONMENT_SLUG", .value = slug };
    CiVariable action = { .key = "CI_ENVIRONMENT_ACTION", .value = expanded->action };
    put(values, &name);
    put(values, &short_name);
    put(values, &action);
    bool ok = expand(arena, &expanded->url, true, values) &&
              expand(arena, &expanded->tier, false, values) &&
              expand(arena, &expanded->auto_stop_in, false, values);
    return ok ? expanded : NULL;
}
