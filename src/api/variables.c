/* variables.c - variables of projects, groups and the instance: one set of routes for each owner. */
#include "api/given.h"
#include "api/routes.h"
#include "base/seal.h"
#include "store/ci_variables.h"

#include <string.h>

/* --- owners ---------------------------------------------------------------------------------- */

static const Field plain_fields[] = {
    FIELD_ENUM("variable_type", CiVariableRow, variable_type, variable_type_names),
    FIELD_AS("key", STR, CiVariableRow, key),
    FIELD_AS("value", STR, CiVariableRow, value),
    FIELD_AS("protected", BOOL, CiVariableRow, protected),
    FIELD_AS("masked", BOOL, CiVariableRow, masked),
    FIELD_AS("raw", BOOL, CiVariableRow, raw),
    FIELD_AS("description", STR, CiVariableRow, description),
    FIELDS_END,
};

static const Field scoped_fields[] = {
    FIELDS_OF(plain_fields),
    FIELD_AS("hidden", BOOL, CiVariableRow, hidden),
    FIELD_AS("environment_scope", STR, CiVariableRow, environment_scope),
    FIELDS_END,
};

/* In what the variables of the three differ. */
typedef struct Kind {
    CiOwnerKind owner;
    const char *title;
    const char *limit_name;
    size_t limit; /* where its setting is */
    const Field *fields;
    bool scoped; /* has environment scopes and hidden ones; else values are counted by their size
                    when sealed, as GitLab does */
} Kind;

static const Kind kinds[] = {
    [CI_OWNER_INSTANCE] = { CI_OWNER_INSTANCE, "Instance Variable", "ci instance level variables",
                            offsetof(Settings, max_instance_variables), plain_fields, false },
    [CI_OWNER_GROUP] = { CI_OWNER_GROUP, "Group Variable", "group ci variables",
                         offsetof(Settings, max_group_variables), scoped_fields, true },
    [CI_OWNER_PROJECT] = { CI_OWNER_PROJECT, "Variable", "project ci variables",
                           offsetof(Settings, max_project_variables), scoped_fields, true },
};

static CiOwner owner_of(Req *rq)
{
    const Caller *caller = caller_of(rq);

    if (caller->project)
        return (CiOwner){ CI_OWNER_PROJECT, caller->project->id };
    if (caller->group)
        return (CiOwner){ CI_OWNER_GROUP, caller->group->id };
    return (CiOwner){ CI_OWNER_INSTANCE, 0 };
}

static const Kind *kind_of(Req *rq)
{
    return &kinds[owner_of(rq).kind];
}

/* --- replies --------------------------------------------------------------------------------- */

/* @row as it is stored; a hidden value is not even unsealed. */
static bool write_row(Req *rq, CiVariableRow row, Error *err)
{
    EntityContext context = caller_context(rq);
    const char *sealed = row.value;

    row.value = NULL;
    if (!row.hidden && !given_unseal(rq, sealed, &row.value, err))
        return false;
    entity_write(reply_writer(rq), kind_of(rq)->fields, &row, &context);
    return true;
}

static bool reply_row(Req *rq, const CiVariableRow *row, Error *err)
{
    return write_row(rq, *row, err) && reply_json(rq);
}

static bool list_variables(Req *rq, Error *err)
{
    Slice slice = { rq->page.per_page, rq->page.offset };
    JsonWriter *w = reply_writer(rq);
    Db *db = caller_of(rq)->db;
    CiVariableRow *rows;
    EntityContext context = caller_context(rq);
    int64_t total;
    size_t n;

    if (!ci_variable_count(db, owner_of(rq), &total, err) ||
        !ci_variable_list(db, rq->arena, owner_of(rq), NULL, slice, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *sealed = rows[i].value;
        rows[i].value = NULL;
        if (!rows[i].hidden && !given_unseal(rq, sealed, &rows[i].value, err))
            return false;
    }
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, kind_of(rq)->fields, &rows[i], &context);
    jw_end_array(w);
    reply_page_headers(rq, total, false);
    return reply_json(rq);
}

/* The one of the path's key, and of filter[environment_scope] where that is given. */
static bool find(Req *rq, CiVariableRow *row, Error *err)
{
    const json_t *filter = kind_of(rq)->scoped ? req_json(rq, "filter") : NULL;
    const char *scope = json_get_string(filter, "environment_scope");
    CiVariableRow *rows;
    size_t n, n_found = 0;

    if (!ci_variable_list(caller_of(rq)->db, rq->arena, owner_of(rq), req_path_param(rq, "key"),
                          (Slice){ 0 }, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (scope && strcmp(rows[i].environment_scope, scope) != 0)
            continue;
        *row = rows[i];
        n_found++;
    }
    if (n_found == 0)
        return error_set(err, ERR_NOT_FOUND, "%s", kind_of(rq)->title);
    return n_found == 1 ||
           error_set(err, ERR_CONFLICT,
                     "There are multiple variables with provided parameters. Please use "
                     "'filter[environment_scope]'");
}

static bool get_variable(Req *rq, Error *err)
{
    CiVariableRow row;

    return find(rq, &row, err) && reply_row(rq, &row, err);
}

/* --- rules ----------------------------------------------------------------------------------- */

enum { MAX_NAME = 255, MAX_VALUE = 10000, MIN_MASKED = 8, MAX_SEALED = 1024, SEAL_TAG = 16 };

static bool consists_of(const char *text, const char *more)
{
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr(more, *c))
            return false;
    return true;
}

static void check_length(const char *field, const char *text, Error *err)
{
    if (text && g_utf8_strlen(text, -1) > MAX_NAME)
        error_field(err, field, "is too long (maximum is %d characters)", MAX_NAME);
}

static void check_key(const char *key, Error *err)
{
    if (!*key)
        error_field(err, "key", "can't be blank");
    check_length("key", key, err);
    if (!*key || !consists_of(key, "_"))
        error_field(err, "key", "can contain only letters, digits and '_'.");
}

/* A value that logs can be searched for without hiding half of them. */
static bool can_be_masked(const char *value, bool raw)
{
    if (strlen(value) < MIN_MASKED)
        return false;
    return raw ? !strpbrk(value, " \t\r\n\v\f") : consists_of(value, "_+=/@:.~-");
}

static void check_value(const Kind *kind, const CiVariableRow *row, const char *value, Error *err)
{
    size_t base64 = (strlen(value) + SEAL_TAG + 2) / 3 * 4;

    if (!kind->scoped && base64 > MAX_SEALED)
        error_field(err, "value",
                    "The encrypted value of the provided variable exceeds %d bytes. Variables over "
                    "700 characters risk exceeding the limit.",
                    MAX_SEALED);
    if (kind->scoped && g_utf8_strlen(value, -1) > MAX_VALUE)
        error_field(err, "value", "is too long (maximum is %d characters)", MAX_VALUE);
    if (row->masked && !can_be_masked(value, row->raw))
        error_field(err, "value", "is invalid");
}

static void check_scope(const char *scope, Error *err)
{
    if (!*scope)
        error_field(err, "environment_scope", "can't be blank");
    check_length("environment_scope", scope, err);
    if (!*scope || !consists_of(scope, "_/${}. -*"))
        error_field(err, "environment_scope",
                    "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and "
                    "spaces");
}

/* Every broken rule is told of. */
static bool check(Req *rq, const CiVariableRow *row, const char *value, Error *err)
{
    g_auto(Error) found = ERROR_INIT;

    check_key(row->key, &found);
    check_value(kind_of(rq), row, value, &found);
    check_scope(row->environment_scope, &found);
    check_length("description", row->description, &found);
    return found.code == ERR_NONE || error_move(err, &found);
}

/* --- writes ---------------------------------------------------------------------------------- */

typedef struct Write {
    CiOwner owner;
    const Kind *kind;
    int64_t limit; /* 0: none */
    CiVariableRow *row;
} Write;

static bool insert_row(Db *db, void *data, Error *err)
{
    const Write *write = data;
    int64_t n;

    if (write->limit == 0)
        return ci_variable_insert(db, write->owner, write->row, err);
    if (!ci_variable_lock_owner(db, write->owner, err) ||
        !ci_variable_count(db, write->owner, &n, err))
        return false;
    if (n >= write->limit)
        return error_field(err, "base", "Maximum number of %s (%" G_GINT64_FORMAT ") exceeded",
                           write->kind->limit_name, write->limit);
    return ci_variable_insert(db, write->owner, write->row, err);
}

static bool update_row(Db *db, void *data, Error *err)
{
    return ci_variable_update(db, ((const Write *)data)->row, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return ci_variable_delete(db, ((const CiVariableRow *)data)->id, err);
}

static bool store(Req *rq, DbWriteFunc func, CiVariableRow *row, Error *err)
{
    const Kind *kind = kind_of(rq);
    const char *settings = (const char *)site_of(rq)->settings;
    g_auto(Error) failed = ERROR_INIT;
    Write write = { .owner = owner_of(rq),
                    .kind = kind,
                    .limit = *(const int64_t *)(const void *)(settings + kind->limit),
                    .row = row };

    if (database_write(site_of(rq)->database, func, &write, &failed))
        return true;
    if (failed.code == ERR_DB_UNIQUE)
        return error_field(err, "key", "(%s) has already been taken", row->key);
    return error_move(err, &failed);
}

static const char *stripped(Req *rq, const char *text)
{
    return g_strstrip(arena_strdup(rq->arena, text));
}

/* What is given, over what @row has. */
static void read_row(Req *rq, CiVariableRow *row)
{
    if (req_has(rq, "variable_type"))
        row->variable_type =
            (VariableType)name_value(&variable_type_names, req_str(rq, "variable_type"));
    if (req_has(rq, "protected"))
        row->protected = req_bool(rq, "protected");
    if (req_has(rq, "masked"))
        row->masked = req_bool(rq, "masked");
    if (req_has(rq, "raw"))
        row->raw = req_bool(rq, "raw");
    if (kind_of(rq)->scoped && req_has(rq, "environment_scope"))
        row->environment_scope = stripped(rq, req_str(rq, "environment_scope"));
    if (req_has(rq, "description"))
        row->description = req_str(rq, "description");
}

static bool create_variable(Req *rq, Error *err)
{
    const char *value = req_str(rq, "value");
    CiVariableRow row = { .key = stripped(rq, req_str(rq, "key")), .environment_scope = "*" };

    read_row(rq, &row);
    if (kind_of(rq)->scoped && req_bool(rq, "masked_and_hidden"))
        row.masked = row.hidden = true;
    if (!check(rq, &row, value, err))
        return false;
    g_autofree char *sealed = seal(site_of(rq)->seal_key, value);
    row.value = sealed;
    return store(rq, insert_row, &row, err) && reply_row(rq, &row, err);
}

static bool update_variable(Req *rq, Error *err)
{
    g_autofree char *sealed = NULL;
    const char *value = req_str(rq, "value");
    CiVariableRow row;

    if (!find(rq, &row, err))
        return false;
    read_row(rq, &row);
    if (row.hidden && !row.masked)
        return error_field(err, "base",
                           "Updating masked attribute is not allowed on updates for hidden "
                           "variables.");
    if (!req_has(rq, "value") && !given_unseal(rq, row.value, &value, err))
        return false;
    if (!check(rq, &row, value, err))
        return false;
    row.value = sealed = seal(site_of(rq)->seal_key, value);
    return store(rq, update_row, &row, err) && reply_row(rq, &row, err);
}

static bool delete_variable(Req *rq, Error *err)
{
    CiVariableRow row;

    return find(rq, &row, err) && database_write(site_of(rq)->database, delete_row, &row, err) &&
           reply_empty(rq, 204);
}

/* --- routes ---------------------------------------------------------------------------------- */

#define COMMON_PARAMS                                                                              \
    { "variable_type", PARAM_ENUM, .values = given_variable_types }, { "protected", PARAM_BOOL },  \
        { "masked", PARAM_BOOL }, { "raw", PARAM_BOOL },                                           \
    {                                                                                              \
        "description", PARAM_STR                                                                   \
    }
#define KEY_AND_VALUE                                                                              \
    { "key", PARAM_STR, .required = true },                                                        \
    {                                                                                              \
        "value", PARAM_STR, .required = true                                                       \
    }

static const Param create_params[] = {
    KEY_AND_VALUE,
    COMMON_PARAMS,
    { "environment_scope", PARAM_STR },
    { "masked_and_hidden", PARAM_BOOL },
    { 0 },
};
static const Param update_params[] = {
    { "value", PARAM_STR },   COMMON_PARAMS, { "environment_scope", PARAM_STR },
    { "filter", PARAM_HASH }, { 0 },
};
static const Param filter_params[] = { { "filter", PARAM_HASH }, { 0 } };
static const Param instance_create_params[] = { KEY_AND_VALUE, COMMON_PARAMS, { 0 } };
static const Param instance_update_params[] = { { "value", PARAM_STR }, COMMON_PARAMS, { 0 } };

#undef COMMON_PARAMS
#undef KEY_AND_VALUE

#define OF_SCOPED(path, ability)                                                                   \
    { GET, path, ability, .handler = list_variables, .paged = true },                              \
        { GET, path "/:key", ability, filter_params, get_variable },                               \
        { POST, path, ability, create_params, create_variable, .status = 201 },                    \
        { PUT, path "/:key", ability, update_params, update_variable },                            \
    {                                                                                              \
        DELETE, path "/:key", ability, filter_params, delete_variable                              \
    }

#define INSTANCE "/admin/ci/variables"

const Route variable_routes[] = {
    OF_SCOPED("/projects/:id/variables", CAN_ADMIN_VARIABLES),
    OF_SCOPED("/groups/:id/variables", CAN_ADMIN_GROUP_VARIABLES),
    { GET, INSTANCE, .handler = list_variables, .auth = AUTH_ADMIN, .paged = true },
    { GET, INSTANCE "/:key", .handler = get_variable, .auth = AUTH_ADMIN },
    { POST, INSTANCE, ABILITY_NONE, instance_create_params, create_variable, .status = 201,
      .auth = AUTH_ADMIN },
    { PUT, INSTANCE "/:key", ABILITY_NONE, instance_update_params, update_variable,
      .auth = AUTH_ADMIN },
    { DELETE, INSTANCE "/:key", .handler = delete_variable, .auth = AUTH_ADMIN },
    { 0 },
};

#undef OF_SCOPED
#undef INSTANCE
