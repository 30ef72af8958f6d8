/* config_paths.h - the callbacks of the compiler for trees and changes, over a ConfigRun. */
#ifndef PENSTOCK_PIPELINE_CONFIG_PATHS_H
#define PENSTOCK_PIPELINE_CONFIG_PATHS_H

#include "pipeline/config.h"

/* What is left of the time for the includes of @run; G_MAXINT64: it has no end. */
int64_t config_time_left_us(const ConfigRun *run);

/* A CiTreeFunc and a CiChangesFunc; @data is a ConfigRun. */
CiFetchResult config_tree(void *data, const char *project, const char *ref, Arena *arena,
                          CiStrings *paths);
CiFetchResult config_changes(void *data, const char *compare_to, Arena *arena, CiStrings *paths);

/* The run as the plan sees it. */
CiRun config_run(const ConfigRun *run, CiVariables variables, CiLimits limits);

/* The commit of @project at @ref (NULL: its default branch), if the user may read it.  In config.c,
 * which reads files that way. */
CiFetchResult config_find_commit(const ConfigRun *run, const char *project, const char *ref,
                                 Arena *arena, int64_t *project_id, const char **sha);

#endif
