/* stored_variables.c - which stored variables a run gets, unsealed. */
#include "pipeline/stored_variables.h"

#include "base/seal.h"
#include "store/ci_variables.h"

#include <fnmatch.h>
#include <string.h>

/* Scopes hold no other pattern than "*", which stands for "/" too. */
static bool covers(const char *scope, const char *environment)
{
    return strcmp(scope, "*") == 0 || (environment && fnmatch(scope, environment, 0) == 0);
}

static bool add_row(Variables *list, const Site *site, const CiVariableRow *row, Error *err)
{
    g_autofree char *value = unseal(site->seal_key, row->value, err);

    if (!value)
        return false;
    variables_add(list, (Variable){ .key = row->key,
                                    .value = arena_strdup(list->arena, value),
                                    .file = row->variable_type == VARIABLE_FILE,
                                    .raw = row->raw,
                                    .hidden = true,
                                    .masked = row->masked });
    return true;
}

bool variables_add_stored(Variables *list, const Site *site, Db *db, const Project *project,
                          bool protected_ref, const char *environment, Error *err)
{
    CiVariableRow *rows = NULL;
    size_t n = 0;

    if (!ci_variable_list_for_project(db, list->arena, project->id, project->namespace_id, &rows,
                                      &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((protected_ref || !rows[i].protected) &&
            covers(rows[i].environment_scope, environment) && !add_row(list, site, &rows[i], err))
            return false;
    return true;
}
