/* entry_job.c - the jobs of the file. */
#include "base/text.h"
#include "ci/entry.h"
#include "ci/rules.h"

#include <string.h>

#define WARNING_URL                                                                                \
    "https://docs.gitlab.com/ee/ci/jobs/"                                                          \
    "job_troubleshooting.html#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning"

enum { MAX_JOB_NAME = 255 };
static const int64_t max_start_in_s = 604800; /* a week */

/* `never` is for rules only. */
static const char *const job_whens[] = { "on_success", "on_failure", "always",
                                         "manual",     "delayed",    NULL };
static const char *const bridge_whens[] = { "on_success", "on_failure", "always", "manual", NULL };

static void read_when(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    job->when = (JobWhen)name_value(&job_when_names, value->text);
}

static void read_start_in(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    if (value->text) /* an empty list or map is blank, which is checked with the job */
        (void)ci_parse_duration(value->text, &job->start_in_s);
}

static const Keyword allow_failure_keywords[] = {
    { "exit_codes", entry_read_exit_codes, SHAPE_ANY, offsetof(CiJob, allow_failure_exit_codes) },
};

static void read_allow_failure(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;
    Entry hash = { e->c, entry_location(e, keyword->name), value, job };

    if (value->kind == NODE_MAP)
        (void)entry_read_hash(&hash, allow_failure_keywords, G_N_ELEMENTS(allow_failure_keywords));
    else
        job->allow_failure = value->truth;
}

static void read_stage(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    if (node_is_string(value))
        job->stage = value->text;
    else
        compiler_report_lower(e->c, value, "%s:stage config should be a string", e->location);
}

static void read_rules(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    job->has_rules = true;
    job->rules = entry_rules(e->c, entry_location(e, keyword->name), value, false, &job->n_rules);
}

static void read_variables(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    job->variables = entry_variables(e->c, entry_location(e, keyword->name), value, VARIABLES_JOB);
}

/* In the order in which GitLab reports them. */
static const Keyword job_keywords[] = {
    { "extends", read_ignored, SHAPE_STRINGS_OR_STRING },
    { "resource_group", read_string, SHAPE_STRING, offsetof(CiJob, resource_group) },
    { "when", read_when },
    { "dependencies", read_strings, SHAPE_STRINGS, offsetof(CiJob, dependencies) },
    { "allow_failure", read_allow_failure },
    { "start_in", read_start_in },
    { "manual_confirmation", read_string, SHAPE_STRING, offsetof(CiJob, manual_confirmation) },
    { "icon", read_string, SHAPE_STRING, offsetof(CiJob, icon) },
    { "stage", read_stage },
    { "only", entry_read_only },
    { "except", entry_read_except },
    { "rules", read_rules },
    { "variables", read_variables },
    { "inherit", entry_read_inherit },
    { "environment", entry_read_environment, SHAPE_ANY, offsetof(CiJob, environment) },
    { "interruptible", entry_read_interruptible, SHAPE_ANY, offsetof(CiJob, interruptible) },
    { "before_script", entry_read_script, SHAPE_ANY, offsetof(CiJob, before_script) },
    { "script", entry_read_script, SHAPE_ANY, offsetof(CiJob, script) },
    { "after_script", entry_read_script, SHAPE_ANY, offsetof(CiJob, after_script) },
    { "hooks", entry_read_hooks, SHAPE_ANY, offsetof(CiJob, pre_get_sources) },
    { "cache", entry_read_caches, SHAPE_ANY, offsetof(CiJob, caches) },
    { "image", entry_read_image, SHAPE_ANY, offsetof(CiJob, image) },
    { "services", entry_read_services, SHAPE_ANY, offsetof(CiJob, services) },
    { "timeout", entry_read_timeout, SHAPE_ANY, offsetof(CiJob, timeout_s) },
    { "tags", entry_read_tags, SHAPE_ANY, offsetof(CiJob, tags) },
    { "artifacts", entry_read_artifacts, SHAPE_ANY, offsetof(CiJob, artifacts) },
    { "retry", entry_read_retry, SHAPE_ANY, offsetof(CiJob, retry) },
    { "needs", entry_read_needs },
    { "coverage", entry_read_coverage, SHAPE_ANY, offsetof(CiJob, coverage) },
    { "release", entry_read_release, SHAPE_ANY, offsetof(CiJob, release) },
    { "trigger", entry_read_trigger },
    { "parallel", entry_read_parallel },
    { "id_tokens", entry_read_id_tokens, SHAPE_ANY, offsetof(CiJob, id_tokens) },
    { "identity", entry_read_identity, SHAPE_ANY, offsetof(CiJob, identity) },
    { "secrets", entry_read_secrets, SHAPE_ANY, offsetof(CiJob, secrets) },
    { "dast_configuration", entry_read_dast, SHAPE_ANY, offsetof(CiJob, dast_configuration) },
    { "inputs", entry_read_job_inputs, SHAPE_ANY, offsetof(CiJob, inputs) },
    { "pages", entry_read_pages, SHAPE_ANY, offsetof(CiJob, pages) },
    { "publish", entry_read_publish, SHAPE_ANY, offsetof(CiJob, publish) },
    { "run", entry_read_run, SHAPE_ANY, offsetof(CiJob, run) },
};

/* What has a script is a job, whatever else it has. */
static bool is_bridge(const Node *job)
{
    return !node_get(job, "script") && !node_get(job, "run");
}

/* The keywords of the job's own kind into @keywords, which has room for all. */
static size_t keywords_of(const Entry *e, Keyword *keywords)
{
    bool bridge = is_bridge(e->node);
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(job_keywords); i++) {
        if (!bridge || trigger_knows(job_keywords[i].name))
            keywords[n++] = job_keywords[i];
    }
    return n;
}

static const Node *given(const Entry *e, const char *key)
{
    const Node *value = node_get(e->node, key);

    return node_is_null(value) ? NULL : value;
}

/* A non-string key was typed by YAML: it names no job. */
static bool check_name(const Entry *e, const Node *key)
{
    const char *name = key->text ? key->text : "";
    bool ok = true;

    if (node_is_blank(key) && key->kind != NODE_BOOL)
        ok = compiler_report_lower(e->c, key, "%s name can't be blank", e->location);
    if (key->kind != NODE_STRING)
        ok = compiler_report_lower(e->c, key, "%s name should be a symbol", e->location);
    if (g_utf8_strlen(name, -1) > MAX_JOB_NAME)
        ok = compiler_report_lower(e->c, key, "%s name is too long (maximum is %d characters)",
                                   e->location, MAX_JOB_NAME);
    return ok;
}

static bool check_exclusive(const Entry *e)
{
    static const char *const pairs[][2] = { { "script", "trigger" },
                                            { "run", "trigger" },
                                            { "script", "run" } };
    bool ok = true;

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (node_get(e->node, pairs[i][0]) && node_get(e->node, pairs[i][1]))
            ok = entry_report(e, e->node, "these keys cannot be used together: %s, %s", pairs[i][0],
                              pairs[i][1]);
    }
    return ok;
}

static bool check_rules(const Entry *e)
{
    static const char *const refused[] = { "only", "except", "start_in" };
    const Node *rules = given(e, "rules");
    g_autoptr(GString) found = g_string_new(NULL);
    bool ok = true;

    if (!rules)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        if (given(e, refused[i]))
            g_string_append_printf(found, "%s%s", found->len ? ", " : "", refused[i]);
    }
    if (found->len > 0)
        ok = entry_report(e, rules, "key may not be used with `rules`: %s", found->str);
    if (!shape_fits(rules, SHAPE_NESTED_HASHES, NULL))
        ok = compiler_report_lower(e->c, rules,
                                   "%s rules should be an array containing hashes and arrays of "
                                   "hashes",
                                   e->location);
    return ok;
}

static bool check_when(const Entry *e)
{
    const char *const *whens = is_bridge(e->node) ? bridge_whens : job_whens;
    const Node *when = given(e, "when");
    bool ok = true;

    if (!when || shape_fits(when, SHAPE_CHOICE, whens))
        return true;
    if (!node_is_string(when))
        ok = compiler_report_lower(e->c, when, "%s when should be a string", e->location);
    g_autofree char *choices = g_strjoinv(", ", (char **)whens);
    return compiler_report_lower(e->c, when, "%s when should be one of: %s", e->location,
                                 choices) &&
           ok;
}

static bool check_allow_failure(const Entry *e)
{
    const Node *value = given(e, "allow_failure");

    if (value && value->kind != NODE_BOOL && is_bridge(e->node))
        return compiler_report_lower(e->c, value, "%s allow failure should be a boolean value",
                                     e->location);
    return !value || value->kind == NODE_BOOL || value->kind == NODE_MAP ||
           compiler_report_lower(
               e->c, value, "%s allow failure should be a hash or a boolean value", e->location);
}

static bool check_start_in(const Entry *e)
{
    const Node *when = given(e, "when");
    const Node *start_in = given(e, "start_in");
    int64_t seconds;

    if (is_bridge(e->node) || (e->c->unreached > 0 && (!when || !start_in)))
        return true;
    if (!when || !node_is_string(when) || !g_str_equal(when->text, "delayed")) {
        return !start_in || node_is_blank(start_in) || given(e, "rules") ||
               compiler_report_lower(e->c, start_in, "%s start in must be blank", e->location);
    }
    if (!start_in || !shape_fits(start_in, SHAPE_DURATION, NULL))
        return compiler_report_lower(e->c, when, "%s start in should be a duration", e->location);
    (void)ci_parse_duration(start_in->text, &seconds); /* it has the shape */
    return seconds <= max_start_in_s ||
           compiler_report_lower(e->c, start_in, "%s start in should not exceed the limit",
                                 e->location);
}

/* All that is checked at the job itself. */
static bool check_job(const Entry *e, const Node *key)
{
    Keyword keywords[G_N_ELEMENTS(job_keywords)];
    size_t n = keywords_of(e, keywords);
    bool ok = check_name(e, key);

    ok = check_exclusive(e) && ok;
    ok = check_rules(e) && ok;
    ok = entry_check_keys(e, keywords, n) && ok;
    if (job_has_body(e->node) && !node_get(e->node, "run") && !node_get(e->node, "trigger") &&
        node_is_blank(node_get(e->node, "script")))
        ok = compiler_report_lower(e->c, e->node, "%s script can't be blank", e->location);
    ok = entry_check_shapes(e, keywords, n) && ok;
    ok = check_when(e) && ok;
    ok = check_allow_failure(e) && ok;
    ok = check_start_in(e) && ok;
    return entry_check_publish(e, key->text) && ok;
}

/* A last rule of `when` alone adds the job to every pipeline that a push may cause. */
static void warn_of_open_rules(const Entry *e, bool has_workflow_rules)
{
    const Node *rules = given(e, "rules");
    g_autoptr(GPtrArray) leaves = g_ptr_array_new();

    if (!rules || has_workflow_rules)
        return;
    node_flatten(rules, leaves);
    if (leaves->len == 0)
        return;
    const Node *last = g_ptr_array_index(leaves, leaves->len - 1);
    const Node *when = node_get(last, "when");
    if (last->n == 1 && node_is_string(when) && !g_str_equal(when->text, "never"))
        compiler_warn(e->c, last,
                      "%s may allow multiple pipelines to run for a single action due to "
                      "`rules:when` clause with no `workflow:rules` - read more: " WARNING_URL,
                      e->location);
}

/* What reading a job takes from outside it. */
typedef struct Jobs {
    const Defaults *defaults;
    CiConfig *config;
    GHashTable *stages; /* name -> index + 1 */
    const CiPolicy *default_only;
} Jobs;

/* -1: there is no such stage.  One that may be defined out of reach is taken for the last. */
static int stage_index(const Entry *e, const Jobs *jobs, const CiJob *job)
{
    int index = GPOINTER_TO_INT(g_hash_table_lookup(jobs->stages, job->stage)) - 1;
    int n = (int)jobs->config->n_stages;

    if (index >= 0 || n == 0 ||
        !compiler_excuse(e->c, e->node, "the stage `%s` of `%s`", job->stage, job->name))
        return index;
    e->c->stages_are_open = true;
    return n - 1;
}

static bool read_job(Entry *e, const Node *key, const Jobs *jobs)
{
    CiJob *job = e->out;

    job->name = key->text ? key->text : "";
    job->stage = "test";
    job->file = key->file;
    job->line = key->line;
    if (!check_job(e, key))
        return false;
    entry_read(e, job_keywords, G_N_ELEMENTS(job_keywords));
    if (!given(e, "allow_failure"))
        job->allow_failure = job->when == WHEN_MANUAL;
    if (!job->only && !node_get(e->node, "rules") && !given(e, "only") &&
        !jobs->config->has_workflow_rules)
        job->only = jobs->default_only;
    job->stage_index = stage_index(e, jobs, job);
    entry_apply_defaults(job, jobs->defaults, is_bridge(e->node));
    if (entry_is_pages(e, job->name))
        entry_add_pages(e, job);
    if (!entry_check_dependencies(e))
        return false;
    warn_of_open_rules(e, jobs->config->has_workflow_rules);
    return true;
}

bool job_is_hidden(const NodePair *pair)
{
    return pair->key->text && *pair->key->text == '.' && pair->key->kind == NODE_STRING;
}

bool job_has_body(const Node *value)
{
    return node_get(value, "script") || node_get(value, "run") || node_get(value, "trigger");
}

static bool is_lower_words(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz \t\n\r\f\v")] == '\0';
}

/* The job's name as the message "jobs NAME config should implement ..." prints it: an attribute
 * name made readable, with the blanks taken back where nothing but words is left. */
static char *readable_name(const char *name)
{
    g_autofree char *lower = g_utf8_strdown(name + strspn(name, "_"), -1);

    if (g_str_has_suffix(lower, "_id"))
        lower[strlen(lower) - 3] = '\0';
    g_strdelimit(lower, "_", ' ');
    if (is_lower_words(lower))
        g_strdelimit(lower, " ", '_');
    return g_steal_pointer(&lower);
}

/* Reports what is neither hidden nor a job, and a file without any job. */
static bool check_jobs(Compiler *c, const Node *root, const GPtrArray *pairs)
{
    bool ok = true, visible = false;

    for (guint i = 0; i < pairs->len; i++) {
        const NodePair *pair = g_ptr_array_index(pairs, i);
        if (job_is_hidden(pair))
            continue;
        if (job_has_body(pair->value) || given(&(Entry){ c, "", pair->value, NULL }, "needs")) {
            visible = true;
            continue;
        }
        g_autofree char *name = readable_name(pair->key->text ? pair->key->text : "");
        ok = compiler_report_lower(c, pair->key,
                                   "jobs %s config should implement the script:, run:, or "
                                   "trigger: keyword",
                                   name);
    }
    if (!visible && c->unreached == 0)
        ok = compiler_report(c, root, "jobs config should contain at least one visible job");
    return ok;
}

static const char *job_location(Compiler *c, const Node *key)
{
    return arena_printf(c->arena, "jobs:%s",
                        node_is_blank(key) && key->kind != NODE_BOOL ? "job"
                        : key->text                                  ? key->text
                                                                     : "job");
}

static const char *const reserved[] = { "default",  "include",      "before_script", "image",
                                        "services", "after_script", "variables",     "stages",
                                        "types",    "cache",        "workflow" };

static bool is_job_pair(const NodePair *pair)
{
    const char *name = pair->key->text;

    if (pair->key->kind != NODE_STRING)
        return true;
    if (g_str_equal(name, "default") || g_str_equal(name, "workflow"))
        return job_has_body(pair->value);
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++) {
        if (g_str_equal(name, reserved[i]))
            return false;
    }
    return true;
}

/* Whether the job's needs name a pipeline to mirror. */
static bool mirrors(const Node *job)
{
    const Node *needs = node_get(job, "needs");
    const Node *first = needs->kind == NODE_LIST && needs->n > 0 ? needs->items[0] : needs;

    return node_get(first, "pipeline") && !node_get(first, "job");
}

static void read_pair(Compiler *c, const NodePair *pair, const Jobs *jobs, CiJob *job)
{
    Entry e = { c, job_location(c, pair->key), pair->value, job };

    if (job_is_hidden(pair)) {
        if (node_is_blank(pair->value))
            entry_report(&e, pair->key, "can't be blank");
    } else if (!job_has_body(pair->value) && !mirrors(pair->value)) {
        entry_report(&e, pair->key, "should contain either a trigger or a needs:pipeline");
    } else if (read_job(&e, pair->key, jobs)) {
        jobs->config->n_jobs++;
    }
}

/* Whether an include that is out of reach may have the rest of the job: what it runs. */
static bool is_part(Compiler *c, const NodePair *pair)
{
    const Node *job = pair->value;

    if (job->kind != NODE_MAP || job_has_body(job) || (node_get(job, "needs") && mirrors(job)))
        return false;
    return job_is_hidden(pair) ? c->unreached > 0 && job->n == 0
                               : compiler_excuse(c, pair->key, "what `%s` runs", pair->key->text);
}

static GHashTable *stage_table(const CiConfig *config)
{
    GHashTable *table = g_hash_table_new(text_hash, g_str_equal);

    for (size_t i = 0; i < config->n_stages; i++)
        g_hash_table_insert(table, (gpointer)config->stages[i], GINT_TO_POINTER((int)i + 1));
    return table;
}

void entry_read_jobs(Compiler *c, const Node *root, const Defaults *defaults, CiConfig *config)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    for (size_t i = 0; i < root->n; i++) {
        if (is_job_pair(&root->pairs[i]) && !is_part(c, &root->pairs[i]))
            g_ptr_array_add(pairs, &root->pairs[i]);
    }
    if (!check_jobs(c, root, pairs))
        return;
    g_autoptr(GHashTable) stages = stage_table(config);
    Jobs jobs = { defaults, config, stages, entry_default_only(c) };
    CiJob *list = arena_new0(c->arena, CiJob, pairs->len);
    config->jobs = list;
    for (guint i = 0; i < pairs->len; i++)
        read_pair(c, g_ptr_array_index(pairs, i), &jobs, &list[config->n_jobs]);
}
