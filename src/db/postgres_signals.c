/* postgres_signals.c - one thread, one connection: hears the others' signals and sends ours.
 *
 * A NOTIFY in the transaction of a write would make all commits queue up behind one another, and
 * would be a round trip for each; so signals go out after the commit, here.  The first of a kind
 * goes at once; what follows within a moment goes as one.  A lost connection is made again, and then
 * the listener is told that it may have missed something.
 */
#include "db/postgres_signals.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CHANNEL "penstock"

enum {
    QUIET_US = 20000, /* between two signals of the same text */
    FIRST_BACK_OFF_MS = 100,
    MAX_BACK_OFF_MS = 5000
};

struct DbSignals {
    char *where;
    DbSignalFunc func;
    void *data;
    int wake; /* eventfd: there is something to send, or to stop */
    GThread *thread;

    GMutex mutex;        /* of the two below */
    GHashTable *to_send; /* a set of texts */
    bool stopping;

    /* The thread's own. */
    PGconn *pg;       /* NULL: lost */
    GHashTable *sent; /* text -> monotonic time of the last time it was sent */
};

/* --- the connection -------------------------------------------------------------------------- */

static PGconn *connect_and_listen(const char *where, Error *err)
{
    PGconn *pg = postgres_connect(where, err);

    if (!pg)
        return NULL;
    PGresult *result = PQexec(pg, "LISTEN " CHANNEL);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (ok)
        return pg;
    error_set(err, ERR_DB_AWAY, "cannot listen on the database: %s", PQerrorMessage(pg));
    PQfinish(pg);
    return NULL;
}

static void lose(DbSignals *signals)
{
    PQfinish(g_steal_pointer(&signals->pg));
}

static bool is_stopping(DbSignals *signals)
{
    g_mutex_lock(&signals->mutex);
    bool stopping = signals->stopping;
    g_mutex_unlock(&signals->mutex);
    return stopping;
}

static void reset_wake(DbSignals *signals)
{
    uint64_t n;

    /* Nothing to read is fine too. */
    while (read(signals->wake, &n, sizeof n) < 0 && errno == EINTR)
        ;
}

/* Until it is there again or it is time to stop. */
static void reconnect(DbSignals *signals)
{
    int pause_ms = FIRST_BACK_OFF_MS;

    log_line(LOG_WARN, "the database's signals are lost for now");
    while (!is_stopping(signals)) {
        signals->pg = connect_and_listen(signals->where, NULL);
        if (signals->pg) {
            log_line(LOG_INFO, "the database's signals are back");
            signals->func(NULL, signals->data);
            return;
        }
        struct pollfd fd = { .fd = signals->wake, .events = POLLIN };
        int64_t until = g_get_monotonic_time() + pause_ms * 1000;
        for (int64_t now; !is_stopping(signals) && (now = g_get_monotonic_time()) < until;) {
            (void)poll(&fd, 1, (int)((until - now) / 1000) + 1);
            reset_wake(signals);
        }
        pause_ms = MIN(pause_ms * 2, MAX_BACK_OFF_MS);
    }
}

/* --- sending --------------------------------------------------------------------------------- */

static bool send_one(DbSignals *signals, const char *text)
{
    const char *values[] = { text };
    PGresult *result = PQexecParams(signals->pg, "SELECT pg_notify('" CHANNEL "', $1)", 1, NULL,
                                    values, NULL, NULL, 0);
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;

    PQclear(result);
    return ok;
}

/* When @text may go out. */
static int64_t due_at(DbSignals *signals, const char *text)
{
    const int64_t *last = g_hash_table_lookup(signals->sent, text);

    return last ? *last + QUIET_US : 0;
}

/* Takes those whose time has come out of the set.  *@next: when the first of the others is due; 0:
 * there is none. */
static GPtrArray *take_due(DbSignals *signals, int64_t now, int64_t *next)
{
    GPtrArray *due = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter each;
    gpointer text;

    *next = 0;
    g_mutex_lock(&signals->mutex);
    g_hash_table_iter_init(&each, signals->to_send);
    while (g_hash_table_iter_next(&each, &text, NULL)) {
        int64_t at = due_at(signals, text);
        if (at <= now) {
            g_ptr_array_add(due, g_strdup(text));
            g_hash_table_iter_remove(&each);
        } else if (!*next || at < *next) {
            *next = at;
        }
    }
    g_mutex_unlock(&signals->mutex);
    return due;
}

static gboolean is_old(gpointer text, gpointer at, gpointer now)
{
    return *(int64_t *)at + QUIET_US < *(int64_t *)now;
}

/* Sends what is due; milliseconds until the next is, -1: none waits. */
static int send_due(DbSignals *signals)
{
    int64_t now = g_get_monotonic_time();
    int64_t next;
    g_autoptr(GPtrArray) due = take_due(signals, now, &next);

    g_hash_table_foreach_remove(signals->sent, is_old, &now);
    for (guint i = 0; i < due->len && signals->pg; i++) {
        const char *text = g_ptr_array_index(due, i);
        if (send_one(signals, text))
            g_hash_table_insert(signals->sent, g_strdup(text), g_memdup2(&now, sizeof now));
        else
            lose(signals); /* the others look for themselves after a while */
    }
    return next ? (int)((next - now) / 1000) + 1 : -1;
}

/* --- hearing --------------------------------------------------------------------------------- */

static void hear(DbSignals *signals)
{
    if (!PQconsumeInput(signals->pg) || PQstatus(signals->pg) != CONNECTION_OK) {
        lose(signals);
        return;
    }
    for (PGnotify *heard; (heard = PQnotifies(signals->pg)) != NULL;) {
        if (heard->be_pid != PQbackendPID(signals->pg))
            signals->func(heard->extra, signals->data);
        PQfreemem(heard);
    }
}

static void *run(void *data)
{
    DbSignals *signals = data;

    while (!is_stopping(signals)) {
        if (!signals->pg)
            reconnect(signals);
        if (!signals->pg)
            break;
        int timeout_ms = send_due(signals);
        if (!signals->pg)
            continue;
        /* What came with the answer to a NOTIFY has left the socket already. */
        hear(signals);
        if (!signals->pg)
            continue;
        struct pollfd fds[] = { { .fd = PQsocket(signals->pg), .events = POLLIN },
                                { .fd = signals->wake, .events = POLLIN } };
        (void)poll(fds, G_N_ELEMENTS(fds), timeout_ms);
        reset_wake(signals);
    }
    return NULL;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void wake(DbSignals *signals)
{
    static const uint64_t one = 1;

    /* Full, it is awake already. */
    while (write(signals->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

DbSignals *postgres_signals_start(const char *where, DbSignalFunc func, void *data, Error *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0) {
        error_errno(err, errno, "eventfd");
        return NULL;
    }
    PGconn *pg = connect_and_listen(where, err);
    if (!pg) {
        (void)close(fd);
        return NULL;
    }
    DbSignals *signals = g_new0(DbSignals, 1);
    signals->where = g_strdup(where);
    signals->func = func;
    signals->data = data;
    signals->wake = fd;
    signals->pg = pg;
    signals->to_send = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    signals->sent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&signals->mutex);
    signals->thread = g_thread_new("db-signals", run, signals);
    return signals;
}

void postgres_signals_send(DbSignals *signals, const char *text)
{
    g_mutex_lock(&signals->mutex);
    bool is_new = g_hash_table_add(signals->to_send, g_strdup(text));
    g_mutex_unlock(&signals->mutex);
    if (is_new)
        wake(signals);
}

void postgres_signals_stop(DbSignals *signals)
{
    if (!signals)
        return;
    g_mutex_lock(&signals->mutex);
    signals->stopping = true;
    g_mutex_unlock(&signals->mutex);
    wake(signals);
    g_thread_join(signals->thread);
    PQfinish(signals->pg);
    (void)close(signals->wake);
    g_hash_table_unref(signals->to_send);
    g_hash_table_unref(signals->sent);
    g_mutex_clear(&signals->mutex);
    g_free(signals->where);
    g_free(signals);
}
