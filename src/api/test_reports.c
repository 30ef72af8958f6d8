/* test_reports.c - what the JUnit reports of a pipeline say: whole, or in numbers. */
#include "api/caller.h"
#include "api/pipelines.h"
#include "api/routes.h"
#include "runner/test_report.h"

static const Param id_params[] = { { "pipeline_id", PARAM_INT }, { 0 } };

static void put_details(JsonWriter *w, const char *key, const TestDetail *details)
{
    jw_key(w, key);
    jw_begin_object(w);
    for (; details; details = details->next)
        jw_put_string(w, details->name, details->value);
    jw_end_object(w);
}

static void write_case(JsonWriter *w, const TestCase *test)
{
    jw_begin_object(w);
    jw_put_string(w, "status", name_of(&test_status_names, (int)test->status));
    jw_put_string(w, "name", test->name);
    jw_put_string(w, "classname", test->classname);
    jw_put_string(w, "file", test->file);
    jw_put_double(w, "execution_time", test->seconds);
    if (test->details)
        put_details(w, "system_output", test->details);
    else
        jw_put_string(w, "system_output", test->output);
    jw_put_null(w, "stack_trace");
    jw_put_null(w, "recent_failures");
    jw_put_null(w, "attachment_url");
    jw_end_object(w);
}

/* Both entities have these numbers, in this order, under different names. */
typedef struct CountNames {
    const char *seconds;
    const char *total;
    const char *by_status[N_TEST_STATUS];
} CountNames;

static const CountNames long_names = { "total_time",
                                       "total_count",
                                       { [TEST_SUCCESS] = "success_count",
                                         [TEST_FAILED] = "failed_count",
                                         [TEST_SKIPPED] = "skipped_count",
                                         [TEST_ERROR] = "error_count" } };
static const CountNames short_names = { "time",
                                        "count",
                                        { [TEST_SUCCESS] = "success",
                                          [TEST_FAILED] = "failed",
                                          [TEST_SKIPPED] = "skipped",
                                          [TEST_ERROR] = "error" } };

static void put_counts(JsonWriter *w, const CountNames *names, const TestCounts *counts)
{
    jw_put_double(w, names->seconds, counts->seconds);
    jw_put_int(w, names->total, counts->total);
    for (int s = 0; s < N_TEST_STATUS; s++)
        jw_put_int(w, names->by_status[s], counts->by_status[s]);
}

static void write_suite(JsonWriter *w, const TestSuite *suite)
{
    jw_begin_object(w);
    jw_put_string(w, "name", suite->name);
    put_counts(w, &long_names, &suite->counts);
    jw_put_string(w, "suite_error", suite->error);
    jw_key(w, "test_cases");
    jw_begin_array(w);
    for (const TestCase *test = suite->cases.first; test; test = test->next)
        write_case(w, test);
    jw_end_array(w);
    jw_end_object(w);
}

static void write_suite_summary(JsonWriter *w, const TestSuite *suite)
{
    jw_begin_object(w);
    jw_put_string(w, "name", suite->name);
    put_counts(w, &long_names, &suite->counts);
    jw_key(w, "build_ids");
    jw_begin_array(w);
    for (guint i = 0; i < suite->job_ids->len; i++)
        jw_int(w, g_array_index(suite->job_ids, int64_t, i));
    jw_end_array(w);
    jw_put_string(w, "suite_error", suite->error);
    jw_end_object(w);
}

static bool read_report(Req *rq, TestReport *report, Error *err)
{
    Caller *caller = caller_of(rq);
    Pipeline pipeline;

    return pipeline_get_in_project(caller->db, rq->arena, caller->project->id,
                                   req_int(rq, "pipeline_id"), &pipeline, err) &&
           test_report_read(site_of(rq), caller->db, rq->arena, pipeline.id, report, err);
}

static bool test_report(Req *rq, Error *err)
{
    TestReport report;

    if (!read_report(rq, &report, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    put_counts(w, &long_names, &report.counts);
    jw_key(w, "test_suites");
    jw_begin_array(w);
    for (size_t i = 0; i < report.n_suites; i++)
        write_suite(w, &report.suites[i]);
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

static bool test_report_summary(Req *rq, Error *err)
{
    TestReport report;

    if (!read_report(rq, &report, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_key(w, "total");
    jw_begin_object(w);
    put_counts(w, &short_names, &report.counts);
    jw_put_null(w, "suite_error");
    jw_end_object(w);
    jw_key(w, "test_suites");
    jw_begin_array(w);
    for (size_t i = 0; i < report.n_suites; i++)
        write_suite_summary(w, &report.suites[i]);
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

const Route test_report_routes[] = {
    { GET, "/projects/:id/pipelines/:pipeline_id/test_report", CAN_READ_JOBS, id_params,
      test_report },
    { GET, "/projects/:id/pipelines/:pipeline_id/test_report_summary", CAN_READ_JOBS, id_params,
      test_report_summary },
    { 0 },
};
