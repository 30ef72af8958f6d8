/* create.h - from a ref and a reason to a pipeline with its jobs.
 *
 * Everyone who starts a pipeline comes here: the API, triggers, schedules, pushes.
 */
#ifndef PENSTOCK_PIPELINE_CREATE_H
#define PENSTOCK_PIPELINE_CREATE_H

#include "access/ability.h"
#include "pipeline/variables.h"

/* The variable that names the pipeline file (DataOps dialect). */
#define PIPELINE_FILE_VARIABLE "_PIPELINE_FILE_NAME"

/* A look at a configuration that leaves nothing behind; the results live in the run's arena. */
typedef struct ConfigReport {
    const char *content; /* to compile in place of the file; NULL: the file */
    size_t size;
    bool compile_only; /* no plan is made */
    bool explain;
    CiMessages errors; /* of the compiler, all of them */
    CiFindings findings;
    const CiConfig *config; /* NULL: it is wrong, or was not reached */
    const CiPlan *plan;     /* likewise */
} ConfigReport;

typedef struct PipelineRequest {
    const Project *project;
    const User *user;       /* who starts it */
    const Subject *subject; /* that user beside that project */
    PipelineSource source;
    const char *ref;        /* branch or tag, short or full */
    bool allow_commit;      /* a commit's SHA will do as well */
    const char *before_sha; /* of a push; NULL: none */
    const Variable *given;  /* pipeline variables */
    size_t n_given;
    const CiGivenInput *inputs; /* for the header of the file */
    size_t n_inputs;
    bool save_failures; /* a wrong configuration leaves a failed pipeline */
    int64_t schedule_id;
    const char *schedule_tick; /* ISO 8601, in the schedule's zone; NULL: none */
    const char *schedule_description;
    int64_t trigger_id;
    int64_t upstream_job_id;
    const DownstreamPipeline *upstream; /* the job that starts it; NULL: none */
    const Pipeline *parent; /* of a child pipeline, which runs on its commit; NULL: it is none */
    const char *content;    /* to compile in place of the file; NULL: the file */
    size_t content_size;
    /* More to write in the same transaction; may run again.  NULL: nothing. */
    bool (*also)(Db *db, const Pipeline *pipeline, void *data, Error *err);
    void *also_data;
    ConfigReport *report; /* not NULL: nothing is written, and this says what would be */
} PipelineRequest;

/* Creates the pipeline and its first jobs in one transaction and wakes runners.  @out lives in
 * @arena (with request->report it stays as it was); it may be a failed or skipped pipeline without
 * jobs (yaml_errors says why).
 * Errors: ERR_CONFIG (the message is for the user, nothing was saved); ERR_FORBIDDEN.
 * Blocks on the repository and the database: call it from a worker thread. */
bool pipeline_create(const Site *site, Arena *arena, const PipelineRequest *request, Pipeline *out,
                     Error *err);

#endif
