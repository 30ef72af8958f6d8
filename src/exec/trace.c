/* trace.c - spool, sender, final state; sections 3 and 4 of the protocol. */
#include "exec/trace.h"

#include "exec/mask.h"
#include "exec/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
    PATCH_SIZE = 1024 * 1024,
    COALESCE_US = 50 * 1000,      /* after the first new byte: more of them come along */
    WATCHED_INTERVAL_US = 250000, /* between patches while somebody looks */
    UNWATCHED_INTERVAL_US = 1000000,
    WATCHED_S = 3, /* an interval up to this from the server means "watched" */
    KEEP_ALIVE_US = 10 * 1000000,
    WATCHED_KEEP_ALIVE_US = 2 * 1000000, /* who cancels a silent job is usually looking at it */
    FIRST_BACKOFF_US = 50 * 1000,
    MAX_BACKOFF_US = 1000000,
    FINAL_ATTEMPTS = 10, /* answers that are errors; no answer does not count */
    SHUTDOWN_PATIENCE_US = 4 * 1000000,
    ABORT_PATIENCE_US = 1000000
};

struct Trace {
    Coordinator *server;
    Client *client;
    Control *control;
    GThread *sender;
    int64_t job_id;
    char *token;
    bool debug;
    int fd;

    Mask *mask;       /* the job thread's */
    GString *scratch; /* masked bytes on their way to the spool; the job thread's */
    Stamp *stamp;     /* NULL: the plain form; the job thread's */
    GString *stamped; /* the same bytes in their form; the job thread's */

    GMutex lock; /* guards what follows */
    GCond changed;
    int64_t written;
    uint32_t crc32;
    bool broken; /* the spool could not be written */
    bool finished;
    bool given_up;
    Outcome outcome;
    int64_t give_up_at_us; /* monotonic; 0: never */

    /* The sender's own. */
    int64_t sent;
    bool watched; /* somebody looks at the log, as far as the server has said */
    int64_t last_contact_us;
    int64_t backoff_us;
    bool log_unwanted; /* 404 or 403: nothing more of it is sent */
};

/* Job thread ----------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static void spool(Trace *trace, const GString *out)
{
    if (out->len == 0)
        return;
    bool ok = !trace->broken && write_all(trace->fd, out->str, out->len);
    g_mutex_lock(&trace->lock);
    if (ok) {
        trace->written += (int64_t)out->len;
        trace->crc32 = (uint32_t)crc32_z(trace->crc32, (const Bytef *)out->str, out->len);
    } else {
        trace->broken = true;
        control_raise(trace->control, STOP_ABORT);
    }
    g_cond_signal(&trace->changed);
    g_mutex_unlock(&trace->lock);
}

/* Moves the masked bytes from scratch to the spool. */
static void pass_on(Trace *trace, StampStream stream)
{
    if (trace->stamp) {
        stamp_feed(trace->stamp, stream, g_get_real_time(), trace->scratch, trace->stamped);
        spool(trace, trace->stamped);
        g_string_truncate(trace->stamped, 0);
    } else {
        spool(trace, trace->scratch);
    }
    g_string_truncate(trace->scratch, 0);
}

void trace_mask(Trace *trace, const char *value)
{
    mask_add(trace->mask, value);
}

void trace_mask_prefix(Trace *trace, const char *prefix)
{
    mask_add_prefix(trace->mask, prefix);
}

void trace_mask_parameter(Trace *trace, const char *name)
{
    mask_add_parameter(trace->mask, name);
}

void trace_write(Trace *trace, const char *bytes, size_t n)
{
    mask_feed(trace->mask, bytes, n, trace->scratch);
    pass_on(trace, STAMP_SCRIPT);
}

void trace_printf(Trace *trace, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    mask_feed(trace->mask, text, strlen(text), trace->scratch);
    pass_on(trace, STAMP_RUNNER);
}

void trace_flush(Trace *trace)
{
    mask_flush(trace->mask, trace->scratch);
    pass_on(trace, STAMP_SCRIPT);
    if (!trace->stamp)
        return;
    stamp_flush(trace->stamp, g_get_real_time(), trace->stamped);
    spool(trace, trace->stamped);
    g_string_truncate(trace->stamped, 0);
}

/* Sender --------------------------------------------------------------------------------------- */

static bool patience_is_over(Trace *trace)
{
    StopLevel level = control_level(trace->control);
    int64_t now = g_get_monotonic_time();

    if (trace->given_up)
        return true;
    if (level >= STOP_SHUTDOWN && trace->finished && !trace->give_up_at_us)
        trace->give_up_at_us =
            now + (level == STOP_ABORT ? ABORT_PATIENCE_US : SHUTDOWN_PATIENCE_US);
    return trace->give_up_at_us && now >= trace->give_up_at_us;
}

static bool should_stop(void *data)
{
    Trace *trace = data;

    g_mutex_lock(&trace->lock);
    bool stop = patience_is_over(trace);
    g_mutex_unlock(&trace->lock);
    return stop;
}

/* Waits for @us or until something changed. */
static void pause_locked(Trace *trace, int64_t us)
{
    g_cond_wait_until(&trace->changed, &trace->lock, g_get_monotonic_time() + MAX(us, 1000));
}

static void back_off(Trace *trace)
{
    g_mutex_lock(&trace->lock);
    int64_t until = g_get_monotonic_time() + trace->backoff_us;
    while (g_get_monotonic_time() < until && !patience_is_over(trace))
        pause_locked(trace, until - g_get_monotonic_time());
    g_mutex_unlock(&trace->lock);
    trace->backoff_us = MIN(trace->backoff_us * 2, MAX_BACKOFF_US);
}

/* What every answer may say besides: stop, and how often to come. */
static void heed(Trace *trace, const ClientReply *reply)
{
    trace->last_contact_us = g_get_monotonic_time();
    if (reply->interval_s > 0)
        trace->watched = reply->interval_s <= WATCHED_S;
    if (client_reply_aborts(reply))
        control_raise(trace->control, STOP_ABORT);
    else if (g_strcmp0(reply->job_status, "canceling") == 0)
        control_raise(trace->control, STOP_CANCEL);
}

/* Sends one piece from the spool.  false: it did not arrive, try again later. */
static bool send_piece(Trace *trace, int64_t written, char *buffer)
{
    size_t wanted = (size_t)MIN(written - trace->sent, PATCH_SIZE);
    ssize_t n = pread(trace->fd, buffer, wanted, trace->sent);
    g_auto(ClientReply) reply = { 0 };

    g_mutex_lock(&trace->lock);
    bool finished = trace->finished;
    g_mutex_unlock(&trace->lock);
    if (n <= 0) { /* the spool is ours alone: it is gone or the disk is failing */
        control_raise(trace->control, STOP_ABORT);
        trace->log_unwanted = true;
        return true;
    }
    TracePatch patch = {
        trace->job_id, trace->token, trace->debug, trace->sent, buffer, (size_t)n
    };
    if (!client_patch_trace(trace->client, &patch, &reply, NULL))
        return false;
    heed(trace, &reply);
    if (reply.status == 202)
        trace->sent += n;
    else if (reply.status == 416 && reply.range_end != trace->sent)
        trace->sent = CLAMP(reply.range_end, 0, written);
    else if (reply.status == 403 || (reply.status == 404 && finished))
        trace->log_unwanted = true;
    else
        return false;
    return true;
}

static bool send_update(Trace *trace, const char *state, ClientReply *reply)
{
    g_mutex_lock(&trace->lock);
    JobUpdate update = { .id = trace->job_id,
                         .token = trace->token,
                         .state = state,
                         .with_output = true,
                         .crc32 = trace->crc32,
                         .size_bytes = trace->written };
    if (trace->finished) {
        update.failure_reason = trace->outcome.failure_reason;
        update.exit_code = trace->outcome.exit_code;
    }
    g_mutex_unlock(&trace->lock);
    if (!client_update_job(trace->client, &update, reply, NULL))
        return false;
    heed(trace, reply);
    if (reply->status == 404)
        control_raise(trace->control, STOP_ABORT);
    return true;
}

/* How long until something is to be sent, in us; 0: now. */
static int64_t next_due_locked(const Trace *trace)
{
    int64_t quiet = g_get_monotonic_time() - trace->last_contact_us;
    bool watched = trace->watched;

    if (trace->finished)
        return 0;
    if (trace->written > trace->sent && !trace->log_unwanted)
        return MAX((watched ? WATCHED_INTERVAL_US : UNWATCHED_INTERVAL_US) - quiet, 0);
    return MAX((watched ? WATCHED_KEEP_ALIVE_US : KEEP_ALIVE_US) - quiet, 0);
}

/* Waits until there is something to do; answers how far the spool goes, and whether the job is over. */
static bool wait_for_work(Trace *trace, int64_t *written)
{
    g_mutex_lock(&trace->lock);
    bool had_news = trace->written > trace->sent;
    for (int64_t due; (due = next_due_locked(trace)) > 0 && !patience_is_over(trace);)
        pause_locked(trace, due);
    if (!had_news && trace->written > trace->sent) {
        int64_t until = g_get_monotonic_time() + COALESCE_US;
        while (!trace->finished && g_cond_wait_until(&trace->changed, &trace->lock, until))
            ;
    }
    *written = trace->written;
    bool finished = trace->finished;
    g_mutex_unlock(&trace->lock);
    return finished;
}

static void send_while_running(Trace *trace, char *buffer)
{
    int64_t written = 0;

    while (!wait_for_work(trace, &written) && !should_stop(trace)) {
        bool news = written > trace->sent && !trace->log_unwanted;
        g_auto(ClientReply) reply = { 0 };
        bool ok = news ? send_piece(trace, written, buffer) : send_update(trace, "running", &reply);
        if (ok)
            trace->backoff_us = FIRST_BACKOFF_US;
        else
            back_off(trace);
    }
}

/* What an answer to the final update means. */
typedef enum Final { FINAL_DONE, FINAL_AGAIN, FINAL_FAILED } Final;

static Final final_meaning(Trace *trace, const ClientReply *reply)
{
    if (reply->status == 200 || reply->status == 404 || client_reply_aborts(reply))
        return FINAL_DONE;
    if (reply->status == 412)
        trace->sent = 0;
    return reply->status == 202 || reply->status == 412 ? FINAL_AGAIN : FINAL_FAILED;
}

static void send_final(Trace *trace, char *buffer)
{
    const char *state = trace->outcome.success ? "success" : "failed";
    int failures = 0;

    while (failures < FINAL_ATTEMPTS && !should_stop(trace)) {
        g_auto(ClientReply) reply = { 0 };
        if (trace->sent < trace->written && !trace->log_unwanted) {
            if (send_piece(trace, trace->written, buffer)) {
                trace->backoff_us = FIRST_BACKOFF_US;
            } else {
                failures += coordinator_away_since_us(trace->server) == 0;
                back_off(trace);
            }
            continue;
        }
        if (!send_update(trace, state, &reply)) {
            back_off(trace);
            continue;
        }
        Final meaning = final_meaning(trace, &reply);
        if (meaning == FINAL_DONE)
            return;
        failures += meaning == FINAL_FAILED;
        trace->backoff_us = meaning == FINAL_AGAIN ? UNWATCHED_INTERVAL_US : trace->backoff_us;
        back_off(trace);
    }
}

static void *sender_main(void *data)
{
    Trace *trace = data;
    g_autofree char *buffer = g_malloc(PATCH_SIZE);

    send_while_running(trace, buffer);
    g_mutex_lock(&trace->lock);
    bool finished = trace->finished;
    g_mutex_unlock(&trace->lock);
    if (finished)
        send_final(trace, buffer);
    return NULL;
}

/* Life ----------------------------------------------------------------------------------------- */

Trace *trace_new(Coordinator *server, const TraceSpec *spec, Error *err)
{
    int fd = open(spec->spool, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0) {
        error_errno(err, errno, "%s", spec->spool);
        return NULL;
    }
    Trace *trace = g_new0(Trace, 1);
    trace->server = server;
    trace->control = spec->control;
    trace->job_id = spec->job_id;
    trace->token = g_strdup(spec->token);
    trace->debug = spec->debug;
    trace->fd = fd;
    trace->mask = mask_new();
    trace->scratch = g_string_new(NULL);
    trace->stamp = spec->timestamps ? stamp_new() : NULL;
    trace->stamped = g_string_new(NULL);
    trace->watched = true;
    trace->backoff_us = FIRST_BACKOFF_US;
    trace->last_contact_us = g_get_monotonic_time() - WATCHED_INTERVAL_US;
    trace->crc32 = (uint32_t)crc32_z(0, NULL, 0);
    g_mutex_init(&trace->lock);
    g_cond_init(&trace->changed);
    trace->client = client_new(server, should_stop, trace);
    trace->sender = g_thread_new("trace", sender_main, trace);
    return trace;
}

static void join_sender(Trace *trace)
{
    client_wake(trace->client);
    if (trace->sender)
        g_thread_join(trace->sender);
    trace->sender = NULL;
}

void trace_finish(Trace *trace, const Outcome *outcome)
{
    trace_flush(trace);
    g_mutex_lock(&trace->lock);
    trace->outcome = *outcome;
    trace->finished = true;
    g_cond_signal(&trace->changed);
    g_mutex_unlock(&trace->lock);
    if (trace->sender)
        g_thread_join(trace->sender);
    trace->sender = NULL;
}

void trace_free(Trace *trace)
{
    if (!trace)
        return;
    g_mutex_lock(&trace->lock);
    trace->given_up = true;
    g_cond_signal(&trace->changed);
    g_mutex_unlock(&trace->lock);
    join_sender(trace);
    client_free(trace->client);
    mask_free(trace->mask);
    g_string_free(trace->scratch, TRUE);
    stamp_free(trace->stamp);
    g_string_free(trace->stamped, TRUE);
    g_mutex_clear(&trace->lock);
    g_cond_clear(&trace->changed);
    close(trace->fd);
    g_free(trace->token);
    g_free(trace);
}
