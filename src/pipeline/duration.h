/* duration.h - how long jobs and pipelines took.
 *
 * Pure; times in microseconds, 0 for never.  The engine stores a pipeline's duration when it ends;
 * the API computes the others when it is asked.
 */
#ifndef PENSTOCK_PIPELINE_DURATION_H
#define PENSTOCK_PIPELINE_DURATION_H

#include "pipeline/model.h"

typedef struct TimeSpan {
    int64_t from_us;
    int64_t to_us;
} TimeSpan;

/* The length of what at least one of the spans covers.  Sorts @spans. */
int64_t time_spans_cover_us(TimeSpan *spans, size_t n);

/* When the latest jobs ran, those that did; the order is any.  @spans: room for all slots.  How many. */
size_t engine_spans(const EnginePipeline *p, TimeSpan *spans);

/* Whole seconds in which at least one of the latest jobs was running. */
int64_t engine_duration_s(const EnginePipeline *p);

/* Seconds with a fraction from start to finish (0: to now).  false: never started; null. */
bool job_duration_s(int64_t started_at, int64_t finished_at, int64_t now_us, double *seconds);

/* Seconds with a fraction from queue to start (0: to now).  false: never queued; null. */
bool job_queued_duration_s(int64_t queued_at, int64_t started_at, int64_t now_us, double *seconds);

/* Whole seconds from creation to start.  false: not started, or less than a second; null. */
bool pipeline_queued_duration_s(int64_t created_at, int64_t started_at, int64_t *seconds);

#endif
