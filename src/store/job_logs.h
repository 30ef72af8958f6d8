/* job_logs.h - the table jobs as who packs their logs sees it. */
#ifndef PENSTOCK_STORE_JOB_LOGS_H
#define PENSTOCK_STORE_JOB_LOGS_H

#include "store/query.h"

/* Of a job that has ended. */
typedef struct EndedLog {
    int64_t job_id;
    int64_t size; /* accepted; 0: none, or erased */
    int64_t finished_at;
} EndedLog;

/* Logs to be packed of jobs that ended by @until_us, the oldest first, behind @after (NULL: from the
 * beginning). */
bool ended_log_list_unpacked(Db *db, Arena *arena, int64_t until_us, const EndedLog *after,
                             int64_t limit, EndedLog **logs, size_t *n, Error *err);

/* They are not listed again. */
bool ended_log_set_packed(Db *db, const EndedLog *logs, size_t n_logs, Error *err);

#endif
