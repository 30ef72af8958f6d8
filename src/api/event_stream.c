/* event_stream.c - fills the reply's buffer, and waits for room or for news. */
#include "api/event_stream.h"

enum {
    BEAT_S = 15,      /* proxies cut what is silent for longer */
    LIFETIME_S = 600, /* then the client comes back, and is asked again who it is */
    RECONNECT_MS = 1000
};

struct EventStream {
    Caller caller; /* first: rq->caller stays what others know it as */
    Req *rq;
    EventSource source;
    GString *pending; /* not yet taken by the reply */
    JsonWriter writer;
    int64_t ends_at; /* of the site's clock, as the next */
    int64_t beat_at;
    bool over; /* nothing comes after what is pending */
};

/* --- events --- */

const Site *event_stream_site(const EventStream *stream)
{
    return site_of(stream->rq);
}

/* The data of the last event is a single line, as JSON without line ends is. */
static void end_event(EventStream *stream)
{
    if (stream->writer.out)
        g_string_append(stream->pending, "\n\n");
    stream->writer.out = NULL;
}

JsonWriter *event_stream_add(EventStream *stream, const char *name, const char *id)
{
    end_event(stream);
    if (id)
        g_string_append_printf(stream->pending, "id: %s\n", id);
    g_string_append_printf(stream->pending, "event: %s\ndata: ", name);
    jw_init(&stream->writer, stream->pending);
    return &stream->writer;
}

/* --- waiting --- */

static void wake(void *data)
{
    req_wake(data);
}

static void forget(void *data)
{
    Req *rq = data;

    topics_forget(site_of(rq)->topics, rq);
}

/* false: there was not room for all; the request is woken when there is. */
static bool flush(EventStream *stream)
{
    GString *pending = stream->pending;
    size_t taken = reply_stream_offer(stream->rq, pending->str, pending->len);

    if (taken > 0)
        stream->beat_at = clock_now(site_of(stream->rq)->clock) + BEAT_S * US_PER_S;
    g_string_erase(pending, 0, (gssize)taken);
    return pending->len == 0;
}

/* What there is to tell now; nothing: a beat if it is time. */
static bool gather(EventStream *stream, Error *err)
{
    if (!stream->source.next(stream, stream->source.data, &stream->over, err))
        return false;
    end_event(stream);
    if (stream->pending->len == 0 && clock_now(site_of(stream->rq)->clock) >= stream->beat_at)
        g_string_append(stream->pending, ":\n\n");
    return true;
}

static bool is_over(const EventStream *stream)
{
    return stream->over || req_is_gone(stream->rq) || req_is_stopping(stream->rq) ||
           clock_now(site_of(stream->rq)->clock) >= stream->ends_at;
}

static bool go_on(Req *rq, Error *err)
{
    EventStream *stream = rq->caller;

    while (flush(stream)) {
        if (is_over(stream))
            return reply_stream_end(rq, true);
        /* Before the look: what comes after it wakes. */
        topics_wait(site_of(rq)->topics, stream->source.topic, stream->source.topic_id, wake, rq);
        if (!gather(stream, err))
            return false;
        if (stream->pending->len == 0 && !stream->over)
            break;
    }
    /* A client that takes nothing in is libmicrohttpd's to give up. */
    int64_t patience = clock_now(site_of(rq)->clock) + BEAT_S * US_PER_S;
    if (req_is_gone(rq))
        return reply_stream_end(rq, false);
    req_park(rq, stream->pending->len > 0 ? patience : stream->beat_at, go_on);
    return true;
}

static void free_pending(void *data)
{
    g_string_free(data, TRUE);
}

bool event_stream_start(Req *rq, const EventSource *source, Error *err)
{
    EventStream *stream = arena_new0(rq->arena, EventStream, 1);
    int64_t now = clock_now(site_of(rq)->clock);

    caller_release_db(rq);
    *stream = (EventStream){ .caller = *caller_of(rq),
                             .rq = rq,
                             .source = *source,
                             .pending = g_string_new(NULL),
                             .beat_at = now + BEAT_S * US_PER_S,
                             .ends_at = now + LIFETIME_S * US_PER_S };
    arena_defer(rq->arena, free_pending, stream->pending);
    arena_defer(rq->arena, forget, rq);
    req_reply_header(rq, "Cache-Control", "no-store");
    req_reply_header(rq, "X-Accel-Buffering", "no"); /* nginx passes each event on at once */
    g_string_append_printf(stream->pending, "retry: %d\n\n", RECONNECT_MS);
    rq->caller = stream;
    return reply_stream_begin(rq, 200, "text/event-stream") && go_on(rq, err);
}
