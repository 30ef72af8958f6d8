/* workers.h - the threads that run what may block. */
#ifndef PENSTOCK_HTTP_WORKERS_H
#define PENSTOCK_HTTP_WORKERS_H

#include "base/error.h"

#include <stdint.h>

typedef struct Workers Workers;

enum { WORKERS_MAX_QUEUED = 10000 };

/* @run is called with each pushed item, in order of arrival, on one of @n threads. */
Workers *workers_new(int n, void (*run)(void *item), Error *err);

/* false: WORKERS_MAX_QUEUED already wait, or the threads have ended; @item is not taken.  @always:
 * any number may wait, for requests that were accepted before. */
bool workers_push(Workers *workers, void *item, bool always);

int64_t workers_queued(Workers *workers);

/* Runs what is queued, then joins the threads.  Once.  NULL is fine. */
void workers_stop(Workers *workers);
/* After workers_stop().  NULL is fine. */
void workers_free(Workers *workers);

#endif
