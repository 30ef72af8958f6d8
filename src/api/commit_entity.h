/* commit_entity.h - commits as other entities show them. */
#ifndef PENSTOCK_API_COMMIT_ENTITY_H
#define PENSTOCK_API_COMMIT_ENTITY_H

#include "api/entity.h"
#include "repo/repo.h"

/* A Commit without stats; a NULL @commit is null. */
void commit_write(JsonWriter *w, const RepoCommit *commit, const char *project_path,
                  const EntityContext *context);

#endif
