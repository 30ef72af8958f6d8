/* lint.c - compiles a configuration for its answer alone.
 *
 * Without a dry run only the compiler looks at it, as a push to the ref would show it to it; with one
 * it takes the way of a new pipeline up to the write.
 */
#include "pipeline/lint.h"

#include "access/subject.h"
#include "pipeline/config.h"
#include "pipeline/stored_variables.h"

#include <string.h>

/* Who is not signed in may what everybody may. */
static const User nobody = { .username = "", .name = "", .email = "", .state = USER_ACTIVE };

/* Before the first push. */
static const RepoCommit no_commit = { .sha = "",
                                      .title = "",
                                      .message = "",
                                      .author_name = "",
                                      .author_email = "",
                                      .committer_name = "",
                                      .committer_email = "",
                                      .parents = (const char *const[]){ NULL } };

/* One look. */
typedef struct Lint {
    const Site *site;
    Arena *arena;
    const LintRequest *request;
    PipelineRequest pipeline;
    RepoResolved ref;
    RepoCommit commit;
    LintResult *out;
} Lint;

/* The commit whose files are read.  Posted content needs none. */
static bool find_commit(Lint *l, Error *err)
{
    const Project *project = l->request->project;
    const char *at = l->request->at ? l->request->at : project->default_branch;
    g_auto(Error) failed = ERROR_INIT;

    if (repo_resolve(l->site->repos, project->id, at ? at : "", true, l->arena, &l->ref, &failed) &&
        repo_commit(l->site->repos, project->id, l->ref.sha, l->arena, &l->commit, &failed))
        return true;
    if (l->request->content && (failed.code == ERR_NO_RECORD || failed.code == ERR_NOT_FOUND)) {
        l->ref = (RepoResolved){ .kind = REPO_REF_BRANCH, .name = at ? at : "", .sha = "" };
        l->commit = no_commit;
        return true;
    }
    if (failed.code == ERR_NO_RECORD || failed.code == ERR_CONFLICT)
        return error_set(err, ERR_NOT_FOUND, l->request->at ? "Commit" : "Repository");
    return error_move(err, &failed);
}

static CiStrings one_error(Lint *l, const char *text)
{
    const char **list = arena_new0(l->arena, const char *, 2);

    list[0] = arena_strdup(l->arena, text);
    return list;
}

static CiStrings all_errors(Lint *l)
{
    const CiMessages *errors = &l->out->report.errors;
    const char **list = arena_new0(l->arena, const char *, errors->n + 1);

    for (size_t i = 0; i < errors->n; i++)
        list[i] = errors->items[i].text;
    return list;
}

/* What a push to the ref would let the file see.  Stored variables are for those who could run it. */
static bool collect(Lint *l, const Pipeline *pipeline, Variables *variables, Error *err)
{
    const User *user = l->pipeline.user;
    RunContext run = { .site = l->site,
                       .project = l->request->project,
                       .pipeline = pipeline,
                       .commit = &l->commit,
                       .user = user };

    if (!run_find_tag_message(&run, l->arena, err))
        return false;
    variables_init(variables, l->arena);
    variables_add_predefined(variables, &run);
    variables_add_user(variables, user);
    if (!access_can(l->request->subject, CAN_CREATE_PIPELINES))
        return true;
    g_autoptr(Db) db = database_reader(l->site->database);
    return variables_add_stored_scoped(variables, l->site, db, l->request->project,
                                       pipeline->protected, err);
}

static bool is_protected(Lint *l, bool *protected, Error *err)
{
    RefRules rules = { 0 };
    g_autoptr(Db) db = database_reader(l->site->database);

    if (l->ref.kind != REPO_REF_COMMIT &&
        !ref_rules_find(db, l->request->project->id, l->ref.kind == REPO_REF_TAG, l->ref.name,
                        &rules, err))
        return false;
    *protected = rules.protected && ref_allows_run(&rules, l->request->subject);
    return true;
}

static bool check(Lint *l, Error *err)
{
    int64_t now = clock_now(l->site->clock);
    Pipeline pipeline = { .project_id = l->request->project->id,
                          .user_id = l->pipeline.user->id,
                          .ref = l->ref.name,
                          .tag = l->ref.kind == REPO_REF_TAG,
                          .sha = l->ref.sha,
                          .before_sha = "0000000000000000000000000000000000000000",
                          .source = SOURCE_PUSH,
                          .status = STATUS_CREATED,
                          .config_path = config_choose_path(l->arena, &l->pipeline, &no_commit),
                          .created_at = now,
                          .updated_at = now };
    Variables variables;
    CiConfig *config = NULL;
    CiPlan *plan = NULL;
    g_auto(Error) failed = ERROR_INIT;

    if (!is_protected(l, &pipeline.protected, err) || !collect(l, &pipeline, &variables, err))
        return false;
    ConfigRun run = {
        .site = l->site, .request = &l->pipeline, .pipeline = &pipeline, .variables = &variables
    };
    l->out->report.compile_only = !l->request->explain;
    if (config_load(&run, l->arena, &config, &plan, &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        l->out->errors = one_error(l, "Please provide content of .gitlab-ci.yml");
    else if (failed.code != ERR_CONFIG)
        return error_move(err, &failed);
    else
        l->out->errors =
            l->out->report.errors.n > 0 ? all_errors(l) : one_error(l, error_text(&failed));
    return true;
}

/* What the way to a pipeline refuses is an error of the configuration's here. */
static bool rehearse(Lint *l, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Pipeline unused;
    const char *ref = l->request->ref ? l->request->ref : l->request->project->default_branch;

    l->pipeline.ref = ref ? ref : "";
    if (pipeline_create(l->site, l->arena, &l->pipeline, &unused, &failed))
        return true;
    if (failed.code != ERR_CONFIG && failed.code != ERR_NOT_FOUND)
        return error_move(err, &failed);
    l->out->errors =
        one_error(l, failed.code == ERR_CONFIG ? error_text(&failed) : "Reference not found");
    return true;
}

/* The file at the commit that was asked for; missing, it is as good as blank. */
static bool read_content(Lint *l, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    ConfigReport *report = &l->out->report;
    const char *path = config_choose_path(l->arena, &l->pipeline, &no_commit);

    if (repo_read_file(l->site->repos, l->request->project->id, l->ref.sha, path,
                       (size_t)l->site->settings->max_yaml_bytes + 1, l->arena, &report->content,
                       &report->size, &failed))
        return true;
    if (failed.code == ERR_TOO_LARGE)
        return true; /* whoever compiles it says so */
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    report->content = "";
    return true;
}

bool pipeline_lint(const Site *site, Arena *arena, const LintRequest *request, LintResult *out,
                   Error *err)
{
    Lint l = { .site = site, .arena = arena, .request = request, .out = out };

    *out = (LintResult){ .errors = arena_new0(arena, const char *, 1),
                         .report = { .content = request->content,
                                     .size = request->size,
                                     .explain = request->explain } };
    l.pipeline = (PipelineRequest){ .project = request->project,
                                    .user = request->user ? request->user : &nobody,
                                    .subject = request->subject,
                                    .source = SOURCE_PUSH,
                                    .inputs = request->inputs,
                                    .n_inputs = request->n_inputs,
                                    .report = &out->report };
    if (!find_commit(&l, err) || (!request->content && !read_content(&l, err)))
        return false;
    out->sha = *l.ref.sha ? l.ref.sha : NULL;
    return request->dry_run ? rehearse(&l, err) : check(&l, err);
}
