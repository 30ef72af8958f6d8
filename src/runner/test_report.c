/* test_report.c - reports of many files as suites. */
#include "runner/test_report.h"

#include "blob/blob.h"
#include "runner/gunzip.h"
#include "store/artifacts.h"
#include "store/jobs.h"

#include <string.h>
#include <unistd.h>

/* --- one file -------------------------------------------------------------------------------- */

typedef struct Reading {
    Arena *arena;
    TestCases *cases;
    JunitReader *reader; /* of the member that is open; NULL: none is */
    Error failed;
} Reading;

static bool take_bytes(void *data, const char *bytes, size_t n)
{
    Reading *r = data;

    if (!r->reader)
        r->reader = junit_reader_new(r->arena, r->cases);
    return junit_reader_feed(r->reader, bytes, n, &r->failed);
}

static bool take_end(void *data)
{
    Reading *r = data;
    bool ok = !r->reader || junit_reader_end(r->reader, &r->failed);

    junit_reader_free(g_steal_pointer(&r->reader));
    return ok;
}

static const char *error_words(const Site *site, Arena *arena, const Error *failed)
{
    if (failed->code != ERR_TOO_LARGE)
        return arena_printf(arena, "JUnit XML parsing failed: %s", error_text(failed));
    return arena_printf(arena,
                        "JUnit XML parsing failed: the reports are larger than the limits"
                        " max-test-report-bytes, %" G_GINT64_FORMAT
                        ", or max-test-cases, %" G_GINT64_FORMAT,
                        site->settings->max_test_report_bytes, site->settings->max_test_cases);
}

/* @left: bytes that may still be read for this pipeline. */
static bool read_file(const Site *site, Arena *arena, const Artifact *artifact, int64_t *left,
                      TestSuite *suite, Error *err)
{
    Reading reading = { .arena = arena, .cases = &suite->cases, .failed = ERROR_INIT };
    GunzipSink sink = { take_bytes, take_end, &reading };
    g_auto(Error) failed = ERROR_INIT;
    int64_t size;
    int fd = -1;

    if (!blob_open(site->blobs, artifact->blob_key, &fd, &size, &failed)) {
        if (failed.code != ERR_NO_RECORD)
            return error_move(err, &failed);
        return true; /* deleted meanwhile */
    }
    bool ok = gunzip_each(fd, left, &sink, &failed);
    close(fd);
    junit_reader_free(reading.reader);
    if (ok && reading.failed.code != ERR_NONE) {
        ok = false;
        error_move(&failed, &reading.failed);
    }
    error_clear(&reading.failed);
    if (ok)
        return true;
    if (failed.code != ERR_INVALID && failed.code != ERR_TOO_LARGE)
        return error_move(err, &failed);
    suite->error = error_words(site, arena, &failed);
    return true;
}

/* --- suites ---------------------------------------------------------------------------------- */

/* "rspec 1/3" is a part of "rspec". */
static const char *suite_name(Arena *arena, const char *job)
{
    size_t n = strlen(job), end = n;
    size_t total = end;

    while (end > 0 && g_ascii_isdigit(job[end - 1]))
        end--;
    if (end == total || end == 0 || job[end - 1] != '/')
        return job;
    total = --end;
    while (end > 0 && g_ascii_isdigit(job[end - 1]))
        end--;
    if (end == total || end < 2 || job[end - 1] != ' ')
        return job;
    return arena_strndup(arena, job, end - 1);
}

static TestSuite *find_suite(Arena *arena, TestReport *report, const char *name)
{
    for (size_t i = 0; i < report->n_suites; i++)
        if (strcmp(report->suites[i].name, name) == 0)
            return &report->suites[i];
    TestSuite *suite = &report->suites[report->n_suites++];
    suite->name = name;
    suite->job_ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    arena_defer(arena, (GDestroyNotify)g_array_unref, suite->job_ids);
    return suite;
}

static void count(TestReport *report)
{
    for (size_t i = 0; i < report->n_suites; i++) {
        TestSuite *suite = &report->suites[i];
        if (suite->error)
            suite->cases.first = NULL;
        for (const TestCase *c = suite->cases.first; c; c = c->next) {
            suite->counts.by_status[c->status]++;
            suite->counts.total++;
            suite->counts.seconds += c->seconds;
        }
        for (int s = 0; s < N_TEST_STATUS; s++)
            report->counts.by_status[s] += suite->counts.by_status[s];
        report->counts.total += suite->counts.total;
        report->counts.seconds += suite->counts.seconds;
    }
}

static const Artifact *junit_of(const Artifact *artifacts, size_t n, const Job *job, int64_t now_us)
{
    for (size_t i = 0; i < n; i++)
        if (artifacts[i].job_id == job->id && artifacts[i].file_type == ARTIFACT_JUNIT &&
            (!artifacts[i].expire_at || artifacts[i].expire_at > now_us))
            return &artifacts[i];
    return NULL;
}

static bool add_job(const Site *site, Arena *arena, TestReport *report, const Job *job,
                    const Artifact *artifact, int64_t *bytes_left, int64_t *cases_left, Error *err)
{
    TestSuite *suite = find_suite(arena, report, suite_name(arena, job->name));

    g_array_append_val(suite->job_ids, job->id);
    if (suite->error)
        return true;
    suite->cases.left = *cases_left;
    bool ok = read_file(site, arena, artifact, bytes_left, suite, err);
    *cases_left = suite->cases.left;
    return ok;
}

bool test_report_read(const Site *site, Db *db, Arena *arena, int64_t pipeline_id, TestReport *out,
                      Error *err)
{
    int64_t bytes_left = site->settings->max_test_report_bytes;
    int64_t cases_left = site->settings->max_test_cases;
    int64_t now = clock_now(site->clock);
    Artifact *artifacts = NULL;
    size_t n_artifacts = 0, n = 0;
    Job *jobs = NULL;

    *out = (TestReport){ 0 };
    if (!artifact_list_by_pipeline_type(db, arena, pipeline_id, ARTIFACT_JUNIT, &artifacts,
                                        &n_artifacts, err))
        return false;
    if (n_artifacts == 0)
        return true;
    if (!job_list_latest(db, arena, pipeline_id, &jobs, &n, err))
        return false;
    out->suites = arena_new0(arena, TestSuite, n_artifacts);
    for (size_t i = 0; i < n; i++) {
        const Artifact *artifact = junit_of(artifacts, n_artifacts, &jobs[i], now);
        if (artifact &&
            !add_job(site, arena, out, &jobs[i], artifact, &bytes_left, &cases_left, err))
            return false;
    }
    count(out);
    return true;
}
