/* duration.c - spans of time, merged where they touch or overlap. */
#include "pipeline/duration.h"

#include "base/clock.h"

#include <stdlib.h>

static int compare_spans(const void *a, const void *b)
{
    int64_t x = ((const TimeSpan *)a)->from_us;
    int64_t y = ((const TimeSpan *)b)->from_us;

    return (x > y) - (x < y);
}

int64_t time_spans_cover_us(TimeSpan *spans, size_t n)
{
    int64_t cover = 0;
    int64_t covered_to = INT64_MIN;

    if (n > 1)
        qsort(spans, n, sizeof(*spans), compare_spans);
    for (size_t i = 0; i < n; i++) {
        int64_t from = MAX(spans[i].from_us, covered_to);

        if (spans[i].to_us <= from)
            continue;
        cover += spans[i].to_us - from;
        covered_to = spans[i].to_us;
    }
    return cover;
}

size_t engine_spans(const EnginePipeline *p, TimeSpan *spans)
{
    static const unsigned counted = STATUS_BIT(STATUS_SUCCESS) | STATUS_BIT(STATUS_FAILED) |
                                    STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_CANCELED);
    size_t n = 0;

    for (int i = 0; i < p->n_slots; i++) {
        const EngineJob *job = p->slots[i].latest;

        if (!job->bridge && job->started_at != 0 && STATUS_IN(job->status, counted))
            spans[n++] =
                (TimeSpan){ job->started_at, job->finished_at ? job->finished_at : p->now_us };
    }
    return n;
}

int64_t engine_duration_s(const EnginePipeline *p)
{
    g_autofree TimeSpan *spans = g_new(TimeSpan, (gsize)p->n_slots + 1);

    return time_spans_cover_us(spans, engine_spans(p, spans)) / US_PER_S;
}

static double seconds_between(int64_t from_us, int64_t to_us)
{
    return (double)(to_us - from_us) / US_PER_S;
}

bool job_duration_s(int64_t started_at, int64_t finished_at, int64_t now_us, double *seconds)
{
    if (started_at == 0)
        return false;
    *seconds = seconds_between(started_at, finished_at ? finished_at : now_us);
    return true;
}

bool job_queued_duration_s(int64_t queued_at, int64_t started_at, int64_t now_us, double *seconds)
{
    if (queued_at == 0)
        return false;
    *seconds = seconds_between(queued_at, started_at ? started_at : now_us);
    return true;
}

bool pipeline_queued_duration_s(int64_t created_at, int64_t started_at, int64_t *seconds)
{
    if (started_at == 0 || started_at - created_at < US_PER_S)
        return false;
    *seconds = (started_at - created_at) / US_PER_S;
    return true;
}
