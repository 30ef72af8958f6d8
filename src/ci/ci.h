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
    bool masked;             /* in what ci_compile() is given: no message shows its value */
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
    CI_FILE_COMPONENT   /* of a project, found by the component's name and version */
} CiFileKind;

/* What an include asks for. */
typedef struct CiFetch {
    const char *project; /* full path; NULL: the project and commit that the including file is of */
    const char *ref;     /* branch, tag or SHA; NULL: that project's HEAD (with @project only); of a
                          * component its version as written: "1.2", "~latest" */
    const char *path;    /* without a leading "/"; a URL; the name of a template or component */
    CiFileKind kind;
    bool anonymous; /* asked for by a file of no project: only what everybody may read */
} CiFetch;

/* What is found; all in the arena. */
typedef struct CiFile {
    const char *bytes;
    size_t size;
    const char *ref;    /* where it was found: the commit; NULL: as asked for */
    const char *path;   /* of a component: its file; NULL: as asked for */
    const char *name;   /* of a component: the tag that "1.2" or "~latest" stands for, or NULL */
    const char *detail; /* with CI_FETCH_STATUS the status, with CI_FETCH_BLOCKED the reason */
} CiFile;

typedef enum CiFetchResult {
    CI_FETCH_OK,
    CI_FETCH_NO_FILE,
    CI_FETCH_NO_REF,
    CI_FETCH_NO_PROJECT,  /* missing, or the user may not read it */
    CI_FETCH_FAILED,      /* could not be read at all; the message is internal */
    CI_FETCH_UNREACHABLE, /* out of reach here: the compiler warns and goes on without it */
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
    size_t total_bytes; /* of all included files: 64 MiB */
    int includes;       /* 150 */
    int jobs;           /* of a pipeline: not limited */
    int needs;          /* of one job: 50 */
} CiLimits;

/* A value for an input of the header of the root file. */
typedef struct CiGivenInput {
    const char *name;
    const char *value; /* text, or with @json any JSON value */
    bool json;
} CiGivenInput;

typedef struct CiInput {
    const char *path; /* of the root file, for messages: "full-ci.yml" */
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
} CiInput;

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

typedef struct CiNeed {
    const char *job;
    bool artifacts;
    bool optional;
} CiNeed;

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
} CiArtifacts;

typedef struct CiImage {
    const char *name;
    CiStrings entrypoint;
    CiStrings pull_policy;
} CiImage;

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

typedef struct CiRule CiRule; /* ci/rules.h: inside the compiler only */
struct ExpressionCache;       /* ci/expression.h: likewise */

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
    const CiRule *rules;
    size_t n_rules;
    bool has_rules;
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
    CiMessages warnings;
    struct ExpressionCache *expressions; /* what ci_plan() evaluates with */
} CiConfig;

/* @messages: on failure at least one, in the order GitLab reports them; its strings live until
 * @arena ends.  Returns NULL on failure.  The config lives in @arena. */
CiConfig *ci_compile(const CiInput *input, Arena *arena, CiMessages *messages);

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
} CiPlannedJob;

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
} CiPlan;

/* Decides the jobs of one run.  @variables: predefined and pipeline variables, the weaker first;
 * they win over those of the file, but for those marked as predefined.  The plan lives in
 * config->arena. */
CiPlan *ci_plan(CiConfig *config, CiVariables variables, const CiLimits *limits);

/* Expands $X, ${X} and %X% in @text as GitLab does on the server: known names by value, unknown
 * ones to "".  One pass; "$$X" is "$" and the value.  In @arena.  NULL: the result would be longer
 * than CI_EXPANDED_MAX. */
#define CI_EXPANDED_MAX (1 << 20)
const char *ci_expand(Arena *arena, const char *text, CiVariables variables);

/* The values of @variables with the references among them resolved, for a job's payload: unknown
 * names, "$$X", raw variables and references to oneself stay as they are.  A cycle of several
 * leaves all values as they are and names them in *@cycle (else NULL).  A value past
 * CI_EXPANDED_MAX, or past 16 times that in sum, stays as it is.  The result has each key once. */
CiVariables ci_expand_values(Arena *arena, CiVariables variables, CiStrings *cycle);

/* "1h 30m", "3 mins 4 sec", "2h20min", "never": seconds.  false: not a duration.  "never" is 0. */
bool ci_parse_duration(const char *text, int64_t *seconds);

#endif
