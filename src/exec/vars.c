/* vars.c - an ordered list with an index by key. */
#include "exec/vars.h"

#include "base/text.h"

#include <string.h>

struct Vars {
    GArray *list;      /* of Var */
    GHashTable *index; /* key -> place + 1; the key is the Var's own */
};

static void var_clear(void *data)
{
    Var *var = data;

    g_free(var->key);
    g_free(var->value);
    g_free(var->file);
}

Vars *vars_new(void)
{
    Vars *vars = g_new0(Vars, 1);

    vars->list = g_array_new(FALSE, TRUE, sizeof(Var));
    g_array_set_clear_func(vars->list, var_clear);
    vars->index = g_hash_table_new(text_hash, g_str_equal);
    return vars;
}

void vars_free(Vars *vars)
{
    if (!vars)
        return;
    g_hash_table_unref(vars->index);
    g_array_unref(vars->list);
    g_free(vars);
}

static Var *find(const Vars *vars, const char *key)
{
    guint place = GPOINTER_TO_UINT(g_hash_table_lookup(vars->index, key));

    return place ? &g_array_index(vars->list, Var, place - 1) : NULL;
}

void vars_take(Vars *vars, Var var)
{
    Var *known = find(vars, var.key);

    if (known) {
        /* The index holds the old key: keep that one. */
        g_free(var.key);
        var.key = g_steal_pointer(&known->key);
        var_clear(known);
        *known = var;
        return;
    }
    g_array_append_val(vars->list, var);
    g_hash_table_insert(vars->index, var.key, GUINT_TO_POINTER(vars->list->len));
}

void vars_put(Vars *vars, const char *key, const char *value)
{
    vars_take(vars, (Var){ .key = g_strdup(key), .value = g_strdup(value), .raw = true });
}

size_t vars_count(const Vars *vars)
{
    return vars->list->len;
}

const Var *vars_at(const Vars *vars, size_t i)
{
    return &g_array_index(vars->list, Var, i);
}

const char *vars_get(const Vars *vars, const char *key)
{
    const Var *var = find(vars, key);

    return var ? var->value : NULL;
}

bool vars_is_true(const Vars *vars, const char *key)
{
    const char *value = vars_get(vars, key);

    return value && (g_str_equal(value, "1") || g_ascii_strcasecmp(value, "true") == 0);
}

/* The length of the name at @p (behind "$" or "${"). */
static size_t name_length(const char *p)
{
    size_t n = 0;

    if (g_ascii_isdigit(*p))
        return 1;
    while (g_ascii_isalnum(p[n]) || p[n] == '_')
        n++;
    return n;
}

char *vars_expand(const Vars *vars, const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p;) {
        bool braced = p[0] == '$' && p[1] == '{';
        const char *name = p + (braced ? 2 : 1);
        size_t n = *p == '$' ? name_length(name) : 0;
        if (*p == '$' && p[1] == '$') {
            g_string_append_c(out, '$');
            p += 2;
        } else if (n > 0 && (!braced || name[n] == '}')) {
            g_autofree char *key = g_strndup(name, n);
            const char *value = vars_get(vars, key);
            g_string_append(out, value ? value : "");
            p = name + n + braced;
        } else {
            g_string_append_c(out, *p++);
        }
    }
    return g_string_free(out, FALSE);
}

void vars_resolve(Vars *vars)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();

    for (guint i = 0; i < vars->list->len; i++) {
        const Var *var = &g_array_index(vars->list, Var, i);
        const char *text = var->file ? var->file : var->value;
        g_ptr_array_add(values, var->raw ? g_strdup(text) : vars_expand(vars, text));
    }
    for (guint i = 0; i < vars->list->len; i++) {
        Var *var = &g_array_index(vars->list, Var, i);
        char **place = var->file ? &var->file : &var->value;
        g_free(*place);
        *place = g_ptr_array_index(values, i);
        var->raw = true;
    }
}
