/* config.h - the configuration of a run: which file, fetched from where, compiled and planned. */
#ifndef PENSTOCK_PIPELINE_CONFIG_H
#define PENSTOCK_PIPELINE_CONFIG_H

#include "pipeline/create.h"

/* The file that @request's pipeline is compiled from, in @arena: what the pipeline variable names, on
 * a push what the commit message names ("[full-ci.yml ci]"), else the project's setting, else
 * .gitlab-ci.yml. */
const char *config_choose_path(Arena *arena, const PipelineRequest *request,
                               const RepoCommit *commit);

typedef struct ConfigRun {
    const Site *site;
    const PipelineRequest *request;
    const Pipeline *pipeline;   /* config_path and sha are set */
    const Variables *variables; /* predefined and given ones */
    int64_t includes_until_us;  /* monotonic; config_load() sets it for its includes.  0: no end */
} ConfigRun;

/* What an installation's settings allow a configuration. */
CiLimits config_limits(const Settings *settings);

/* Reads, compiles and plans.  @config and @plan live in @arena.  Errors: ERR_NO_RECORD (the file is missing or its
 * path leaves the repository), ERR_CONFIG (the message is the compiler's first). */
bool config_load(const ConfigRun *run, Arena *arena, CiConfig **config, CiPlan **plan, Error *err);

#endif
