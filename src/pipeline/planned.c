/* planned.c - the variables of a planned job, and its priority among others. */
#include "pipeline/planned.h"

#include <string.h>

static const char priority_key[] = "CI_JOB_PRIORITY";

CiVariables planned_variables(Arena *arena, const CiPlannedJob *planned, const Variables *variables)
{
    Job job = { .name = planned->job->name, .stage = planned->job->stage };
    Variables of_job;

    variables_init(&of_job, arena);
    for (size_t i = 0; i < variables->n; i++)
        if (variables->items[i].predefined)
            variables_add(&of_job, variables->items[i]);
    variables_add_job(&of_job, &job);
    for (size_t i = 0; i < planned->variables.n; i++) {
        const CiVariable *own = &planned->variables.items[i];
        variables_add(&of_job, (Variable){ .key = own->key, .value = own->value, .raw = own->raw });
    }
    for (size_t i = 0; i < variables->n; i++)
        if (!variables->items[i].predefined)
            variables_add(&of_job, variables->items[i]);
    CiStrings cycle = NULL;
    return ci_expand_values(arena, variables_for_ci(&of_job), &cycle);
}

/* Nearly no job has one: then nothing is expanded. */
static bool names_priority(const CiPlannedJob *planned, const Variables *variables)
{
    for (size_t i = 0; i < planned->variables.n; i++)
        if (strcmp(planned->variables.items[i].key, priority_key) == 0)
            return true;
    return variables_get(variables, priority_key) != NULL;
}

int planned_priority(Arena *arena, const CiPlannedJob *planned, const Variables *variables)
{
    gint64 number = 0;

    if (!names_priority(planned, variables))
        return 0;
    CiVariables all = planned_variables(arena, planned, variables);
    for (size_t i = 0; i < all.n; i++)
        if (strcmp(all.items[i].key, priority_key) == 0 &&
            !g_ascii_string_to_signed(all.items[i].value, 10, G_MININT64, G_MAXINT64, &number,
                                      NULL))
            number = 0;
    return (int)CLAMP(number, JOB_PRIORITY_MIN, JOB_PRIORITY_MAX);
}
