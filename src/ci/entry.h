/* entry.h - reading the parts of a configuration by tables of keywords.
 *
 * A part ("entry") is a mapping at a location ("jobs:build:artifacts") with a table of the keywords
 * it knows.  As in GitLab its own rules are checked first; only where they hold are its children
 * read, so an error hides those below it and nothing else.  All errors are collected.
 */
#ifndef PENSTOCK_CI_ENTRY_H
#define PENSTOCK_CI_ENTRY_H

#include "ci/compiler.h"

typedef struct Keyword Keyword;

/* One mapping while it is read. */
typedef struct Entry {
    Compiler *c;
    const char *location; /* "jobs:build"; "" for the file as a whole */
    const Node *node;
    void *out; /* the struct that the keywords fill */
} Entry;

/* What the value of a keyword must look like; null is as good as absent. */
typedef enum Shape {
    SHAPE_ANY, /* the reader of the keyword looks itself */
    SHAPE_STRING,
    SHAPE_BOOL,
    SHAPE_HASH,
    SHAPE_STRINGS,
    SHAPE_STRINGS_OR_STRING,
    SHAPE_NESTED_HASHES,
    SHAPE_DURATION,
    SHAPE_DURATION_OR_NEVER,
    SHAPE_CHOICE /* one of @choices */
} Shape;

/* Reads @value, which has the keyword's shape and is not null. */
typedef void (*KeywordRead)(Entry *e, const Keyword *keyword, const Node *value);

struct Keyword {
    const char *name;
    KeywordRead read;
    Shape shape;
    size_t offset;              /* for the readers below: of the member */
    const char *const *choices; /* SHAPE_CHOICE, NULL-terminated */
};

/* "LOCATION:KEY" in the arena. */
const char *entry_location(const Entry *e, const char *key);

/* The same for a key of the file's author. */
const char *entry_member_location(const Entry *e, const Node *key);

/* Whether all keys of the entry are in the table; reports those that are not. */
bool entry_check_keys(const Entry *e, const Keyword *keywords, size_t n);

/* Whether all values have their shapes; reports "LOCATION KEY should be ...". */
bool entry_check_shapes(const Entry *e, const Keyword *keywords, size_t n);

/* Calls the reader of every keyword that is present and not null, in the order of the table. */
void entry_read(Entry *e, const Keyword *keywords, size_t n);

/* All three, for an entry without rules of its own.  "LOCATION config should be a hash" for another
 * kind of node.  false: reported, nothing was read. */
bool entry_read_hash(Entry *e, const Keyword *keywords, size_t n);

/* Reports "LOCATION config TEXT" in lower case.  Returns false. */
bool entry_report(const Entry *e, const Node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Readers for a member at the keyword's offset. */
void read_string(Entry *e, const Keyword *keyword, const Node *value);
void read_bool(Entry *e, const Keyword *keyword, const Node *value);
void read_strings(Entry *e, const Keyword *keyword, const Node *value); /* list or one string */
void read_ignored(Entry *e, const Keyword *keyword, const Node *value);
void read_json(Entry *e, const Keyword *keyword, const Node *value); /* as it is written */

/* Whether @node has @shape; @choices: of SHAPE_CHOICE. */
bool shape_fits(const Node *node, Shape shape, const char *const *choices);

bool node_is_strings(const Node *node); /* a list of strings */

/* Lists in lists up to @levels deep, with leaves for which @leaf holds. */
bool node_is_nested(const Node *node, int levels, bool (*leaf)(const Node *));

/* The strings of a string, a list or nested lists, in order. */
CiStrings strings_of(Arena *arena, const Node *node);

/* The leaves of nested lists, in order, appended to @leaves. */
void node_flatten(const Node *node, GPtrArray *leaves);

enum { ENTRY_NESTING = 10 };

/* The parts, each in its own file. */

/* script, before_script, after_script: into a CiStrings. */
void entry_read_script(Entry *e, const Keyword *keyword, const Node *value);

void entry_read_image(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_tags(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_timeout(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_artifacts(Entry *e, const Keyword *keyword, const Node *value);
/* Into a const CiRetry *. */
void entry_read_retry(Entry *e, const Keyword *keyword, const Node *value);
/* Into a CiExitCodes. */
void entry_read_exit_codes(Entry *e, const Keyword *keyword, const Node *value);
/* Into the members of a CiJob. */
void entry_read_needs(Entry *e, const Keyword *keyword, const Node *value);

/* What `needs` came to. */
typedef struct Needs {
    const CiNeed *jobs;
    size_t n_jobs;
    const CiCrossNeed *cross;
    size_t n_cross;
    const char *mirror;
} Needs;

/* Whose they are: each may have other kinds. */
typedef enum NeedsAllowed { NEEDS_OF_JOB, NEEDS_OF_BRIDGE, NEEDS_OF_RULE } NeedsAllowed;

/* false: it is no needs at all, reported. */
bool entry_needs(Compiler *c, const char *location, const Node *value, NeedsAllowed allowed,
                 Needs *needs);

/* `only`, `except`: into a const CiPolicy *. */
void entry_read_only(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_except(Entry *e, const Keyword *keyword, const Node *value);
/* The condition of a job that has neither `rules` nor `only`. */
const CiPolicy *entry_default_only(Compiler *c);

void entry_read_parallel(Entry *e, const Keyword *keyword, const Node *value);
/* Into a const CiTrigger *. */
void entry_read_trigger(Entry *e, const Keyword *keyword, const Node *value);
/* `changes` and `exists` of a rule: into a const CiPathsClause *. */
void entry_read_changes(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_exists(Entry *e, const Keyword *keyword, const Node *value);

/* `auto_cancel` of the workflow and of its rules. */
typedef struct AutoCancel {
    bool has_on_new_commit;
    CiOnNewCommit on_new_commit;
    CiTruth on_job_failure;
} AutoCancel;

void entry_auto_cancel(Compiler *c, const char *location, const Node *value, AutoCancel *chosen);

/* Whether a job that triggers or mirrors a pipeline knows the keyword. */
bool trigger_knows(const char *keyword);
/* Into a const CiServices *. */
void entry_read_services(Entry *e, const Keyword *keyword, const Node *value);
/* Into a const CiCaches *. */
void entry_read_caches(Entry *e, const Keyword *keyword, const Node *value);
/* Into a const CiEnvironment *. */
void entry_read_environment(Entry *e, const Keyword *keyword, const Node *value);
/* Into a CiTruth. */
void entry_read_interruptible(Entry *e, const Keyword *keyword, const Node *value);
/* Into the job's inherit_default and inherit_variables. */
void entry_read_inherit(Entry *e, const Keyword *keyword, const Node *value);
/* Into a CiStrings: pre_get_sources_script. */
void entry_read_hooks(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_coverage(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_identity(Entry *e, const Keyword *keyword, const Node *value);
/* Each into the JSON of what is written. */
void entry_read_id_tokens(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_secrets(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_release(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_pages(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_publish(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_job_inputs(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_run(Entry *e, const Keyword *keyword, const Node *value);
void entry_read_dast(Entry *e, const Keyword *keyword, const Node *value);

typedef enum VariableForms {
    VARIABLES_SCALAR, /* of a rule */
    VARIABLES_JOB,    /* with value and expand */
    VARIABLES_GLOBAL  /* with description and options as well */
} VariableForms;

CiVariables entry_variables(Compiler *c, const char *location, const Node *node,
                            VariableForms forms);

/* Rules of a job (@workflow: of the pipeline), flattened. */
const CiRule *entry_rules(Compiler *c, const char *location, const Node *node, bool workflow,
                          size_t *n);

/* What `default` and the old top-level keywords give to jobs that have none of their own. */
typedef struct Defaults {
    CiStrings before_script;
    CiStrings after_script;
    CiStrings tags;
    const CiImage *image;
    const CiArtifacts *artifacts;
    const CiRetry *retry;
    const CiServices *services;
    const CiCaches *caches;
    CiStrings pre_get_sources;
    CiTruth interruptible;
    const char *identity;
    const char *id_tokens;
    int64_t unused_timeout_s; /* checked, and without effect, as in GitLab */
} Defaults;

/* Fills what @job has not from @defaults, as far as it inherits them.  @bridge: a trigger job, which
 * takes `interruptible` only. */
void entry_apply_defaults(CiJob *job, const Defaults *defaults, bool bridge);

/* Whether the job of that name is a Pages job. */
bool entry_is_pages(const Entry *e, const char *name);
/* Whether `publish` may stand there; reports where not. */
bool entry_check_publish(const Entry *e, const char *name);
/* What a Pages job uploads besides. */
void entry_add_pages(const Entry *e, CiJob *job);

/* Whether the job's dependencies are among its needs; reports those that are not. */
bool entry_check_dependencies(const Entry *e);

/* Whether the top-level pair is hidden, a job, or neither. */
bool job_is_hidden(const NodePair *pair);
bool job_has_body(const Node *value);

/* All jobs of the root into @config. */
void entry_read_jobs(Compiler *c, const Node *root, const Defaults *defaults, CiConfig *config);

#endif
