/* coverage.c - walks through a log from its end, line by line. */
#include "runner/coverage.h"

#include "base/log.h"
#include "pipeline/spec.h"
#include "runner/log_reader.h"
#include "store/job_specs.h"

#include <string.h>

/* A line that is longer is looked at in parts. */
enum { PIECE = 64 * 1024, ESCAPE = 0x1b };

/* --- one line -------------------------------------------------------------------------------- */

/* The first "12" or "12.5" of @text. */
static bool first_number(const char *text, size_t n, double *number)
{
    size_t start = 0;

    while (start < n && !g_ascii_isdigit(text[start]))
        start++;
    size_t end = start;
    while (end < n && g_ascii_isdigit(text[end]))
        end++;
    if (end + 1 < n && text[end] == '.' && g_ascii_isdigit(text[end + 1]))
        for (end++; end < n && g_ascii_isdigit(text[end]); end++)
            ;
    if (start == end)
        return false;
    g_autofree char *digits = g_strndup(text + start, end - start);
    *number = g_ascii_strtod(digits, NULL);
    return true;
}

/* Of the match at @from: its last group that took part, or all of it where there are no groups. */
static void narrow(const Regex *regex, const char *line, size_t n, size_t from, ptrdiff_t *start,
                   ptrdiff_t *end)
{
    for (int group = 1; group <= regex_groups(regex); group++) {
        ptrdiff_t a, b;
        if (regex_find(regex, line, n, from, group, &a, &b) && a >= 0) {
            *start = a;
            *end = b;
        }
    }
}

static bool find(const Regex *regex, const char *line, size_t n, double *coverage)
{
    ptrdiff_t start, end, last_start = -1, last_end = -1;
    size_t from = 0;

    while (from <= n && regex_find(regex, line, n, from, 0, &start, &end)) {
        last_start = start;
        last_end = end;
        narrow(regex, line, n, from, &last_start, &last_end);
        from = (size_t)(end > start ? end : end + 1);
    }
    return last_start >= 0 &&
           first_number(line + last_start, (size_t)(last_end - last_start), coverage);
}

/* @line without "ESC [ ... letter". */
static size_t strip(const char *line, size_t n, char *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (line[i] != ESCAPE) {
            out[kept++] = line[i];
            continue;
        }
        if (i + 1 < n && line[i + 1] == '[')
            for (i += 2; i < n && !g_ascii_isalpha(line[i]); i++)
                ;
    }
    return kept;
}

bool coverage_in_line(const Regex *regex, const char *line, size_t n, double *coverage)
{
    while (n > 0 && line[n - 1] == '\r')
        n--;
    if (find(regex, line, n, coverage))
        return true;
    if (!memchr(line, ESCAPE, n))
        return false;
    g_autofree char *plain = g_malloc(n);
    return find(regex, plain, strip(line, n, plain), coverage);
}

/* --- a log ----------------------------------------------------------------------------------- */

/* The lines of @text from the last one upwards, but not the one at its start unless @is_whole: how much of that is
 * left is the answer, SIZE_MAX where the number is found. */
static size_t search_lines(const Regex *regex, const char *text, size_t n, bool is_whole,
                           double *coverage)
{
    size_t end = n;

    for (;;) {
        const char *newline = end > 0 ? memrchr(text, '\n', end) : NULL;
        if (!newline && !is_whole)
            return end;
        size_t start = newline ? (size_t)(newline - text) + 1 : 0;
        if (coverage_in_line(regex, text + start, end - start, coverage))
            return SIZE_MAX;
        if (!newline)
            return 0;
        end = start - 1;
    }
}

static bool search_log(const Regex *regex, LogReader *log, int64_t floor, double *coverage,
                       Error *err)
{
    g_autofree char *buffer = g_malloc(PIECE * 2);
    int64_t at = log->size;
    size_t kept = 0; /* the start of a line whose other part is before @at */

    while (at > floor) {
        size_t room = (size_t)MIN((int64_t)PIECE, at - floor), n = 0;
        memmove(buffer + room, buffer, kept);
        if (!log_reader_read(log, at - (int64_t)room, buffer, room, &n, err))
            return false;
        at -= (int64_t)room;
        if (n < room)
            return error_set(err, ERR_IO, "a log is shorter than what was accepted");
        bool is_whole = at == floor || kept + room > PIECE;
        kept = search_lines(regex, buffer, room + kept, is_whole, coverage);
        if (kept == SIZE_MAX)
            return true;
    }
    return true;
}

/* --- a job ----------------------------------------------------------------------------------- */

/* The expression of the job, NULL: it has none.  Most have none, and then nothing is parsed. */
static bool find_pattern(const Site *site, Arena *arena, const Job *job, const char **pattern,
                         Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    JobSpec row;

    *pattern = NULL;
    if (!job_spec_get(db, arena, job->spec_id, &row, err))
        return false;
    if (!strstr(row.options, "\"coverage\":"))
        return true;
    json_t *spec = spec_from_json(row.options, err);
    if (!spec)
        return false;
    *pattern = arena_strdup(arena, json_get_string(spec, "coverage"));
    json_decref(spec);
    return true;
}

static bool search(const Site *site, TraceFiles *files, const Job *job, double *coverage,
                   Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const char *pattern;
    LogReader log;

    if (!find_pattern(site, arena, job, &pattern, err))
        return false;
    if (!pattern)
        return true;
    g_autoptr(Regex) regex = regex_new(pattern, 0, err);
    if (!regex || !log_reader_open(&log, files, job->id, job->trace_size, err))
        return false;
    bool ok = search_log(regex, &log, MAX(0, log.size - site->settings->max_coverage_bytes),
                         coverage, err);
    log_reader_close(&log);
    return ok;
}

double coverage_of_job(const Site *site, TraceFiles *files, const Job *job)
{
    g_auto(Error) err = ERROR_INIT;
    double coverage = -1;

    if (job->trace_size > 0 && !search(site, files, job, &coverage, &err))
        log_error(&err, "job %" G_GINT64_FORMAT ": no coverage", job->id);
    return coverage;
}
