/* log_search.c - line by line over a window of the log. */
#include "runner/log_search.h"

#include <glib.h>
#include <string.h>

enum { WINDOW = 1024 * 1024, MAX_SHOWN = 2000 };

/* --- what a reader sees ---------------------------------------------------------------------- */

/* The end of the control sequence at @at (ECMA-48: ESC [ parameters, final byte). */
static size_t skip_escape(const char *line, size_t n, size_t at)
{
    at++;
    if (at < n && line[at] != '[')
        return at + 1;
    for (at++; at < n; at++)
        if (line[at] >= 0x40 && line[at] <= 0x7e)
            return at + 1;
    return n;
}

/* "section_start:1700000000:name[options]\r": gitlab-runner's mark, up to the \r. */
static size_t skip_section(const char *line, size_t n, size_t at)
{
    static const char *const marks[] = { "section_start:", "section_end:" };

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        size_t length = strlen(marks[i]);
        if (n - at < length || memcmp(line + at, marks[i], length) != 0)
            continue;
        const char *end = memchr(line + at, '\r', n - at);
        return end ? (size_t)(end - line) : at;
    }
    return at;
}

size_t log_visible(const char *line, size_t n, char *out)
{
    size_t length = 0;

    for (size_t at = 0; at < n;) {
        if (line[at] == 's')
            at = skip_section(line, n, at);
        if (line[at] == '\033') {
            at = skip_escape(line, n, at);
            continue;
        }
        if (line[at] != '\r')
            out[length++] = line[at];
        at++;
    }
    return length;
}

/* --- the search ------------------------------------------------------------------------------ */

typedef struct Scan {
    LogSearch *search;
    Arena *arena;
    char *visible; /* of one line */
    int64_t line;  /* the number of the next */
} Scan;

/* false: there is no room for another match; @offset is where to go on. */
static bool take_line(Scan *scan, const char *line, size_t n, int64_t offset)
{
    LogSearch *search = scan->search;

    if (offset < search->from)
        return true;
    size_t length = log_visible(line, n, scan->visible);
    if (!regex_matches(search->regex, scan->visible, length))
        return true;
    if (search->n_matches == search->max_matches) {
        search->next = offset;
        return false;
    }
    length = MIN(length, (size_t)MAX_SHOWN);
    search->matches[search->n_matches++] =
        (LogMatch){ .line = scan->line,
                    .offset = offset,
                    .text = arena_strndup(scan->arena, scan->visible, length),
                    .length = length };
    return true;
}

/* The whole lines among @n bytes that begin at @offset; @used: how many bytes these are. */
static bool take_lines(Scan *scan, const char *bytes, size_t n, int64_t offset, bool is_last,
                       size_t *used)
{
    *used = 0;
    while (*used < n) {
        const char *line = bytes + *used;
        const char *end = memchr(line, '\n', n - *used);
        bool cut = !end && !is_last && *used > 0;
        size_t length = end ? (size_t)(end - line) : n - *used;
        if (cut)
            return true; /* the rest of it comes with the next bytes */
        if (!take_line(scan, line, length, offset + (int64_t)*used))
            return false;
        *used += length + (end ? 1 : 0);
        scan->line += end ? 1 : 0;
    }
    return true;
}

bool log_search(LogReader *reader, LogSearch *search, Arena *arena, Error *err)
{
    g_autofree char *window = g_malloc(WINDOW);
    g_autofree char *visible = g_malloc(WINDOW);
    Scan scan = { .search = search, .arena = arena, .visible = visible, .line = 1 };
    int64_t at = 0;

    search->n_matches = 0;
    search->next = -1;
    while (at < reader->size) {
        size_t n, used;
        if (!log_reader_read(reader, at, window, WINDOW, &n, err))
            return false;
        if (!take_lines(&scan, window, n, at, at + (int64_t)n == reader->size, &used))
            return true;
        at += (int64_t)used;
    }
    return true;
}
