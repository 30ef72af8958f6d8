/* runner_entity.h - runners and their managers as replies show them. */
#ifndef PENSTOCK_API_RUNNER_ENTITY_H
#define PENSTOCK_API_RUNNER_ENTITY_H

#include "api/project_entity.h"
#include "store/runner_managers.h"
#include "store/runners.h"

/* When a runner counts as forgotten. */
#define RUNNER_STALE_US (INT64_C(7) * 24 * 60 * 60 * 1000000)

extern const Field runner_fields[];         /* Runner; the view is a Runner */
extern const Field runner_manager_fields[]; /* RunnerManager; the view is a RunnerManager */

/* RunnerDetails. */
typedef struct RunnerView {
    Runner row;                   /* first: the fields of a Runner are read from it */
    const RunnerManager *manager; /* the last that called; NULL: none ever did */
    const ProjectView *projects;  /* that the caller sees, of a project runner */
    size_t n_projects;
} RunnerView;
extern const Field runner_details_fields[];

#endif
