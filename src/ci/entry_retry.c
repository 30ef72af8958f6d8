/* entry_retry.c - `retry`, and the exit codes that it and `allow_failure` name. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_RETRIES = 2 };

static const char *const retry_whens[] = {
    "always",
    "unknown_failure",
    "script_failure",
    "api_failure",
    "stuck_or_timeout_failure",
    "runner_system_failure",
    "runner_unsupported",
    "stale_schedule",
    "job_execution_timeout",
    "archived_failure",
    "unmet_prerequisites",
    "scheduler_failure",
    "data_integrity_failure",
    "stuck_pending_with_matching_runners",
    "stuck_pending_no_matching_runners",
    "no_updates_running",
    "no_updates_canceling",
    "runner_configuration_error",
    "runner_external_dependency_failure",
    "runner_interrupted",
    "server_timeout_running",
    "server_timeout_canceling",
    NULL,
};

static bool is_integers(const Node *node)
{
    for (size_t i = 0; node->kind == NODE_LIST && i < node->n; i++)
        if (node->items[i]->kind != NODE_INT)
            return false;
    return node->kind == NODE_LIST || node->kind == NODE_INT;
}

/* What is too big for an int is no exit code, and stays too big. */
static int int_of(const Node *node)
{
    return (int)CLAMP(g_ascii_strtoll(node->text, NULL, 10), G_MININT, G_MAXINT);
}

void entry_read_exit_codes(Entry *e, const Keyword *keyword, const Node *value)
{
    g_autoptr(GPtrArray) leaves = g_ptr_array_new();

    if (!is_integers(value)) {
        compiler_report_lower(
            e->c, value, "%s exit codes should be an array of integers or an integer", e->location);
        return;
    }
    node_flatten(value, leaves);
    int *items = arena_new0(e->c->arena, int, leaves->len);
    for (guint i = 0; i < leaves->len; i++)
        items[i] = int_of(leaves->pdata[i]);
    G_STRUCT_MEMBER(CiExitCodes, e->out, keyword->offset) = (CiExitCodes){ items, leaves->len };
}

/* @subject: what the message names, "retry config". */
static void read_count(Entry *e, const char *subject, const Node *value)
{
    CiRetry *retry = e->out;
    int max = int_of(value);

    if (max < 0)
        compiler_report_lower(e->c, value, "%s must be greater than or equal to 0", subject);
    else if (max > MAX_RETRIES)
        compiler_report_lower(e->c, value, "%s must be less than or equal to %d", subject,
                              MAX_RETRIES);
    else
        retry->max = max;
}

static void read_max(Entry *e, const Keyword *keyword, const Node *value)
{
    if (value->kind == NODE_INT)
        read_count(e, arena_printf(e->c->arena, "%s max", e->location), value);
    else
        compiler_report_lower(e->c, value, "%s max %s", e->location,
                              value->kind == NODE_FLOAT ? "must be an integer" : "is not a number");
}

static void report_unknown_whens(const Entry *e, const Node *value, CiStrings given)
{
    g_autoptr(GString) unknown = g_string_new(NULL);

    for (size_t i = 0; given[i]; i++)
        if (!g_strv_contains(retry_whens, given[i]))
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", given[i]);
    if (unknown->len == 0)
        return;
    if (value->kind == NODE_LIST)
        compiler_report_lower(e->c, value, "%s when contains unknown values: %s", e->location,
                              unknown->str);
    else
        compiler_report_lower(e->c, value, "%s when is not included in the list", e->location);
}

static void read_retry_when(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRetry *retry = e->out;

    if (!shape_fits(value, SHAPE_STRINGS_OR_STRING, NULL)) {
        compiler_report_lower(e->c, value, "%s when should be an array of strings or a string",
                              e->location);
        return;
    }
    CiStrings given = strings_of(e->c->arena, value);
    report_unknown_whens(e, value, given);
    for (size_t i = 0; given[i]; i++) {
        int reason = name_value(&failure_reason_names, given[i]);
        if (reason >= 0)
            retry->reasons |= UINT64_C(1) << reason;
    }
    retry->always = g_strv_contains(given, "always");
}

static const Keyword retry_keywords[] = {
    { "max", read_max },
    { "when", read_retry_when },
    { "exit_codes", entry_read_exit_codes, SHAPE_ANY, offsetof(CiRetry, exit_codes) },
};

/* Without `when` any failure is meant, but where exit codes are given only those. */
void entry_read_retry(Entry *e, const Keyword *keyword, const Node *value)
{
    CiRetry *retry = arena_new0(e->c->arena, CiRetry, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, retry };

    if (value->kind == NODE_INT) {
        read_count(&entry, "retry config", value);
    } else if (value->kind == NODE_MAP) {
        (void)entry_check_keys(&entry, retry_keywords, G_N_ELEMENTS(retry_keywords));
        entry_read(&entry, retry_keywords, G_N_ELEMENTS(retry_keywords));
    } else {
        compiler_report(e->c, value, "%s has to be either an integer or a hash", entry.location);
        return;
    }
    if (node_is_null(node_get(value, "when")))
        retry->always = node_is_null(node_get(value, "exit_codes"));
    G_STRUCT_MEMBER(const CiRetry *, e->out, keyword->offset) = retry;
}
