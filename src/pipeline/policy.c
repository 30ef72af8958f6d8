/* policy.c - the policy of a job: from the plan, to JSON, and back. */
#include "pipeline/policy.h"

#include "base/json.h"

void policy_from_plan(const CiPlannedJob *planned, EngineJob *job)
{
    const CiRetry *retry = planned->job->retry;

    if (retry)
        job->retry = (EngineRetry){ .max = retry->max,
                                    .always = retry->always,
                                    .reasons = retry->reasons,
                                    .exit_codes = retry->exit_codes.items,
                                    .n_exit_codes = retry->exit_codes.n };
    job->allow_failure_exit_codes = planned->allow_failure_exit_codes.items;
    job->n_allow_failure_exit_codes = planned->allow_failure_exit_codes.n;
    job->has_environment = planned->environment != NULL;
}

/* --- to JSON --- */

static void put_ints(JsonWriter *w, const char *key, const int *items, size_t n)
{
    if (n == 0)
        return;
    jw_key(w, key);
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        jw_int(w, items[i]);
    jw_end_array(w);
}

static void put_reasons(JsonWriter *w, uint64_t reasons)
{
    if (reasons == 0)
        return;
    jw_key(w, "reasons");
    jw_begin_array(w);
    for (int reason = 0; reason < N_FAILURE_REASONS; reason++)
        if (reasons & (UINT64_C(1) << reason))
            jw_string(w, name_of(&failure_reason_names, reason));
    jw_end_array(w);
}

static void put_retry(JsonWriter *w, const EngineRetry *retry)
{
    if (retry->max == 0)
        return;
    jw_key(w, "retry");
    jw_begin_object(w);
    jw_put_int(w, "max", retry->max);
    if (retry->always)
        jw_put_bool(w, "always", true);
    put_reasons(w, retry->reasons);
    put_ints(w, "exit_codes", retry->exit_codes, retry->n_exit_codes);
    jw_end_object(w);
}

char *policy_to_json(const EngineJob *job)
{
    JsonWriter w;

    if (job->retry.max == 0 && job->n_allow_failure_exit_codes == 0 && !job->has_environment)
        return NULL;
    GString *out = g_string_new(NULL);
    jw_init(&w, out);
    jw_begin_object(&w);
    put_retry(&w, &job->retry);
    put_ints(&w, "allow_failure_exit_codes", job->allow_failure_exit_codes,
             job->n_allow_failure_exit_codes);
    if (job->has_environment)
        jw_put_bool(&w, "environment", true);
    jw_end_object(&w);
    return g_string_free(out, FALSE);
}

/* --- from JSON --- */

static const int *ints_of(Arena *arena, const json_t *list, size_t *n)
{
    *n = json_array_size(list);
    int *items = arena_new0(arena, int, *n);
    for (size_t i = 0; i < *n; i++)
        items[i] = (int)json_integer_value(json_array_get(list, i));
    return items;
}

/* A name that this version does not know never happens. */
static uint64_t reasons_of(const json_t *list)
{
    uint64_t reasons = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        int reason = name ? name_value(&failure_reason_names, name) : -1;
        if (reason >= 0)
            reasons |= UINT64_C(1) << reason;
    }
    return reasons;
}

static EngineRetry retry_of(Arena *arena, const json_t *object)
{
    EngineRetry retry = { .max = (int)json_get_int(object, "max", 0),
                          .always = json_get_bool(object, "always", false),
                          .reasons = reasons_of(json_object_get(object, "reasons")) };

    retry.exit_codes = ints_of(arena, json_object_get(object, "exit_codes"), &retry.n_exit_codes);
    return retry;
}

bool policy_from_json(Arena *arena, const char *text, EngineJob *job, Error *err)
{
    json_error_t failed;
    g_autoptr(json_t) policy = json_loads(text, 0, &failed);

    if (!policy)
        return error_set(err, ERR_INTERNAL, "a stored job policy is damaged: %s", failed.text);
    job->retry = retry_of(arena, json_object_get(policy, "retry"));
    job->allow_failure_exit_codes =
        ints_of(arena, json_object_get(policy, "allow_failure_exit_codes"),
                &job->n_allow_failure_exit_codes);
    job->has_environment = json_get_bool(policy, "environment", false);
    return true;
}
