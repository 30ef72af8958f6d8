/* repo.h - the git repositories: reads by libgit2, the wire protocol by git itself.
 *
 * A project's repository is bare, in its own folder, named by the project's id, so that renaming a
 * project moves nothing.  All calls block on the disk: worker threads only.  Safe from several
 * threads, and from several processes over one folder.
 *
 * Every function but repo_store_new() answers ERR_NOT_FOUND "Repository" where the project has no
 * repository, unless it says otherwise.  A commit is named by its full SHA where @sha is asked for.
 */
#ifndef PENSTOCK_REPO_REPO_H
#define PENSTOCK_REPO_REPO_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

typedef struct RepoStore RepoStore;

/* @dir: the folder of all repositories, made if absent.  @hook_program: the path of this very
 * program, which the repositories' hooks call.  Keeps some dozens of repositories open.
 * NULL: @err is set. */
RepoStore *repo_store_new(const char *dir, const char *hook_program, Error *err);
void repo_store_free(RepoStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RepoStore, repo_store_free)

/* Makes an empty bare repository whose HEAD names @default_branch; durable when it returns true.
 * Errors: ERR_INVALID (no name for a branch), ERR_CONFLICT (there is one already). */
bool repo_create(RepoStore *store, int64_t project_id, const char *default_branch, Error *err);
/* Removes it; an absent one is no error. */
bool repo_remove(RepoStore *store, int64_t project_id, Error *err);
/* Its folder, whether or not it exists.  Owned by the caller. */
char *repo_path(RepoStore *store, int64_t project_id);

/* Fetches all branches and tags from @url into it (git fetch as a child, no prompts, ten minutes at
 * most, http and https only, file:// too where @allow_file) and sets HEAD as the remote has it.  An
 * empty remote is fine.  Credentials in @url go to its host alone, and into no error text, no
 * argument list and no file.
 * Errors: ERR_INVALID (the URL), ERR_UNPROCESSABLE (the remote refused; the message is for the
 * user), ERR_UNAVAILABLE (it took too long). */
bool repo_import(RepoStore *store, int64_t project_id, const char *url, bool allow_file,
                 Error *err);

/* Packs what pushes have left, if there is much of it (git gc --auto), under the push lock.  To be
 * run now and then after pushes: git never does it by itself here, since a process of its own that
 * outlives the push would be nobody's child. */
bool repo_tidy(RepoStore *store, int64_t project_id, Error *err);

/* The short name of the branch that HEAD names, which need not exist yet. */
bool repo_default_branch(RepoStore *store, int64_t project_id, Arena *arena, const char **name,
                         Error *err);
/* ERR_INVALID: no name for a branch. */
bool repo_set_default_branch(RepoStore *store, int64_t project_id, const char *name, Error *err);

typedef struct RepoRef {
    const char *name;       /* full: refs/heads/main */
    const char *sha;        /* the commit; for an annotated tag the commit it peels to */
    const char *object_sha; /* what the ref itself names */
} RepoRef;

/* All branches and tags, sorted by name; in @arena.  A tag of something else than a commit is left
 * out: no pipeline can run on it. */
bool repo_list_refs(RepoStore *store, int64_t project_id, Arena *arena, const RepoRef **refs,
                    size_t *n, Error *err);

typedef enum RepoRefKind { REPO_REF_BRANCH, REPO_REF_TAG, REPO_REF_COMMIT } RepoRefKind;

typedef struct RepoResolved {
    RepoRefKind kind;
    const char *name;     /* short branch or tag name; for a commit the full SHA */
    const char *full_ref; /* refs/heads/main; NULL for a commit */
    const char *sha;
} RepoResolved;

/* @ref: a short or full branch or tag name, branch before tag; with @allow_commit also a full SHA
 * or an unambiguous abbreviation of at least 7 digits, of a commit.
 * Errors: ERR_NO_RECORD (there is none), ERR_CONFLICT (the abbreviation is ambiguous). */
bool repo_resolve(RepoStore *store, int64_t project_id, const char *ref, bool allow_commit,
                  Arena *arena, RepoResolved *out, Error *err);

/* The full name of the one branch or tag that @ref (short or full) names.
 * Errors: ERR_NO_RECORD (none), ERR_CONFLICT (a branch and a tag have this short name). */
bool repo_expand_ref(RepoStore *store, int64_t project_id, const char *ref, Arena *arena,
                     const char **full_ref, Error *err);

/* The bytes of a file at a commit, in @arena, with a NUL behind them.
 * Errors: ERR_NO_RECORD (no such commit or file, or it is a folder, symlink or submodule),
 * ERR_TOO_LARGE (more than @max bytes; found out without reading them). */
bool repo_read_file(RepoStore *store, int64_t project_id, const char *sha, const char *path,
                    size_t max, Arena *arena, const char **bytes, size_t *size, Error *err);

/* What tells the file at @path of a commit from another state of it: the id of its contents, or
 * @of_commit that of the last commit that changed it.
 * Errors: ERR_NO_RECORD (no such commit or file). */
bool repo_file_id(RepoStore *store, int64_t project_id, const char *sha, const char *path,
                  bool of_commit, Arena *arena, const char **id, Error *err);

/* Paths of the files at a commit below @dir ("" for all) that end in @suffix (NULL: any), in git's
 * order, the first @max of them, NULL-terminated.  No such folder: none.  Symlinks and submodules
 * are no files.
 * Errors: ERR_NO_RECORD (no such commit), ERR_LIMIT (the tree is too large or deep to walk). */
bool repo_list_files(RepoStore *store, int64_t project_id, const char *sha, const char *dir,
                     const char *suffix, size_t max, Arena *arena, const char ***paths, Error *err);

/* The paths of files, symlinks and submodules in which commit @to differs from @from, or with
 * @from_merge_base from where the two parted; NULL-terminated.  A file that moved is two paths.
 * Errors: ERR_NO_RECORD (no such commit), ERR_LIMIT (more than @max, or trees too large to walk). */
bool repo_changed_paths(RepoStore *store, int64_t project_id, const char *from, const char *to,
                        bool from_merge_base, size_t max, Arena *arena, const char ***paths,
                        Error *err);

/* All texts are valid UTF-8. */
typedef struct RepoCommit {
    const char *sha;
    const char *title; /* the message's first line */
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

/* What an annotated tag says, in @arena; NULL: it is only a name for a commit.  ERR_NO_RECORD: no such
 * tag. */
bool repo_tag_message(RepoStore *store, int64_t project_id, const char *name, Arena *arena,
                      const char **message, Error *err);

/* Makes sure that refs/pipelines/<pipeline_id> names @sha (what runners fetch), or is gone.  Not
 * synced to disk: after a crash make sure again.  ERR_NO_RECORD: no such commit. */
bool repo_keep_pipeline_ref(RepoStore *store, int64_t project_id, int64_t pipeline_id,
                            const char *sha, Error *err);
bool repo_drop_pipeline_ref(RepoStore *store, int64_t project_id, int64_t pipeline_id, Error *err);

/* The files of the checkout at @root, the folder that holds `.git`: tracked ones that are there, and
 * untracked ones that are not ignored.  Sorted, NULL-terminated, in @arena; symlinks and submodules
 * are no files.
 * Errors: ERR_NO_RECORD (no repository, or a bare one), ERR_LIMIT (more than @max). */
bool repo_work_tree_files(const char *root, size_t max, Arena *arena, const char ***paths,
                          Error *err);

/* --- smart HTTP: one child of git's own per request ------------------------------------------ */

typedef enum GitService { GIT_UPLOAD_PACK, GIT_RECEIVE_PACK } GitService;

/* Takes the output of git as it comes; false stops it. */
typedef bool (*GitSink)(void *data, const void *bytes, size_t size);

typedef struct GitCall {
    GitService service;
    bool advertise;       /* the GET info/refs half */
    const char *protocol; /* the Git-Protocol header, NULL: none */
    int body_fd; /* the request's body at its current offset: a file, pipe or socket; -1: none */
    bool gzip;   /* Content-Encoding: gzip */
    int64_t max_bytes; /* of a pack that is pushed, and of any body once unpacked; 0: no limit */
    /* Full names or patterns with * (which matches "/" too); NULL-terminated, NULL: none. */
    const char *const *protected_refs; /* that this push may not touch */
    const char *const
        *no_force_refs; /* branches that it may not rewind or delete; tags not change */
} GitCall;

/* Runs it under the project's lock for a push (several reads may run at once).  refs/pipelines/
 * and refs/keep-around/ are never writable; refs/pipelines/ may be fetched by runners, by name.
 * Streams: memory stays flat.
 *
 * A push: what git accepted is on disk, refs too, when this returns, whether with true or false.
 * The refusal of a ref is no error: the sink gets git's report of it.
 * Errors: ERR_BAD_REQUEST (not a request git understands, a broken gzip stream), ERR_TOO_LARGE,
 * ERR_UNAVAILABLE (other pushes held the lock for a minute), ERR_IO (the sink said stop; git
 * failed).  The sink may have had bytes before. */
bool repo_serve(RepoStore *store, int64_t project_id, const GitCall *call, GitSink sink, void *data,
                Error *err);

/* Waits for what a killed server's push has left running: git goes on without the server, and may
 * yet move refs.  After this they stand, on disk.  ERR_UNAVAILABLE: it still runs after a minute. */
bool repo_settle_push(RepoStore *store, int64_t project_id, Error *err);

/* The pre-receive hook's body: `penstock hook pre-receive`, started by git inside repo_serve();
 * reads "old new ref" lines on stdin and the rules from its environment.  Answers the exit
 * status. */
int repo_hook_pre_receive(void);

#endif
