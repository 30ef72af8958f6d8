/* Tests of duration.c. */
#include "pipeline/duration.h"

#include "base/clock.h"

#define S(n) ((n)*US_PER_S)

static void overlapping_spans_count_once(void)
{
    TimeSpan spans[] = { { 6, 7 }, { 1, 3 }, { 2, 4 } };
    TimeSpan touching[] = { { 1, 3 }, { 3, 5 } };
    TimeSpan nested[] = { { 1, 10 }, { 2, 3 }, { 4, 5 } };

    g_assert_cmpint(time_spans_cover_us(spans, 3), ==, 4);
    g_assert_cmpint(time_spans_cover_us(touching, 2), ==, 4);
    g_assert_cmpint(time_spans_cover_us(nested, 3), ==, 9);
    g_assert_cmpint(time_spans_cover_us(NULL, 0), ==, 0);
}

static void span_that_ends_before_it_starts_counts_nothing(void)
{
    TimeSpan spans[] = { { 5, 3 }, { 1, 2 } };

    g_assert_cmpint(time_spans_cover_us(spans, 2), ==, 1);
}

static void only_latest_started_jobs_count(void)
{
    g_autoptr(Arena) arena = arena_new();
    EnginePipeline *p = engine_pipeline_new(arena, 1, S(20));
    static const EngineJob jobs[] = {
        { .name = "a", .status = STATUS_SUCCESS, .started_at = S(1), .finished_at = S(3) },
        { .name = "b", .status = STATUS_FAILED, .started_at = S(2), .finished_at = S(4) },
        { .name = "c", .status = STATUS_CANCELED, .started_at = S(6), .finished_at = S(7) },
        { .name = "d", .status = STATUS_CANCELED, .finished_at = S(9) },
        { .name = "e", .status = STATUS_RUNNING, .started_at = S(18) },
        { .name = "f", .status = STATUS_PENDING, .queued_at = S(5) },
        { .name = "a",
          .status = STATUS_FAILED,
          .retried = true,
          .started_at = S(10),
          .finished_at = S(15) },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++)
        engine_pipeline_add(p, &jobs[i]);
    engine_pipeline_ready(p);
    g_assert_cmpint(engine_duration_s(p), ==, 6);
}

static void job_durations_are_null_before_the_start(void)
{
    double seconds = -1;

    g_assert_false(job_duration_s(0, 0, S(9), &seconds));
    g_assert_false(job_queued_duration_s(0, 0, S(9), &seconds));
    g_assert_cmpfloat(seconds, ==, -1);
    g_assert_true(job_duration_s(S(2), 0, S(9) + 500000, &seconds));
    g_assert_cmpfloat(seconds, ==, 7.5);
    g_assert_true(job_duration_s(S(2), S(4), S(9), &seconds));
    g_assert_cmpfloat(seconds, ==, 2);
    g_assert_true(job_queued_duration_s(S(1), S(4), S(9), &seconds));
    g_assert_cmpfloat(seconds, ==, 3);
    g_assert_true(job_queued_duration_s(S(1), 0, S(9), &seconds));
    g_assert_cmpfloat(seconds, ==, 8);
}

static void pipeline_queue_time_is_null_for_zero(void)
{
    int64_t seconds = -1;

    g_assert_false(pipeline_queued_duration_s(S(5), 0, &seconds));
    g_assert_false(pipeline_queued_duration_s(S(5), S(5) + 999999, &seconds));
    g_assert_true(pipeline_queued_duration_s(S(5), S(6) + 999999, &seconds));
    g_assert_cmpint(seconds, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/duration/overlap", overlapping_spans_count_once);
    g_test_add_func("/pipeline/duration/backwards", span_that_ends_before_it_starts_counts_nothing);
    g_test_add_func("/pipeline/duration/latest-started", only_latest_started_jobs_count);
    g_test_add_func("/pipeline/duration/job-null", job_durations_are_null_before_the_start);
    g_test_add_func("/pipeline/duration/queue-null", pipeline_queue_time_is_null_for_zero);
    return g_test_run();
}
