/* case_run.h - the run of a case of tests/ci, and what a plan says beside the values of its jobs.
 *
 * A case may have the key `run`, a mapping of:
 *   ref, source, project: texts; tag: true
 *   changes: []      the paths that it changes; absent: nothing to compare with
 *   compared: {}     by what `compare_to` may name: the paths
 *   tree: []         the files of its commit
 *   trees: {}        of other projects, by "group/project" or "group/project@ref"
 */
#ifndef PENSTOCK_CI_CASE_RUN_H
#define PENSTOCK_CI_CASE_RUN_H

#include "ci/ci.h"
#include "ci/node.h"

/* @run: NULL is a run of which nothing is known. */
CiRun case_run(const Node *run, CiVariables variables, CiLimits limits);

/* Puts what the planned job has of: interruptible, cross_needs, trigger, mirror, base_name. */
void case_put_structure(Arena *arena, Node *map, const CiPlannedJob *planned);

/* By job ("workflow" for the pipeline): {kept, because, detail, rules: [{index, line, clause, path}],
 * saw: {}}. */
const Node *case_explained(Arena *arena, const CiPlan *plan);

const char *case_on_new_commit(const CiPlan *plan);

#endif
