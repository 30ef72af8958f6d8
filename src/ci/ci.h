/* ci.h - the compiler of the pipeline language: bytes in, a Config in one arena out.
 *
 * Pure: no database, no clock, no network.  Files come in by a callback.  Two steps:
 * ci_compile() reads, includes, merges, extends and validates; ci_plan() evaluates workflow and job
 * rules for one run and decides which jobs it has.  pipeline/create.c calls both; `penstock lint`
 * only the first.
 */
#ifndef PENSTOCK_CI_CI_H
#define PENSTOCK_CI_CI_H

#include "base/arena.h"
#include "base/enums.h"
#include "base/error.h"

#include <stdint.h>

/* NULL-terminated, in the order of the file; NULL itself: the keyword is absent. */
typedef const char *const *CiStrings;

typedef struct CiVariable {
    const char *key;
    const char *value;
    VariableType type;
    bool raw;                /* expand: false: "$X" in the value is text */
    const char *description; /* of a global variable; NULL: none */
    CiStrings options;       /* of a global variable: what the form offers; NULL: any value */
    bool predefined;         /* in what ci_plan() is given: weaker than the file's own */
    const char *
        environment_scope; /* in what is given: which environments see it, "review/..."; NULL: all */
    bool masked;           /* in what ci_compile() is given: no message shows its value */
} CiVariable;

/* A list in the order of definition; a later entry of the same key wins. */
typedef struct CiVariables {
    const CiVariable *items;
    size_t n;
} CiVariables;

typedef enum CiFileKind {
    CI_FILE_REPOSITORY, /* a file of a project */
    CI_FILE_REMOTE,     /* by http or https, without credentials */
    CI_FILE_TEMPLATE,   /* of the installation */
    CI_FILE_COMPONENT,  /* of a project, found by the component's name and version */
    CI_FILE_ARTIFACT    /* made by a job of the parent pipeline */
} CiFileKind;

/* What an include asks for. */
typedef struct CiFetch {
    const char *project; /* full path; NULL: the project and commit that the including file is of */
    const char *ref;     /* branch, tag or SHA; NULL: that project's HEAD (with @project only); of a
                          * component its version as written: "1.2", "~latest" */
    const char *path;    /* without a leading "/"; a URL; the name of a template or component */
    CiFileKind kind;
    const char *job; /* of an artifact: who made it */
    bool anonymous;  /* asked for by a file of no project: only what everybody may read */
} CiFetch;

/* What is found; all in the arena. */
typedef struct CiFile {
    const char *bytes;
    size_t size;
    const char *ref;    /* where it was found: the commit; NULL: as asked for */
    const char *path;   /* of a component: its file; NULL: as asked for */
    const char *name;   /* of a component: its version, "1.2.0" where "1.2" was asked for; NULL: it
                         * was found by a branch or commit */
    const char *detail; /* with CI_FETCH_STATUS the status, with CI_FETCH_BLOCKED the reason */
} CiFile;

typedef enum CiFetchResult {
    CI_FETCH_OK,
    CI_FETCH_NO_FILE,
    CI_FETCH_NO_REF,
    CI_FETCH_NO_PROJECT,  /* missing, or the user may not read it */
    CI_FETCH_FAILED,      /* could not be read at all; the message is internal */
    CI_FETCH_UNREACHABLE, /* out of reach here: the compiler warns and goes on without it */
    CI_FETCH_NO_JOB,      /* of an artifact: no such job of the parent pipeline has any */
    CI_FETCH_NO_VERSION,  /* of a component: the project has no tag that is a version */
    CI_FETCH_BAD_URL,
    CI_FETCH_SOCKET,
    CI_FETCH_TIMEOUT,
    CI_FETCH_HTTP,
    CI_FETCH_STATUS,
    CI_FETCH_BLOCKED,
    CI_FETCH_OUT_OF_TIME /* all includes together took too long */
} CiFetchResult;

/* Reads a file.  A nested `local` include arrives with the project and ref that its file came
 * from. */
typedef CiFetchResult (*CiFetchFunc)(void *data, const CiFetch *what, Arena *arena, CiFile *file);

/* The paths of all files of a project (NULL: the pipeline's, at its commit) at a ref, in git's
 * order, NULL-terminated. */
typedef CiFetchResult (*CiTreeFunc)(void *data, const char *project, const char *ref, Arena *arena,
                                    CiStrings *paths);

/* The paths that the run changes, NULL-terminated; against the ref @compare_to where it is not
 * NULL.  *@paths NULL: nothing to compare with, so everything counts as changed.
 * CI_FETCH_NO_REF: there is no @compare_to. */
typedef CiFetchResult (*CiChangesFunc)(void *data, const char *compare_to, Arena *arena,
                                       CiStrings *paths);

/* 0 stands for the default that is named. */
typedef struct CiLimits {
    size_t yaml_bytes;  /* of one file: 2 MiB */
    int yaml_depth;     /* 100 */
    size_t yaml_nodes;  /* of one file, aliases expanded: 200,000 */
    size_t total_bytes; /* of all included files: 8 MiB */
    int includes;       /* 150 */
    int jobs;           /* of a pipeline: not limited */
    int needs;          /* of one job: 50 */
    size_t total_nodes; /* of all files, as they are written: 200,000 */
} CiLimits;

typedef struct CiMessage {
    const char *text; /* exactly GitLab's */
    const char *file; /* NULL: unknown */
    int line;         /* from 1; 0: unknown */
    int column;
} CiMessage;

/* What a compile or plan had to say; the strings live in the config's arena. */
typedef struct CiMessages {
    const CiMessage *items;
    size_t n;
} CiMessages;

/* A file that was included. */
typedef struct CiIncluded {
    CiFileKind kind;
    bool by_project;             /* include:project, not a local file */
    const char *location;        /* as written, expanded */
    const char *asked_project;   /* of include:project; NULL: none was named */
    const char *asked_ref;       /* likewise */
    const char *project;         /* that it was found in; NULL: the pipeline's own */
    const char *ref;             /* likewise the commit */
    const char *path;            /* likewise, without a leading "/" */
    const char *context_project; /* of the file that includes it; NULL: the pipeline's own */
    const char *context_ref;
} CiIncluded;

/* What is known of a file besides its config, also where it is wrong; in the compile's arena. */
typedef struct CiFindings {
    bool loaded; /* all below is known: files were read, merged, extended and references resolved */
    const struct Node *merged;  /* ci_merged_yaml() writes it */
    const CiIncluded *includes; /* a file comes before those that it includes itself */
    size_t n_includes;
    CiMessages warnings;
} CiFindings;

/* A value for an input of the header of the root file. */
typedef struct CiGivenInput {
    const char *name;
    const char *value; /* text, or with @json any JSON value */
    bool json;
} CiGivenInput;

typedef struct CiInput {
    const char *path;     /* of the root file, for messages: "full-ci.yml" */
    const char *own_path; /* of it in the tree: no wildcard includes it.  NULL: @path */
    bool child;   /* it is of a child pipeline: artifacts of its parent's jobs may be included */
    bool offline; /* variables and files that only a server has are missing: where an include hangs
                   * on them it counts as out of reach */
    const char *bytes;
    size_t size;
    CiVariables variables; /* what `include` sees: predefined and pipeline variables */
    const CiGivenInput *inputs;
    size_t n_inputs;
    const char *host;      /* of this server as components name it: "ci.example.com:8080" */
    CiFetchFunc fetch;     /* NULL: every include is an error that says so */
    CiTreeFunc tree;       /* NULL: no file exists, as wildcards and `exists` see it */
    CiChangesFunc changes; /* NULL: everything counts as changed */
    void *fetch_data;      /* of all three */
    CiLimits limits;
    CiFindings *findings; /* NULL: not wanted */
} CiInput;

/* A job of this pipeline that must come first. */
typedef struct CiNeed {
    const char *job;
    bool artifacts;
    bool optional;
    const struct CiParallel *parallel; /* these instances of it; NULL: all.  NULL once compiled */
} CiNeed;

/* A job of another pipeline or project whose artifacts are wanted; nothing waits for it. */
typedef struct CiCrossNeed {
    const char *pipeline; /* its id, unexpanded; NULL: the newest success in @project at @ref */
    const char *project;
    const char *ref;
    const char *job;
    bool artifacts;
    bool optional;
} CiCrossNeed;

typedef struct CiReport {
    const char *type; /* "junit" */
    CiStrings paths;
} CiReport;

typedef struct CiArtifacts {
    const char *name; /* NULL: not given */
    CiStrings paths;  /* NULL: none */
    CiStrings exclude;
    bool untracked;
    const char *when;      /* "on_success", "on_failure", "always" */
    const char *expire_in; /* as written; NULL: not given */
    const CiReport *reports;
    size_t n_reports;
    const char *expose_as; /* NULL: not given */
    const char *access; /* "all", "developer", "maintainer", "none"; `public: false`: "developer" */
} CiArtifacts;

typedef struct CiImage {
    const char *name;
    CiStrings entrypoint;
    CiStrings pull_policy;
    const char *platform;        /* docker:platform */
    const char *user;            /* docker:user */
    const char *kubernetes_user; /* kubernetes:user */
} CiImage;

typedef struct CiService {
    CiImage image;
    CiStrings command;
    const char *alias; /* one or more names; NULL: those of the image */
    CiVariables variables;
} CiService;

typedef struct CiServices {
    const CiService *items;
    size_t n;
} CiServices;

typedef struct CiCache {
    const char *key;     /* as written; "default"; NULL: of @key_files */
    CiStrings key_files; /* one or two paths or patterns */
    bool key_commits;    /* by the last commits of the files, not by their contents */
    const char *prefix;  /* before a key of files; NULL: not given */
    CiStrings paths;     /* NULL: none */
    const char *policy;  /* "pull-push", "pull", "push" or a variable */
    const char *when;    /* "on_success", "on_failure", "always" */
    CiStrings fallback_keys;
    bool untracked;
    bool unprotect; /* one key for protected and other refs */
} CiCache;

typedef struct CiCaches {
    const CiCache *items;
    size_t n;
} CiCaches;

/* All unexpanded; NULL: not given. */
typedef struct CiEnvironment {
    const char *name;
    const char *url;
    const char *action; /* "start", "prepare", "stop", "verify", "access" */
    const char *on_stop;
    const char *auto_stop_in;
    const char *tier;
    const char *kubernetes; /* JSON */
} CiEnvironment;

/* Which of several things a job takes from above it. */
typedef struct CiInherit {
    bool some;       /* those in @names only; else all */
    CiStrings names; /* NULL: none */
} CiInherit;

/* A choice that may be left open. */
typedef enum CiTruth { CI_OPEN, CI_FALSE, CI_TRUE } CiTruth;

typedef struct CiExitCodes {
    const int *items;
    size_t n;
} CiExitCodes;

/* How often, and after which failures, a job is run again by itself. */
typedef struct CiRetry {
    int max;
    bool always;      /* for any reason; else for those in @reasons and @exit_codes */
    uint64_t reasons; /* bit 1 << FailureReason */
    CiExitCodes exit_codes;
} CiRetry;

/* One file of a child pipeline. */
typedef struct CiTriggerInclude {
    const char *kind; /* "local", "project", "template", "remote", "component", "artifact" */
    const char *location;
    const char *project; /* of "project" */
    const char *ref;     /* likewise; NULL: its default branch */
    const char *job;     /* of "artifact": the job of this pipeline that makes it */
    const char *inputs;  /* a JSON object; NULL: none */
} CiTriggerInclude;

/* `trigger`: the job starts another pipeline. */
typedef struct CiTrigger {
    const char *project; /* unexpanded; NULL: a child pipeline of @includes */
    const char *branch;  /* unexpanded; NULL: the project's default branch */
    const CiTriggerInclude *includes;
    size_t n_includes;
    const char *strategy; /* "depend", "mirror"; NULL: done once the pipeline is made */
    const char *inputs;   /* a JSON object; NULL: none */
    bool forward_yaml_variables;
    bool forward_pipeline_variables;
} CiTrigger;

/* What a new pipeline does to older ones of the same ref. */
typedef enum CiOnNewCommit {
    CI_ON_NEW_COMMIT_CONSERVATIVE,
    CI_ON_NEW_COMMIT_INTERRUPTIBLE,
    CI_ON_NEW_COMMIT_NONE
} CiOnNewCommit;

typedef struct CiRule CiRule;         /* ci/rules.h: inside the compiler only */
typedef struct CiPolicy CiPolicy;     /* likewise: `only`, `except` */
typedef struct CiParallel CiParallel; /* ci/matrix.h: likewise */
struct ExpressionCache;               /* ci/expression.h: likewise */

typedef struct CiJob {
    const char *name;
    const char *stage;
    int stage_index;         /* in CiConfig.stages */
    CiStrings before_script; /* with `default` applied; NULL: none */
    CiStrings script;
    CiStrings after_script;
    CiStrings tags;        /* unexpanded: "$AGENT_TAG" */
    CiVariables variables; /* the job's own; global ones are in CiConfig.variables */
    const char *icon;
    const CiImage *image;         /* NULL: none */
    const CiArtifacts *artifacts; /* NULL: none */
    const CiNeed *needs;
    size_t n_needs;
    bool has_needs; /* the keyword is there, even as []: scheduled by needs */
    JobWhen when;
    int64_t start_in_s; /* with WHEN_DELAYED */
    bool allow_failure;
    CiExitCodes allow_failure_exit_codes; /* with these a failure is allowed */
    const CiRetry *retry;                 /* NULL: none */
    int64_t timeout_s;                    /* 0: not given */
    const CiServices *services;           /* NULL: none */
    const CiCaches *caches;               /* NULL: none */
    const CiEnvironment *environment;     /* NULL: none */
    CiStrings dependencies;               /* jobs whose artifacts come; NULL: by stages or needs */
    CiStrings pre_get_sources;            /* hooks:pre_get_sources_script; NULL: none */
    CiTruth interruptible;
    const char *resource_group; /* unexpanded; NULL: none */
    const char *coverage;       /* a pattern of RE2, without slashes; NULL: none */
    CiInherit inherit_default;
    CiInherit inherit_variables; /* of the global ones */
    const char *identity;
    const char *manual_confirmation;
    const char *publish;   /* the folder of a Pages job; NULL: not given */
    const char *id_tokens; /* from here on JSON, as written; NULL: not given */
    const char *secrets;
    const char *release;
    const char *pages; /* true, false or an object; NULL: no Pages job */
    const char *inputs;
    const char *run; /* a list of steps in place of `script` */
    const char *dast_configuration;
    const CiRule *rules;
    size_t n_rules;
    bool has_rules;
    const CiPolicy *only; /* NULL: no such condition */
    const CiPolicy *except;
    const CiCrossNeed *cross_needs;
    size_t n_cross_needs;
    const CiTrigger *trigger;   /* NULL: no trigger job */
    const char *mirror;         /* the project whose pipeline it mirrors; NULL: none */
    const CiParallel *parallel; /* until the instances are made of it */
    const char *base_name;      /* of an instance of a parallel job; NULL: not parallel */
    int node_index;             /* likewise: from 1; 0: not parallel */
    int node_total;
    const char *file; /* where it was defined, for messages */
    int line;
} CiJob;

typedef struct CiConfig {
    Arena *arena;     /* owns every pointer below */
    CiStrings stages; /* with .pre and .post */
    size_t n_stages;
    CiVariables variables; /* global */
    const CiJob *jobs;     /* visible ones, in file order */
    size_t n_jobs;
    const char *workflow_name; /* unexpanded; NULL: none */
    const CiRule *workflow_rules;
    size_t n_workflow_rules;
    bool has_workflow_rules;
    bool cancel_on_job_failure; /* workflow:auto_cancel:on_job_failure: all */
    CiOnNewCommit on_new_commit;
    CiMessages warnings;
    bool partial; /* includes were out of reach: a job that is not here may be there */
    struct ExpressionCache *expressions; /* what ci_plan() evaluates with */
} CiConfig;

/* @messages: on failure at least one, in the order GitLab reports them; its strings live until
 * @arena ends.  Returns NULL on failure.  The config lives in @arena. */
CiConfig *ci_compile(const CiInput *input, Arena *arena, CiMessages *messages);

/* The text of @merged as GitLab writes it: keys in order, anchors and comments gone, `stages` with
 * .pre and .post.  Hidden jobs and `extends` stay.  NULL: it would be longer than CI_MERGED_MAX. */
#define CI_MERGED_MAX (8 << 20)
const char *ci_merged_yaml(Arena *arena, const struct Node *merged);

/* `only` or `except` of a job in @merged as a JSON object, a plain list being that of `refs`; where
 * a job has no condition at all, what it has by default.  NULL: none. */
const char *ci_policy_json(Arena *arena, const struct Node *merged, const char *job,
                           const char *keyword);

/* One job of one run, after rules. */
typedef struct CiPlannedJob {
    const CiJob *job;
    JobWhen when;       /* never WHEN_NEVER */
    int64_t start_in_s; /* with WHEN_DELAYED */
    bool allow_failure;
    CiExitCodes allow_failure_exit_codes; /* none where a rule decided on allow_failure */
    CiVariables
        variables;       /* global, workflow rule's, job's, job rule's: merged, in that strength */
    CiStrings tags;      /* expanded; NULL: none */
    const CiNeed *needs; /* of jobs that are in the plan */
    size_t n_needs;
    bool by_needs; /* scheduled by needs: the job's keyword, or the needs of its rule */
    bool interruptible;
    const CiEnvironment *environment; /* expanded, but for what only a run knows of its address; a
                                       * name that is none any more stays as it came out.  NULL:
                                       * none */
} CiPlannedJob;

/* What decided about a job, or about the pipeline. */
typedef enum CiBecause {
    CI_BECAUSE_NO_CONDITION, /* it has none: in */
    CI_BECAUSE_RULE,         /* a rule matched: in, but for `when: never` */
    CI_BECAUSE_NO_RULE,      /* none of its rules matched: out */
    CI_BECAUSE_ONLY_MET,     /* `only` and `except` let it in */
    CI_BECAUSE_ONLY,         /* `only` is not satisfied: out */
    CI_BECAUSE_EXCEPT,       /* `except` is satisfied: out */
    CI_BECAUSE_ERROR         /* its conditions could not be evaluated: see the plan's messages */
} CiBecause;

/* One rule that was looked at. */
typedef struct CiRuleSeen {
    size_t index;     /* among the rules, nested lists flattened; from 0 */
    const char *file; /* its place */
    int line;
    int column;
    bool matched;
    const char *condition; /* its `if` as written; NULL: none */
    const char *clause;    /* "if", "changes", "exists": the first that failed; NULL: none did */
    const char *path;      /* the path that `changes` or `exists` matched; NULL: none */
} CiRuleSeen;

/* Why a job is in or out. */
typedef struct CiExplained {
    const CiJob *job; /* NULL: the pipeline, by workflow:rules */
    bool kept;
    CiBecause because;
    const char *detail;      /* of `only` and `except`: the group, "refs"; NULL: none */
    const CiRuleSeen *rules; /* looked at in this order; with CI_BECAUSE_RULE the last decided */
    size_t n_rules;
    CiVariables saw; /* the variables it read, each once; a value of NULL: there is none */
} CiExplained;

typedef enum CiPlanResult {
    CI_PLAN_OK,
    CI_PLAN_FILTERED_BY_WORKFLOW, /* "The pipeline did not run. ..." */
    CI_PLAN_FILTERED_BY_RULES,    /* no job is left outside .pre and .post */
    CI_PLAN_TOO_MANY_JOBS,        /* past CiLimits.jobs */
    CI_PLAN_FAILED                /* a config error: see messages */
} CiPlanResult;

typedef struct CiPlan {
    CiPlanResult result;
    CiMessages messages;      /* for any result but OK: at least one, GitLab's text */
    const char *name;         /* workflow:name, expanded; NULL: none */
    const CiPlannedJob *jobs; /* in stage order, in a stage in file order */
    size_t n_jobs;
    bool cancel_on_job_failure; /* of the workflow and its rule */
    CiOnNewCommit on_new_commit;
    const CiExplained *explained; /* with CiRun.explain: the workflow where it has rules, then every
                                   * job, in stage order */
    size_t n_explained;
} CiPlan;

/* One run, as ci_plan_run() sees it. */
typedef struct CiRun {
    CiVariables variables; /* as of ci_plan() */
    CiLimits limits;
    const char *ref; /* short name of the branch or tag; NULL: unknown */
    bool tag;
    PipelineSource source;
    const char *project_path; /* for `only: [main@group/project]`; NULL: unknown */
    CiTreeFunc tree;          /* NULL: no file exists */
    CiChangesFunc changes;    /* NULL: everything counts as changed */
    void *data;               /* of both */
    bool explain;
} CiRun;

CiPlan *ci_plan_run(CiConfig *config, const CiRun *run);

/* ci_plan_run() of a run of which nothing is known but these.  @variables: predefined and pipeline
 * variables, the weaker first; they win over those of the file, but for those marked as predefined.
 * The plan lives in config->arena. */
CiPlan *ci_plan(CiConfig *config, CiVariables variables, const CiLimits *limits);

/* Whether @wanted ("~latest", "1", "1.2") stands for the newest of several versions. */
bool ci_version_is_open(const char *wanted);

/* Whether @text is a version itself: "1.2.3", "v1.2.3". */
bool ci_is_version(const char *text);

/* The newest of @tags that is a version ("1.2.3", "v1.2.3") of @wanted; NULL: none is. */
const char *ci_newest_version(CiStrings tags, const char *wanted);

/* Expands $X, ${X} and %X% in @text as GitLab does on the server: known names by value, unknown
 * ones to "".  One pass; "$$X" is "$" and the value.  In @arena.  NULL: the result would be longer
 * than CI_EXPANDED_MAX. */
#define CI_EXPANDED_MAX (1 << 20)
const char *ci_expand(Arena *arena, const char *text, CiVariables variables);

/* Whether @inherit lets the thing of that name through. */
bool ci_inherits(const CiInherit *inherit, const char *name);

/* The values of @variables with the references among them resolved, for a job's payload: unknown
 * names, "$$X", raw variables and references to oneself stay as they are.  A cycle of several
 * leaves all values as they are and names them in *@cycle (else NULL).  A value past
 * CI_EXPANDED_MAX, or past 16 times that in sum, stays as it is.  The result has each key once. */
CiVariables ci_expand_values(Arena *arena, CiVariables variables, CiStrings *cycle);

/* "1h 30m", "3 mins 4 sec", "2h20min", "never": seconds.  false: not a duration.  "never" is 0. */
bool ci_parse_duration(const char *text, int64_t *seconds);

#endif
