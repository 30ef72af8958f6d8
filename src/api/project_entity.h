/* project_entity.h - projects and namespaces as replies show them. */
#ifndef PENSTOCK_API_PROJECT_ENTITY_H
#define PENSTOCK_API_PROJECT_ENTITY_H

#include "api/caller.h"
#include "api/entity.h"

typedef struct ProjectView {
    Project project;
    Namespace space;
    User owner;            /* of a personal project; id 0: none */
    bool sees_code;        /* who reads may read the repository */
    bool empty;            /* it has no branch */
    int64_t project_level; /* of who reads, in the project itself; 0: none */
    int64_t group_level;   /* inherited; 0: none */
} ProjectView;

extern const Field namespace_basic_fields[];     /* NamespaceBasic; the view is a Namespace */
extern const Field project_identity_fields[];    /* the view is a ProjectView, as below */
extern const Field project_basic_fields[];       /* BasicProjectDetails */
extern const Field project_fields[];             /* Project */
extern const Field project_with_access_fields[]; /* ProjectWithAccess */

/* What the replies about @n projects need beside their rows, for this caller; in rq->arena. */
bool project_views_load(Req *rq, const Project *projects, size_t n, ProjectView **views,
                        Error *err);

/* Writes one project as the detail routes show it to this caller. */
bool project_reply(Req *rq, const Project *project, Error *err);

/* Writes an array; @simple: BasicProjectDetails, which anonymous callers get anyway. */
bool project_write_list(Req *rq, JsonWriter *w, const Project *projects, size_t n, bool simple,
                        Error *err);

#endif
