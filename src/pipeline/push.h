/* push.h - from moved refs to pipelines, exactly one each, over crashes too.
 *
 * Before git moves refs, push_begin() records who pushes where; after it (or at the next start) push_process() compares
 * the repository's refs with the last processed ones and makes pipelines for what differs, each in the transaction
 * that records the ref as processed.
 */
#ifndef PENSTOCK_PIPELINE_PUSH_H
#define PENSTOCK_PIPELINE_PUSH_H

#include "base/site.h"
#include "store/users.h"

/* @id: to be passed to push_end(). */
bool push_begin(const Site *site, int64_t project_id, int64_t user_id, int64_t *id, Error *err);

/* Processes what differs and forgets the record.  One ref's trouble is logged and does not stop the others; where it
 * does not pass at once, the record is kept for push_recover_left(), and the answer is false. */
bool push_end(const Site *site, int64_t id, Error *err);

/* Ends what these servers left open (pipeline/left_over.h). */
bool push_recover(const Site *site, const int64_t *servers, size_t n_servers, Error *err);

/* Tries again what trouble has left open while servers run: to be called every some seconds. */
bool push_recover_left(const Site *site, Error *err);

/* Takes the refs as they are for processed, without pipelines: after an import. */
bool push_adopt_refs(const Site *site, int64_t project_id, Error *err);

#endif
