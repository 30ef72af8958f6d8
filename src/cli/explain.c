/* explain.c - why a job is in a pipeline or not, in words. */
#include "cli/explain.h"

#include <stdio.h>
#include <string.h>

static const char default_branch[] = "main";

void lint_options_clear(LintOptions *options)
{
    g_clear_pointer(&options->variables, g_ptr_array_unref);
}

/* The value of "--name value" or "--name=value" at @argv, stepping over it; NULL: not that option. */
static const char *take_value(char ***argv, const char *name, Error *err)
{
    const char *word = **argv;
    size_t n = strlen(name);

    if (strncmp(word, name, n) != 0 || (word[n] != '\0' && word[n] != '='))
        return NULL;
    if (word[n] == '=')
        return word + n + 1;
    if ((*argv)[1])
        return *++*argv;
    (void)error_set(err, ERR_USAGE, "%s wants a value", name); /* told by err->code */
    return NULL;
}

bool explain_take_options(char **argv, LintOptions *options, GPtrArray *rest, Error *err)
{
    options->branch = default_branch;
    options->variables = g_ptr_array_new();
    for (; *argv; argv++) {
        g_auto(Error) failed = ERROR_INIT;
        const char *value;
        if (g_str_equal(*argv, "--explain"))
            options->explain = true;
        else if ((value = take_value(&argv, "--branch", &failed)))
            options->branch = value;
        else if ((value = take_value(&argv, "--var", &failed)))
            g_ptr_array_add(options->variables, (gpointer)value);
        else if (failed.code == ERR_NONE)
            g_ptr_array_add(rest, *argv);
        if (failed.code != ERR_NONE)
            return error_move(err, &failed);
        if (options->variables->len > 0 &&
            !strchr(g_ptr_array_index(options->variables, options->variables->len - 1), '='))
            return error_set(err, ERR_USAGE, "--var wants KEY=VALUE");
    }
    g_ptr_array_add(rest, NULL);
    return true;
}

CiVariables explain_variables(Arena *arena, const LintOptions *options)
{
    const CiVariable known[] = {
        { .key = "CI", .value = "true", .predefined = true },
        { .key = "GITLAB_CI", .value = "true", .predefined = true },
        { .key = "CI_PIPELINE_SOURCE", .value = "push", .predefined = true },
        { .key = "CI_COMMIT_BRANCH", .value = options->branch, .predefined = true },
        { .key = "CI_COMMIT_REF_NAME", .value = options->branch, .predefined = true },
        { .key = "CI_DEFAULT_BRANCH", .value = default_branch, .predefined = true },
    };
    size_t n = 0;

    if (!options->explain)
        return (CiVariables){ 0 };
    CiVariable *all = arena_new0(arena, CiVariable, G_N_ELEMENTS(known) + options->variables->len);
    for (; n < G_N_ELEMENTS(known); n++)
        all[n] = known[n];
    for (guint i = 0; i < options->variables->len; i++, n++) {
        const char *given = g_ptr_array_index(options->variables, i);
        const char *equals = strchr(given, '=');
        all[n].key = arena_strndup(arena, given, (size_t)(equals - given));
        all[n].value = equals + 1;
    }
    return (CiVariables){ all, n };
}

static const char *reason(const CiExplained *why)
{
    switch (why->because) {
    case CI_BECAUSE_NO_CONDITION:
        return "it has no condition";
    case CI_BECAUSE_RULE:
        return why->kept ? "a rule matched" : "a rule matched, and says `when: never`";
    case CI_BECAUSE_NO_RULE:
        return "none of its rules matched";
    case CI_BECAUSE_ONLY_MET:
        return "`only` and `except` let it in";
    case CI_BECAUSE_ONLY:
        return "`only` is not satisfied";
    case CI_BECAUSE_EXCEPT:
        return "`except` is satisfied";
    case CI_BECAUSE_ERROR:
        return "its conditions could not be evaluated";
    }
    return "";
}

static void print_rule(const CiRuleSeen *rule)
{
    printf("  %s:%d:%d: rule %zu%s%s: %s", rule->file ? rule->file : "", rule->line, rule->column,
           rule->index + 1, rule->condition ? " if " : "", rule->condition ? rule->condition : "",
           rule->matched ? "matched" : "did not match");
    if (!rule->matched && rule->clause)
        printf(" (by %s)", rule->clause);
    if (rule->path)
        printf(" (%s)", rule->path);
    printf("\n");
}

static void print_explained(const CiExplained *why)
{
    printf("%s: %s: %s%s%s\n", why->job ? why->job->name : "workflow",
           why->kept ? "kept" : "left out", reason(why), why->detail ? ": " : "",
           why->detail ? why->detail : "");
    for (size_t i = 0; i < why->n_rules; i++)
        print_rule(&why->rules[i]);
    for (size_t i = 0; i < why->saw.n; i++) {
        const CiVariable *saw = &why->saw.items[i];
        if (saw->value)
            printf("  $%s is \"%s\"\n", saw->key, saw->value);
        else
            printf("  $%s is not set\n", saw->key);
    }
}

void explain_print(const CiPlan *plan)
{
    for (size_t i = 0; i < plan->n_explained; i++)
        print_explained(&plan->explained[i]);
    for (size_t i = 0; i < plan->messages.n; i++)
        printf("pipeline: %s\n", plan->messages.items[i].text);
}
