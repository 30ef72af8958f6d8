/* log_packer.c - the packer's rounds and its thread.
 *
 * The packed file is there before the database says so, and what it says is only that there is nothing to
 * do any more: after a crash in between, it is found out again.
 */
#include "runner/log_packer.h"

#include "base/log.h"
#include "store/job_logs.h"

#include <sys/resource.h>
#include <unistd.h>

enum {
    AT_ONCE = 100,
    PAUSE_S = 5,   /* between two looks */
    RETRY_S = 300, /* until a log that could not be packed is tried again */
    NICE = 10      /* whatever else runs is more urgent */
};

struct LogPacker {
    const Site *site;
    TraceFiles *files;
    GThread *thread;
    GMutex lock;
    GCond wake;
    bool stopping;
    /* The thread's own: what was looked at last, so that a log that cannot be packed is not in the way of
     * others, and when to begin again (monotonic). */
    EndedLog last;
    int64_t begin_again_at;
};

static bool is_stopping(LogPacker *packer)
{
    g_mutex_lock(&packer->lock);
    bool stopping = packer->stopping;
    g_mutex_unlock(&packer->lock);
    return stopping;
}

static bool list(LogPacker *packer, Arena *arena, EndedLog **logs, size_t *n, Error *err)
{
    const Site *site = packer->site;
    int64_t until = clock_now(site->clock) - site->settings->log_pack_after_s * US_PER_S;
    g_autoptr(Db) db = database_reader(site->database);

    return ended_log_list_unpacked(db, arena, until, packer->last.job_id ? &packer->last : NULL,
                                   AT_ONCE, logs, n, err);
}

typedef struct Packed {
    EndedLog *logs;
    size_t n;
} Packed;

static bool set_packed(Db *db, void *data, Error *err)
{
    const Packed *packed = data;

    return ended_log_set_packed(db, packed->logs, packed->n, err);
}

/* Whether there is nothing more to do for it. */
static bool pack_one(LogPacker *packer, const EndedLog *log)
{
    g_auto(Error) err = ERROR_INIT;
    bool done;

    if (log->size == 0)
        return true;
    if (trace_files_pack(packer->files, log->job_id, log->size, &done, &err))
        return done;
    log_error(&err, "job %" G_GINT64_FORMAT ": its log cannot be packed", log->job_id);
    return false;
}

/* @more: there may be more to do at once. */
static bool pack_some(LogPacker *packer, bool *more, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Packed packed = { 0 };
    size_t n;

    if (!list(packer, arena, &packed.logs, &n, err))
        return false;
    for (size_t i = 0; i < n && !is_stopping(packer); i++) {
        packer->last = packed.logs[i];
        if (pack_one(packer, &packed.logs[i]))
            packed.logs[packed.n++] = packed.logs[i];
    }
    *more = n == AT_ONCE;
    return packed.n == 0 || database_write(packer->site->database, set_packed, &packed, err);
}

/* Answers how long to pause. */
static int64_t round_of(LogPacker *packer)
{
    g_auto(Error) err = ERROR_INIT;
    bool more = false;
    int64_t now = g_get_monotonic_time();

    if (now >= packer->begin_again_at) {
        packer->last = (EndedLog){ 0 };
        packer->begin_again_at = now + RETRY_S * US_PER_S;
    }
    if (!database_is_away(packer->site->database) && !pack_some(packer, &more, &err))
        log_error(&err, "cannot pack logs");
    return more ? US_PER_S
                : MIN((int64_t)PAUSE_S, packer->site->settings->log_pack_after_s) * US_PER_S;
}

static void *run(void *data)
{
    LogPacker *packer = data;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread alone */
    g_mutex_lock(&packer->lock);
    while (!packer->stopping) {
        g_mutex_unlock(&packer->lock);
        int64_t pause = round_of(packer);
        int64_t until = g_get_monotonic_time() + pause;
        g_mutex_lock(&packer->lock);
        while (!packer->stopping && g_cond_wait_until(&packer->wake, &packer->lock, until))
            ;
    }
    g_mutex_unlock(&packer->lock);
    return NULL;
}

LogPacker *log_packer_start(const Site *site, TraceFiles *files)
{
    if (site->settings->log_pack_after_s == 0)
        return NULL;
    LogPacker *packer = g_new0(LogPacker, 1);

    packer->site = site;
    packer->files = files;
    g_mutex_init(&packer->lock);
    g_cond_init(&packer->wake);
    packer->thread = g_thread_new("log packer", run, packer);
    return packer;
}

void log_packer_stop(LogPacker *packer)
{
    if (!packer)
        return;
    g_mutex_lock(&packer->lock);
    packer->stopping = true;
    g_cond_signal(&packer->wake);
    g_mutex_unlock(&packer->lock);
    g_thread_join(packer->thread);
    g_cond_clear(&packer->wake);
    g_mutex_clear(&packer->lock);
    g_free(packer);
}
