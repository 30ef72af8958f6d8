/* lint.c - /projects/:id/ci/lint: what is to be said of a configuration. */
#include "pipeline/lint.h"
#include "api/caller.h"
#include "api/given.h"
#include "api/lint_entity.h"
#include "api/routes.h"

#include <string.h>

static const Param post_params[] = {
    { "content", PARAM_STR, .required = true },
    { "dry_run", PARAM_BOOL, .otherwise = "false" },
    { "include_jobs", PARAM_BOOL, .otherwise = "false" },
    { "ref", PARAM_STR },
    { "explain", PARAM_BOOL, .otherwise = "false" },
    { "inputs", PARAM_HASH },
    { 0 },
};

/* `sha` and `ref` are the older names of the two before them. */
static const Param get_params[] = {
    { "content_ref", PARAM_STR },
    { "sha", PARAM_STR },
    { "dry_run_ref", PARAM_STR },
    { "ref", PARAM_STR },
    { "dry_run", PARAM_BOOL, .otherwise = "false" },
    { "include_jobs", PARAM_BOOL, .otherwise = "false" },
    { "explain", PARAM_BOOL, .otherwise = "false" },
    { "inputs", PARAM_HASH },
    { 0 },
};

static bool reply_lint(Req *rq, LintRequest *request, Error *err)
{
    Caller *caller = caller_of(rq);
    LintResult result;

    request->project = caller->project;
    request->user = caller->user;
    request->subject = &caller->subject;
    request->dry_run = req_bool(rq, "dry_run");
    request->explain = req_bool(rq, "explain");
    given_inputs(rq, "inputs", &request->inputs, &request->n_inputs);
    /* It shows values of variables. */
    if (request->explain && !caller_require(rq, CAN_CREATE_PIPELINES, err))
        return false;
    if (!pipeline_lint(site_of(rq), rq->arena, request, &result, err))
        return false;
    lint_entity_write(rq, &(LintView){ .result = &result,
                                       .project_path = caller->project->full_path,
                                       .dry_run = request->dry_run,
                                       .jobs = req_bool(rq, "include_jobs") });
    return reply_json(rq);
}

static bool lint_content(Req *rq, Error *err)
{
    const char *content = req_str(rq, "content");
    LintRequest request = { .content = content,
                            .size = strlen(content),
                            .at = req_str(rq, "ref"),
                            .ref = req_str(rq, "ref") };

    return reply_lint(rq, &request, err);
}

static bool lint_file(Req *rq, Error *err)
{
    const char *at = req_str(rq, "content_ref"), *ref = req_str(rq, "dry_run_ref");
    LintRequest request = { .at = at ? at : req_str(rq, "sha"),
                            .ref = ref ? ref : req_str(rq, "ref") };

    return reply_lint(rq, &request, err);
}

const Route lint_routes[] = {
    { POST, "/projects/:id/ci/lint", CAN_CREATE_PIPELINES, post_params, lint_content },
    { GET, "/projects/:id/ci/lint", CAN_READ_CODE, get_params, lint_file, .auth = AUTH_OPTIONAL },
    { 0 },
};
