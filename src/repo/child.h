/* child.h - runs git as a child process, with nothing of ours but what it needs.
 *
 * posix_spawn, an environment built from nothing, all other descriptors closed, a process group of
 * its own that is ended as a whole.
 */
#ifndef PENSTOCK_REPO_CHILD_H
#define PENSTOCK_REPO_CHILD_H

#include "repo/repo.h"

/* The environment of one child. */
typedef struct GitEnv {
    GPtrArray *vars; /* of char *, "NAME=value" */
    unsigned n_config;
} GitEnv;

/* The base: no user's or machine's configuration, no prompts, no locale, our hooks, all writes
 * synced. */
void git_env_init(GitEnv *env, const RepoStore *store);
void git_env_clear(GitEnv *env);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GitEnv, git_env_clear)

void git_env_set(GitEnv *env, const char *name, const char *value);
/* A setting that wins over every file. */
void git_env_config(GitEnv *env, const char *key, const char *value);

typedef struct GitRun {
    const char *const *argv; /* argv[0] is found in PATH; NULL-terminated */
    const GitEnv *env;
    int body_fd;          /* its stdin; -1: none */
    bool gzip;            /* unpack that on the way */
    int64_t max_unpacked; /* 0: no limit */
    int keep_fd;          /* stays open in the child, as 3; -1: none */
    int64_t timeout_s;    /* 0: none */
    GitSink sink;         /* of its stdout */
    void *data;
} GitRun;

typedef struct GitEnd {
    int exit_code;     /* 128 + the signal where it died of one */
    bool wrote;        /* there was output */
    char *stderr_text; /* the last of it, valid UTF-8, trimmed; owned */
} GitEnd;

void git_end_clear(GitEnd *end);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GitEnd, git_end_clear)

/* true: it ended by itself, in whatever way: see @end.  false: it did not start or was ended by us;
 * ERR_IO, ERR_UNAVAILABLE (the time was up), ERR_BAD_REQUEST (broken gzip), ERR_TOO_LARGE. */
bool git_run(const GitRun *run, GitEnd *end, Error *err);

/* A sink that appends to a GString, up to 1 MB. */
bool git_sink_to_string(void *string, const void *bytes, size_t size);

#endif
