/* stored_variables.h - the variables of instance, groups and project, as a run gets them. */
#ifndef PENSTOCK_PIPELINE_STORED_VARIABLES_H
#define PENSTOCK_PIPELINE_STORED_VARIABLES_H

#include "pipeline/variables.h"

/* Adds those that a job of @project gets in @environment (expanded; NULL: it has none, or what it
 * has is not known yet), the weakest first.  @protected_ref: also those that only protected refs
 * get.  ERR_INTERNAL: one was sealed with another key. */
bool variables_add_stored(Variables *list, const Site *site, Db *db, const Project *project,
                          bool protected_ref, const char *environment, Error *err);

#endif
