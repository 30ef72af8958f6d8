/* repo.h - the git repositories: reads by libgit2, the wire protocol by git itself.
 *
 * A project's repository is bare, in its own folder, named by the project's id, so that renaming a project
 * moves nothing.  Reads block on the disk: worker threads only.  Safe from several threads.
 */
#ifndef PENSTOCK_REPO_REPO_H
#define PENSTOCK_REPO_REPO_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

typedef struct RepoStore RepoStore;

/* @dir: the folder of all repositories, made if absent.  @hook_program: the path of this very program, which the
 * repositories' hooks call. Keeps up to some dozens of repositories open. */
RepoStore *repo_store_new(const char *dir, const char *hook_program, Error *err);
void repo_store_free(RepoStore *store);

/* Makes an empty bare repository whose HEAD names @default_branch. */
bool repo_create(RepoStore *store, int64_t project_id, const char *default_branch, Error *err);
/* Removes it; an absent one is no error. */
bool repo_remove(RepoStore *store, int64_t project_id, Error *err);
/* Its folder.  Owned by the caller. */
char *repo_path(RepoStore *store, int64_t project_id);

/* Fetches all branches and tags from @url into it (git fetch as a child, no prompts, time limit, no local protocols
 * but file:// where @allow_file). Sets HEAD as the remote has it. Credentials in @url never reach an error text. */
bool repo_import(RepoStore *store, int64_t project_id, const char *url, bool allow_file,
                 Error *err);

typedef struct RepoRef {
    const char *name;       /* full: refs/heads/main */
    const char *sha;        /* the commit; for an annotated tag the commit it peels to */
    const char *object_sha; /* what the ref itself names */
} RepoRef;

/* All branches and tags, sorted by name; in @arena. */
bool repo_list_refs(RepoStore *store, int64_t project_id, Arena *arena, const RepoRef **refs,
                    size_t *n, Error *err);

typedef enum RepoRefKind { REPO_REF_BRANCH, REPO_REF_TAG, REPO_REF_COMMIT } RepoRefKind;

typedef struct RepoResolved {
    RepoRefKind kind;
    const char *name;     /* short branch or tag name; for a commit the full SHA */
    const char *full_ref; /* refs/heads/main; NULL for a commit */
    const char *sha;
} RepoResolved;

/* @ref: a short or full branch or tag name, branch before tag; with @allow_commit also a full SHA or an unambiguous
 * abbreviation of at least 7 digits, of a commit.  ERR_NO_RECORD: there is none.
 * ERR_CONFLICT: the abbreviation is ambiguous. */
bool repo_resolve(RepoStore *store, int64_t project_id, const char *ref, bool allow_commit,
                  Arena *arena, RepoResolved *out, Error *err);

/* How many of branch and tag a short name names: for schedules, whose short ref must be exactly one. */
bool repo_expand_ref(RepoStore *store, int64_t project_id, const char *ref, Arena *arena,
                     const char **full_ref, Error *err);

/* The bytes of a file at a commit, in @arena.  ERR_NO_RECORD: no such file (or it is a folder, symlink or submodule).
 * ERR_TOO_LARGE past @max. */
bool repo_read_file(RepoStore *store, int64_t project_id, const char *sha, const char *path,
                    size_t max, Arena *arena, const char **bytes, size_t *size, Error *err);

/* Paths of all files at a commit below @dir ("" for all) that match @suffix (NULL: any), at most @max. */
bool repo_list_files(RepoStore *store, int64_t project_id, const char *sha, const char *dir,
                     const char *suffix, size_t max, Arena *arena, const char ***paths, Error *err);

typedef struct RepoCommit {
    const char *sha;
    const char *title;
    const char *message;
    const char *author_name, *author_email;
    int64_t author_at; /* microseconds */
    int author_offset_min;
    const char *committer_name, *committer_email;
    int64_t committer_at;
    int committer_offset_min;
    const char *const *parents; /* NULL-terminated */
} RepoCommit;

/* ERR_NO_RECORD: no such commit. */
bool repo_commit(RepoStore *store, int64_t project_id, const char *sha, Arena *arena,
                 RepoCommit *out, Error *err);

/* Makes sure that refs/pipelines/<pipeline_id> names @sha (what runners fetch), or is gone. */
bool repo_keep_pipeline_ref(RepoStore *store, int64_t project_id, int64_t pipeline_id,
                            const char *sha, Error *err);
bool repo_drop_pipeline_ref(RepoStore *store, int64_t project_id, int64_t pipeline_id, Error *err);

/* --- smart HTTP: one child of git's own per request -------------------------------------------- */

typedef enum GitService { GIT_UPLOAD_PACK, GIT_RECEIVE_PACK } GitService;

/* Takes the output of git as it comes; false stops it. */
typedef bool (*GitSink)(void *data, const void *bytes, size_t size);

typedef struct GitCall {
    GitService service;
    bool advertise;       /* the GET info/refs half */
    const char *protocol; /* the Git-Protocol header, NULL: none */
    int body_fd; /* the request's body, at offset 0 (already gunzipped or not: see gzip); -1: none */
    bool gzip;   /* Content-Encoding: gzip */
    const char *const *
        protected_refs; /* full names or patterns with * that this push may not touch; NULL-terminated */
    const char *const *no_force_refs; /* that it may not rewind or delete */
} GitCall;

/* Runs it under the project's lock for a push (several reads may run at once).  refs/pipelines/* and refs/keep-around/*
 * are never writable; refs/pipelines/* may be fetched by runners, by name.  Streams: memory stays flat. */
bool repo_serve(RepoStore *store, int64_t project_id, const GitCall *call, GitSink sink, void *data,
                Error *err);

/* The pre-receive hook's body: `penstock hook pre-receive`, started by git inside repo_serve(); reads "old new ref" lines
 * on stdin and the rules from its environment.  Returns the exit status. */
int repo_hook_pre_receive(void);

#endif
