/* schedule_inputs.c - inputs of schedules, between requests, rows and replies.
 *
 * A value may be a text, number, boolean or list; it is kept as JSON, and sealed as variables are. */
#include "api/schedule_inputs.h"

#include "api/given.h"
#include "base/seal.h"
#include "store/schedule_inputs.h"

const Param schedule_new_input_params[] = {
    { "name", PARAM_STR, .required = true },
    { "value", PARAM_ANY, .required = true },
    { 0 },
};

const Param schedule_input_params[] = {
    { "name", PARAM_STR, .required = true },
    { "value", PARAM_ANY },
    { "destroy", PARAM_BOOL, .otherwise = "false" },
    { 0 },
};

/* --- requests -------------------------------------------------------------------------------- */

static bool check_name(const char *name, Error *err)
{
    enum { MAX_NAME = 255 };

    if (!name || !*name)
        return error_field(err, "inputs.name", "can't be blank");
    return g_utf8_strlen(name, -1) <= MAX_NAME ||
           error_field(err, "inputs.name", "is too long (maximum is %d characters)", MAX_NAME);
}

static bool read_change(Req *rq, size_t i, const json_t *item, InputChange *change, Error *err)
{
    const json_t *value = json_object_get(item, "value");
    g_autofree char *json = NULL, *sealed = NULL;

    change->name = arena_strdup(rq->arena, json_get_string(item, "name"));
    if (!check_name(change->name, err))
        return false;
    if (json_is_true(json_object_get(item, "destroy")))
        return true;
    if (!value)
        return error_set(err, ERR_PARAM, "inputs[%zu][value] is missing", i);
    if (json_is_null(value) || json_is_object(value))
        return error_set(err, ERR_PARAM, "inputs[%zu][value] is invalid", i);
    json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    sealed = seal(site_of(rq)->seal_key, json);
    change->value = arena_strdup(rq->arena, sealed);
    return true;
}

static bool check_names_once(const InputChanges *changes, Error *err)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) doubles = g_string_new(NULL);

    for (size_t i = 0; i < changes->n; i++)
        if (!g_hash_table_add(seen, (void *)changes->items[i].name))
            g_string_append_printf(doubles, "%s%s", doubles->len ? ", " : "",
                                   changes->items[i].name);
    return doubles->len == 0 ||
           error_field(err, "inputs", "have duplicate values (%s)", doubles->str);
}

static bool check_count(size_t n, int64_t max, Error *err)
{
    return n <= (size_t)max ||
           error_field(err, "inputs", "exceeds the limit of %" G_GINT64_FORMAT ".", max);
}

bool input_changes_read(Req *rq, InputChanges *changes, Error *err)
{
    const json_t *list = req_json(rq, "inputs");

    changes->n = json_array_size(list);
    changes->max = site_of(rq)->settings->max_inputs;
    changes->items = arena_new0(rq->arena, InputChange, changes->n);
    for (size_t i = 0; i < changes->n; i++)
        if (!read_change(rq, i, json_array_get(list, i), &changes->items[i], err))
            return false;
    return check_names_once(changes, err);
}

bool input_changes_write(Db *db, int64_t schedule_id, const InputChanges *changes, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    ScheduleInput *rows = NULL;
    size_t n = 0;

    for (size_t i = 0; i < changes->n; i++) {
        const InputChange *change = &changes->items[i];
        ScheduleInput row = { .schedule_id = schedule_id,
                              .name = change->name,
                              .value = change->value };
        if (change->value ? !schedule_input_put(db, &row, err)
                          : !schedule_input_delete(db, schedule_id, change->name, err))
            return false;
    }
    return changes->n == 0 || (schedule_input_list(db, arena, schedule_id, &rows, &n, err) &&
                               check_count(n, changes->max, err));
}

/* --- replies --------------------------------------------------------------------------------- */

bool input_views_load(Req *rq, int64_t schedule_id, InputView **views, size_t *n, Error *err)
{
    ScheduleInput *rows = NULL;

    if (!schedule_input_list(caller_of(rq)->db, rq->arena, schedule_id, &rows, n, err))
        return false;
    *views = arena_new0(rq->arena, InputView, *n);
    for (size_t i = 0; i < *n; i++) {
        (*views)[i].name = rows[i].name;
        if (!given_unseal(rq, rows[i].value, &(*views)[i].value, err))
            return false;
    }
    return true;
}

void input_views_write(JsonWriter *w, const InputView *views, size_t n)
{
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        jw_begin_object(w);
        jw_put_string(w, "name", views[i].name);
        jw_put_raw(w, "value", views[i].value);
        jw_end_object(w);
    }
    jw_end_array(w);
}
