/* lint_entity.c - LintResult as JSON, and the explanation that only we give. */
#include "api/lint_entity.h"

#include <string.h>

enum { MAX_WARNINGS = 25 };

/* --- includes --- */

static const char *type_of(const CiIncluded *file)
{
    switch (file->kind) {
    case CI_FILE_REPOSITORY:
        break;
    case CI_FILE_REMOTE:
        return "remote";
    case CI_FILE_TEMPLATE:
        return "template";
    case CI_FILE_COMPONENT:
        return "component";
    case CI_FILE_ARTIFACT:
        return "artifact";
    }
    return file->by_project ? "file" : "local";
}

/* The page of a file of a project, or ("raw") its text; NULL: it is of none. */
static const char *url_of(Req *rq, const LintView *view, const CiIncluded *file, const char *kind)
{
    const char *sha = file->project ? file->ref : view->result->sha;

    if (file->kind == CI_FILE_REMOTE)
        return strcmp(kind, "raw") == 0 ? file->location : NULL;
    if (file->kind == CI_FILE_TEMPLATE || file->kind == CI_FILE_ARTIFACT || !sha || !file->path ||
        (file->kind == CI_FILE_COMPONENT && strcmp(kind, "raw") == 0))
        return NULL;
    return arena_printf(rq->arena, "%s/%s/-/%s/%s/%s", caller_context(rq).base_url,
                        file->project ? file->project : view->project_path, kind, sha, file->path);
}

static void write_include(Req *rq, JsonWriter *w, const LintView *view, const CiIncluded *file)
{
    jw_begin_object(w);
    jw_put_string(w, "type", type_of(file));
    jw_put_string(w, "location", file->location);
    jw_put_string(w, "blob", url_of(rq, view, file, "blob"));
    jw_put_string(w, "raw", url_of(rq, view, file, "raw"));
    jw_key(w, "extra");
    jw_begin_object(w);
    if (file->by_project) {
        jw_put_string(w, "project", file->asked_project);
        jw_put_string(w, "ref", file->asked_ref);
    }
    jw_end_object(w);
    jw_put_string(w, "context_project",
                  file->context_project ? file->context_project : view->project_path);
    jw_put_string(w, "context_sha", file->context_project ? file->context_ref : view->result->sha);
    jw_end_object(w);
}

static void write_includes(Req *rq, JsonWriter *w, const LintView *view)
{
    const CiFindings *findings = &view->result->report.findings;

    if (!findings->loaded) {
        jw_put_null(w, "includes");
        return;
    }
    jw_key(w, "includes");
    jw_begin_array(w);
    for (size_t i = 0; i < findings->n_includes; i++)
        write_include(rq, w, view, &findings->includes[i]);
    jw_end_array(w);
}

/* --- jobs --- */

/* What a job is in the run that is looked at; without a dry run in none. */
typedef struct JobView {
    const CiJob *job;
    JobWhen when;
    bool allow_failure;
    CiStrings tags;
    const CiNeed *needs;
    size_t n_needs;
} JobView;

static void write_needs(JsonWriter *w, const JobView *view)
{
    jw_key(w, "needs");
    if (view->n_needs == 0) {
        jw_null(w);
        return;
    }
    jw_begin_array(w);
    for (size_t i = 0; i < view->n_needs; i++) {
        jw_begin_object(w);
        jw_put_string(w, "name", view->needs[i].job);
        jw_put_bool(w, "artifacts", view->needs[i].artifacts);
        jw_put_bool(w, "optional", view->needs[i].optional);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_strings(JsonWriter *w, const char *key, CiStrings strings)
{
    jw_key(w, key);
    jw_strings(w, strings);
}

/* @merged: NULL in a dry run, which shows no conditions. */
static void write_job(Req *rq, JsonWriter *w, const JobView *view, const struct Node *merged)
{
    const CiJob *job = view->job;
    const char *name = job->base_name ? job->base_name : job->name;

    jw_begin_object(w);
    jw_put_string(w, "name", job->name);
    jw_put_string(w, "stage", job->stage);
    put_strings(w, "before_script", job->before_script);
    put_strings(w, "script", job->script);
    put_strings(w, "after_script", job->after_script);
    put_strings(w, "tag_list", view->tags);
    if (merged) {
        jw_put_raw(w, "only", ci_policy_json(rq->arena, merged, name, "only"));
        jw_put_raw(w, "except", ci_policy_json(rq->arena, merged, name, "except"));
    }
    jw_put_string(w, "environment", job->environment ? job->environment->name : NULL);
    jw_put_string(w, "when", name_of(&job_when_names, view->when));
    jw_put_bool(w, "allow_failure", view->allow_failure);
    write_needs(w, view);
    jw_end_object(w);
}

static int by_stage(gconstpointer a, gconstpointer b, gpointer data)
{
    const CiJob *const *left = a, *const *right = b;

    (void)data;
    return (*left)->stage_index - (*right)->stage_index;
}

/* In the order of their stages; g_qsort_with_data() keeps that of the file within one. */
static void write_all_jobs(Req *rq, JsonWriter *w, const ConfigReport *report)
{
    size_t n = report->config ? report->config->n_jobs : 0;
    const CiJob **jobs = arena_new0(rq->arena, const CiJob *, n);

    for (size_t i = 0; i < n; i++)
        jobs[i] = &report->config->jobs[i];
    if (n > 0)
        g_qsort_with_data(jobs, (gint)n, sizeof(jobs[0]), by_stage, NULL);
    for (size_t i = 0; i < n; i++) {
        const CiJob *job = jobs[i];
        JobView view = { job, job->when, job->allow_failure, job->tags, job->needs, job->n_needs };
        write_job(rq, w, &view, report->findings.merged);
    }
}

static void write_planned_jobs(Req *rq, JsonWriter *w, const CiPlan *plan)
{
    for (size_t i = 0; plan && i < plan->n_jobs; i++) {
        const CiPlannedJob *planned = &plan->jobs[i];
        JobView view = { planned->job,  planned->when,  planned->allow_failure,
                         planned->tags, planned->needs, planned->n_needs };
        write_job(rq, w, &view, NULL);
    }
}

/* --- why --- */

static const char *const reasons[] = {
    [CI_BECAUSE_NO_CONDITION] = "no_condition",
    [CI_BECAUSE_RULE] = "rule",
    [CI_BECAUSE_NO_RULE] = "no_rule",
    [CI_BECAUSE_ONLY_MET] = "only_met",
    [CI_BECAUSE_ONLY] = "only",
    [CI_BECAUSE_EXCEPT] = "except",
    [CI_BECAUSE_ERROR] = "error",
};

static void write_rule(JsonWriter *w, const CiRuleSeen *rule)
{
    jw_begin_object(w);
    jw_put_int(w, "index", (int64_t)rule->index);
    jw_put_string(w, "file", rule->file);
    jw_put_int(w, "line", rule->line);
    jw_put_int(w, "column", rule->column);
    jw_put_bool(w, "matched", rule->matched);
    jw_put_string(w, "if", rule->condition);
    jw_put_string(w, "failed", rule->clause);
    jw_put_string(w, "path", rule->path);
    jw_end_object(w);
}

static void write_seen(JsonWriter *w, const CiVariables *saw)
{
    jw_key(w, "variables");
    jw_begin_array(w);
    for (size_t i = 0; i < saw->n; i++) {
        const CiVariable *variable = &saw->items[i];
        bool hide = variable->masked && variable->value;
        jw_begin_object(w);
        jw_put_string(w, "key", variable->key);
        jw_put_string(w, "value", hide ? "[MASKED]" : variable->value);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_explained(JsonWriter *w, const CiExplained *why)
{
    jw_begin_object(w);
    jw_put_string(w, "job", why->job ? why->job->name : NULL);
    jw_put_bool(w, "kept", why->kept);
    jw_put_string(w, "because", reasons[why->because]);
    jw_put_string(w, "detail", why->detail);
    jw_key(w, "rules");
    jw_begin_array(w);
    for (size_t i = 0; i < why->n_rules; i++)
        write_rule(w, &why->rules[i]);
    jw_end_array(w);
    write_seen(w, &why->saw);
    jw_end_object(w);
}

static void write_explanation(JsonWriter *w, const CiPlan *plan)
{
    jw_key(w, "explain");
    jw_begin_array(w);
    for (size_t i = 0; plan && i < plan->n_explained; i++)
        write_explained(w, &plan->explained[i]);
    jw_end_array(w);
}

/* --- the whole --- */

static void write_warnings(JsonWriter *w, const CiMessages *warnings)
{
    jw_key(w, "warnings");
    jw_begin_array(w);
    for (size_t i = 0; i < MIN(warnings->n, MAX_WARNINGS); i++)
        jw_string(w, warnings->items[i].text);
    jw_end_array(w);
}

void lint_entity_write(Req *rq, const LintView *view)
{
    const LintResult *result = view->result;
    const ConfigReport *report = &result->report;
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_bool(w, "valid", !result->errors[0]);
    put_strings(w, "errors", result->errors);
    write_warnings(w, &report->findings.warnings);
    jw_put_string(w, "merged_yaml",
                  report->findings.loaded ? ci_merged_yaml(rq->arena, report->findings.merged)
                                          : NULL);
    write_includes(rq, w, view);
    if (view->jobs) {
        jw_key(w, "jobs");
        jw_begin_array(w);
        if (view->dry_run && !result->errors[0])
            write_planned_jobs(rq, w, report->plan);
        else if (!view->dry_run)
            write_all_jobs(rq, w, report);
        jw_end_array(w);
    }
    if (report->explain)
        write_explanation(w, report->plan);
    jw_end_object(w);
}
