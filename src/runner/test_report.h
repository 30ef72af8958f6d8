/* test_report.h - what a pipeline's JUnit reports say, read from the stored files. */
#ifndef PENSTOCK_RUNNER_TEST_REPORT_H
#define PENSTOCK_RUNNER_TEST_REPORT_H

#include "base/site.h"
#include "db/db.h"
#include "runner/junit.h"

typedef struct TestCounts {
    int64_t by_status[N_TEST_STATUS];
    int64_t total;
    double seconds;
} TestCounts;

/* Of one job, or of the jobs that one parallel job became. */
typedef struct TestSuite {
    const char *name;
    const char *error; /* why its reports do not count; NULL: they do */
    TestCounts counts;
    TestCases cases;
    GArray *job_ids; /* of int64_t, in the arena's care */
} TestSuite;

typedef struct TestReport {
    TestSuite *suites; /* by their first job */
    size_t n_suites;
    TestCounts counts;
} TestReport;

/* Reads the reports of the latest jobs of @pipeline_id: at most max-test-report-bytes and max-test-cases of
 * all together; what is past that, or no report, is said in the suite's error.  Everything lives in @arena.
 * Blocks on the files. */
bool test_report_read(const Site *site, Db *db, Arena *arena, int64_t pipeline_id, TestReport *out,
                      Error *err);

#endif
