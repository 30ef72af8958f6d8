/* payload.h - a job as the coordinator hands it out, read into one arena.
 *
 * Pure: bytes in, a struct or a refusal out.  What later becomes part of a path or of a command line
 * (URL, refs, hashes, names) is checked here, once.
 */
#ifndef PENSTOCK_EXEC_PAYLOAD_H
#define PENSTOCK_EXEC_PAYLOAD_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

typedef struct JobVariable {
    const char *key;
    const char *value; /* never NULL */
    bool public;       /* services may see it */
    bool masked;
    bool file; /* the value goes to a file, the variable holds its path */
    bool raw;  /* no "$X" in the value is expanded */
} JobVariable;

typedef struct JobStep {
    const char *name;
    const char *const *script; /* NULL-terminated */
} JobStep;

typedef enum UploadWhen { UPLOAD_ON_SUCCESS, UPLOAD_ON_FAILURE, UPLOAD_ALWAYS } UploadWhen;

typedef struct JobArtifact {
    const char *name; /* NULL: "artifacts" */
    bool untracked;
    const char *const *paths; /* globs, NULL-terminated */
    const char *const *exclude;
    UploadWhen when;
    const char *type;      /* "archive", "junit", ...; NULL: not sent */
    const char *format;    /* "zip", "gzip", "raw"; NULL: zip */
    const char *expire_in; /* NULL: not sent */
} JobArtifact;

typedef struct JobCache {
    const char *key;
    const char *const *fallback_keys;
    bool untracked;
    const char *const *paths;
    const char *policy; /* as it came: it may hold a variable */
    UploadWhen when;
} JobCache;

/* Of the job or of a service. */
typedef struct JobImage {
    const char *name;              /* NULL: none */
    const char *alias;             /* NULL, or names with blanks or commas between */
    const char *const *entrypoint; /* never NULL, as all lists here */
    const char *const *command;
    const char *const *pull_policy;
    const char *user; /* NULL: the image's */
    const JobVariable *variables;
    size_t n_variables;
} JobImage;

typedef struct JobDependency {
    int64_t id;
    const char *name;
    const char *token;
} JobDependency;

typedef struct JobGit {
    const char *url;  /* without credentials */
    const char *path; /* of the project, from the URL: "group/project" */
    const char *ref;
    const char *sha;
    const char *const *refspecs;
    int64_t depth;
    const char *object_format; /* NULL: sha1 */
} JobGit;

typedef struct Job {
    Arena *arena; /* owns all below and the struct itself */
    int64_t id;
    const char *token;
    const char *name;
    const char *stage;
    bool allow_git_fetch;
    int64_t timeout_s;
    JobGit git;
    const JobVariable *variables; /* in order; of equal keys the last counts */
    size_t n_variables;
    const JobStep *steps;
    size_t n_steps;
    JobImage image;
    const JobImage *services;
    size_t n_services;
    const JobArtifact *artifacts;
    size_t n_artifacts;
    const JobCache *caches;
    size_t n_caches;
    const JobDependency *dependencies; /* those with a file */
    size_t n_dependencies;
    const char *const *pre_sources; /* hook scripts; NULL: none */
    const char *const *post_sources;
    bool trace_sections;
    const char *const *failure_reasons; /* that the server knows */
    const char *const *token_prefixes;  /* words to mask */
} Job;

/* The id and token of a payload, even of one that job_parse() refuses, so that the refusal can be
 * reported.  @token is owned by the caller. */
bool job_peek(const char *json, size_t n, int64_t *id, char **token);

/* NULL and ERR_INVALID for a payload that this runner cannot run.  job_free() by the caller. */
Job *job_parse(const char *json, size_t n, Error *err);
void job_free(Job *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)

/* Whether @reason is one that the server understands, see failure_reasons. */
bool job_knows_reason(const Job *job, const char *reason);

#endif
