/* coverage.h - the number that a job's `coverage` expression finds in its log. */
#ifndef PENSTOCK_RUNNER_COVERAGE_H
#define PENSTOCK_RUNNER_COVERAGE_H

#include "base/regex.h"
#include "base/site.h"
#include "runner/trace_file.h"
#include "store/jobs.h"

/* In one line: the last match, of it the last group that took part, of that the first number.  Escape
 * sequences of terminals may stand between or not.  false: there is none. */
bool coverage_in_line(const Regex *regex, const char *line, size_t n, double *coverage);

/* In the last line of @job's log that has one; looks at the last max-coverage-bytes.  -1: the job asks for none, or
 * none is there; trouble is logged.  Blocks on the database and the log. */
double coverage_of_job(const Site *site, TraceFiles *files, const Job *job);

#endif
