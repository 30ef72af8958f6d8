/* park.h - requests that wait without a thread: one thread, one epoll, one heap of deadlines.
 *
 * libmicrohttpd does not tell when the client of a suspended connection goes away, so each parked
 * socket is watched here for EPOLLRDHUP.
 */
#ifndef PENSTOCK_HTTP_PARK_H
#define PENSTOCK_HTTP_PARK_H

#include "http/server.h"

typedef struct Park Park;

/* A request's place; all zero at first, park.c's own after that. */
typedef struct ParkPlace {
    bool asked;          /* req_park() was called by the handler that runs */
    bool waiting;        /* in the heap */
    bool woken;          /* req_wake() came before the handler was back */
    unsigned index;      /* in the heap */
    uint32_t id;         /* of this wait */
    int64_t deadline_us; /* monotonic */
} ParkPlace;

Park *park_new(Server *server, Error *err);
/* All requests are woken or answered before. */
void park_free(Park *park);

/* Before `again` runs: what was said before counts no more. */
void park_begin(Park *park, ReqPrivate *c);
/* The handler is back and asked to wait: lets it wait, or pushes it to the workers at once if it
 * was woken meanwhile or the server stops.  @c is not the caller's any more.  false: it is, since
 * there are no workers any more: the caller runs it. */
bool park_commit(Park *park, ReqPrivate *c);
void park_wake(Park *park, ReqPrivate *c);
void park_wake_all(Park *park);
int64_t park_count(Park *park);

#endif
