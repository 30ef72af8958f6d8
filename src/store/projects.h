/* projects.h - projects, and who sees them in a list. */
#ifndef PENSTOCK_STORE_PROJECTS_H
#define PENSTOCK_STORE_PROJECTS_H

#include "base/enums.h"
#include "store/query.h"

typedef struct Project {
    int64_t id;
    int64_t namespace_id;
    int64_t creator_id; /* 0: gone */
    const char *name;
    const char *path;
    const char *full_path;
    const char *description; /* NULL: none */
    Visibility visibility;
    const char *default_branch;
    bool public_jobs;
    bool jobs_enabled;
    bool shared_runners_enabled;
    bool group_runners_enabled;
    bool archived;
    const char *ci_config_path; /* NULL: .gitlab-ci.yml */
    int64_t build_timeout_s;
    const char *import_status;      /* none, started, finished, failed */
    const char *import_url;         /* NULL: not imported */
    const char *import_error;       /* NULL: none */
    const char *variables_role;     /* who may set pipeline variables: developer, maintainer, ... */
    const char *runners_token_hash; /* NULL: none made yet */
    int64_t created_at;
    int64_t updated_at;
    int64_t last_activity_at;
    int64_t server_id;               /* which makes or imports it, or did; 0: not known */
    ProcessMode resource_group_mode; /* of new resource groups */
    bool auto_cancel_pending;        /* a new pipeline of a ref cancels older ones */
    bool forward_deployment_enabled; /* what is older than an environment is not deployed to it */
    bool keep_latest_artifact;       /* of the newest success of each ref, past their time */
} Project;

extern const Column project_columns[];

/* Sets @project->id.  ERR_DB_UNIQUE: the path is taken, in whatever case. */
bool project_insert(Db *db, Project *project, Error *err);

/* ERR_NO_RECORD: there is none. */
bool project_get(Db *db, Arena *arena, int64_t id, Project *project, Error *err);
/* The same inside a write, with the row locked until its end. */
bool project_lock(Db *db, Arena *arena, int64_t id, Project *project, Error *err);
/* @path: the full one, in whatever case. */
bool project_by_path(Db *db, Arena *arena, const char *path, Project *project, Error *err);
bool project_by_runners_token(Db *db, Arena *arena, const char *hash, Project *project, Error *err);

bool project_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, Project **projects,
                         size_t *n, Error *err);

typedef struct ProjectFilter {
    int64_t user_id; /* who looks; 0: nobody in particular, who sees what is public */
    bool admin;      /* sees all */
    int64_t now_us;  /* for roles that end */

    const char *search;     /* part of name or path */
    bool search_namespaces; /* or of the full path */
    bool has_visibility;
    Visibility visibility;
    bool membership;          /* a role of whatever level, inherited ones too */
    bool owned;               /* the role of an owner */
    int64_t min_access_level; /* 0: any */
    Only archived;
    int64_t namespace_id;   /* directly in it; 0: any */
    bool include_subgroups; /* or below it */
    int64_t id_after, id_before;
    int64_t last_activity_after, last_activity_before;
    int64_t updated_after, updated_before;
    const char *order_by; /* created_at, id, name, path, updated_at, last_activity_at; NULL: the
                             first */
    bool ascending;
    Slice slice;
} ProjectFilter;

bool project_list(Db *db, Arena *arena, const ProjectFilter *filter, Project **projects, size_t *n,
                  Error *err);
bool project_count(Db *db, const ProjectFilter *filter, int64_t *count, Error *err);

/* The project of that name (not path) directly in a namespace; 0: none. */
bool project_id_by_name(Db *db, int64_t namespace_id, const char *name, int64_t *id, Error *err);

/* What these servers make or import, or left half done: scheduled, started.  0 among them: not known
 * whose. */
bool project_list_unfinished(Db *db, Arena *arena, const int64_t *servers, size_t n_servers,
                             Project **projects, size_t *n, Error *err);

typedef struct ProjectImport {
    const char *status;
    const char *error;          /* NULL: none */
    const char *default_branch; /* NULL: as it was */
    int64_t updated_at;         /* 0: as it was */
} ProjectImport;

/* @done: false: the project is gone. */
bool project_set_import(Db *db, int64_t id, const ProjectImport *import, bool *done, Error *err);
/* From the server that @project names to another, as far as the import has got. @done: false: some
 * other was faster, or it is finished. */
bool project_take_over(Db *db, const Project *project, int64_t server_id, bool *done, Error *err);
bool project_set_runners_token(Db *db, int64_t id, const char *hash, Error *err);

/* The settings: not what stands above, nor id, creator_id, created_at and last_activity_at. */
bool project_update(Db *db, const Project *project, Error *err);
bool project_touch(Db *db, int64_t id, int64_t now_us, Error *err); /* last_activity_at */
bool project_delete(Db *db, int64_t id, Error *err);

/* The next pipeline's iid; inside a write. */
bool project_next_iid(Db *db, int64_t id, int64_t *iid, Error *err);

#endif
