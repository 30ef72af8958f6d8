/* request.h - one job for one runner: taken, and described as the runner wants it told.
 *
 * What cannot be described is not handed out: the job fails with the reason, and the next one is
 * looked for.
 */
#ifndef PENSTOCK_RUNNER_REQUEST_H
#define PENSTOCK_RUNNER_REQUEST_H

#include "runner/queue.h"

/* @payload: the body of the answer, appended.  @found false: nothing for this runner now.  @job: as
 * handed out, for queue_take_back() if the answer cannot be sent.
 * Errors: those of the database and the disk; then the job is back in the queue.  Blocks. */
bool request_job(const Site *site, Arena *arena, const HandoutRequest *request, GString *payload,
                 Job *job, bool *found, Error *err);

#endif
