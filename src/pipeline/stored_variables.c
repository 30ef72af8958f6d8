/* stored_variables.c - which stored variables a run gets, unsealed. */
#include "pipeline/stored_variables.h"

#include "base/json.h"
#include "base/seal.h"
#include "ci/environment.h"
#include "pipeline/jobs_before.h"
#include "store/ci_variables.h"
#include "store/dotenv_variables.h"
#include "store/job_variables.h"
#include "store/pipeline_variables.h"

#include <string.h>

static bool add_row(Variables *list, const Site *site, const CiVariableRow *row, bool scoped,
                    Error *err)
{
    g_autofree char *value = unseal(site->seal_key, row->value, err);
    bool everywhere = strcmp(row->environment_scope, "*") == 0;

    if (!value)
        return false;
    variables_add(list, (Variable){ .key = row->key,
                                    .value = arena_strdup(list->arena, value),
                                    .file = row->variable_type == VARIABLE_FILE,
                                    .raw = row->raw,
                                    .hidden = true,
                                    .masked = row->masked,
                                    .environment_scope =
                                        scoped && !everywhere ? row->environment_scope : NULL });
    return true;
}

/* What a row's scope has to cover. */
typedef struct Wanted {
    bool all; /* whatever it is, with its scope */
    const char *environment;
} Wanted;

static bool add_rows(Variables *list, const Site *site, Db *db, const Project *project,
                     bool protected_ref, Wanted wanted, Error *err)
{
    CiVariableRow *rows = NULL;
    size_t n = 0;

    if (!ci_variable_list_for_project(db, list->arena, project->id, project->namespace_id, &rows,
                                      &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].protected && !protected_ref)
            continue;
        if (!wanted.all && !environment_is_in_scope(wanted.environment, rows[i].environment_scope))
            continue;
        if (!add_row(list, site, &rows[i], wanted.all, err))
            return false;
    }
    return true;
}

bool variables_add_stored_scoped(Variables *list, const Site *site, Db *db, const Project *project,
                                 bool protected_ref, Error *err)
{
    return add_rows(list, site, db, project, protected_ref, (Wanted){ .all = true }, err);
}

bool variables_add_stored(Variables *list, const Site *site, Db *db, const Project *project,
                          bool protected_ref, const char *environment, Error *err)
{
    return add_rows(list, site, db, project, protected_ref, (Wanted){ .environment = environment },
                    err);
}

void variables_add_spec(Variables *list, const json_t *spec)
{
    const json_t *items = json_object_get(spec, "variables");

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        variables_add(list, (Variable){ .key = json_get_string(item, "key"),
                                        .value = json_get_string(item, "value"),
                                        .file = json_get_bool(item, "file", false),
                                        .raw = json_get_bool(item, "raw", false) });
    }
}

static bool add_sealed(Variables *list, const Site *site, Variable variable, const char *sealed,
                       Error *err)
{
    g_autofree char *value = unseal(site->seal_key, sealed, err);

    if (!value)
        return false;
    variable.value = arena_strdup(list->arena, value);
    variable.hidden = true;
    variables_add(list, variable);
    return true;
}

bool variables_add_dotenv(Variables *list, const Site *site, Db *db, const Job *job,
                          const json_t *spec, Error *err)
{
    DotenvVariable *rows = NULL;
    Job *jobs = NULL;
    size_t n_jobs = 0, n = 0;

    if (!jobs_before(db, list->arena, job, spec, &jobs, &n_jobs, err))
        return false;
    int64_t *ids = arena_new0(list->arena, int64_t, n_jobs);
    for (size_t i = 0; i < n_jobs; i++)
        ids[i] = jobs[i].id;
    if (n_jobs > 0 && !dotenv_variable_list_by_jobs(db, list->arena, ids, n_jobs, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!add_sealed(list, site, (Variable){ .key = rows[i].key }, rows[i].value, err))
            return false;
    return true;
}

bool variables_add_given(Variables *list, const Site *site, Db *db, int64_t pipeline_id,
                         int64_t job_id, Error *err)
{
    PipelineVariable *rows = NULL;
    JobVariable *own = NULL;
    size_t n = 0, n_own = 0;

    if (!pipeline_variable_list(db, list->arena, pipeline_id, &rows, &n, err) ||
        !job_variable_list(db, list->arena, job_id, &own, &n_own, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!add_sealed(list, site,
                        (Variable){ .key = rows[i].key,
                                    .file = rows[i].variable_type == VARIABLE_FILE,
                                    .raw = rows[i].raw },
                        rows[i].value, err))
            return false;
    for (size_t i = 0; i < n_own; i++)
        if (!add_sealed(list, site, (Variable){ .key = own[i].key }, own[i].value, err))
            return false;
    return true;
}
