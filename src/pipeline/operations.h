/* operations.h - what people do to pipelines and jobs that exist: cancel, retry, play.
 *
 * Rights are the caller's to check.  Each is one transaction.  Blocks: worker threads only.
 */
#ifndef PENSTOCK_PIPELINE_OPERATIONS_H
#define PENSTOCK_PIPELINE_OPERATIONS_H

#include "pipeline/variables.h"

/* A pipeline with nothing to cancel stays as it is. */
bool operation_cancel_pipeline(const Site *site, int64_t pipeline_id, Error *err);

/* New attempts of failed and canceled jobs; nothing to retry is no error. */
bool operation_retry_pipeline(const Site *site, int64_t pipeline_id, int64_t user_id, Error *err);

/* A job that cannot be canceled stays as it is.  @force: end a canceling one now. */
bool operation_cancel_job(const Site *site, const Job *job, bool force, Error *err);

/* @id: the new attempt's.  ERR_FORBIDDEN: not retryable. */
bool operation_retry_job(const Site *site, const Job *job, int64_t user_id, int64_t *id,
                         Error *err);
/* The same with all that follows it. */
bool operation_rerun_from_job(const Site *site, const Job *job, int64_t user_id, int64_t *id,
                              Error *err);

/* @variables: of this attempt.  @id: the job that now runs, another one where it had ended before.
 * ERR_BAD_REQUEST: not playable. */
bool operation_play_job(const Site *site, const Job *job, int64_t user_id,
                        const Variable *variables, size_t n_variables, int64_t *id, Error *err);

/* A delayed job whose time has come. */
bool operation_start_delayed_job(const Site *site, const Job *job, Error *err);

/* The end of an attempt that did not come from its runner: lost, stuck, or never to be run.  Nothing,
 * where it was handed to somebody else since @job was read. */
bool operation_fail_job(const Site *site, const Job *job, FailureReason reason, Error *err);
/* The same, and nothing where there was a sign of life since. */
bool operation_fail_silent_job(const Site *site, const Job *job, FailureReason reason, Error *err);

#endif
