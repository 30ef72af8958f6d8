/* namespaces.h - groups, and each user's own namespace. */
#ifndef PENSTOCK_STORE_NAMESPACES_H
#define PENSTOCK_STORE_NAMESPACES_H

#include "base/enums.h"
#include "store/query.h"

typedef enum NamespaceKind { NAMESPACE_USER, NAMESPACE_GROUP, N_NAMESPACE_KINDS } NamespaceKind;
extern const NameTable namespace_kind_names; /* user, group */

typedef struct Namespace {
    int64_t id;
    NamespaceKind kind;
    int64_t parent_id; /* 0: at the top */
    int64_t owner_id;  /* of a user's namespace; 0: a group */
    const char *name;
    const char *path;
    const char *full_path; /* "group/subgroup" */
    const char *full_name; /* "Group / Subgroup" */
    const char *description;
    Visibility visibility;
    int64_t created_at;
} Namespace;

extern const Column namespace_columns[];

/* Sets @ns->id.  full_path and full_name are taken as given; NULL: made from the parent's and from
 * path and name.  ERR_DB_UNIQUE: the path is taken, in whatever case. */
bool namespace_insert(Db *db, Namespace *ns, Error *err);

/* ERR_NO_RECORD: there is none. */
bool namespace_get(Db *db, Arena *arena, int64_t id, Namespace *ns, Error *err);
/* The same inside a write, with the row locked until its end. */
bool namespace_lock(Db *db, Arena *arena, int64_t id, Namespace *ns, Error *err);
/* And with all rows above it, from the top downwards: then its full path stays what it is. */
bool namespace_lock_upwards(Db *db, Arena *arena, int64_t id, Namespace *ns, Error *err);
/* @path: the full one, in whatever case. */
bool namespace_by_path(Db *db, Arena *arena, const char *path, Namespace *ns, Error *err);
bool namespace_of_user(Db *db, Arena *arena, int64_t user_id, Namespace *ns, Error *err);

bool namespace_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                           Namespace **namespaces, size_t *n, Error *err);
/* @id itself and all that are above it, the top first. */
bool namespace_list_upwards(Db *db, Arena *arena, int64_t id, Namespace **namespaces, size_t *n,
                            Error *err);

typedef struct NamespaceFilter {
    int64_t user_id; /* who looks; 0: nobody in particular, who sees what is public */
    bool admin;      /* sees all */
    int64_t now_us;  /* for roles that end */

    bool groups_only;
    bool membership;          /* a role of whatever level, inherited ones too */
    bool owned;               /* the role of an owner */
    int64_t min_access_level; /* 0: any */
    bool top_level_only;
    int64_t parent_id;  /* directly below; 0: any */
    int64_t below_id;   /* somewhere below; 0: any */
    const char *search; /* part of name or path */
    bool has_visibility;
    Visibility visibility;
    const char *order_by; /* name, path, id; NULL: the first */
    bool descending;
    Slice slice;
} NamespaceFilter;

bool namespace_list(Db *db, Arena *arena, const NamespaceFilter *filter, Namespace **namespaces,
                    size_t *n, Error *err);
bool namespace_count(Db *db, const NamespaceFilter *filter, int64_t *count, Error *err);

/* name, path, full_path, full_name, description, visibility; and what is below it, projects too,
 * gets the new start of its full path and name. @old: as it was. */
bool namespace_update(Db *db, const Namespace *ns, const Namespace *old, Error *err);

/* With all groups below it.  ERR_DB_FOREIGN_KEY: there are projects: delete those first. */
bool namespace_delete(Db *db, int64_t id, Error *err);

/* The ids of the projects in and below it. */
typedef struct NamespaceProject {
    int64_t project_id;
} NamespaceProject;
bool namespace_list_projects(Db *db, Arena *arena, int64_t id, NamespaceProject **projects,
                             size_t *n, Error *err);

#endif
