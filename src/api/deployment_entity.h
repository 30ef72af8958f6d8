/* deployment_entity.h - environments and deployments as replies show them. */
#ifndef PENSTOCK_API_DEPLOYMENT_ENTITY_H
#define PENSTOCK_API_DEPLOYMENT_ENTITY_H

#include "api/caller.h"
#include "api/user_entity.h"
#include "store/deployments.h"
#include "store/environments.h"

extern const Field environment_basic_fields[]; /* EnvironmentBasic; the view is an Environment */
extern const Field environment_own_fields[]; /* what Environment adds that stands in its own row */

typedef struct DeploymentView {
    Deployment row;                 /* first: the tables' members are found through it */
    const User *user;               /* NULL: gone */
    const Environment *environment; /* NULL: left out */
    const char *deployable;         /* the job, as finished JSON; NULL: none */
} DeploymentView;

extern const Field deployment_fields[];

/* What @n deployments need beside their rows.  @with_environment: the entity shows it. */
bool deployment_views_load(Req *rq, const Deployment *rows, size_t n, bool with_environment,
                           DeploymentView **views, Error *err);

#endif
