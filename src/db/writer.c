/* writer.c - many threads' writes, committed together.
 *
 * A full-sync commit costs the same for one write as for a hundred.  So the writer takes all that
 * waits as one batch, runs each write under a savepoint, commits once, and only then tells who
 * waited.  While it syncs, the next batch gathers by itself.
 */
#include "db/writer.h"

/* So that the first of a batch does not wait long for the last. */
enum { MAX_BATCH = 256 };

/* Lives on the stack of who waits for it. */
typedef struct Write {
    DbWriteFunc func;
    void *data;
    Error error;
    bool ok;
    bool answered;
    GCond answer;
    struct Write *next;
} Write;

struct Writer {
    Db *db;
    void (*committed)(Db *db, void *data);
    void *committed_data;
    GThread *thread;

    GMutex mutex; /* of all below, and of Write.answered; never held over SQL */
    GCond wake;
    Write *first; /* what waits, oldest first */
    Write **end;
    bool stopping;
    DatabaseStats stats;
};

/* One write under its savepoint.  false: the whole transaction is lost, not only this write. */
static bool run_one(Db *db, Write *write)
{
    if (!db_control(db, "SAVEPOINT one_write", &write->error))
        return false;
    write->ok = write->func(db, write->data, &write->error);
    if (!db->driver->in_transaction(db->conn)) {
        /* A full disk, say: SQLite has undone all of it by itself. */
        write->ok = false;
        return false;
    }
    if (!write->ok && !db_control(db, "ROLLBACK TO SAVEPOINT one_write", NULL))
        return false;
    return db_control(db, "RELEASE SAVEPOINT one_write", write->ok ? &write->error : NULL);
}

static bool run_all(Db *db, Write *batch, int64_t *commit_us, Error *err)
{
    if (!db_control(db, db->driver->begin, err))
        return false;
    for (Write *write = batch; write; write = write->next) {
        if (!run_one(db, write))
            return error_set(err, ERR_DB, "%s", error_text(&write->error));
    }
    int64_t from = g_get_monotonic_time();
    bool ok = db_control(db, "COMMIT", err);
    *commit_us = g_get_monotonic_time() - from;
    return ok;
}

/* Nothing of @batch is stored: each write that does not say why itself fails with @err. */
static void fail_all(Write *batch, const Error *err)
{
    for (Write *write = batch; write; write = write->next) {
        if (write->ok || write->error.code == ERR_NONE)
            error_set(&write->error, ERR_DB, "nothing was written: %s", error_text(err));
        write->ok = false;
    }
}

static void run_batch(Writer *writer, Write *batch)
{
    g_auto(Error) err = ERROR_INIT;
    int64_t commit_us = 0;
    Db *db = writer->db;

    if (run_all(db, batch, &commit_us, &err)) {
        writer->committed(db, writer->committed_data);
    } else {
        if (db->driver->in_transaction(db->conn))
            (void)db_control(db, "ROLLBACK", NULL); /* the first error is the one to tell */
        fail_all(batch, &err);
    }

    g_mutex_lock(&writer->mutex);
    DatabaseStats *stats = &writer->stats;
    int64_t size = 0;
    for (Write *write = batch, *next; write; write = next) {
        next = write->next; /* gone once it is answered */
        size++;
        stats->writes += write->ok;
        stats->writes_failed += !write->ok;
        write->answered = true;
        g_cond_signal(&write->answer);
    }
    stats->batches++;
    stats->writes_waiting -= size;
    stats->largest_batch = MAX(stats->largest_batch, size);
    stats->commit_us += commit_us;
    g_mutex_unlock(&writer->mutex);
}

/* Cuts off the first MAX_BATCH of what waits; NULL: it is time to stop. */
static Write *wait_for_batch(Writer *writer)
{
    g_mutex_lock(&writer->mutex);
    while (!writer->first && !writer->stopping)
        g_cond_wait(&writer->wake, &writer->mutex);
    Write *batch = writer->first;
    Write **end = &writer->first;
    for (int i = 0; i < MAX_BATCH && *end; i++)
        end = &(*end)->next;
    Write *rest = *end;
    *end = NULL;
    writer->first = rest;
    if (!rest)
        writer->end = &writer->first;
    g_mutex_unlock(&writer->mutex);
    return batch;
}

static void *write_batches(void *data)
{
    Writer *writer = data;

    for (Write *batch; (batch = wait_for_batch(writer)) != NULL;)
        run_batch(writer, batch);
    return NULL;
}

bool writer_run(Writer *writer, DbWriteFunc func, void *data, Error *err)
{
    Write write = { .func = func, .data = data, .error = ERROR_INIT };

    g_assert(g_thread_self() != writer->thread); /* it would wait for itself */
    g_mutex_lock(&writer->mutex);
    if (writer->stopping) {
        g_mutex_unlock(&writer->mutex);
        return error_set(err, ERR_UNAVAILABLE, "the database is closing");
    }
    g_cond_init(&write.answer);
    *writer->end = &write;
    writer->end = &write.next;
    writer->stats.writes_waiting++;
    g_cond_signal(&writer->wake);
    while (!write.answered)
        g_cond_wait(&write.answer, &writer->mutex);
    g_mutex_unlock(&writer->mutex);
    g_cond_clear(&write.answer);

    if (!write.ok)
        return error_move(err, &write.error);
    error_clear(&write.error);
    return true;
}

Writer *writer_start(Db *db, void (*committed)(Db *db, void *data), void *data)
{
    Writer *writer = g_new0(Writer, 1);

    writer->db = db;
    writer->committed = committed;
    writer->committed_data = data;
    writer->end = &writer->first;
    g_mutex_init(&writer->mutex);
    g_cond_init(&writer->wake);
    writer->thread = g_thread_new("db-writer", write_batches, writer);
    return writer;
}

void writer_stop(Writer *writer)
{
    if (!writer)
        return;
    g_mutex_lock(&writer->mutex);
    writer->stopping = true;
    g_cond_signal(&writer->wake);
    g_mutex_unlock(&writer->mutex);
    g_thread_join(writer->thread);
    g_mutex_clear(&writer->mutex);
    g_cond_clear(&writer->wake);
    db_free(writer->db);
    g_free(writer);
}

void writer_add_stats(Writer *writer, DatabaseStats *stats)
{
    g_mutex_lock(&writer->mutex);
    stats->writes = writer->stats.writes;
    stats->writes_failed = writer->stats.writes_failed;
    stats->batches = writer->stats.batches;
    stats->largest_batch = writer->stats.largest_batch;
    stats->commit_us = writer->stats.commit_us;
    stats->writes_waiting = writer->stats.writes_waiting;
    g_mutex_unlock(&writer->mutex);
}
