/* park.c - who waits, until when, and whose client is still there. */
#include "http/private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct Park {
    Server *server;
    pthread_mutex_t lock; /* of all below, and of each request's ParkPlace */
    GPtrArray *heap;      /* of ReqPrivate *, the earliest deadline first */
    GHashTable *by_id;    /* events name a wait, not memory that may be gone */
    uint32_t last_id;
    int epoll_fd;
    int event_fd; /* the earliest deadline changed, or the end */
    bool ending;
    bool started;
    pthread_t thread;
};

enum { EVENT_ID = 0 };

/* --- the heap --- */

static ReqPrivate *heap_at(const Park *park, unsigned i)
{
    return park->heap->pdata[i];
}

static void heap_set(Park *park, unsigned i, ReqPrivate *c)
{
    park->heap->pdata[i] = c;
    c->park.index = i;
}

static bool heap_before(const Park *park, unsigned a, unsigned b)
{
    return heap_at(park, a)->park.deadline_us < heap_at(park, b)->park.deadline_us;
}

static void heap_swap(Park *park, unsigned a, unsigned b)
{
    ReqPrivate *c = heap_at(park, a);

    heap_set(park, a, heap_at(park, b));
    heap_set(park, b, c);
}

static void heap_settle(Park *park, unsigned i)
{
    while (i > 0 && heap_before(park, i, (i - 1) / 2)) {
        heap_swap(park, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
    for (;;) {
        unsigned least = i;
        for (unsigned child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < park->heap->len && heap_before(park, child, least))
                least = child;
        if (least == i)
            return;
        heap_swap(park, i, least);
        i = least;
    }
}

static void heap_remove(Park *park, unsigned i)
{
    unsigned last = park->heap->len - 1;

    heap_swap(park, i, last);
    g_ptr_array_set_size(park->heap, (int)last);
    if (i < last)
        heap_settle(park, i);
}

/* --- under the lock --- */

static void place_take(Park *park, ReqPrivate *c)
{
    heap_remove(park, c->park.index);
    g_hash_table_remove(park->by_id, GUINT_TO_POINTER(c->park.id));
    epoll_ctl(park->epoll_fd, EPOLL_CTL_DEL, c->socket, NULL);
    c->park.waiting = false;
    (void)workers_push(park->server->workers, c, true);
}

static void place_put(Park *park, ReqPrivate *c)
{
    do {
        c->park.id = ++park->last_id;
    } while (c->park.id == EVENT_ID ||
             g_hash_table_contains(park->by_id, GUINT_TO_POINTER(c->park.id)));
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = c->park.id };
    g_hash_table_insert(park->by_id, GUINT_TO_POINTER(c->park.id), c);
    g_ptr_array_add(park->heap, c);
    c->park.index = park->heap->len - 1;
    c->park.waiting = true;
    heap_settle(park, c->park.index);
    /* Without the watch the deadline still ends the wait. */
    epoll_ctl(park->epoll_fd, EPOLL_CTL_ADD, c->socket, &event);
}

static void poke(Park *park)
{
    uint64_t one = 1;
    ssize_t n = write(park->event_fd, &one, sizeof one);

    (void)n; /* full: the thread is already told */
}

static void wake_due(Park *park)
{
    int64_t now_us = g_get_monotonic_time();

    while (park->heap->len > 0 && heap_at(park, 0)->park.deadline_us <= now_us)
        place_take(park, heap_at(park, 0));
}

static int wait_ms(const Park *park)
{
    if (park->heap->len == 0)
        return -1;
    int64_t left_us = heap_at(park, 0)->park.deadline_us - g_get_monotonic_time();
    return (int)CLAMP((left_us + 999) / 1000, 0, 60 * 1000);
}

static void take_event(Park *park, const struct epoll_event *event)
{
    if (event->data.u64 == EVENT_ID) {
        uint64_t n;
        ssize_t got = read(park->event_fd, &n, sizeof n);
        (void)got;
        return;
    }
    ReqPrivate *c = g_hash_table_lookup(park->by_id, GUINT_TO_POINTER((uint32_t)event->data.u64));
    if (!c)
        return;
    atomic_store(&c->is_gone, true);
    place_take(park, c);
}

static void *park_main(void *p)
{
    Park *park = p;
    struct epoll_event events[64];

    pthread_mutex_lock(&park->lock);
    while (!park->ending) {
        int timeout_ms = wait_ms(park);
        pthread_mutex_unlock(&park->lock);
        int n = epoll_wait(park->epoll_fd, events, G_N_ELEMENTS(events), timeout_ms);
        pthread_mutex_lock(&park->lock);
        for (int i = 0; i < n; i++)
            take_event(park, &events[i]);
        wake_due(park);
    }
    pthread_mutex_unlock(&park->lock);
    return NULL;
}

/* --- from outside --- */

Park *park_new(Server *server, Error *err)
{
    Park *park = g_new0(Park, 1);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = EVENT_ID };

    park->server = server;
    pthread_mutex_init(&park->lock, NULL);
    park->heap = g_ptr_array_new();
    park->by_id = g_hash_table_new(NULL, NULL);
    park->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    park->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int failed = 0;
    if (park->epoll_fd < 0 || park->event_fd < 0 ||
        epoll_ctl(park->epoll_fd, EPOLL_CTL_ADD, park->event_fd, &event) != 0)
        failed = errno;
    else
        failed = pthread_create(&park->thread, NULL, park_main, park);
    park->started = !failed;
    if (failed) {
        error_errno(err, failed, "cannot start the watch over parked requests");
        park_free(park);
        return NULL;
    }
    return park;
}

void park_free(Park *park)
{
    if (!park)
        return;
    pthread_mutex_lock(&park->lock);
    park->ending = true;
    pthread_mutex_unlock(&park->lock);
    if (park->started) {
        poke(park);
        pthread_join(park->thread, NULL);
    }
    if (park->epoll_fd >= 0)
        close(park->epoll_fd);
    if (park->event_fd >= 0)
        close(park->event_fd);
    pthread_mutex_destroy(&park->lock);
    g_ptr_array_unref(park->heap);
    g_hash_table_unref(park->by_id);
    g_free(park);
}

void park_begin(Park *park, ReqPrivate *c)
{
    pthread_mutex_lock(&park->lock);
    c->park.asked = false;
    c->park.woken = false;
    pthread_mutex_unlock(&park->lock);
}

bool park_commit(Park *park, ReqPrivate *c)
{
    pthread_mutex_lock(&park->lock);
    /* A stream's connection may be over by now, and its socket another's. */
    bool now = c->park.woken || atomic_load(&c->is_gone) ||
               atomic_load(&park->server->state) >= SERVER_STOPPING;
    if (!now) {
        place_put(park, c);
        if (c->park.index == 0)
            poke(park);
    }
    pthread_mutex_unlock(&park->lock);
    return !now || workers_push(park->server->workers, c, true);
}

void park_wake(Park *park, ReqPrivate *c)
{
    pthread_mutex_lock(&park->lock);
    if (c->park.waiting)
        place_take(park, c);
    else
        c->park.woken = true;
    pthread_mutex_unlock(&park->lock);
}

void park_wake_all(Park *park)
{
    pthread_mutex_lock(&park->lock);
    while (park->heap->len > 0)
        place_take(park, heap_at(park, park->heap->len - 1));
    pthread_mutex_unlock(&park->lock);
}

int64_t park_count(Park *park)
{
    pthread_mutex_lock(&park->lock);
    int64_t n = park->heap->len;
    pthread_mutex_unlock(&park->lock);
    return n;
}
