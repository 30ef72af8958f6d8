/* job_variables.c - names and values of what a job is. */
#include "ci/job_variables.h"

#include "base/text.h"

CiVariables job_variables(Arena *arena, const CiJob *job)
{
    enum { MAX_ITEMS = 6 };
    CiVariable *items = arena_new0(arena, CiVariable, MAX_ITEMS);
    g_autofree char *slug = text_slug(job->name);
    size_t n = 0;

    items[n++] = (CiVariable){ .key = "CI_JOB_NAME", .value = job->name };
    items[n++] = (CiVariable){ .key = "CI_JOB_NAME_SLUG", .value = arena_strdup(arena, slug) };
    items[n++] = (CiVariable){ .key = "CI_JOB_GROUP_NAME",
                               .value = job->base_name ? job->base_name : job->name };
    items[n++] = (CiVariable){ .key = "CI_JOB_STAGE", .value = job->stage };
    if (job->when == WHEN_MANUAL || job->when == WHEN_DELAYED)
        items[n++] = (CiVariable){ .key = "CI_JOB_MANUAL", .value = "true" };
    if (!job->base_name)
        items[n++] = (CiVariable){ .key = "CI_NODE_TOTAL", .value = "1" };
    return (CiVariables){ items, n };
}

const char *job_environment_variable(const CiJob *job, const char *name)
{
    static const struct {
        const char *name;
        size_t member;
    } members[] = {
        { "CI_ENVIRONMENT_NAME", offsetof(CiEnvironment, name) },
        { "CI_ENVIRONMENT_URL", offsetof(CiEnvironment, url) },
        { "CI_ENVIRONMENT_ACTION", offsetof(CiEnvironment, action) },
        { "CI_ENVIRONMENT_TIER", offsetof(CiEnvironment, tier) },
    };

    if (!job->environment || !g_str_has_prefix(name, "CI_ENVIRONMENT_"))
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (g_str_equal(name, members[i].name))
            return G_STRUCT_MEMBER(const char *, job->environment, members[i].member);
    }
    return NULL;
}
