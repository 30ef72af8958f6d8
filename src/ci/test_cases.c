/* Runs the cases of tests/ci: `test_ci_cases FOLDER`, a folder a topic, a file a claim.
 *
 * A case is a YAML mapping:
 *   config: |        the configuration
 *   files:           what `include` finds, by "a.yml", "group/project:a.yml" or
 *                    "group/project@ref:a.yml"
 *   child: true      it is of a child pipeline; files has "JOB artifact:PATH" of its parent's jobs
 *   offline: true    what is not a file of the pipeline's own project is out of reach
 *   variables:       of the run, stronger than the file's; `predefined`: weaker; `scoped`: by environment
 *                    scope, those that only environments which it covers see
 *   limits:          members of CiLimits
 *   trap:            the number of the trap that it holds, for script/ci-traps
 *   run:             what is known of the run, see case_run.h
 *   expect:
 *     errors: []     of the compiler, exactly; or the plan, by any of
 *     jobs:          exactly these, in order; of each any part that job_node() gives, null for none
 *     stages: []
 *     name: text
 *     warnings: []
 *     cancel_on_job_failure: "true" or "false"
 *     on_new_commit: text
 *     explained:     why jobs are in or out, see case_run.h
 *     result: ok (as plan_results says)
 *     messages: []   of the plan
 */
#include "ci/case_run.h"
#include "ci/case_values.h"
#include "ci/ci.h"
#include "ci/node.h"
#include "ci/yaml_load.h"

#include <stdio.h>
#include <string.h>

static const CiLimits case_limits = { 1 << 20, 50, 20000, 1 << 20, 10, 10, 5, 20000 };

static const char *const plan_results[] = { "ok", "filtered_by_workflow", "filtered_by_rules",
                                            "too_many_jobs", "failed" };

typedef struct Case {
    Arena *arena;
    const Node *node;
    const Node *expect;
    GString *failure; /* empty: it holds */
} Case;

static Node *map_new(Arena *arena)
{
    return node_new(arena, NODE_MAP);
}

static void put(Arena *arena, Node *map, const char *key, const Node *value)
{
    node_put(arena, map, node_new_string(arena, key, NULL), value);
}

static void put_text(Arena *arena, Node *map, const char *key, const char *text)
{
    if (text)
        put(arena, map, key, node_new_string(arena, text, NULL));
}

static void put_int(Arena *arena, Node *map, const char *key, int64_t value)
{
    if (value != 0)
        put_text(arena, map, key, arena_printf(arena, "%" G_GINT64_FORMAT, value));
}

static const Node *strings_node(Arena *arena, CiStrings strings)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; strings[i]; i++)
        node_append(arena, list, node_new_string(arena, strings[i], NULL));
    return list;
}

static void put_strings(Arena *arena, Node *map, const char *key, CiStrings strings)
{
    if (strings)
        put(arena, map, key, strings_node(arena, strings));
}

static const Node *messages_node(Arena *arena, CiMessages messages)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < messages.n; i++)
        node_append(arena, list, node_new_string(arena, messages.items[i].text, NULL));
    return list;
}

static const char *yes_no(bool value)
{
    return value ? "true" : "false";
}

static const Node *needs_node(Arena *arena, const CiNeed *needs, size_t n)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < n; i++) {
        Node *need = map_new(arena);
        put_text(arena, need, "job", needs[i].job);
        put_text(arena, need, "artifacts", yes_no(needs[i].artifacts));
        put_text(arena, need, "optional", yes_no(needs[i].optional));
        node_append(arena, list, need);
    }
    return list;
}

static const Node *variables_node(Arena *arena, CiVariables variables)
{
    Node *map = map_new(arena);

    for (size_t i = 0; i < variables.n; i++)
        put_text(arena, map, variables.items[i].key, variables.items[i].value);
    return map;
}

static const Node *raw_node(Arena *arena, CiVariables variables)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < variables.n; i++) {
        if (variables.items[i].raw)
            node_append(arena, list, node_new_string(arena, variables.items[i].key, NULL));
    }
    return list;
}

static const Node *artifacts_node(Arena *arena, const CiArtifacts *artifacts)
{
    Node *map = map_new(arena);

    put_text(arena, map, "name", artifacts->name);
    put_strings(arena, map, "paths", artifacts->paths);
    put_strings(arena, map, "exclude", artifacts->exclude);
    put_text(arena, map, "untracked", yes_no(artifacts->untracked));
    put_text(arena, map, "when", artifacts->when);
    put_text(arena, map, "expire_in", artifacts->expire_in);
    put_text(arena, map, "expose_as", artifacts->expose_as);
    put_text(arena, map, "access", artifacts->access);
    for (size_t i = 0; i < artifacts->n_reports; i++)
        put_strings(arena, map, artifacts->reports[i].type, artifacts->reports[i].paths);
    return map;
}

static const Node *image_node(Arena *arena, const CiImage *image)
{
    Node *map = map_new(arena);

    case_put_image(arena, map, image);
    return map;
}

static void put_exit_codes(Arena *arena, Node *map, const char *key, CiExitCodes codes)
{
    Node *list = node_new(arena, NODE_LIST);

    for (size_t i = 0; i < codes.n; i++)
        node_append(arena, list,
                    node_new_string(arena, arena_printf(arena, "%d", codes.items[i]), NULL));
    if (codes.n > 0)
        put(arena, map, key, list);
}

static const Node *retry_node(Arena *arena, const CiRetry *retry)
{
    Node *map = map_new(arena);
    Node *when = node_new(arena, NODE_LIST);

    put_text(arena, map, "max", arena_printf(arena, "%d", retry->max));
    put_text(arena, map, "always", yes_no(retry->always));
    for (int i = 0; i < N_FAILURE_REASONS; i++)
        if (retry->reasons & (UINT64_C(1) << i))
            node_append(arena, when,
                        node_new_string(arena, name_of(&failure_reason_names, i), NULL));
    put(arena, map, "when", when);
    put_exit_codes(arena, map, "exit_codes", retry->exit_codes);
    return map;
}

static const Node *job_node(Arena *arena, const CiPlannedJob *planned)
{
    const CiJob *job = planned->job;
    Node *map = map_new(arena);

    put_text(arena, map, "stage", job->stage);
    put_text(arena, map, "when", name_of(&job_when_names, (int)planned->when));
    put_int(arena, map, "start_in", planned->start_in_s);
    put_text(arena, map, "allow_failure", yes_no(planned->allow_failure));
    put_exit_codes(arena, map, "allow_failure_exit_codes", planned->allow_failure_exit_codes);
    if (job->retry)
        put(arena, map, "retry", retry_node(arena, job->retry));
    if (planned->by_needs)
        put(arena, map, "needs", needs_node(arena, planned->needs, planned->n_needs));
    put_strings(arena, map, "before_script", job->before_script);
    put_strings(arena, map, "script", job->script);
    put_strings(arena, map, "after_script", job->after_script);
    put_strings(arena, map, "tags", planned->tags);
    put(arena, map, "variables", variables_node(arena, planned->variables));
    put(arena, map, "raw", raw_node(arena, planned->variables));
    put_int(arena, map, "timeout", job->timeout_s);
    put_text(arena, map, "icon", job->icon);
    if (job->image)
        put(arena, map, "image", image_node(arena, job->image));
    if (job->artifacts)
        put(arena, map, "artifacts", artifacts_node(arena, job->artifacts));
    case_put_values(arena, map, job);
    case_put_structure(arena, map, planned);
    return map;
}

/* Whether @actual holds all that @expected names: lists whole, mappings in part. */
static bool covers(const Node *expected, const Node *actual)
{
    if (node_is_null(expected) || !actual)
        return node_is_null(expected) && !actual;
    if (expected->kind == NODE_MAP) {
        for (size_t i = 0; i < expected->n; i++) {
            if (!covers(expected->pairs[i].value, node_get(actual, expected->pairs[i].key->text)))
                return false;
        }
        return actual->kind == NODE_MAP;
    }
    if (expected->kind == NODE_LIST) {
        bool same = actual->kind == NODE_LIST && actual->n == expected->n;
        for (size_t i = 0; same && i < expected->n; i++)
            same = covers(expected->items[i], actual->items[i]);
        return same;
    }
    return actual->text && g_str_equal(expected->text, actual->text);
}

static void check(Case *c, const char *what, const Node *expected, const Node *actual)
{
    if (covers(expected, actual))
        return;
    g_string_append_printf(c->failure, "#   %s\n#     expected %s\n#     but got  %s\n", what,
                           expected ? node_to_json(c->arena, expected) : "nothing",
                           actual ? node_to_json(c->arena, actual) : "nothing");
}

/* Checks a part that the case names. */
static void check_named(Case *c, const char *what, const Node *actual)
{
    const Node *expected = node_get(c->expect, what);

    if (expected)
        check(c, what, expected, actual);
}

static const Node *job_names(Case *c, const Node *jobs)
{
    Node *list = node_new(c->arena, NODE_LIST);

    for (size_t i = 0; i < jobs->n; i++)
        node_append(c->arena, list, jobs->pairs[i].key);
    return list;
}

static void check_jobs(Case *c, const CiPlan *plan)
{
    const Node *expected = node_get(c->expect, "jobs");
    Node *actual = map_new(c->arena);

    if (!expected)
        return;
    for (size_t i = 0; i < plan->n_jobs; i++)
        put(c->arena, actual, plan->jobs[i].job->name, job_node(c->arena, &plan->jobs[i]));
    check(c, "jobs", job_names(c, expected), job_names(c, actual));
    for (size_t i = 0; i < expected->n; i++) {
        const NodePair *pair = &expected->pairs[i];
        const Node *job = node_get(actual, pair->key->text);
        if (job && !node_is_null(pair->value))
            check(c, pair->key->text, pair->value, job);
    }
}

static CiVariables case_variables(Case *c)
{
    const Node *given = node_get(c->node, "variables");
    const Node *predefined = node_get(c->node, "predefined");
    size_t n_given = given ? given->n : 0, n_predefined = predefined ? predefined->n : 0;
    const Node *scoped = node_get(c->node, "scoped");
    size_t n_scoped = 0, n = 0;

    for (size_t i = 0; scoped && i < scoped->n; i++)
        n_scoped += scoped->pairs[i].value->n;
    CiVariable *items = arena_new0(c->arena, CiVariable, n_given + n_predefined + n_scoped);

    for (size_t i = 0; i < n_predefined; i++)
        items[n++] = (CiVariable){ .key = predefined->pairs[i].key->text,
                                   .value = predefined->pairs[i].value->text,
                                   .predefined = true };
    for (size_t i = 0; i < n_given; i++)
        items[n++] =
            (CiVariable){ .key = given->pairs[i].key->text, .value = given->pairs[i].value->text };
    for (size_t i = 0; scoped && i < scoped->n; i++) {
        const Node *of_scope = scoped->pairs[i].value;
        for (size_t k = 0; k < of_scope->n; k++)
            items[n++] = (CiVariable){ .key = of_scope->pairs[k].key->text,
                                       .value = of_scope->pairs[k].value->text,
                                       .environment_scope = scoped->pairs[i].key->text };
    }
    return (CiVariables){ items, n };
}

static CiLimits limits_of(const Case *c)
{
    const Node *given = node_get(c->node, "limits");
    CiLimits limits = case_limits;

    for (size_t i = 0; given && i < given->n; i++) {
        const char *name = given->pairs[i].key->text;
        int64_t value = g_ascii_strtoll(given->pairs[i].value->text, NULL, 10);
        if (g_str_equal(name, "yaml_bytes"))
            limits.yaml_bytes = (size_t)value;
        else if (g_str_equal(name, "yaml_depth"))
            limits.yaml_depth = (int)value;
        else if (g_str_equal(name, "yaml_nodes"))
            limits.yaml_nodes = (size_t)value;
        else if (g_str_equal(name, "total_bytes"))
            limits.total_bytes = (size_t)value;
        else if (g_str_equal(name, "total_nodes"))
            limits.total_nodes = (size_t)value;
        else if (g_str_equal(name, "includes"))
            limits.includes = (int)value;
        else if (g_str_equal(name, "jobs"))
            limits.jobs = (int)value;
        else if (g_str_equal(name, "needs"))
            limits.needs = (int)value;
    }
    return limits;
}

/* A project exists if some file of it does; a ref likewise. */
static CiFetchResult missing(const Node *files, const CiFetch *what)
{
    bool project_is_there = false;

    if (!what->project)
        return CI_FETCH_NO_FILE;
    for (size_t i = 0; i < files->n; i++) {
        const char *name = files->pairs[i].key->text;
        size_t n = strlen(what->project);
        if (!g_str_has_prefix(name, what->project) || (name[n] != ':' && name[n] != '@'))
            continue;
        project_is_there = true;
        if (!what->ref ? name[n] == ':'
                       : name[n] == '@' && g_str_has_prefix(name + n + 1, what->ref))
            return CI_FETCH_NO_FILE;
    }
    return project_is_there ? CI_FETCH_NO_REF : CI_FETCH_NO_PROJECT;
}

static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *out)
{
    const Case *c = data;
    const Node *files = node_get(c->node, "files");
    const char *name = what->path;

    if (what->kind == CI_FILE_ARTIFACT)
        name = arena_printf(arena, "%s artifact:%s", what->job, what->path);
    else if (what->project)
        name = arena_printf(arena, "%s%s%s:%s%s%s", what->project, what->ref ? "@" : "",
                            what->ref ? what->ref : "",
                            what->kind == CI_FILE_COMPONENT ? "templates/" : "", what->path,
                            what->kind == CI_FILE_COMPONENT ? ".yml" : "");
    else if (what->kind == CI_FILE_TEMPLATE)
        name = arena_printf(arena, "template:%s", what->path);
    const Node *file = node_get(files, name);
    if (!file && node_get(c->node, "offline") &&
        (what->project || what->kind != CI_FILE_REPOSITORY))
        return CI_FETCH_UNREACHABLE;
    if (!file)
        return files ? missing(files, what) : CI_FETCH_NO_FILE;
    out->bytes = file->text;
    out->size = strlen(file->text);
    return CI_FETCH_OK;
}

/* The files of the case that are of the pipeline's own project. */
static CiFetchResult tree(void *data, const char *project, const char *ref, Arena *arena,
                          CiStrings *paths)
{
    const Case *c = data;
    const Node *files = node_get(c->node, "files");
    const char **names = arena_new0(arena, const char *, files ? files->n + 1 : 1);
    size_t n = 0;

    for (size_t i = 0; !project && files && i < files->n; i++)
        if (!strchr(files->pairs[i].key->text, ':'))
            names[n++] = files->pairs[i].key->text;
    *paths = names;
    return CI_FETCH_OK;
}

static void check_plan(Case *c, CiConfig *config, CiVariables variables, const CiLimits *limits)
{
    const CiRun known = case_run(node_get(c->node, "run"), variables, *limits);
    CiPlan *plan = ci_plan_run(config, &known);
    const Node *name = plan->name ? node_new_string(c->arena, plan->name, NULL) : NULL;

    if (!node_get(c->expect, "result"))
        check(c, "result", node_new_string(c->arena, "ok", NULL),
              node_new_string(c->arena, plan_results[plan->result], NULL));
    check_named(c, "result", node_new_string(c->arena, plan_results[plan->result], NULL));
    check_named(c, "messages", messages_node(c->arena, plan->messages));
    check_named(c, "name", name);
    check_named(c, "stages", strings_node(c->arena, config->stages));
    check_named(c, "cancel_on_job_failure",
                node_new_string(c->arena, yes_no(plan->cancel_on_job_failure), NULL));
    check_named(c, "on_new_commit", node_new_string(c->arena, case_on_new_commit(plan), NULL));
    check_named(c, "explained", case_explained(c->arena, plan));
    check_named(c, "warnings", messages_node(c->arena, config->warnings));
    check_jobs(c, plan);
}

static void run(Case *c)
{
    const Node *config_text = node_get(c->node, "config");
    const Node *errors = node_get(c->expect, "errors");
    CiMessages messages;

    if (!config_text || !config_text->text || !c->expect || c->expect->n == 0) {
        g_string_append(c->failure, "#   it needs config and expect\n");
        return;
    }
    CiInput input = { .path = ".gitlab-ci.yml",
                      .bytes = config_text->text,
                      .size = strlen(config_text->text),
                      .variables = case_variables(c),
                      .fetch = fetch,
                      .tree = tree,
                      .fetch_data = c,
                      .host = "ci.test",
                      .child = node_get(c->node, "child") != NULL,
                      .offline = node_get(c->node, "offline") != NULL,
                      .limits = limits_of(c) };
    CiConfig *config = ci_compile(&input, c->arena, &messages);
    Node *none = node_new(c->arena, NODE_LIST);
    check(c, "errors", errors ? errors : none, messages_node(c->arena, messages));
    if ((config != NULL) == (messages.n > 0))
        g_string_append(c->failure, "#   a config and errors, or neither\n");
    if (config && !errors)
        check_plan(c, config, input.variables, &input.limits);
}

/* Runs one file and prints its line. */
static bool run_file(const char *path, const char *name, int number)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *bytes = NULL;
    g_autoptr(GString) failure = g_string_new(NULL);
    Case c = { .arena = arena, .failure = failure };
    const CiLimits limits = case_limits;
    YamlError error = { 0 };
    gsize size = 0;

    if (!g_file_get_contents(path, &bytes, &size, NULL))
        g_string_append(failure, "#   cannot be read\n");
    else if (!(c.node = yaml_load(arena, path, bytes, size, &limits, &error)))
        g_string_append_printf(failure, "#   %s\n", error.text);
    if (c.node) {
        c.expect = node_get(c.node, "expect");
        run(&c);
    }
    printf("%s %d - %s\n%s", failure->len ? "not ok" : "ok", number, name, failure->str);
    return failure->len == 0;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted. */
static GPtrArray *names_in(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(names, by_name);
    return names;
}

static bool run_topic(const char *folder, const char *topic, int *number)
{
    g_autofree char *path = g_build_filename(folder, topic, NULL);
    g_autoptr(GPtrArray) names = names_in(path);
    bool ok = true;

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (!g_str_has_suffix(name, ".yml"))
            continue;
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *claim = g_strdup_printf("%s/%.*s", topic, (int)strlen(name) - 4, name);
        ok = run_file(file, claim, ++*number) && ok;
    }
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = true;
    int number = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    g_autoptr(GPtrArray) topics = names_in(argv[1]);
    for (guint i = 0; i < topics->len; i++)
        ok = run_topic(argv[1], g_ptr_array_index(topics, i), &number) && ok;
    printf("1..%d\n", number);
    return ok && number > 0 ? 0 : 1;
}
