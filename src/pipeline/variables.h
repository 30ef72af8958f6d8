/* variables.h - the variables of a run: what the compiler sees and what a job gets.
 *
 * Built from the weakest source to the strongest; of the same key the last one wins.  Sources and
 * order: GitLab's doc/ci/variables/_index.md (precedence) and predefined_variables.md.
 */
#ifndef PENSTOCK_PIPELINE_VARIABLES_H
#define PENSTOCK_PIPELINE_VARIABLES_H

#include "base/json.h"
#include "base/site.h"
#include "ci/ci.h"
#include "repo/repo.h"
#include "store/downstream.h"
#include "store/jobs.h"
#include "store/pipelines.h"
#include "store/projects.h"
#include "store/runners.h"
#include "store/users.h"

/* One variable as a runner gets it. */
typedef struct Variable {
    const char *key;
    const char *value;
    bool file;
    bool raw;
    bool hidden; /* "public": false: not for service containers */
    bool masked;
    bool predefined;               /* ours: weaker than those of the file */
    const char *environment_scope; /* for the compiler: which environments get it; NULL: all */
} Variable;

/* A list that grows in an arena. */
typedef struct Variables {
    Arena *arena;
    Variable *items;
    size_t n;
    size_t allocated;
} Variables;

void variables_init(Variables *list, Arena *arena);

/* @key and @value are borrowed for the life of the arena; a NULL @value adds nothing. */
void variables_add(Variables *list, Variable variable);
void variables_put(Variables *list, const char *key, const char *value);

/* The value of the last entry of @key, NULL: none. */
const char *variables_get(const Variables *list, const char *key);

/* The same list for the compiler, in @list's arena. */
CiVariables variables_for_ci(const Variables *list);

/* The pipeline a run is about to become, or is. */
typedef struct RunContext {
    const Site *site;
    const Project *project;
    const Pipeline *pipeline; /* id 0 before it is made */
    const RepoCommit *commit;
    const User *user;                   /* NULL: gone */
    const char *schedule_description;   /* NULL: not from a schedule */
    const DownstreamPipeline *upstream; /* the job that started it; NULL: none did */
    const char *tag_message;            /* of run_find_tag_message(); NULL: none */
} RunContext;

/* Reads what the pipeline's tag says, if it is of one that still exists. */
bool run_find_tag_message(RunContext *run, Arena *arena, Error *err);

/* Known before the pipeline is made: instance, project, pipeline and commit. */
void variables_add_predefined(Variables *list, const RunContext *run);

/* CI_CONFIG_REF_URI as it is, whatever a variable of that name says: the pipeline's file at its ref. */
const char *variables_config_ref_uri(Arena *arena, const RunContext *run);

/* Who runs it (GITLAB_USER_*). */
void variables_add_user(Variables *list, const User *user);

/* Of one job, known when the pipeline is made; the weakest of all. */
void variables_add_job(Variables *list, const Job *job);

/* Of the pipeline, known when it has been made. */
void variables_add_pipeline(Variables *list, const RunContext *run);

/* What job's name is without the mark of its place among parallel ones ("test 2/5", "test: [a, b]").  In
 * @arena. */
const char *variables_group_name(Arena *arena, const char *job_name);

/* @token_start: the first characters of the trigger's token after its prefix; NULL: none. */
void variables_add_trigger(Variables *list, const char *token_start);

/* The environment of a job as its spec has it (NULL: none), but for what is not to be overridden, which
 * is of variables_add_environment_last(). */
void variables_add_environment(Variables *list, const json_t *environment);
void variables_add_environment_last(Variables *list, const json_t *environment);
/* What it does with its environment, and the tier of that, guessed where the file names none. */
const char *environment_action_of(const json_t *environment);
const char *environment_tier_of(const json_t *environment);

/* Of one attempt, known when a runner takes it.  @token is the job token. */
void variables_add_attempt(Variables *list, const RunContext *run, const Job *job,
                           const Runner *runner, const char *token);

/* The URL to clone @project's repository with @token: http://gitlab-ci-token:TOKEN@HOST/PATH.git.  In
 * @arena. */
const char *variables_repository_url(Arena *arena, const Site *site, const Project *project,
                                     const char *token);

#endif
