/* check.c - the parameters that a route declares: there, of their kind, with native values.
 *
 * One function a kind turns a value as it came (JSON, or text from a form) into the native one. */
#include "http/private.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum { DEFAULT_PER_PAGE = 20, MAX_PER_PAGE = 100 };

typedef enum Verdict {
    FINE,
    INVALID,    /* of another kind */
    NOT_ALLOWED /* of the kind, but outside its values */
} Verdict;

static const char *const verdict_texts[] = { NULL, "is invalid", "does not have a valid value" };

typedef struct Check {
    Req *rq;
    GString *problems;
} Check;

/* @native: a new reference, set where the verdict is FINE. */
typedef Verdict (*Convert)(const Param *row, const json_t *value, json_t **native);

static void problem(Check *check, const char *label, const char *text)
{
    if (check->problems->len > 0)
        g_string_append(check->problems, ", ");
    g_string_append_printf(check->problems, "%s %s", label, text);
}

/* --- one value --- */

static Verdict to_text(const Param *row, const json_t *value, json_t **native)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    (void)row;
    if (json_is_string(value))
        *native = json_incref((json_t *)value);
    else if (json_is_boolean(value))
        *native = json_string(json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value))
        *native = json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        *native = json_string(g_ascii_dtostr(text, sizeof text, json_real_value(value)));
    else
        return INVALID;
    return FINE;
}

static Verdict to_int(const Param *row, const json_t *value, json_t **native)
{
    int64_t n = json_integer_value(value);

    if (!json_is_integer(value) &&
        !(json_is_string(value) && text_to_int(json_string_value(value), &n)))
        return INVALID;
    if ((row->min != 0 || row->max != 0) && (n < row->min || n > row->max))
        return NOT_ALLOWED;
    *native = json_integer(n);
    return FINE;
}

static Verdict to_bool(const Param *row, const json_t *value, json_t **native)
{
    bool is_true = json_is_true(value);

    (void)row;
    if (json_is_integer(value) && (json_integer_value(value) | 1) == 1)
        is_true = json_integer_value(value) == 1;
    else if (!json_is_boolean(value) &&
             !(json_is_string(value) && text_to_bool(json_string_value(value), &is_true)))
        return INVALID;
    *native = json_boolean(is_true);
    return FINE;
}

/* Times stay texts, so that links to other pages repeat them; req_time() reads them. */
static Verdict to_time(const Param *row, const json_t *value, json_t **native)
{
    const char *text = json_string_value(value);
    int64_t us;

    if (!text || !(row->kind == PARAM_DATE ? date_from_text(text, &us) : time_from_text(text, &us)))
        return INVALID;
    *native = json_incref((json_t *)value);
    return FINE;
}

static Verdict to_enum(const Param *row, const json_t *value, json_t **native)
{
    g_autoptr(json_t) text = NULL;

    if (to_text(row, value, &text) != FINE)
        return INVALID;
    if (!g_strv_contains(row->values, json_string_value(text)))
        return NOT_ALLOWED;
    *native = g_steal_pointer(&text);
    return FINE;
}

/* The elements of an array, or of an object whose keys are the indexes: a new array.  NULL: it is
 * neither. */
static json_t *elements(const json_t *value)
{
    if (json_is_array(value))
        return json_copy((json_t *)value);
    if (!json_is_object(value))
        return NULL;
    json_t *array = json_array();
    for (size_t i = 0; i < json_object_size(value); i++) {
        char key[32];
        g_snprintf(key, sizeof key, "%zu", i);
        json_t *element = json_object_get(value, key);
        if (!element) {
            json_decref(array);
            return NULL;
        }
        json_array_append(array, element);
    }
    return array;
}

static Verdict to_each(const Param *row, const json_t *value, Convert convert, json_t **native)
{
    g_autoptr(json_t) from = elements(value);
    g_autoptr(json_t) to = json_array();
    json_t *element;
    size_t i;

    if (!from)
        return INVALID;
    json_array_foreach (from, i, element) {
        json_t *one = NULL;
        Verdict verdict = convert(row, element, &one);
        if (verdict != FINE)
            return verdict;
        json_array_append_new(to, one);
    }
    *native = g_steal_pointer(&to);
    return FINE;
}

static Verdict to_enums(const Param *row, const json_t *value, json_t **native)
{
    json_t *one = NULL;

    if (json_is_array(value) || json_is_object(value))
        return to_each(row, value, to_enum, native);
    Verdict verdict = to_enum(row, value, &one);
    if (verdict == FINE)
        *native = json_pack("[o]", one);
    return verdict;
}

static Verdict to_texts(const Param *row, const json_t *value, json_t **native)
{
    g_autoptr(json_t) text = NULL;

    if (json_is_array(value) || json_is_object(value))
        return to_each(row, value, to_text, native);
    if (to_text(row, value, &text) != FINE)
        return INVALID;
    g_auto(GStrv) parts = g_strsplit(json_string_value(text), ",", -1);
    *native = json_array();
    for (char **part = parts; *part; part++)
        if (g_strstrip(*part)[0] != '\0')
            json_array_append_new(*native, json_string(*part));
    return FINE;
}

static Verdict to_hash(const Param *row, const json_t *value, json_t **native)
{
    (void)row;
    if (!json_is_object(value))
        return INVALID;
    *native = json_incref((json_t *)value);
    return FINE;
}

static Verdict to_list(const Param *row, const json_t *value, json_t **native)
{
    return to_each(row, value, to_hash, native);
}

static Verdict to_any(const Param *row, const json_t *value, json_t **native)
{
    (void)row;
    *native = json_incref((json_t *)value);
    return FINE;
}

static Verdict to_file(const Param *row, const json_t *value, json_t **native)
{
    (void)row;
    (void)value;
    (void)native;
    return INVALID;
}

static const struct {
    Convert convert;
    bool empty_is_unset; /* "" counts as not given */
} kinds[] = {
    [PARAM_STR] = { to_text, false },   [PARAM_INT] = { to_int, true },
    [PARAM_BOOL] = { to_bool, true },   [PARAM_TIME] = { to_time, true },
    [PARAM_DATE] = { to_time, true },   [PARAM_ENUM] = { to_enum, false },
    [PARAM_ENUMS] = { to_enums, true }, [PARAM_STRS] = { to_texts, false },
    [PARAM_HASH] = { to_hash, true },   [PARAM_LIST] = { to_list, true },
    [PARAM_FILE] = { to_file, true },   [PARAM_ANY] = { to_any, false },
};

/* --- one row --- */

static bool is_blank(const json_t *value)
{
    return json_is_null(value) ||
           (json_is_string(value) && text_is_blank(json_string_value(value))) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static void check_rows(Check *check, json_t *object, const Param *rows, const char *prefix);

static void check_absent(Check *check, json_t *object, const Param *row, const char *label)
{
    if (row->required) {
        problem(check, label, "is missing");
        if (row->non_blank)
            problem(check, label, "is empty");
    } else if (row->otherwise) {
        g_autoptr(json_t) text = json_string(row->otherwise);
        json_t *native = NULL;
        Verdict verdict = kinds[row->kind].convert(row, text, &native);
        g_assert(verdict == FINE); /* the table's own default */
        json_object_set_new(object, row->name, native);
    }
}

static void check_given(Check *check, json_t *object, const Param *row, const char *label,
                        const json_t *value)
{
    json_t *native = NULL;

    if (row->non_blank && is_blank(value)) {
        problem(check, label, "is empty");
        return;
    }
    if (json_is_null(value))
        return;
    if (kinds[row->kind].empty_is_unset && json_is_string(value) &&
        json_string_length(value) == 0) {
        json_object_del(object, row->name);
        check_absent(check, object, row, label);
        return;
    }
    Verdict verdict = kinds[row->kind].convert(row, value, &native);
    if (verdict != FINE) {
        problem(check, label, verdict_texts[verdict]);
        return;
    }
    json_object_set_new(object, row->name, native);
    for (size_t i = 0; row->of && i < json_array_size(native); i++) {
        g_autofree char *inner = g_strdup_printf("%s[%zu]", label, i);
        check_rows(check, json_array_get(native, i), row->of, inner);
    }
}

static void check_rows(Check *check, json_t *object, const Param *rows, const char *prefix)
{
    for (const Param *row = rows; row && row->name; row++) {
        g_autofree char *label =
            prefix ? g_strdup_printf("%s[%s]", prefix, row->name) : g_strdup(row->name);
        const json_t *value = json_object_get(object, row->name);
        if (!prefix && row->kind == PARAM_FILE && req_file(check->rq, row->name))
            continue;
        if (value)
            check_given(check, object, row, label, value);
        else
            check_absent(check, object, row, label);
    }
}

/* --- paging --- */

static int64_t check_page(Check *check, const char *name, int64_t otherwise)
{
    const Param row = { name, PARAM_INT, .min = 1, .max = G_MAXINT32 };
    json_t *params = check->rq->params;
    const json_t *value = json_object_get(params, name);

    if (value)
        check_given(check, params, &row, name, value);
    int64_t n = json_integer_value(json_object_get(params, name));
    return n > 0 ? n : otherwise;
}

bool req_check_params(Req *rq, Error *err)
{
    Check check = { rq, NULL };
    g_autoptr(GString) problems = check.problems = g_string_new(NULL);

    check_rows(&check, rq->params, rq->route->params, NULL);
    if (rq->route->paged) {
        rq->page.page = check_page(&check, "page", 1);
        int64_t per_page = check_page(&check, "per_page", DEFAULT_PER_PAGE);
        rq->page.per_page = MIN(per_page, MAX_PER_PAGE);
        rq->page.offset = (rq->page.page - 1) * rq->page.per_page;
    }
    if (problems->len > 0)
        return error_set(err, ERR_PARAM, "%s", problems->str);
    return true;
}
