/* job_log.c - beyond GitLab: a job's log as it grows, and what is found in it. */
#include "api/job_log.h"
#include "api/event_stream.h"
#include "api/pipelines.h"
#include "base/text.h"
#include "runner/log_search.h"

#include <string.h>

enum {
    EVENT_BYTES = 64 * 1024, /* of a log in one event */
    EVENTS_AT_ONCE = 4,
    MAX_MATCHES = 1000
};

const Param log_stream_params[] = {
    { "job_id", PARAM_INT },
    { "offset", PARAM_INT, .min = 0, .max = G_MAXINT64 },
    { 0 },
};

const Param log_search_params[] = {
    { "job_id", PARAM_INT },
    { "q", PARAM_STR, .required = true, .non_blank = true },
    { "regex", PARAM_BOOL, .otherwise = "false" },
    { "ignore_case", PARAM_BOOL, .otherwise = "true" },
    { "offset", PARAM_INT, .otherwise = "0", .min = 0, .max = G_MAXINT64 },
    { "limit", PARAM_INT, .otherwise = "100", .min = 1, .max = MAX_MATCHES },
    { 0 },
};

bool find_readable_log(Req *rq, Job *job, Error *err)
{
    if (!find_job(rq, job, err))
        return false;
    if (job->debug_trace && !caller_require(rq, CAN_READ_DEBUG_TRACES, err))
        return false;
    if (job->erased_at)
        job->trace_size = 0;
    return true;
}

/* --- as it grows ----------------------------------------------------------------------------- */

typedef struct Follow {
    TraceFiles *traces;
    int64_t job_id;
    int64_t at; /* what comes next */
} Follow;

/* How many of @n bytes are whole characters: a piece may end in the middle of one. */
static size_t whole_characters(const char *bytes, size_t n)
{
    size_t back = 0;

    while (back < 3 && back < n && ((unsigned char)bytes[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == n)
        return n;
    unsigned char lead = (unsigned char)bytes[n - 1 - back];
    size_t length = lead > 0xf4 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return length > back + 1 ? n - 1 - back : n;
}

static void add_piece(EventStream *stream, const Follow *follow, const char *bytes, size_t n)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, follow->at + (int64_t)n);
    JsonWriter *w = event_stream_add(stream, "log", id);

    jw_begin_object(w);
    jw_put_int(w, "offset", follow->at);
    jw_key(w, "text");
    jw_string_n(w, bytes, n);
    jw_end_object(w);
}

static bool add_pieces(EventStream *stream, Follow *follow, const Job *job, bool ended, Error *err)
{
    g_autofree char *bytes = g_malloc(EVENT_BYTES);
    LogReader reader;
    bool ok = true;

    if (!log_reader_open(&reader, follow->traces, job->id, job->trace_size, err))
        return false;
    for (int i = 0; ok && i < EVENTS_AT_ONCE && follow->at < job->trace_size; i++) {
        size_t n = 0;
        ok = log_reader_read(&reader, follow->at, bytes, EVENT_BYTES, &n, err);
        bool last = follow->at + (int64_t)n == job->trace_size;
        if (ok && !(ended && last))
            n = whole_characters(bytes, n);
        if (!ok || n == 0)
            break;
        add_piece(stream, follow, bytes, n);
        follow->at += (int64_t)n;
    }
    log_reader_close(&reader);
    return ok;
}

static void add_end(EventStream *stream, const Job *job)
{
    JsonWriter *w = event_stream_add(stream, "end", NULL);

    jw_begin_object(w);
    jw_put_string(w, "status", name_of(&status_names, (int)job->status));
    jw_put_int(w, "size", job->trace_size);
    jw_end_object(w);
}

static bool next_events(EventStream *stream, void *data, bool *over, Error *err)
{
    Follow *follow = data;
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(Db) db = database_reader(event_stream_site(stream)->database);
    Job job;

    if (!job_get(db, arena, follow->job_id, &job, err))
        return false;
    g_clear_pointer(&db, database_reader_release);
    bool ended = STATUS_IN(job.status, STATUSES_COMPLETED);
    if (job.erased_at)
        job.trace_size = 0;
    if (follow->at < job.trace_size && !add_pieces(stream, follow, &job, ended, err))
        return false;
    *over = ended && follow->at >= job.trace_size;
    if (*over)
        add_end(stream, &job);
    return true;
}

/* A client that comes back names the last event it saw. */
static bool first_offset(Req *rq, int64_t *offset, Error *err)
{
    const char *last = req_header(rq, "Last-Event-ID");

    *offset = req_int(rq, "offset");
    if (!last || !*last)
        return true;
    return (text_to_int(last, offset) && *offset >= 0) ||
           error_set(err, ERR_BAD_REQUEST, "Last-Event-ID is not an offset");
}

bool stream_log(Req *rq, Error *err)
{
    Follow *follow = arena_new0(rq->arena, Follow, 1);
    Job job;

    if (!find_readable_log(rq, &job, err) || !first_offset(rq, &follow->at, err))
        return false;
    follow->traces = api_of(rq)->traces;
    follow->job_id = job.id;
    const EventSource source = {
        .topic = TOPIC_LOG, .topic_id = job.id, .data = follow, .next = next_events
    };
    return event_stream_start(rq, &source, err);
}

/* --- what is found in it --------------------------------------------------------------------- */

/* RE2 takes each escaped punctuation mark as itself. */
static char *quote(const char *text)
{
    GString *quoted = g_string_new(NULL);

    for (; *text; text++) {
        if (g_ascii_ispunct(*text))
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *text);
    }
    return g_string_free(quoted, FALSE);
}

static Regex *make_regex(Req *rq, Error *err)
{
    unsigned flags = req_bool(rq, "ignore_case") ? REGEX_IGNORE_CASE : 0;
    g_autofree char *quoted = quote(req_str(rq, "q"));
    g_auto(Error) failed = ERROR_INIT;

    Regex *regex = regex_new(req_bool(rq, "regex") ? req_str(rq, "q") : quoted, flags, &failed);
    if (!regex)
        error_set(err, ERR_PARAM, "q is invalid: %s", error_text(&failed));
    return regex;
}

static bool reply_matches(Req *rq, const LogSearch *search, int64_t size)
{
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_int(w, "size", size);
    jw_key(w, "next_offset");
    if (search->next < 0)
        jw_null(w);
    else
        jw_int(w, search->next);
    jw_key(w, "matches");
    jw_begin_array(w);
    for (size_t i = 0; i < search->n_matches; i++) {
        const LogMatch *match = &search->matches[i];
        jw_begin_object(w);
        jw_put_int(w, "line", match->line);
        jw_put_int(w, "offset", match->offset);
        jw_key(w, "text");
        jw_string_n(w, match->text, match->length);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

bool search_log(Req *rq, Error *err)
{
    g_autoptr(Regex) regex = NULL;
    LogReader reader;
    Job job;

    if (!find_readable_log(rq, &job, err) || !(regex = make_regex(rq, err)))
        return false;
    LogSearch search = { .regex = regex,
                         .from = req_int(rq, "offset"),
                         .max_matches = (size_t)req_int(rq, "limit"),
                         .next = -1 };
    search.matches = arena_new0(rq->arena, LogMatch, search.max_matches);
    if (job.trace_size > 0) {
        caller_release_db(rq);
        if (!log_reader_open(&reader, api_of(rq)->traces, job.id, job.trace_size, err))
            return false;
        bool ok = log_search(&reader, &search, rq->arena, err);
        log_reader_close(&reader);
        if (!ok)
            return false;
    }
    return reply_matches(rq, &search, job.trace_size);
}
