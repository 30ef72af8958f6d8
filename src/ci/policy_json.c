/* policy_json.c - `only` and `except` of a job as they are shown. */
#include "ci/compiler.h"

const char *ci_policy_json(Arena *arena, const Node *merged, const char *job, const char *keyword)
{
    const Node *body = node_get(merged, job);
    const Node *policy = node_get(body, keyword);

    if (!node_is_null(policy)) {
        const char *json = node_to_json(arena, policy);
        if (node_is_string(policy))
            return arena_printf(arena, "{\"refs\":[%s]}", json);
        return policy->kind == NODE_LIST ? arena_printf(arena, "{\"refs\":%s}", json) : json;
    }
    if (!g_str_equal(keyword, "only") || node_get(body, "rules") ||
        node_get(node_get(merged, "workflow"), "rules"))
        return NULL;
    return "{\"refs\":[\"branches\",\"tags\"]}";
}
