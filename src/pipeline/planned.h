/* planned.h - what is said of a planned job by its variables, before there is a job. */
#ifndef PENSTOCK_PIPELINE_PLANNED_H
#define PENSTOCK_PIPELINE_PLANNED_H

#include "pipeline/variables.h"

/* CI_JOB_PRIORITY: how far before others of its project and kind a job is handed out. */
enum { JOB_PRIORITY_MIN = -100, JOB_PRIORITY_MAX = 100 };

/* All that @planned will have by name, the stronger last and expanded, in @arena.  @variables: of the
 * run. */
CiVariables planned_variables(Arena *arena, const CiPlannedJob *planned,
                              const Variables *variables);

/* The value of CI_JOB_PRIORITY, within the bounds; 0 where it is no number or not given. */
int planned_priority(Arena *arena, const CiPlannedJob *planned, const Variables *variables);

#endif
