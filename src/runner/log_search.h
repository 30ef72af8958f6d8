/* log_search.h - the lines of a log that hold something. */
#ifndef PENSTOCK_RUNNER_LOG_SEARCH_H
#define PENSTOCK_RUNNER_LOG_SEARCH_H

#include "base/arena.h"
#include "base/regex.h"
#include "runner/log_reader.h"

typedef struct LogMatch {
    int64_t line;   /* from 1 */
    int64_t offset; /* of the line's first byte in the log */
    const char *
        text; /* as a reader sees it: without colours and section marks; its beginning only, if it is long */
    size_t length;
} LogMatch;

typedef struct LogSearch {
    const Regex *regex;
    int64_t from; /* lines that begin before this offset are not told */
    size_t max_matches;
    LogMatch *matches; /* room for max_matches */
    size_t n_matches;  /* out */
    int64_t next;      /* out: where to go on; -1: the log was searched to its end */
} LogSearch;

/* Linear in the log, in flat memory.  A line of more than 1 MiB is searched in pieces of that size.
 * Texts of matches live in @arena. */
bool log_search(LogReader *reader, LogSearch *search, Arena *arena, Error *err);

/* The bytes of a line that a terminal would show, into @out (room for @n): control sequences and the runner's
 * section marks are left out.  Answers how many. */
size_t log_visible(const char *line, size_t n, char *out);

#endif
