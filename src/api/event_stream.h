/* event_stream.h - server-sent events (HTML Living Standard, 9.2) that hold no thread while there is nothing to tell.
 *
 * A stream ends after a while by itself, so that who may read is asked again: clients come back with the
 * header Last-Event-ID, as the standard has it.
 */
#ifndef PENSTOCK_API_EVENT_STREAM_H
#define PENSTOCK_API_EVENT_STREAM_H

#include "api/caller.h"
#include "base/topics.h"

typedef struct EventStream EventStream;

/* What a stream tells.  Both functions run on a worker, one at a time. */
typedef struct EventSource {
    TopicKind topic; /* whose news wake it */
    int64_t topic_id;
    void *data; /* lives in rq->arena */
    /* Adds the next few events, none if there is nothing new; @over: these were the last. */
    bool (*next)(EventStream *stream, void *data, bool *over, Error *err);
} EventSource;

/* Answers @rq with @source's events, from a handler that is not inline. */
bool event_stream_start(Req *rq, const EventSource *source, Error *err);

/* For .next: one event.  Give its data to the writer that comes back, one value. @id: NULL: none. */
JsonWriter *event_stream_add(EventStream *stream, const char *name, const char *id);

const Site *event_stream_site(const EventStream *stream);

#endif
